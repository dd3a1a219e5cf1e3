package inbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"bellman/gateway"
)

// The spans of a reconciliation.
const (
	// lookBack is how long before a reminder was found to be unknown its text
	// may have left, by the provider's clock: the longest timeout and lease, and
	// as much again for clocks that differ.
	lookBack       = 10 * time.Minute
	reconcileEvery = 10 * time.Second
	// mostFailures ends a reconciliation of one practice: the provider's list
	// cannot be read at the moment.
	mostFailures = 3
)

// Run reads the provider's lists until ctx ends: what patients wrote, and what
// became of texts of unknown fate.
func (in *Inbox) Run(ctx context.Context) {
	var hearing sync.WaitGroup
	defer hearing.Wait()
	hearing.Go(func() { in.writeAll(ctx) })
	if in.o.Lister == nil {
		return
	}
	hearing.Go(func() { in.catchUpAll(ctx) })
	tick := time.NewTicker(min(reconcileEvery, max(in.o.Settle/4, 100*time.Millisecond)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		in.restore(ctx)
		for _, p := range in.o.Practices {
			if err := in.Reconcile(ctx, p); err != nil && ctx.Err() == nil {
				in.o.Log.Warn("reconcile with the provider's list", "practice", p.ODS, "error", err)
			}
			if err := in.Enquire(ctx, p); err != nil && ctx.Err() == nil {
				in.o.Log.Warn("ask the provider for receipts that did not come", "practice", p.ODS, "error", err)
			}
		}
	}
}

// Reconcile settles the texts of a practice whose fate is not known by reading
// the provider's own list. One that is there was accepted. One that is not,
// after the list had its time, never arrived and may be sent again. One that
// cannot be told stays unknown; after its last useful moment it has failed. So
// does one that the provider took and the network did not answer for: Enquire
// asks for that, and no list makes it one that may be sent again.
func (in *Inbox) Reconcile(ctx context.Context, p gateway.Practice) error {
	unknowns, err := in.o.Memory.Unknowns(ctx, p.ODS)
	if err != nil {
		return err
	}
	now := in.o.Clock.Now()
	if in.o.Keeper != nil && !in.o.Keeper.Right() {
		// By a clock that is ahead, a list would have had its time before it had.
		return nil
	}
	var suspects, ready []gateway.Standing
	for _, u := range unknowns {
		switch {
		case u.Reason == gateway.MaybeSent:
			suspects = append(suspects, u)
		case now.Sub(u.At) >= in.o.Settle:
			ready = append(ready, u)
		}
	}
	return errors.Join(in.settleAll(ctx, p, in.dueLooks(p, ready, now), now), in.lookUp(ctx, p, suspects, now))
}

// settleAll settles what is due to be looked up. One that cannot be settled stops no
// other.
func (in *Inbox) settleAll(ctx context.Context, p gateway.Practice, due []gateway.Standing, now time.Time) error {
	list := in.reading(ctx, p, due)
	var failed []error
	for _, u := range due {
		var err error
		if u.Reason == gateway.NotAnswered {
			err = in.wait(ctx, p, u, now)
		} else {
			err = in.settle(ctx, p, u, now, list)
		}
		if err != nil {
			failed = append(failed, err)
		}
		if len(failed) == mostFailures || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// over reports whether a reminder's last useful moment has passed.
func over(p gateway.Practice, u gateway.Standing, now time.Time) bool {
	return !now.Before(u.ID.Start.Add(-p.Policy.Latest))
}

// wait leaves a text alone of which only the provider can say more.
func (in *Inbox) wait(ctx context.Context, p gateway.Practice, u gateway.Standing, now time.Time) error {
	return in.giveUp(ctx, u, now, over(p, u, now))
}

func (in *Inbox) settle(ctx context.Context, p gateway.Practice, u gateway.Standing, now time.Time, list reader) error {
	a, ok, err := in.addressed(ctx, u)
	if err != nil || !ok {
		return errors.Join(err, in.giveUp(ctx, u, now, over(p, u, now)))
	}
	listed, err := list(u, a.Patient.Mobile)
	if err != nil {
		return errors.Join(err, in.giveUp(ctx, u, now, over(p, u, now)))
	}
	others, err := in.others(ctx, p, u.ID, a.Patient.Mobile)
	if err != nil {
		return err
	}
	c, known := in.find(p, a, u, listed, others)
	if !known {
		in.lookLater(u, now)
	}
	return in.conclude(ctx, p, u, now, c, known)
}

// addressed gives what a text of unknown fate was about, and the number that it went
// to. It is false where no list can prove anything: the appointment, or that number,
// is not known any more.
func (in *Inbox) addressed(ctx context.Context, u gateway.Standing) (gateway.Appointment, bool, error) {
	f, ok, err := in.o.Memory.FactsOf(ctx, u.ID)
	a := f.Appointment
	if err != nil || !ok || a.Patient.Mobile.IsZero() {
		return a, false, err
	}
	a.Start = u.ID.Start
	same, err := in.sameNumber(ctx, u, a.Patient.Mobile)
	return a, same && err == nil, err
}

// conclude carries out what was found in the provider's list. What cannot be known,
// or would go too late, is given up when its time is over.
func (in *Inbox) conclude(ctx context.Context, p gateway.Practice, u gateway.Standing, now time.Time, c gateway.Change, known bool) error {
	over := over(p, u, now)
	switch {
	case !known, c.To == gateway.Queued && over:
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

// sameNumber says whether a text was meant for the number that its appointment has
// now. Where it was not, the list of the new number proves nothing, and the old one
// is not kept.
func (in *Inbox) sameNumber(ctx context.Context, u gateway.Standing, n gateway.Phone) (bool, error) {
	if u.Number == [12]byte{} { // written before numbers were kept with it
		return true, nil
	}
	tag, err := in.o.Memory.NumberTag(ctx, u.ID.Practice, n)
	return tag == u.Number, err
}

// others gives the provider's ids of texts to a number of which it is known that
// they were other reminders: those of the same visit, whose words are the same,
// and the last one that went there.
func (in *Inbox) others(ctx context.Context, p gateway.Practice, id gateway.ReminderID, n gateway.Phone) (map[string]bool, error) {
	var ids []gateway.ReminderID
	for _, r := range p.Policy.Rules {
		ids = append(ids, gateway.ReminderID{Practice: id.Practice, Ref: id.Ref, Rule: r, Start: id.Start})
	}
	last, ok, err := in.o.Memory.LastText(ctx, p.ODS, n)
	if err != nil {
		return nil, err
	}
	if ok {
		ids = append(ids, last)
	}
	out := map[string]bool{}
	for _, other := range ids {
		if other == id {
			continue
		}
		st, ok, err := in.o.Memory.Reminder(ctx, other)
		if err != nil {
			return nil, err
		}
		if ok && st.MessageID != "" {
			out[st.MessageID] = true
		}
	}
	return out, nil
}

// find looks for a text in the provider's list. Known is false when something
// went to the number in that time and it cannot be said whether it was this: its
// words may have been worded anew since, in another configuration.
func (in *Inbox) find(p gateway.Practice, a gateway.Appointment, u gateway.Standing, listed []gateway.Listed, others map[string]bool) (gateway.Change, bool) {
	c := gateway.Change{ID: u.ID, Token: u.Token, Since: u.At, Only: string(byte(gateway.Unknown)), To: gateway.Queued}
	text, _, err := in.o.Render(p, a, u.At)
	answers := in.o.Answers.all(p)
	known := true
	for _, l := range listed {
		switch {
		case l.Inbound, l.Answer, l.To != a.Patient.Mobile, l.From.Reveal() != p.Sender, l.Created.Before(u.At.Add(-lookBack)),
			others[l.MessageID], slices.Contains(answers, l.Text):
		case err == nil && l.Text == text:
			return settledBy(c, l), true
		default:
			known = false
		}
	}
	return c, known
}

// all gives every answer that a practice gives to patients' texts.
func (a Answers) all(p gateway.Practice) []gateway.Text {
	var out []gateway.Text
	for _, f := range a {
		if t := f(p); !t.IsZero() {
			out = append(out, t)
		}
	}
	return out
}

func (in *Inbox) giveUp(ctx context.Context, u gateway.Standing, now time.Time, over bool) error {
	if !over {
		return nil
	}
	_, err := in.o.Memory.Move(ctx, now, []gateway.Change{{
		ID: u.ID, Token: u.Token, Since: u.At, Only: string(byte(gateway.Unknown)), To: gateway.Failed, Reason: gateway.UnknownOutcome, Code: u.Code,
	}})
	return err
}
