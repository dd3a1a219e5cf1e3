package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bellman/gateway"
)

// How an opt-out is told to a clinical system.
const (
	mostUntold = 64               // that wait in one practice; more are left to people
	writeLimit = 30 * time.Second // one attempt
)

// tellOf sees to it that the clinical system learns of an opt-out. A task is on the
// disk before the patient is answered. Where the practice has approved it and it is
// news, the system is told once, beside; the task is closed when the system has
// confirmed. Otherwise, and after a crash between, it is a person's to do: nobody
// knows then what was written, and the machine does not try again.
func (in *Inbox) tellOf(ctx context.Context, p gateway.ODS, n gateway.Phone, news bool) error {
	opened, err := in.o.Memory.OpenOptOutTasks(ctx, p, n, in.o.Clock.Now())
	if !news || in.o.Writers[p] == nil {
		return err
	}
	for _, id := range opened {
		select {
		case in.untold[p] <- id:
		default:
			in.o.Log.Warn("too many opt-outs wait to be written into the clinical system; this one is left to people", "task", id.String())
		}
	}
	return err
}

// writeAll tells the clinical systems until ctx ends: each of one opt-out at a time,
// so that one that does not answer holds up its own practice only.
func (in *Inbox) writeAll(ctx context.Context) {
	var writing sync.WaitGroup
	defer writing.Wait()
	for _, untold := range in.untold {
		writing.Go(func() { in.writeEach(ctx, untold) })
	}
}

// writeEach tells one clinical system. What waits when ctx ends is left to people.
func (in *Inbox) writeEach(ctx context.Context, untold <-chan gateway.TaskID) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case id := <-untold:
			in.write(ctx, id)
		}
	}
}

// write tells a clinical system of one opt-out, once. What has begun is ended, also
// when the service stops: cut short, nobody would know what was written.
func (in *Inbox) write(ctx context.Context, id gateway.TaskID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	patient, err := in.declining(ctx, id)
	if err == nil {
		err = in.writeOnce(ctx, id.Practice, patient)
	}
	switch {
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

var (
	errWriterBroke = errors.New("it broke down")
	errNobody      = errors.New("what is known of the patient cannot be read any more")
	errNotOut      = errors.New("the number that the patient has now has not opted out")
)

// declining gives the patient of a task, if the number that they have now is one
// that opted out by the patient's wish. A number may have been somebody else's before,
// or be said to be, and a START may have come since: then a person has to look.
func (in *Inbox) declining(ctx context.Context, id gateway.TaskID) (gateway.Patient, error) {
	f, ok, err := in.o.Memory.FactsOf(ctx, id.ReminderID)
	if err == nil && !ok {
		err = errNobody
	}
	var o gateway.OptOut
	out := false
	if err == nil {
		o, out, err = in.o.Memory.OptedOut(ctx, id.Practice, f.Appointment.Patient.Mobile)
	}
	if err == nil && (!out || !gateway.PatientsWish(o.By)) {
		err = errNotOut
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	return f.Appointment.Patient, err
}

func (in *Inbox) writeOnce(ctx context.Context, p gateway.ODS, patient gateway.Patient) (err error) {
	defer func() {
		if recover() != nil {
			err = errWriterBroke
		}
	}()
	return in.o.Writers[p].WriteDeclined(ctx, patient)
}
