package inbox

import (
	"context"
	"errors"
	"fmt"

	"bellman/gateway"
)

// freed sees to everything else about a visit that is cancelled: its reminders, and
// the task that would ask people to tell the patient. The reply is closed once what
// the patient is told is on its way. Where it cannot be worded any more, or the
// provider has hung up by then and texts nobody our answer, and where the process
// dies before, a person has to tell.
func (in *Inbox) freed(ctx context.Context, p gateway.Practice, m gateway.Inbound, v gateway.Visit) reply {
	limited, done := context.WithTimeout(ctx, afterLimit)
	defer done()
	if err := in.withdraw(limited, p, v); err != nil {
		// The next read of the diary withdraws them; a look before sending, too.
		in.o.Log.Warn("withdraw the reminders of a visit that was cancelled", "practice", p.ODS, "appointment", v.Ref.String(), "error", err)
	}
	text := in.o.Cancels.Words(p, v.Facts.Appointment, in.o.Clock.Now())
	return reply{text: text, then: func(told bool) {
		if !told || text.IsZero() {
			in.o.Log.Error("a visit is cancelled and its patient could not be told; the reply is left to people", "practice", p.ODS, "appointment", v.Ref.String())
			return
		}
		ctx, done := context.WithTimeout(ctx, afterLimit)
		defer done()
		id := gateway.ReplyID{Practice: p.ODS, MessageID: m.MessageID}
		if _, err := in.o.Cancels.Memory.CloseReply(ctx, id, in.o.Clock.Now(), closedBy, gateway.NewText("the visit is cancelled, and the patient was told")); err != nil {
			in.o.Log.Warn("close the reply of a visit that was cancelled", "practice", p.ODS, "appointment", v.Ref.String(), "error", err)
		}
	}}
}

// closedBy is who closes what no person has to look at any more.
const closedBy = "bellman"

// withdraw takes back the reminders of a visit that was cancelled, writes it down as
// cancelled, and closes the task that this opens: its patient has asked for it.
func (in *Inbox) withdraw(ctx context.Context, p gateway.Practice, v gateway.Visit) error {
	now := in.o.Clock.Now()
	var changes []gateway.Change
	for _, rule := range p.Policy.Rules {
		id := gateway.ReminderID{Practice: p.ODS, Ref: v.Ref, Rule: rule, Start: v.Start}
		changes = append(changes, gateway.Change{ID: id, To: gateway.Withdrawn, Reason: gateway.Cancelled})
	}
	got, err := in.o.Memory.Move(ctx, now, changes)
	if err != nil {
		return err
	}
	var moves []gateway.Move
	for i, c := range got {
		if c.Verdict == gateway.Done {
			moves = append(moves, gateway.Move{ID: changes[i].ID, From: c.From, To: gateway.Withdrawn, Reason: gateway.Cancelled})
		}
	}
	in.moved(moves)
	is := v.Facts.Appointment
	is.Status = gateway.StatusCancelled
	if err := in.o.Cancels.Refresh(ctx, p.ODS, is); err != nil {
		return fmt.Errorf("write it down: %w", err)
	}
	tasks, err := in.o.Cancels.Memory.Tasks(ctx, p.ODS)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if t.ID.Kind == gateway.TaskCancelled && t.ID.Ref == v.Ref && t.ID.Start.Equal(v.Start) && t.Open() {
			_, failed := in.o.Memory.CloseTask(ctx, t.ID, now, closedBy, gateway.NewText("the patient cancelled by text, and was told"))
			err = errors.Join(err, failed)
		}
	}
	return err
}
