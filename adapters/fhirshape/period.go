package fhirshape

import (
	"time"

	"bellman/gateway"
)

// Period is a stretch of time in FHIR's partial dates.
type Period struct {
	Start Word `json:"start"`
	End   Word `json:"end"`
}

// When says how a period lies to a moment.
type When uint8

// How a period can lie.
const (
	UnclearWhen When = iota
	Past
	Current
	Future
)

// At places now against the period. An end without a time includes its whole day
// (or month, or year), as FHIR lays down.
func (p Period) At(now time.Time) When {
	if p.Start.Bad || p.End.Bad {
		return UnclearWhen
	}
	if p.End.Value != "" {
		_, end, ok := Stretch(p.End.Value)
		if !ok {
			return UnclearWhen
		}
		if !now.Before(end) {
			return Past
		}
	}
	if p.Start.Value != "" {
		start, _, ok := Stretch(p.Start.Value)
		if !ok {
			return UnclearWhen
		}
		if now.Before(start) {
			return Future
		}
	}
	return Current
}

// PeriodAt is At for a period that may be absent or malformed; absent is current.
func PeriodAt(p One[Period], now time.Time) When {
	if p.Bad {
		return UnclearWhen
	}
	return p.Value.At(now)
}

// Stretch reads a FHIR dateTime (a year, a month, a day, or an instant) and gives
// the time it covers: from inclusive, to exclusive. Days are London days.
func Stretch(s string) (from, to time.Time, ok bool) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.ParseInLocation(form.layout, s, gateway.London()); err == nil {
			return t, t.AddDate(form.years, form.months, form.days), true
		}
	}
	if t, ok := Instant(s); ok {
		return t, t.Add(time.Second), true
	}
	return time.Time{}, time.Time{}, false
}

// instants are the forms of a moment with its offset. FHIR writes the first; some
// servers leave out the colon of the offset, or the seconds.
var instants = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700"}

// Instant reads a moment that carries its offset from UTC.
func Instant(s string) (time.Time, bool) {
	for _, layout := range instants {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
