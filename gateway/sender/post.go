package sender

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"bellman/gateway"
)

// outcome is what the provider said of one text.
type outcome struct {
	job    job
	change gateway.Change
	sent   bool
}

// post hands one text over. From here on it may have gone, so the call is not
// cut short by a stop: it ends by itself within the provider's timeout.
func (s *Sender) post(ctx context.Context, j job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout+time.Second)
	defer cancel()
	began := s.o.Clock.Now()
	id := j.claim.ID
	if !began.Before(j.until) {
		s.outcomes <- outcome{job: j, change: gateway.Change{ID: id, Token: j.claim.Token, Only: onlySending, To: gateway.Queued, At: began}}
		return
	}
	j.out.Validity = j.until.Sub(began)
	got, err := s.o.Provider.Send(ctx, j.out)
	ended := s.o.Clock.Now()
	o := outcome{job: j, change: gateway.Change{ID: id, Token: j.claim.Token, Only: onlySending}}
	if err == nil {
		s.mended()
		s.o.Metrics.accepted(id.Practice, j.parts, began.Sub(j.owed.SendAt))
		s.o.Metrics.took(s.o.Provider.Name(), "accepted", ended.Sub(began))
		o.change.To, o.change.MessageID, o.sent = gateway.Accepted, got.MessageID, true
		s.outcomes <- o
		return
	}
	var failed *gateway.SendError
	if !errors.As(err, &failed) {
		failed = &gateway.SendError{Class: gateway.Uncertain, Reason: gateway.UnknownOutcome}
	}
	s.o.Metrics.took(s.o.Provider.Name(), failed.Class.String(), ended.Sub(began))
	s.judge(ctx, &o, failed, ended)
	s.outcomes <- o
}

const onlySending = string(rune(gateway.Sending))

// judge turns a failed hand-over into a move, by its class alone.
func (s *Sender) judge(ctx context.Context, o *outcome, e *gateway.SendError, now time.Time) {
	c := &o.change
	c.Code = e.Code
	log := s.o.Log.With("reminder", c.ID.String(), "class", e.Class.String(), "code", e.Code, "status", e.Status)
	switch e.Class {
	case gateway.TryLater:
		c.To, c.At = gateway.Queued, now.Add(backoff(o.job.claim.Attempts, e.RetryAfter))
		log.Info("the provider asks to try later")
	case gateway.Account:
		s.breakFor(brokenFor)
		c.To, c.At = gateway.Queued, now.Add(brokenFor)
		log.Error("the provider's account or its settings do not work; nothing is sent until they do")
	case gateway.Rejected:
		c.To, c.Reason = gateway.Refused, orElse(e.Reason, gateway.ProviderMessage)
		log.Info("the provider refused a text")
	case gateway.Stopped:
		c.To, c.Reason = gateway.Refused, gateway.ProviderOptOut
		log.Info("the provider blocks a number that opted out there")
		optOut := gateway.OptOut{Practice: c.ID.Practice, Number: o.job.out.To, Since: now, By: "provider"}
		if err := s.o.Memory.AddOptOut(ctx, optOut); err != nil {
			log.Error("write down an opt-out", "error", err)
		}
	case gateway.Uncertain:
		c.To, c.Reason = gateway.Unknown, gateway.UnknownOutcome
		log.Warn("the fate of a text is not known; it is not sent again before it is")
	}
}

func orElse(r, other gateway.Reason) gateway.Reason {
	if r == gateway.None {
		return other
	}
	return r
}

// backoff gives how long to wait before the next try: doubling from two
// seconds to five minutes, a quarter of it by chance, never less than asked for.
func backoff(attempts int, asked time.Duration) time.Duration {
	d := min(2*time.Second<<min(attempts, 10), 5*time.Minute)
	d += rand.N(d / 4)
	return max(d, asked)
}

// record writes outcomes down, as many at once as there are, until the channel
// is closed.
func (s *Sender) record() {
	for o := range s.outcomes {
		batch := []outcome{o}
		for more := true; more && len(batch) < maxBatch; {
			select {
			case next, ok := <-s.outcomes:
				if more = ok; ok {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		s.writeDown(batch)
	}
}

// writeDown records outcomes. When Redis does not take them it tries again for a
// while; after that the leases run out, the reminders become unknown, and the
// provider's receipts or its list settle them.
func (s *Sender) writeDown(batch []outcome) {
	changes := make([]gateway.Change, len(batch))
	for i := range batch {
		changes[i] = batch[i].change
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordLimit)
	defer cancel()
	var got []gateway.Changed
	err := errors.New("not tried")
	for try := 0; err != nil && ctx.Err() == nil; try++ {
		if got, err = s.o.Memory.Move(ctx, s.o.Clock.Now(), changes); err != nil {
			pause(ctx, 100*time.Millisecond<<min(try, 5))
		}
	}
	if err != nil {
		s.o.Log.Error("write down what the provider said", "reminders", len(batch), "error", err)
		return
	}
	var moves []gateway.Move
	for i, g := range got {
		if c := changes[i]; g.Verdict == gateway.Done && c.To == gateway.Refused {
			moves = append(moves, gateway.Move{ID: c.ID, From: g.From, To: c.To, Reason: c.Reason})
		}
	}
	s.moved(moves)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
