package scheduler

import (
	"time"

	"bellman/gateway"
)

// lookedUp is how long before a loss a reminder may have been due and still be
// looked up in the provider's list, instead of being taken for booked late.
const lookedUp = 24 * time.Hour

// BlindSince gives the moment of the last complete read where it is so long ago
// that nothing may be sent on it any more; zero: the diary was read lately, or
// never. What is new in the next read may have been booked at any moment since.
func BlindSince(p gateway.Policy, f gateway.FeedState, now time.Time) time.Time {
	if f.AsOf.IsZero() || now.Sub(f.AsOf) <= p.StaleAfter {
		return time.Time{}
	}
	return f.AsOf.Truncate(time.Second)
}

// seen gives when an appointment was first known at a start. One that was not is
// known from now on, unless that is our own fault:
//
//   - a move that waited to be believed was seen when it was first shown;
//   - what is new after nobody could read the diary for long may have been booked
//     since the last read, and what fell due meanwhile is not booked late;
//   - what is new after Redis lost something may have been known for long.
func (d Drafting) seen(ref gateway.Ref, start time.Time) (time.Time, bool) {
	if h, ok := d.Diary.Head(ref); ok && h.Start.Equal(start) {
		return h.FirstSeen, true
	}
	for _, m := range d.Moving {
		if m.Ref == ref && m.Start.Equal(start) {
			return m.Since, false
		}
	}
	now := d.Now.Truncate(time.Second)
	switch {
	case !d.Lost.IsZero():
		return d.beforeLoss(start, now), false
	case !d.Blind.IsZero() && d.Blind.Before(now):
		return d.Blind, false
	}
	return now, false
}

// beforeLoss gives when an appointment counts as first seen of which Redis may have
// lost everything: before the first reminder that could have left within a day
// before the loss. It waits then, and is looked up in the provider's list before it
// can leave; what could have left earlier is left alone.
func (d Drafting) beforeLoss(start, now time.Time) time.Time {
	seen := now
	for _, o := range d.Practice.Policy.Plan(start, d.Practice.Nation, time.Time{}) {
		if !o.SendAt.Before(d.Lost.Add(-lookedUp)) && o.Due.Before(seen) {
			seen = o.Due
		}
	}
	return seen
}
