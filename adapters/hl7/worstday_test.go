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
	s := subject(hl7sim.Faults{}, believed)
	s.StaleAfter = believed
	worstday.Run(t, s)
}
