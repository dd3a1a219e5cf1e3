package hl7_test

import (
	"testing"
	"time"

	"bellman/adapters/adaptertest/worstday"
)

// A hospital that has nothing to say at night is believed for a day and a half.
func TestTheWorstDay(t *testing.T) {
	for what, s := range subjects() {
		s.StaleAfter = 30 * time.Hour
		t.Run(what, func(t *testing.T) { worstday.Run(t, s) })
	}
}
