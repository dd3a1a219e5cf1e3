package inbox

import (
	"context"

	"bellman/gateway"
)

// Receive moves a reminder forward by a receipt, in whatever order receipts
// come: a state that was passed is not entered again.
func (in *Inbox) Receive(ctx context.Context, r gateway.Receipt) error {
	now := in.o.Clock.Now()
	c := gateway.Change{ID: r.Reminder, To: r.State, Code: r.Code, MessageID: r.MessageID}
	if r.State == gateway.Undelivered {
		c.Reason = gateway.NotDelivered
		if r.Class == gateway.Stopped {
			c.Reason = gateway.ProviderOptOut
		}
	}
	got, err := in.o.Memory.Move(ctx, now, []gateway.Change{c})
	if err != nil {
		return err
	}
	if got[0].Verdict != gateway.Done {
		return nil
	}
	in.count(r.Reminder.Practice, got[0].From, r.State)
	if c.Reason == gateway.ProviderOptOut {
		return in.blocked(ctx, r.Reminder)
	}
	return nil
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
func (in *Inbox) blocked(ctx context.Context, id gateway.ReminderID) error {
	f, ok, err := in.o.Memory.FactsOf(ctx, id)
	if err != nil || !ok {
		return err
	}
	now := in.o.Clock.Now()
	number := f.Appointment.Patient.Mobile
	if err := in.o.Memory.AddOptOut(ctx, gateway.OptOut{Practice: id.Practice, Number: number, Since: now, By: "provider"}); err != nil {
		return err
	}
	moves, err := in.o.Memory.WithdrawNumber(ctx, id.Practice, number, now, gateway.OptedOut)
	in.moved(moves)
	return err
}
