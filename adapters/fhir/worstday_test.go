package fhir_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) { worstday.Run(t, s) })
	}
}
