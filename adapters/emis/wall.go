package emis

import (
	"time"

	"bellman/gateway"
)

// dateLayouts are the ways of writing a date that cannot be misread. EMIS writes
// the first; the second is plain ISO, with or without a time. Partial dates
// ("March/2027", "2027") are not dates here.
var dateLayouts = []string{"02/01/2006", "2006-01-02", "2006-01-02T15:04:05"}

var timeLayouts = []string{"15:04", "15:04:05"}

// parseDate reads a calendar date.
func parseDate(t text) (time.Time, bool) { return parse(t, dateLayouts) }

func parse(t text, layouts []string) (time.Time, bool) {
	for _, l := range layouts {
		if got, err := time.Parse(l, t.trim()); err == nil {
			return got, true
		}
	}
	return time.Time{}, false
}

// parseWall places a date and a time of day, both London wall time as every EMIS
// interface gives them, on the time line.
func parseWall(date, clock text) (start time.Time, doubt gateway.Doubt, ok bool) {
	d, okDate := parseDate(date)
	c, okClock := parse(clock, timeLayouts)
	if !okDate || !okClock {
		return time.Time{}, gateway.NoDoubt, false
	}
	start, doubt = gateway.FromWall(d.Year(), d.Month(), d.Day(), c.Hour(), c.Minute(), c.Second())
	return start, doubt, true
}

// reached reports whether a calendar date is today in London, or past.
func reached(date, now time.Time) bool {
	y, m, d := now.In(gateway.London()).Date()
	return !date.Truncate(24 * time.Hour).After(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// day writes a moment's London day as queries take it. The ISO form is midnight
// with London's offset, since the published type of the parameter (date-time) is
// RFC 3339, which has no form without one.
func (c Config) day(t time.Time) string {
	y, m, d := t.In(gateway.London()).Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, gateway.London())
	if c.DateFormat == DateFormatISO {
		return midnight.Format(time.RFC3339)
	}
	return midnight.Format("02/01/2006")
}
