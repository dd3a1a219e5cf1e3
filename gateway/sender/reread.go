package sender

import (
	"context"
	"errors"
	"sync"
	"time"

	"bellman/gateway"
)

var (
	errBrokeDown = errors.New("it broke down")
	errOther     = errors.New("the clinical system answered with another appointment")
)

// askAgain lets the clinical system be asked once more, beside the round, so that
// one that does not answer holds up its own practice only. It reports false when
// so many looks at that system are under way that this one has to wait its turn.
func (s *Sender) askAgain(ctx context.Context, c *gateway.Claim, looking *sync.WaitGroup) bool {
	looks := s.looks[c.ID.Practice]
	select {
	case looks <- struct{}{}:
	default:
		return false
	}
	looking.Go(func() {
		j, w := s.reread(ctx, c)
		<-looks
		if w == nil {
			select {
			case s.permits <- struct{}{}:
				defer s.release(1)
			case <-ctx.Done():
				w = withhold(c, gateway.Queued, gateway.None, s.o.Clock.Now())
			}
		}
		if w != nil {
			s.withhold(ctx, []withheld{*w})
			return
		}
		for _, j := range s.leave(ctx, []job{j}) {
			s.post(ctx, j)
		}
	})
	return true
}

// reread looks at one appointment in the clinical system, in the moment of
// sending. What it finds changed is written down as the newest truth and planned
// anew; the claim goes back to the queue and meets the new plan there.
func (s *Sender) reread(ctx context.Context, c *gateway.Claim) (job, *withheld) {
	was := c.Facts.Appointment
	is, err := s.ask(ctx, c)
	now := s.o.Clock.Now()
	switch {
	case ctx.Err() != nil:
		return job{}, withhold(c, gateway.Queued, gateway.None, now)
	case err == nil && !Changed(was, is):
		return s.decide(c, now)
	case err == nil && s.clockRight():
		err = s.o.Refresh(ctx, c.ID.Practice, is)
	}
	if !s.clockRight() {
		return job{}, clockWrong(c)
	}
	if err != nil {
		s.o.Log.Warn("look once more", "reminder", c.ID.String(), "error", err)
		return job{}, withhold(c, gateway.Held, gateway.RereadFailed, now.Add(lookAgain))
	}
	return job{}, withhold(c, gateway.Queued, gateway.None, now)
}

// ask looks at the appointment of a claim, for a limited time.
func (s *Sender) ask(ctx context.Context, c *gateway.Claim) (is gateway.Appointment, err error) {
	p, was := c.ID.Practice, c.Facts.Appointment
	defer func() {
		if recover() != nil {
			err = errBrokeDown
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, rereadLimit)
	defer cancel()
	if is, err = s.practices[p].Reread.Reread(ctx, was); err != nil {
		return is, err
	}
	if is.ID != was.ID {
		return is, errOther
	}
	if is.Patient.ID != was.Patient.ID {
		// The id is another patient's now: this one is no longer booked. The other's
		// visit comes with the next read of the diary.
		is = was
		is.Status = gateway.StatusCancelled
		return is, nil
	}
	is.Start = is.Start.Truncate(time.Second) // as it is kept: else it would look changed for ever
	is.Judged = was.Judged
	if c.Clinics.List != (gateway.Digest{}) {
		is = c.Clinics.Judge(is)
	}
	return s.practices[p].Policy.Discreet(is), nil
}

// Changed reports whether two looks at an appointment differ in anything that
// bears on its reminders: whether they are sent, when, to whom, and in which words.
func Changed(a, b gateway.Appointment) bool {
	p, q := a.Patient, b.Patient
	return a.Status != b.Status || !a.Start.Equal(b.Start) || a.StartDoubt != b.StartDoubt || a.Mode != b.Mode || a.Reminded != b.Reminded ||
		a.Class != b.Class || a.Judged != b.Judged || a.Age != b.Age || p.Needs != q.Needs || p.Language != q.Language ||
		p.ID != q.ID || p.Mobile != q.Mobile || p.MobileKind != q.MobileKind ||
		p.Deceased != q.Deceased || p.Left != q.Left || p.Declined != q.Declined || p.Restricted != q.Restricted
}
