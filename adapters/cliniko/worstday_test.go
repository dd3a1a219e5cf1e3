package cliniko_test

import (
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	for what, s := range map[string]adaptertest.Subject{"appointments": subject(), "classes": classes()} {
		t.Run(what, func(t *testing.T) { worstday.Run(t, s) })
	}
}
