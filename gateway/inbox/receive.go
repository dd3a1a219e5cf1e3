package inbox

import (
	"context"
	"errors"

	"bellman/gateway"
)

// ErrNoReminder means that a receipt is about a reminder that is not kept: one
// that was forgotten long ago, or never ours.
var ErrNoReminder = errors.New("there is no such reminder")

// Receive moves a reminder forward by a receipt, in whatever order receipts
// come: a state that was passed is not entered again.
func (in *Inbox) Receive(ctx context.Context, r gateway.Receipt) error {
	got, err := in.receive(ctx, []gateway.Receipt{r})
	if err == nil && got[0].From == gateway.Nowhere {
		return ErrNoReminder
	}
	return err
}

// receive takes several receipts in one round trip, each by itself.
func (in *Inbox) receive(ctx context.Context, all []gateway.Receipt) ([]gateway.Changed, error) {
	changes := make([]gateway.Change, len(all))
	for i, r := range all {
		c := gateway.Change{ID: r.Reminder, To: r.State, Code: r.Code, MessageID: r.MessageID, Reason: reasonOf(r.State, r.Class)}
		if c.Reason == gateway.ProviderOptOut {
			if err := in.blocked(ctx, r.Reminder); err != nil {
				return nil, err
			}
		}
		changes[i] = c
	}
	got, err := in.o.Memory.Move(ctx, in.o.Clock.Now(), changes)
	if err != nil {
		return nil, err
	}
	for i, r := range all {
		if got[i].Verdict != gateway.Done {
			continue
		}
		in.count(r.Reminder.Practice, got[i].From, r.State)
		if changes[i].Reason == gateway.ProviderAccount && in.o.Trouble != nil {
			in.o.Trouble(r.Reminder.Practice, r.Everywhere)
		}
	}
	return got, nil
}

// reasonOf says in the words of reception why a text that the provider took has
// come to a state, by the class of the code that it gave.
func reasonOf(s gateway.State, c gateway.Class) gateway.Reason {
	switch {
	case s == gateway.Unknown:
		return gateway.NotAnswered
	case s != gateway.Undelivered:
		return gateway.None
	case c == gateway.Account:
		return gateway.ProviderAccount
	case c == gateway.Stopped:
		return gateway.ProviderOptOut
	}
	return gateway.NotDelivered
}

// count tells the metrics of a move by receipt or list.
func (in *Inbox) count(p gateway.ODS, from, to gateway.State) {
	if from == gateway.Unknown && to != gateway.Queued && in.o.Settled != nil {
		in.o.Settled(p)
	}
	if to == gateway.Delivered || to == gateway.Undelivered {
		in.o.Metrics.deliveries.WithLabelValues(string(p), to.String()).Inc()
	}
}

// blocked records that the provider blocks a number: the patient opted out there.
// It does so before the receipt is filed, so that a crash between the two does not
// lose it, and only while the reminder's end is not known yet: a receipt that comes
// twice must not undo a START that came between.
func (in *Inbox) blocked(ctx context.Context, id gateway.ReminderID) error {
	states, err := in.o.Memory.Standings(ctx, []gateway.ReminderID{id})
	if err != nil || !gateway.MayMove(states[0], gateway.Undelivered) {
		return err
	}
	f, ok, err := in.o.Memory.FactsOf(ctx, id)
	number := f.Appointment.Patient.Mobile
	if err != nil || !ok || number.IsZero() {
		return err
	}
	now, stood := in.o.Clock.Now(), in.standing(ctx, id.Practice, number)
	out := gateway.OptOut{Practice: id.Practice, Number: number, Since: now, By: gateway.OutByProvider}
	if err := in.o.Memory.AddOptOut(ctx, out); err != nil {
		return err
	}
	in.noticed(out, stood)
	moves, err := in.o.Memory.WithdrawNumber(ctx, id.Practice, number, now, gateway.OptedOut)
	in.moved(moves)
	if err != nil {
		return err
	}
	return in.tasksOf(ctx, out, stood)
}
