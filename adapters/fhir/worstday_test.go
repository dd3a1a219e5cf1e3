package fhir_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

// The first subject is the usual one; the two behind it are servers of another
// version and of another maker.
func TestTheWorstDay(t *testing.T) {
	all := subjects()
	t.Run(all[0].Name, func(t *testing.T) { worstday.Run(t, all[0]) })
	for _, s := range all[1:3] {
		t.Run(s.Name, func(t *testing.T) { worstday.Day(t, s) })
	}
}
