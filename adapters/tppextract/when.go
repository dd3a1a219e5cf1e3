package tppextract

import (
	"time"

	"bellman/gateway"
)

// wallLayouts are how the extract writes moments: London wall time without a zone,
// with English months; SRPatient leaves the seconds out.
var wallLayouts = []string{"2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006"}

// longestWall bounds what is looked at, in characters.
const longestWall = 32

// wallTime places a moment of the extract. It reports false for anything else.
func wallTime(s string) (time.Time, gateway.Doubt, bool) {
	if len(s) > longestWall {
		return time.Time{}, gateway.NoDoubt, false
	}
	for _, layout := range wallLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		at, doubt := gateway.FromWall(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())
		return at, doubt, true
	}
	return time.Time{}, gateway.NoDoubt, false
}

// earliest and latest year that a date of a practice's records can have. TPP's own
// reporting database writes 9999 for "none"; nobody has seen that in an extract,
// so that it is not understood here.
const (
	earliestYear = 1900
	latestYear   = 2200
)

// sensible reports whether a moment can be one of a practice's records.
func sensible(t time.Time) bool { return t.Year() >= earliestYear && t.Year() <= latestYear }

// midnight reports whether a moment is midnight in London. TPP writes 00:00:00
// where the time of day is not known.
func midnight(t time.Time) bool {
	l := t.In(gateway.London())
	return l.Hour() == 0 && l.Minute() == 0 && l.Second() == 0
}
