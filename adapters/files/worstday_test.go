package files_test

import (
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	for what, s := range map[string]adaptertest.Subject{"export": subject(), "spreadsheet": sheetSubject(), "kept by hand": handSubject()} {
		t.Run(what, func(t *testing.T) { worstday.Run(t, s) })
	}
}
