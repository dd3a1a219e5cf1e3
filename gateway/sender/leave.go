package sender

import (
	"context"
	"time"

	"bellman/gateway"
)

// leave writes down that texts are leaving, and gives those that may: still ours,
// on unchanged facts, to numbers that have not opted out, through a provider that
// works. A stop does not cut it short, since what is written down as leaving and
// does not leave would be of unknown fate.
func (s *Sender) leave(ctx context.Context, jobs []job) []job {
	jobs = s.throughBreaker(ctx, s.byTheClock(ctx, jobs))
	if len(jobs) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimLimit)
	defer cancel()
	now := s.o.Clock.Now()
	changes := make([]gateway.Change, len(jobs))
	for i := range jobs {
		c := jobs[i].claim
		changes[i] = gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, Clinics: c.Clinics.List, Most: s.practices[c.ID.Practice].Policy.MostADay}
		// The claim's own lease is long enough for most; a new one costs Redis more.
		jobs[i].begin, jobs[i].lease = now.Add(beginWithin), c.Until
		if c.Until.Before(now.Add(claimLease/3 + s.o.Timeout)) {
			jobs[i].lease = now.Add(claimLease + s.o.Timeout)
			changes[i].At = jobs[i].lease
		}
	}
	got, err := s.o.Memory.Move(limited, now, changes)
	if err != nil {
		// It is not known whether Redis wrote it down. Nothing leaves; the lease
		// runs out, and what stands as Sending is settled with the provider's list.
		s.o.Log.Warn("write down what is leaving", "error", err)
		return nil
	}
	sending := jobs[:0]
	var back []withheld
	var moves []gateway.Move
	for i, g := range got {
		switch g.Verdict {
		case gateway.Done:
			sending = append(sending, jobs[i])
		case gateway.StoppedBy:
			moves = append(moves, gateway.Move{ID: jobs[i].claim.ID, From: g.From, To: gateway.Withdrawn, Reason: gateway.OptedOut})
		case gateway.VisitStop:
			moves = append(moves, gateway.Move{ID: jobs[i].claim.ID, From: g.From, To: gateway.Withdrawn, Reason: gateway.VisitOptedOut})
		case gateway.Outdated:
			back = append(back, *withhold(jobs[i].claim, gateway.Queued, gateway.None, now))
		case gateway.Enough:
			back = append(back, *s.tomorrow(jobs[i], now))
		case gateway.Elsewhere, gateway.Same:
		}
	}
	s.moved(moves)
	s.withhold(ctx, back)
	return sending
}

// throughBreaker holds what may not leave while the provider does not work, and
// puts back what only has to wait.
func (s *Sender) throughBreaker(ctx context.Context, jobs []job) []job {
	now := s.o.Clock.Now()
	open := jobs[:0]
	var not []withheld
	for _, j := range jobs {
		if w, ok := s.breaker.may(j.claim.ID.Practice, now); ok {
			open = append(open, j)
		} else {
			not = append(not, *w.withhold(j.claim))
		}
	}
	s.withhold(ctx, not)
	return open
}

// withhold gives the move of a claim that has to wait.
func (w wait) withhold(c *gateway.Claim) *withheld {
	if w.trouble {
		return withhold(c, gateway.Held, gateway.ProviderTrouble, w.at)
	}
	return withhold(c, gateway.Queued, gateway.None, w.at)
}

// tomorrow puts back, until the practice's next open day, what is one text too many
// for its phone today. It is withdrawn where that is too late.
func (s *Sender) tomorrow(j job, now time.Time) *withheld {
	p := s.practices[j.claim.ID.Practice]
	y, m, d := now.In(gateway.London()).Date()
	midnight := time.Date(y, m, d+1, 0, 0, 0, 0, gateway.London())
	if at, ok := p.Policy.Hours.Next(midnight, p.Nation); ok && at.Before(j.owed.Until) {
		return withhold(j.claim, gateway.Queued, gateway.None, at)
	}
	return withhold(j.claim, gateway.Withdrawn, gateway.EnoughToday, time.Time{})
}
