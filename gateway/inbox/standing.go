package inbox

import (
	"context"
	"time"

	"bellman/gateway"
)

// standing is by whom a number was kept from being texted before something new came.
type standing struct {
	by    string // "" by nobody
	known bool   // false: Redis did not say
}

func (in *Inbox) standing(ctx context.Context, p gateway.ODS, n gateway.Phone) standing {
	o, _, err := in.o.Memory.OptedOut(ctx, p, n)
	return standing{o.By, err == nil}
}

// news reports whether a patient's wish to get no texts is news: nobody's wish stood
// before. What stood was told to the clinical system then, or left to people, and is
// not told again: not when the patient says STOP once more, nor when what was lost
// from Redis is read anew in the provider's list. What cannot be found out is left to
// people.
func (s standing) news() bool {
	return s.known && (s.by == "" || !gateway.PatientsWish(s.by))
}

// noticed counts an opt-out that is new. So many in so short a time that somebody may
// be forging them are told.
func (in *Inbox) noticed(o gateway.OptOut, stood standing) {
	if !stood.known || stood.by != "" {
		return
	}
	in.o.Metrics.optOuts.WithLabelValues(string(o.Practice), o.By).Inc()
	if in.flooded(o.Practice, o.Since) {
		in.o.Log.Warn("unusually many numbers opted out within ten minutes; each is obeyed; if somebody forged them, undo them with: bellman optout undo",
			"practice", o.Practice, "since", o.Since.Add(-floodSpan).UTC().Format(time.RFC3339))
	}
}

// When opt-outs of one practice are unusually many. The alert BellmanManyOptOuts has
// the same figures.
const (
	floodSpan = 10 * time.Minute
	floodMost = 20
)

// flood is what is remembered of a practice's opt-outs to notice a flood.
type flood struct {
	recent []time.Time // within floodSpan of the last
	told   time.Time
}

// flooded notes an opt-out and reports, once in floodSpan, that there were unusually
// many. It goes by when they were written, so that what comes late after an outage is
// none.
func (in *Inbox) flooded(p gateway.ODS, at time.Time) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.floods[p]
	recent := f.recent[:0]
	for _, t := range append(f.recent, at) {
		if at.Sub(t).Abs() < floodSpan {
			recent = append(recent, t)
		}
	}
	f.recent = recent[max(0, len(recent)-floodMost-1):]
	tell := len(f.recent) > floodMost && at.Sub(f.told).Abs() >= floodSpan
	if tell {
		f.told = at
	}
	in.floods[p] = f
	return tell
}
