package sender

import (
	"context"
	"sync"
	"time"

	"bellman/gateway"
)

// job is one claim on its way to the provider.
type job struct {
	claim *gateway.Claim
	owed  gateway.Owed
	until time.Time // the provider may try until then
	begin time.Time // the hand-over must have begun by then
	lease time.Time // until when nobody else takes it up
	out   gateway.Outgoing
	parts int
}

// withheld is a claim that is not sent now, and the move that says so.
type withheld struct {
	claim  *gateway.Claim
	change gateway.Change
}

func withhold(c *gateway.Claim, to gateway.State, why gateway.Reason, at time.Time) *withheld {
	return &withheld{c, gateway.Change{ID: c.ID, Token: c.Token, Only: string(byte(gateway.Claimed)), To: to, Reason: why, At: at}}
}

// work decides every claim, writes down as Sending what is to go, and lets it
// go. It returns how many permits the hand-overs took with them.
func (s *Sender) work(ctx context.Context, claims []gateway.Claim, permits int, looking *sync.WaitGroup) int {
	now := s.o.Clock.Now()
	jobs := make([]job, 0, len(claims))
	var not []withheld
	for i := range claims {
		c := &claims[i]
		if ctx.Err() != nil {
			not = append(not, *withhold(c, gateway.Queued, gateway.None, now))
			continue
		}
		j, w := s.decide(c, now)
		switch {
		case w != nil:
			not = append(not, *w)
		case s.practices[c.ID.Practice].Reread == nil:
			jobs = append(jobs, j)
		case s.shut(c, now, &not): // and the clinical system is not asked for nothing
		case !s.askAgain(ctx, c, looking):
			not = append(not, *withhold(c, gateway.Queued, gateway.None, now.Add(soon)))
		}
	}
	s.withhold(ctx, not)
	sending := s.leave(ctx, jobs)
	for used, j := range sending {
		if used >= permits {
			s.permits <- struct{}{}
		}
		s.leaving <- j
	}
	return min(len(sending), permits)
}

// shut withholds a claim that the breaker would not let leave now.
func (s *Sender) shut(c *gateway.Claim, now time.Time, not *[]withheld) bool {
	w, ok := s.breaker.would(c.ID.Practice, now)
	if !ok {
		*not = append(*not, *w.withhold(c))
	}
	return !ok
}

// decide looks at one claim with what the store knows. It gives a job to send,
// or what withholds it. What was decided by a clock that turns out to be wrong
// counts for nothing.
func (s *Sender) decide(c *gateway.Claim, now time.Time) (job, *withheld) {
	j, w := s.verdict(c, now)
	if !s.clockRight() {
		return job{}, clockWrong(c)
	}
	return j, w
}

func (s *Sender) verdict(c *gateway.Claim, now time.Time) (job, *withheld) {
	p, configured := s.practices[c.ID.Practice]
	if !configured || c.Damaged {
		return job{}, blind(c, p.Policy, configured, now)
	}
	a := c.Facts.Appointment
	owed, ok := owedBy(p.Practice, c)
	if !ok {
		return job{}, withhold(c, gateway.Withdrawn, gateway.RuleRemoved, time.Time{})
	}
	d := p.Policy.Decide(a, owed, p.Nation, gateway.Moment{
		Now: now, FeedAsOf: c.FeedAsOf, Merged: c.Facts.Merged, Shared: c.Facts.Shared, Standing: c.Facts.Standing,
		Clinics: c.Clinics.List,
		OffList: s.o.Allowed != nil && !a.Patient.Mobile.IsZero() && !s.o.Allowed(a.Patient.Mobile),
	})
	switch {
	case d.Verdict == gateway.Suppress:
		return job{}, withhold(c, gateway.Withdrawn, d.Reason, time.Time{})
	case d.Verdict != gateway.Send:
		return job{}, withhold(c, gateway.Held, d.Reason, now.Add(lookAgain))
	case d.At.After(now):
		return job{}, withhold(c, gateway.Queued, gateway.None, d.At)
	}
	text, parts, err := s.render(p.Practice, a, now)
	if err != nil {
		return job{}, withhold(c, gateway.Held, gateway.WordingFailed, now.Add(lookAgain))
	}
	return job{claim: c, owed: owed, until: d.Until, parts: parts, out: gateway.Outgoing{
		Reminder: c.ID, From: p.Sender, To: a.Patient.Mobile, Text: text,
	}}, nil
}

// blind holds a claim on which nothing can be decided, because its record cannot
// be read or its practice is not in this process's configuration, and gives it up
// once it can be of no use any more. Its start alone is known, from its id.
func blind(c *gateway.Claim, p gateway.Policy, configured bool, now time.Time) *withheld {
	why := gateway.RecordUnreadable
	if !configured {
		why = gateway.FeedStale
	}
	if !now.Before(c.ID.Start.Add(-p.Latest)) {
		return withhold(c, gateway.Withdrawn, gateway.TooLate, time.Time{})
	}
	return withhold(c, gateway.Held, why, now.Add(lookAgain))
}

// render words a text. What breaks down over one appointment fails for that one.
func (s *Sender) render(p gateway.Practice, a gateway.Appointment, now time.Time) (t gateway.Text, parts int, err error) {
	defer func() {
		if recover() != nil {
			err = errBrokeDown
		}
	}()
	return s.o.Render(p, a, now)
}

// owedBy finds the claim's rule in the practice's plan of today.
func owedBy(p gateway.Practice, c *gateway.Claim) (gateway.Owed, bool) {
	for _, o := range p.Policy.Plan(c.Facts.Appointment.Start, p.Nation, c.FirstSeen) {
		if o.Rule == c.ID.Rule {
			return o, true
		}
	}
	return gateway.Owed{}, false
}

// withhold carries out the moves of what is not sent, and tells of those that are
// news: what is held again for the reason that it was held for is none. A stop
// does not cut it short.
func (s *Sender) withhold(ctx context.Context, all []withheld) {
	if len(all) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	changes := make([]gateway.Change, len(all))
	for i := range all {
		changes[i] = all[i].change
	}
	got, err := s.o.Memory.Move(ctx, s.o.Clock.Now(), changes)
	if err != nil {
		s.o.Log.Warn("withhold", "error", err)
		return
	}
	var moves []gateway.Move
	for i, g := range got {
		w, c := all[i].claim, changes[i]
		again := c.To == gateway.Held && w.Was == gateway.Held && w.WasFor == c.Reason
		if g.Verdict == gateway.Done && c.To != gateway.Queued && !again {
			moves = append(moves, gateway.Move{ID: c.ID, From: g.From, To: c.To, Reason: c.Reason})
		}
	}
	s.moved(moves)
}
