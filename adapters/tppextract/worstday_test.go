package tppextract_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

// The first subject is the usual one; in the last a move makes a new row.
func TestTheWorstDay(t *testing.T) {
	all := subjects()
	t.Run(all[0].Name, func(t *testing.T) { worstday.Run(t, all[0]) })
	t.Run(all[len(all)-1].Name, func(t *testing.T) { worstday.Day(t, all[len(all)-1]) })
}
