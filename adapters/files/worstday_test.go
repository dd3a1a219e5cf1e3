package files_test

import (
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/adaptertest/worstday"
	"bellman/adapters/files/filesim"
)

// The calendars are joined by code: the story's patients share their names, and of two
// with one name nobody is texted.
func TestTheWorstDay(t *testing.T) {
	for what, s := range map[string]adaptertest.Subject{
		"kept by hand": handSubject(), "published calendar": publishedSubject(filesim.Book{ByCode: true, Form: filesim.UTC}),
	} {
		t.Run(what, func(t *testing.T) { worstday.Day(t, s) })
	}
	t.Run("export", func(t *testing.T) { worstday.Run(t, subject()) })
}
