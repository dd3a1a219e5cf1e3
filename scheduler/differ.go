package scheduler

import (
	"slices"
	"time"

	"bellman/gateway"
)

// lost reports whether records that ought to be kept still are all gone: after the
// last read some were, and they are not over for so long that they were forgotten.
func lost(before gateway.FeedState, d gateway.Diary, now time.Time) bool {
	return len(d.Heads()) == 0 && now.Before(before.Last.Add(keepFor))
}

// A source that is frozen says the same at every read. What we make of it changes
// all the same: reminders fall due, grow too late, and days come into sight.

// news reports whether a read shows a visit that was not known, in days that the
// last read spoke for, or one at another start.
func news(before gateway.FeedState, d gateway.Diary, entries []Drafted) bool {
	return slices.ContainsFunc(entries, func(e Drafted) bool {
		start := e.Facts.Appointment.Start
		h, known := d.Head(e.Ref)
		if !known {
			return start.Before(before.Until)
		}
		return !h.Start.Equal(start)
	})
}

// toldOff reports whether a reminder was withdrawn for what the source says.
func toldOff(m gateway.Move) bool { return m.To == gateway.Withdrawn && bySource(m.Reason) }
