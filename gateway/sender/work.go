package sender

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"bellman/gateway"
)

// job is one claim on its way to the provider.
type job struct {
	claim gateway.Claim
	owed  gateway.Owed
	until time.Time // the provider may try until then
	out   gateway.Outgoing
	parts int
}

// work decides every claim, writes down as Sending what is to go, and lets it
// go. It returns how many permits the hand-overs took with them.
func (s *Sender) work(ctx context.Context, claims []gateway.Claim, permits int, posts *sync.WaitGroup) int {
	if len(claims) == 0 {
		return 0
	}
	now := s.o.Clock.Now()
	var jobs []job
	var changes []gateway.Change
	var again []gateway.Claim
	for i := range claims {
		j, change := s.decide(claims[i], now)
		switch {
		case change != nil:
			changes = append(changes, *change)
		case s.practices[j.claim.ID.Practice].Reread != nil:
			again = append(again, claims[i])
		default:
			jobs = append(jobs, j)
		}
	}
	reread, dropped := s.rereadAll(ctx, again)
	jobs, changes = append(jobs, reread...), append(changes, dropped...)
	s.change(ctx, changes)
	sending := s.leave(ctx, jobs)
	for used, j := range sending {
		if used >= permits {
			s.permits <- struct{}{}
		}
		posts.Go(func() {
			defer s.release(1)
			s.post(ctx, j)
		})
	}
	return min(len(sending), permits)
}

// decide looks at one claim with what the store knows. It gives a job to send,
// or the change that withholds it.
func (s *Sender) decide(c gateway.Claim, now time.Time) (job, *gateway.Change) {
	p, ok := s.practices[c.ID.Practice]
	if !ok {
		return job{}, withhold(c, gateway.Held, gateway.FeedStale, now.Add(lookAgain))
	}
	if c.Damaged {
		return job{}, withhold(c, gateway.Held, gateway.RecordUnreadable, now.Add(lookAgain))
	}
	a := c.Facts.Appointment
	owed, ok := owedBy(p.Practice, c)
	if !ok {
		return job{}, withhold(c, gateway.Withdrawn, gateway.RuleRemoved, time.Time{})
	}
	d := p.Policy.Decide(a, owed, p.Nation, gateway.Moment{
		Now: now, FeedAsOf: c.FeedAsOf, Merged: c.Facts.Merged, Standing: c.Facts.Standing,
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
	text, parts, err := s.o.Render(p.Practice, a, now)
	if err != nil {
		return job{}, withhold(c, gateway.Held, gateway.WordingFailed, now.Add(lookAgain))
	}
	return job{claim: c, owed: owed, until: d.Until, parts: parts, out: gateway.Outgoing{
		Reminder: c.ID, From: p.Sender, To: a.Patient.Mobile, Text: text,
	}}, nil
}

// owedBy finds the claim's rule in the practice's plan of today.
func owedBy(p gateway.Practice, c gateway.Claim) (gateway.Owed, bool) {
	for _, o := range p.Policy.Plan(c.Facts.Appointment.Start, p.Nation, c.FirstSeen) {
		if o.Rule == c.ID.Rule {
			return o, true
		}
	}
	return gateway.Owed{}, false
}

func withhold(c gateway.Claim, to gateway.State, why gateway.Reason, at time.Time) *gateway.Change {
	return &gateway.Change{ID: c.ID, Token: c.Token, Only: string(byte(gateway.Claimed)), To: to, Reason: why, At: at}
}

// rereadAll asks the clinical systems once more, several at a time.
func (s *Sender) rereadAll(ctx context.Context, claims []gateway.Claim) (jobs []job, changes []gateway.Change) {
	if len(claims) == 0 {
		return nil, nil
	}
	type answer struct {
		job    job
		change *gateway.Change
	}
	answers := make([]answer, len(claims))
	var wg sync.WaitGroup
	gate := make(chan struct{}, 16)
	for i := range claims {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			answers[i].job, answers[i].change = s.reread(ctx, claims[i])
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a.change != nil {
			changes = append(changes, *a.change)
			continue
		}
		jobs = append(jobs, a.job)
	}
	return jobs, changes
}

// reread looks at one appointment in the clinical system, in the moment of
// sending. What it finds changed is written down as the newest truth and planned
// anew; the claim goes back to the queue and meets the new plan there.
func (s *Sender) reread(ctx context.Context, c gateway.Claim) (job, *gateway.Change) {
	p := s.practices[c.ID.Practice]
	was := c.Facts.Appointment
	limited, cancel := context.WithTimeout(ctx, rereadLimit)
	defer cancel()
	is, err := p.Reread.Reread(limited, was)
	now := s.o.Clock.Now()
	if err != nil {
		if isStop(err) || ctx.Err() != nil {
			return job{}, withhold(c, gateway.Queued, gateway.None, now)
		}
		s.o.Log.Warn("look once more", "reminder", c.ID.String(), "error", err)
		return job{}, withhold(c, gateway.Held, gateway.RereadFailed, now.Add(lookAgain))
	}
	if Changed(was, is) {
		if err := s.o.Refresh(ctx, c.ID.Practice, is); err != nil {
			s.o.Log.Warn("write down what the last look found", "reminder", c.ID.String(), "error", err)
			return job{}, withhold(c, gateway.Held, gateway.RereadFailed, now.Add(lookAgain))
		}
		return job{}, withhold(c, gateway.Queued, gateway.None, now)
	}
	return s.decide(c, now)
}

// Changed reports whether two looks at an appointment differ in anything that
// bears on its reminders.
func Changed(a, b gateway.Appointment) bool {
	p, q := a.Patient, b.Patient
	return a.Status != b.Status || !a.Start.Equal(b.Start) || a.StartDoubt != b.StartDoubt ||
		p.ID != q.ID || p.Mobile != q.Mobile || p.MobileKind != q.MobileKind ||
		p.Deceased != q.Deceased || p.Left != q.Left || p.Declined != q.Declined || p.Restricted != q.Restricted
}

// leave writes down that texts are leaving, and gives those that may: still ours,
// on unchanged facts, to numbers that have not opted out.
func (s *Sender) leave(ctx context.Context, jobs []job) []job {
	if len(jobs) == 0 {
		return nil
	}
	now := s.o.Clock.Now()
	until := now.Add(s.o.Timeout + claimLease)
	changes := make([]gateway.Change, len(jobs))
	for i, j := range jobs {
		changes[i] = gateway.Change{
			ID: j.claim.ID, Token: j.claim.Token, To: gateway.Sending, Digest: j.claim.Digest, Consent: true, At: until,
		}
	}
	got, err := s.o.Memory.Move(ctx, now, changes)
	if err != nil {
		// It is not known whether Redis wrote it down. Nothing leaves; the lease
		// runs out, and what stands as Sending is settled with the provider's list.
		if ctx.Err() == nil {
			s.o.Log.Warn("write down what is leaving", "error", err)
		}
		return nil
	}
	sending := jobs[:0]
	var back []gateway.Change
	var moves []gateway.Move
	for i, g := range got {
		switch g.Verdict {
		case gateway.Done:
			sending = append(sending, jobs[i])
		case gateway.StoppedBy:
			moves = append(moves, gateway.Move{ID: jobs[i].claim.ID, From: g.From, To: gateway.Withdrawn, Reason: gateway.OptedOut})
		case gateway.Outdated:
			back = append(back, *withhold(jobs[i].claim, gateway.Queued, gateway.None, now))
		case gateway.Elsewhere, gateway.Same:
		}
	}
	s.moved(moves)
	s.change(ctx, back)
	return sending
}

// change carries out moves that withhold, and tells of those that were made.
func (s *Sender) change(ctx context.Context, changes []gateway.Change) {
	if len(changes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	got, err := s.o.Memory.Move(ctx, s.o.Clock.Now(), changes)
	if err != nil {
		s.o.Log.Warn("withhold", "error", err)
		return
	}
	var moves []gateway.Move
	for i, g := range got {
		c := changes[i]
		if g.Verdict == gateway.Done && c.To != gateway.Queued {
			moves = append(moves, gateway.Move{ID: c.ID, From: g.From, To: c.To, Reason: c.Reason})
		}
	}
	s.moved(moves)
}

func newToken() gateway.Token {
	var t gateway.Token
	_, _ = rand.Read(t[:])
	return t
}
