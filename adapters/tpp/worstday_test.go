package tpp_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	for i, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) {
			if i == 0 {
				worstday.Run(t, s)
			} else {
				worstday.Day(t, s)
			}
		})
	}
}
