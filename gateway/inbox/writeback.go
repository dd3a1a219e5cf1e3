package inbox

import (
	"context"
	"errors"
	"time"

	"bellman/gateway"
)

// How an opt-out is told to a clinical system.
const (
	mostUntold = 256              // that wait; more are left to people
	writeLimit = 30 * time.Second // one attempt
)

// tellOf sees to it that the clinical system learns of an opt-out. A task is on the
// disk before the patient is answered. Where the practice has approved it, the
// system is told once, beside; the task is closed when the system has confirmed.
// Otherwise, and after a crash between, it is a person's to do: nobody knows then
// what was written, and the machine does not try again.
func (in *Inbox) tellOf(ctx context.Context, p gateway.ODS, n gateway.Phone) error {
	opened, err := in.o.Memory.OpenOptOutTasks(ctx, p, n, in.o.Clock.Now())
	if in.o.Writers[p] == nil {
		return err
	}
	for _, id := range opened {
		select {
		case in.untold <- id:
		default:
			in.o.Log.Warn("too many opt-outs wait to be written into the clinical system; this one is left to people", "task", id.String())
		}
	}
	return err
}

// writeAll tells the clinical systems, one opt-out at a time, until ctx ends.
func (in *Inbox) writeAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-in.untold:
			in.write(ctx, id)
		}
	}
}

// write tells a clinical system of one opt-out, once. What has begun is ended, also
// when the service stops: cut short, nobody would know what was written.
func (in *Inbox) write(ctx context.Context, id gateway.TaskID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	f, ok, err := in.o.Memory.FactsOf(ctx, id.ReminderID)
	if err == nil && ok {
		err = in.writeOnce(ctx, id.Practice, f.Appointment.Patient)
	}
	switch {
	case !ok && err == nil:
		return
	case errors.Is(err, gateway.ErrNotWritten):
		in.o.Log.Warn("the clinical system was not told of an opt-out; the task stays open", "task", id.String(), "error", err)
		return
	case err != nil:
		in.o.Log.Warn("it is not known whether the clinical system was told of an opt-out; the task stays open", "task", id.String(), "error", err)
		return
	}
	if _, err := in.o.Memory.CloseTask(ctx, id, in.o.Clock.Now(), "bellman", gateway.NewText("the clinical system has confirmed it")); err != nil {
		in.o.Log.Warn("close the task of an opt-out that was written", "task", id.String(), "error", err)
	}
}

var errWriterBroke = errors.New("it broke down")

func (in *Inbox) writeOnce(ctx context.Context, p gateway.ODS, patient gateway.Patient) (err error) {
	defer func() {
		if recover() != nil {
			err = errWriterBroke
		}
	}()
	return in.o.Writers[p].WriteDeclined(ctx, patient)
}
