package gateway

import (
	"sync"
	"time"
	_ "time/tzdata" // the server may have no zone files; the rules must not depend on it
)

// London gives the zone of every practice. It is the only zone in the program.
var London = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("zone Europe/London is linked in and must load: " + err.Error())
	}
	return loc
})

// Doubt says why a wall time from a clinical system cannot be placed.
type Doubt uint8

// The doubts about a time.
const (
	NoDoubt       Doubt = iota
	TimeAmbiguous       // stands twice on the day the clocks go back
	TimeMissing         // is skipped on the day the clocks go forward
	TimeElsewhere       // the place's clocks show another time than London's then
)

// FromWall places a wall time of London (as clinical systems give it, without a
// zone) on the time line. A time that stands twice gives the earlier instant
// with TimeAmbiguous; one that the clocks skip gives some instant near it with
// TimeMissing. Figures that no clock or calendar shows, such as 31 February, are
// missing too. Callers show both and send on neither.
func FromWall(year int, month time.Month, day, hour, minute, second int) (time.Time, Doubt) {
	t := time.Date(year, month, day, hour, minute, second, 0, London())
	if y, m, d := t.Date(); y != year || m != month || d != day || t.Hour() != hour || t.Minute() != minute {
		return t.UTC(), TimeMissing
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		if o := t.Add(d); o.Hour() == hour && o.Minute() == minute && o.Day() == t.Day() {
			return earlier(t, o).UTC(), TimeAmbiguous
		}
	}
	return t.UTC(), NoDoubt
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// wallOn gives the moment that is minutes after midnight on the London day of t
// (by the clock on the wall: 24*60 is the next midnight).
func wallOn(t time.Time, minutes int) time.Time {
	l := t.In(London())
	return time.Date(l.Year(), l.Month(), l.Day(), 0, minutes, 0, 0, London())
}

// minuteOfDay gives the wall clock of t in London, in minutes after midnight.
func minuteOfDay(t time.Time) int {
	l := t.In(London())
	return l.Hour()*60 + l.Minute()
}
