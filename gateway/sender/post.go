package sender

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"bellman/gateway"
)

// outcome is what the provider said of one text.
type outcome struct {
	job    job
	began  time.Time
	ended  time.Time
	change gateway.Change
	sent   bool // the provider took it
	parts  int  // segments, when it did
}

// poster hands over what was written down as leaving, until no more comes. Its
// stack has grown once and for all, which a goroutine for each text would pay for
// anew.
func (s *Sender) poster(ctx context.Context) {
	for j := range s.leaving {
		s.post(ctx, j)
		s.release(1)
	}
}

// post hands one text over. From here on it may have gone, so the call is not
// cut short by a stop: it ends by itself within the provider's timeout.
//
// It begins no hand-over after its time: when this process was paused, a STOP may
// have been answered since, or another process may have taken the text up, found
// it nowhere, and sent it.
func (s *Sender) post(ctx context.Context, j job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout)
	defer cancel()
	watch := s.begin()
	began := watch.began
	id := j.claim.ID
	o := outcome{job: j, began: began, change: gateway.Change{ID: id, Token: j.claim.Token, Only: onlySending}}
	if o.ended = began; !s.clockRight() {
		o.change.To, o.change.At = gateway.Queued, atOnce
		s.outcomes <- o
		return
	}
	asked, paused := s.breaker.asked(began)
	if paused || reached(began, j.until) || reached(began, j.begin) {
		o.change.To, o.change.At = gateway.Queued, gateway.Later(asked, began)
		s.outcomes <- o
		return
	}
	j.out.Validity = j.until.Sub(began)
	got, err := s.handOver(ctx, j.out)
	ended := s.end(watch)
	o.ended = ended
	if err == nil {
		s.breaker.works(id.Practice)
		s.o.Metrics.took(s.o.Provider.Name(), "accepted", ended.Sub(began))
		o.sent, o.parts = true, cmp.Or(got.Segments, j.parts)
		// Whoever found this text of unknown fate meanwhile is told now.
		o.change.To, o.change.MessageID, o.change.Only = gateway.Accepted, got.MessageID, onlySending+string(rune(gateway.Unknown))
		s.outcomes <- o
		return
	}
	failed, ok := errors.AsType[*gateway.SendError](err)
	if !ok {
		failed = &gateway.SendError{Class: gateway.Uncertain, Reason: gateway.UnknownOutcome}
	}
	s.o.Metrics.took(s.o.Provider.Name(), failed.Class.String(), ended.Sub(began))
	s.judge(ctx, &o, failed, ended)
	s.outcomes <- o
}

// reached reports whether a time has come, by the clock of the process or by the
// one on the wall: the first stands still while a machine is suspended.
func reached(now, limit time.Time) bool {
	return !now.Before(limit) || !now.Round(0).Before(limit.Round(0))
}

// handOver calls the provider. When that breaks down, nobody knows how far it got.
func (s *Sender) handOver(ctx context.Context, m gateway.Outgoing) (h gateway.Handover, err error) {
	defer func() {
		if recover() != nil {
			s.o.Log.Error("a hand-over broke down", "reminder", m.Reminder.String())
			err = errBrokeDown
		}
	}()
	return s.o.Provider.Send(ctx, m)
}

const onlySending = string(rune(gateway.Sending))

// judge turns a failed hand-over into a move, by its class alone.
func (s *Sender) judge(ctx context.Context, o *outcome, e *gateway.SendError, now time.Time) {
	c := &o.change
	c.Code = e.Code
	log := s.o.Log.With("reminder", c.ID.String(), "class", e.Class.String(), "code", e.Code, "status", e.Status)
	switch e.Class {
	case gateway.TryLater:
		c.To, c.At = gateway.Queued, s.later(c.ID.Practice, o.job.claim.Attempts, e, now)
		log.Info("the provider asks to try later")
	case gateway.Account:
		c.To, c.At = gateway.Queued, s.breaker.broke(c.ID.Practice, e.Status, now)
		log.Error("the provider's account, or the practice's sender, does not work; nothing is sent through it until it does")
	case gateway.Rejected:
		s.breaker.works(c.ID.Practice)
		c.To, c.Reason = gateway.Refused, cmp.Or(e.Reason, gateway.ProviderMessage)
		log.Info("the provider refused a text")
	case gateway.Stopped:
		s.breaker.works(c.ID.Practice)
		c.To, c.Reason = gateway.Refused, gateway.ProviderOptOut
		log.Info("the provider blocks a number that opted out there")
		s.optOut(ctx, o.job.out, now, log)
	case gateway.Uncertain:
		s.breaker.lose(now)
		c.To, c.Reason = gateway.Unknown, gateway.UnknownOutcome
		log.Warn("the fate of a text is not known; it is not sent again before it is")
	}
}

// optOut writes down that the provider blocks a number, and opens a task for each
// patient who has it. The time of the hand-over may be up by now, so it has its own.
func (s *Sender) optOut(ctx context.Context, m gateway.Outgoing, now time.Time, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	if err := s.o.Memory.AddOptOut(ctx, gateway.OptOut{Practice: m.Reminder.Practice, Number: m.To, Since: now, By: gateway.OutByProvider}); err != nil {
		// The next text to this number is refused again, and tries again.
		log.Error("write down an opt-out", "error", err)
		return
	}
	if _, err := s.o.Memory.OpenOptOutTasks(ctx, m.Reminder.Practice, m.To, now); err != nil {
		log.Error("no task could be opened for an opt-out: see by hand that the clinical system says so, too", "error", err)
	}
}

// later gives when to try again what certainly did not go, and slows the others
// down where what stopped this one would stop them too.
func (s *Sender) later(p gateway.ODS, attempts int, e *gateway.SendError, now time.Time) time.Time {
	at := now.Add(backoff(attempts, e.RetryAfter))
	switch {
	case e.Status == tooMany && e.RetryAfter > 0:
		s.breaker.pause(now.Add(e.RetryAfter))
	case e.Reason == gateway.ProviderTrouble:
		return gateway.Later(at, s.breaker.broke(p, badRequest, now))
	case e.Status == 0:
		s.breaker.lose(now)
	}
	return at
}

// tooMany is the HTTP status with which a provider asks us to slow down.
const tooMany = 429

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
	batch := make([]outcome, 0, maxBatch)
	for o := range s.outcomes {
		batch = s.more(append(batch[:0], o))
		for rest := batch; len(rest) > 0; {
			n := together(rest)
			s.writeDown(rest[:n])
			rest = rest[n:]
		}
	}
}

// together counts the first outcomes that ended at about the same time, so that
// they are written down under one. Only a clock that was set parts them.
func together(all []outcome) int {
	for i := range all {
		if all[i].ended.Sub(all[0].ended).Abs() > time.Second {
			return i
		}
	}
	return len(all)
}

// more waits a moment for outcomes that come along: a round trip for each would
// cost more than the hand-over.
func (s *Sender) more(batch []outcome) []outcome {
	enough := time.NewTimer(gather)
	defer enough.Stop()
	for len(batch) < maxBatch {
		select {
		case <-enough.C:
			return batch
		case next, ok := <-s.outcomes:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		}
	}
	return batch
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
	now := batch[len(batch)-1].ended
	for try := 0; err != nil && ctx.Err() == nil; try++ {
		if got, err = s.o.Memory.Move(ctx, now, changes); err != nil {
			gateway.Wait(ctx, 100*time.Millisecond<<min(try, 5))
		}
	}
	if err != nil {
		s.o.Log.Error("write down what the provider said", "reminders", len(batch), "error", err)
		return
	}
	var moves []gateway.Move
	for i, g := range got {
		o, c := &batch[i], &changes[i]
		if g.Verdict == gateway.Done && c.To == gateway.Refused {
			moves = append(moves, gateway.Move{ID: c.ID, From: g.From, To: c.To, Reason: c.Reason})
		}
		if o.sent && ours(g, s.o.Clock.Now().Before(o.job.lease)) {
			s.o.Metrics.accepted(c.ID.Practice, o.parts, o.began.Sub(o.job.owed.SendAt))
		}
	}
	s.moved(moves)
}

// ours reports whether a text that the provider took is to be counted here: when
// it was written down now, or a receipt was faster. After its lease somebody else
// may have found it of unknown fate, and counts it with the receipt.
func ours(g gateway.Changed, inTime bool) bool {
	if g.From == gateway.Accepted || g.From == gateway.Delivered || g.From == gateway.Undelivered {
		return inTime
	}
	return g.Verdict == gateway.Done
}
