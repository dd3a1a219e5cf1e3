package scheduler

import (
	"context"
	"slices"

	"bellman/gateway"
)

// A visit that is cancelled and booked again under another id is another
// appointment to us, and the same to its patient. One text is enough: who was
// texted about a site and a start is not sent the same reminder of it again.

// beside finds, among what is to be sent, appointments that are known under other
// ids at the same start for the same number.
func beside(d gateway.Diary, entries []Drafted) map[gateway.Ref][]gateway.Ref {
	out := map[gateway.Ref][]gateway.Ref{}
	for i := range entries {
		e := &entries[i]
		if !slices.ContainsFunc(e.Plan, sends) {
			continue
		}
		a := e.Facts.Appointment
		if others := d.Beside(e.Ref, a.Start, a.Patient.Mobile); len(others) > 0 {
			out[e.Ref] = others
		}
	}
	return out
}

func sends(p gateway.Planned) bool { return p.State != gateway.Withdrawn }

// carryOut writes a plan down. Appointments beside which others are known come
// last: when they are looked at, what the others still had waiting has been
// withdrawn if it was to be, so that nothing of theirs can leave any more.
func (s *Scheduler) carryOut(ctx context.Context, p gateway.ODS, d gateway.Diary, entries []Drafted) (gateway.Planning, error) {
	now := s.o.Clock.Now()
	others := beside(d, entries)
	if len(others) == 0 {
		return s.o.Memory.Plan(ctx, d, now, bare(entries))
	}
	var last, first []Drafted
	for _, e := range entries {
		if others[e.Ref] != nil {
			last = append(last, e)
		} else {
			first = append(first, e)
		}
	}
	done, err := s.o.Memory.Plan(ctx, d, now, bare(first))
	if err != nil {
		return done, err
	}
	for i := range last {
		if err := tellOnce(ctx, s.o.Memory, p, d, &last[i], others[last[i].Ref]); err != nil {
			return done, err
		}
	}
	more, err := s.o.Memory.Plan(ctx, d, now, bare(last))
	return both(done, more), err
}

// Recollection is what telling a patient once needs of the store.
type Recollection interface {
	Recall(ctx context.Context, d gateway.Diary, refs []gateway.Ref) ([]gateway.Facts, error)
	Standings(ctx context.Context, ids []gateway.ReminderID) ([]gateway.State, error)
}

// TellOnce withdraws, in a draft that is not carried out, the reminders that their
// patients were sent already under another id: as a plan does when it is written.
func (d Draft) TellOnce(ctx context.Context, m Recollection, p gateway.ODS, known gateway.Diary) error {
	others := beside(known, d.Entries)
	for i := range d.Entries {
		if refs := others[d.Entries[i].Ref]; refs != nil {
			if err := tellOnce(ctx, m, p, known, &d.Entries[i], refs); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellOnce withdraws the reminders of an appointment that its patient was sent
// already, under another id. Where the other's record cannot be opened, it counts as
// the same patient's: what went to that number about that start is known without it.
func tellOnce(ctx context.Context, m Recollection, p gateway.ODS, d gateway.Diary, e *Drafted, others []gateway.Ref) error {
	facts, err := m.Recall(ctx, d, others)
	if err != nil {
		return err
	}
	is := e.Facts.Appointment
	elses := map[gateway.Ref]bool{}
	for _, f := range facts {
		was := f.Appointment
		elses[d.Ref(was.Identity())] = was.Patient.ID != is.Patient.ID || was.Site != is.Site || !was.Start.Equal(is.Start)
	}
	for _, ref := range others {
		if elses[ref] {
			continue
		}
		ids := make([]gateway.ReminderID, len(e.Plan))
		for i, r := range e.Plan {
			ids[i] = gateway.ReminderID{Practice: p, Ref: ref, Rule: r.Rule, Start: is.Start}
		}
		states, err := m.Standings(ctx, ids)
		if err != nil {
			return err
		}
		for i, st := range states {
			if r := &e.Plan[i]; left(st) && sends(*r) {
				r.State, r.Reason = gateway.Withdrawn, gateway.AlreadyTold
				e.Decisions[i] = gateway.Decision{Verdict: gateway.Suppress, Reason: gateway.AlreadyTold}
			}
		}
	}
	return nil
}

// left reports whether a text in this state has reached its patient, or may have.
func left(s gateway.State) bool {
	switch s {
	case gateway.Sending, gateway.Unknown, gateway.Accepted, gateway.Delivered:
		return true
	case gateway.Queued, gateway.Claimed, gateway.Held, gateway.Withdrawn, gateway.Refused, gateway.Undelivered, gateway.Failed:
	}
	return false
}

// both adds up two plans.
func both(a, b gateway.Planning) gateway.Planning {
	a.Written += b.Written
	a.Conflicts += b.Conflicts
	a.Moves = append(a.Moves, b.Moves...)
	if a.Earliest.IsZero() || !b.Earliest.IsZero() && b.Earliest.Before(a.Earliest) {
		a.Earliest = b.Earliest
	}
	return a
}
