package inbox

import (
	"context"
	"time"

	"bellman/gateway"
)

// The spans of a reconciliation.
const (
	// lookBack is how long before a reminder was found to be unknown its text
	// may have left: the provider's timeout and a dead sender's lease.
	lookBack       = 3 * time.Minute
	reconcileEvery = 10 * time.Second
)

// Run reconciles texts of unknown fate until ctx ends.
func (in *Inbox) Run(ctx context.Context) {
	if in.o.Lister == nil {
		return
	}
	tick := time.NewTicker(min(reconcileEvery, max(in.o.Settle/4, 100*time.Millisecond)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, p := range in.o.Practices {
			if err := in.Reconcile(ctx, p); err != nil && ctx.Err() == nil {
				in.o.Log.Warn("reconcile with the provider's list", "practice", p.ODS, "error", err)
			}
		}
	}
}

// Reconcile settles the texts of a practice whose fate is not known by reading
// the provider's own list. One that is there was accepted. One that is not,
// after the list had its time, never arrived and may be sent again. One that
// cannot be told stays unknown; after its last useful moment it has failed.
func (in *Inbox) Reconcile(ctx context.Context, p gateway.Practice) error {
	unknowns, err := in.o.Memory.Unknowns(ctx, p.ODS)
	if err != nil {
		return err
	}
	now := in.o.Clock.Now()
	for _, u := range unknowns {
		if now.Sub(u.At) < in.o.Settle {
			continue
		}
		if err := in.settle(ctx, p, u, now); err != nil {
			return err
		}
	}
	return nil
}

func (in *Inbox) settle(ctx context.Context, p gateway.Practice, u gateway.Standing, now time.Time) error {
	f, ok, err := in.o.Memory.FactsOf(ctx, u.ID)
	if err != nil {
		return err
	}
	over := !now.Before(u.ID.Start.Add(-p.Policy.Latest))
	if !ok || f.Appointment.Patient.Mobile.IsZero() {
		return in.giveUp(ctx, u, now, over)
	}
	listed, err := in.o.Lister.List(ctx, u.At.Add(-lookBack), f.Appointment.Patient.Mobile)
	if err != nil {
		if over {
			return in.giveUp(ctx, u, now, over)
		}
		return err
	}
	a := f.Appointment
	a.Start = u.ID.Start
	c, known := in.find(p, a, u, listed)
	switch {
	case known && c.To == gateway.Queued && over, !known:
		return in.giveUp(ctx, u, now, over)
	case c.To == gateway.Queued:
		c.At = now
	}
	got, err := in.o.Memory.Move(ctx, now, []gateway.Change{c})
	if err == nil && got[0].Verdict == gateway.Done {
		in.count(p.ODS, gateway.Unknown, c.To)
		in.o.Log.Info("settled a text of unknown fate", "reminder", u.ID.String(), "state", c.To.String())
	}
	return err
}

// find looks for a text in the provider's list. Known is false when something
// went to the number in that time and it cannot be said whether it was this.
func (in *Inbox) find(p gateway.Practice, a gateway.Appointment, u gateway.Standing, listed []gateway.Listed) (gateway.Change, bool) {
	c := gateway.Change{ID: u.ID, Token: u.Token, Only: string(byte(gateway.Unknown))}
	text, _, err := in.o.Render(p, a, u.At)
	other := false
	for _, l := range listed {
		if l.Inbound || l.To != a.Patient.Mobile || l.From.Reveal() != p.Sender || l.Created.Before(u.At.Add(-lookBack)) {
			continue
		}
		if err == nil && l.Text == text {
			c.To, c.MessageID = l.State, l.MessageID
			if c.To == gateway.Undelivered {
				c.Reason = gateway.NotDelivered
			}
			return c, true
		}
		other = other || err != nil || l.Text.IsZero()
	}
	c.To = gateway.Queued
	return c, !other
}

func (in *Inbox) giveUp(ctx context.Context, u gateway.Standing, now time.Time, over bool) error {
	if !over {
		return nil
	}
	_, err := in.o.Memory.Move(ctx, now, []gateway.Change{{
		ID: u.ID, Token: u.Token, Only: string(byte(gateway.Unknown)), To: gateway.Failed, Reason: gateway.UnknownOutcome,
	}})
	return err
}
