package hl7_test

import (
	"testing"
	"time"

	"bellman/adapters/adaptertest/worstday"
	"bellman/adapters/hl7/hl7sim"
)

// A hospital that has nothing to say at night is believed for a day and a half.
func TestTheWorstDay(t *testing.T) {
	const believed = 30 * time.Hour
	for what, s := range subjects(believed) {
		s.StaleAfter = believed
		t.Run(what, func(t *testing.T) { worstday.Day(t, s) })
	}
	eves := subject(hl7sim.Faults{}, believed)
	eves.StaleAfter = believed
	t.Run("a sender that fails", func(t *testing.T) { worstday.Run(t, eves) })
}
