package inbox

import (
	"context"
	"errors"
	"time"

	"bellman/gateway"
)

// A patient's CANCEL frees nothing by itself (HAZ-12): a person reads it. Where a
// practice has switched it on, its clinical system can, and nothing at all is in
// doubt, the visit that the code names is cancelled there, once, and the patient is
// told. Whatever is not plain is left to people, and the answer never says that
// anything is cancelled.

// The spans of a cancellation, while the provider waits for the answer to its call.
const (
	lookLimit   = 3 * time.Second // what is known of the visit, and the look at it
	cancelLimit = 5 * time.Second // the attempt
	afterLimit  = 3 * time.Second // what is written down of it
)

// CancelMemory is what the inbox needs of the store to cancel a visit at a patient's
// word.
type CancelMemory interface {
	VisitsToCome(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.Visit, error)
	TakeGuess(ctx context.Context, p gateway.ODS, n gateway.Phone) (bool, error)
	GuessedRight(ctx context.Context, p gateway.ODS, n gateway.Phone) error
	BeginCancel(ctx context.Context, p gateway.ODS, v gateway.Visit, at time.Time) (bool, error)
	CancelsTried(ctx context.Context, p gateway.ODS, visits []gateway.Visit) (map[gateway.Ref]gateway.CancelEnd, error)
	EndCancel(ctx context.Context, p gateway.ODS, v gateway.Visit, end gateway.CancelEnd, at time.Time) error
	Tasks(ctx context.Context, p gateway.ODS) ([]gateway.Task, error)
	CloseReply(ctx context.Context, id gateway.ReplyID, at time.Time, by string, note gateway.Text) (bool, error)
}

// CancelSystem is a clinical system in which a visit may be cancelled at a patient's
// word: it can be asked how the visit is now, and to cancel it.
type CancelSystem interface {
	gateway.Rereader
	gateway.Canceller
}

// Cancels is what cancelling at a patient's word is made of. The zero Cancels leaves
// everything to people.
type Cancels struct {
	Memory CancelMemory
	// Systems are those of the practices that have switched it on, with who approved
	// it.
	Systems map[gateway.ODS]CancelSystem
	// Audit writes into the audit trail that a visit is about to be cancelled.
	Audit func(p gateway.ODS, ref gateway.Ref) error
	// Refresh writes a visit down as the clinical system has just confirmed that it is,
	// and plans its reminders anew.
	Refresh func(ctx context.Context, p gateway.ODS, a gateway.Appointment) error
	// Words tells the patient that the visit is cancelled, and Unclear that nobody
	// knows whether it is. Both or neither can be worded.
	Words, Unclear func(p gateway.Practice, a gateway.Appointment, now time.Time) gateway.Text
}

// cancel frees the visit that a CANCEL names, if that may be done without a person,
// and gives what to answer. It reports false when the patient is to be answered as
// whoever writes what a person must read.
func (in *Inbox) cancel(ctx context.Context, p gateway.Practice, m gateway.Inbound) (reply, bool) {
	system := in.o.Cancels.Systems[p.ODS]
	// Late texts, which are read in the provider's list, are not asked about their
	// age; nor is anything done of which the patient could not be told.
	if system == nil || !m.Written.IsZero() || in.mute(m) {
		return reply{}, false
	}
	// The caller may hang up; what has begun is ended.
	ctx = context.WithoutCancel(ctx)
	v, end := in.free(ctx, p, m, system)
	in.o.Metrics.cancellations.WithLabelValues(string(p.ODS), end.String()).Inc()
	in.o.Log.Info("a patient's CANCEL", "practice", p.ODS, "appointment", v.Ref.String(), "outcome", end.String())
	switch end {
	case gateway.CancelDone:
		return in.freed(ctx, p, m, v), true
	case gateway.CancelUnclear, gateway.CancelAgain:
		return reply{text: in.unclear(ctx, p, m, v, end)}, true
	}
	return reply{}, false
}

// unclear words what is known of a visit that may or may not be cancelled: that it
// stays as it is could be as wrong as that it is cancelled. Who asks again is told
// once a day.
func (in *Inbox) unclear(ctx context.Context, p gateway.Practice, m gateway.Inbound, v gateway.Visit, end gateway.CancelEnd) gateway.Text {
	ctx, done := context.WithTimeout(ctx, afterLimit)
	defer done()
	first, err := in.o.Memory.FirstToday(ctx, p.ODS, m.From, gateway.AnswerUnclear)
	if err != nil {
		in.o.Log.Warn("answer a patient", "practice", p.ODS, "error", err)
	}
	if end == gateway.CancelAgain && (err != nil || !first) {
		return gateway.Text{}
	}
	return in.o.Cancels.Unclear(p, v.Facts.Appointment, in.o.Clock.Now())
}

// free finds the visit that a text names, and has it cancelled.
func (in *Inbox) free(ctx context.Context, p gateway.Practice, m gateway.Inbound, system CancelSystem) (gateway.Visit, gateway.CancelEnd) {
	v, end, err := in.named(ctx, p, m, system)
	if err != nil {
		in.o.Log.Warn("a patient's CANCEL cannot be looked at, and is left to people", "practice", p.ODS, "error", err)
	}
	if end != gateway.CancelAsked {
		return v, end
	}
	if in.o.Cancels.Words(p, v.Facts.Appointment, in.o.Clock.Now()).IsZero() {
		in.o.Log.Error("a patient could not be told that a visit is cancelled, so it is left to people", "practice", p.ODS, "appointment", v.Ref.String())
		return v, gateway.CancelInDoubt
	}
	if end = in.begin(ctx, p, v); end != gateway.CancelAsked {
		return v, end
	}
	end = in.attempt(ctx, p, v, system)
	after, done := context.WithTimeout(ctx, afterLimit)
	defer done()
	if err := in.o.Cancels.Memory.EndCancel(after, p.ODS, v, end, in.o.Clock.Now()); err != nil {
		in.o.Log.Error("write down what came of cancelling a visit", "practice", p.ODS, "appointment", v.Ref.String(), "outcome", end.String(), "error", err)
	}
	return v, end
}

// named gives the visit that a text names, and CancelAsked when it may be cancelled
// without a person.
func (in *Inbox) named(ctx context.Context, p gateway.Practice, m gateway.Inbound, system CancelSystem) (gateway.Visit, gateway.CancelEnd, error) {
	code, ok := gateway.OnlyCancels(m.Text.Reveal())
	if !ok {
		return gateway.Visit{}, gateway.CancelOtherWords, nil
	}
	ctx, done := context.WithTimeout(ctx, lookLimit)
	defer done()
	memory := in.o.Cancels.Memory
	_, out, err := in.o.Memory.OptedOut(ctx, p.ODS, m.From)
	if err != nil || out {
		return gateway.Visit{}, doubt(err, gateway.CancelOptedOut), err
	}
	first, err := memory.TakeGuess(ctx, p.ODS, m.From)
	if err != nil || !first {
		return gateway.Visit{}, doubt(err, gateway.CancelGuessed), err
	}
	now := in.o.Clock.Now()
	visits, err := memory.VisitsToCome(ctx, p.ODS, m.From, now)
	if err != nil {
		return gateway.Visit{}, gateway.CancelInDoubt, err
	}
	v, end := p.Policy.AutoCancel.Freeable(p.ODS, code, visits, now)
	if end == gateway.CancelNoVisit {
		return v, end, nil
	}
	if err := memory.GuessedRight(ctx, p.ODS, m.From); err != nil {
		return v, gateway.CancelInDoubt, err
	}
	if end == gateway.CancelAsked && !in.stillSo(ctx, p.ODS, v, system) {
		end = gateway.CancelChanged
	}
	return v, end, nil
}

// doubt gives an end, or what an error makes of it.
func doubt(err error, end gateway.CancelEnd) gateway.CancelEnd {
	if err != nil {
		return gateway.CancelInDoubt
	}
	return end
}

// stillSo asks the clinical system whether a visit is what we know.
func (in *Inbox) stillSo(ctx context.Context, p gateway.ODS, v gateway.Visit, system CancelSystem) bool {
	var is gateway.Appointment
	err := unbroken(func() (err error) {
		is, err = system.Reread(ctx, v.Facts.Appointment)
		return err
	})
	if err != nil {
		in.o.Log.Warn("look at a visit before it is cancelled", "practice", p, "appointment", v.Ref.String(), "error", err)
	}
	return err == nil && v.StillAs(is)
}

// begin writes the attempt down before it is made. Whoever does not get it first,
// and whoever cannot write it down, makes none.
func (in *Inbox) begin(ctx context.Context, p gateway.Practice, v gateway.Visit) gateway.CancelEnd {
	ctx, done := context.WithTimeout(ctx, afterLimit)
	defer done()
	if in.o.Keeper != nil && !in.o.Keeper.Right() {
		return gateway.CancelInDoubt // how far away the visit is cannot be told
	}
	first, err := in.o.Cancels.Memory.BeginCancel(ctx, p.ODS, v, in.o.Clock.Now())
	switch {
	case err != nil:
		in.o.Log.Warn("a visit's cancellation cannot be written down, and is left to people", "practice", p.ODS, "error", err)
		return gateway.CancelInDoubt
	case !first:
		return in.refused(ctx, p, v)
	}
	return gateway.CancelAsked
}

// refused says why an attempt may not begin: it was made before, or the visit's record
// was written anew since it was looked at, and nothing was asked. What cannot be found
// out may have been tried.
func (in *Inbox) refused(ctx context.Context, p gateway.Practice, v gateway.Visit) gateway.CancelEnd {
	tried, err := in.o.Cancels.Memory.CancelsTried(ctx, p.ODS, []gateway.Visit{v})
	if err != nil {
		in.o.Log.Warn("find out whether a visit's cancellation was tried before", "practice", p.ODS, "error", err)
		return gateway.CancelAgain
	}
	if _, before := tried[v.Ref]; before {
		return gateway.CancelAgain
	}
	return gateway.CancelChanged
}

// attempt asks the clinical system once.
func (in *Inbox) attempt(ctx context.Context, p gateway.Practice, v gateway.Visit, system CancelSystem) gateway.CancelEnd {
	if err := in.o.Cancels.Audit(p.ODS, v.Ref); err != nil {
		in.o.Log.Error("a cancellation cannot be written into the audit trail, and is not asked for", "practice", p.ODS, "error", err)
		return gateway.CancelNotWritten
	}
	ctx, done := context.WithTimeout(ctx, cancelLimit)
	defer done()
	err := unbroken(func() error { return system.CancelAppointment(ctx, v.Facts.Appointment) })
	switch {
	case err == nil:
		return gateway.CancelDone
	case errors.Is(err, gateway.ErrNotWritten):
		in.o.Log.Warn("a visit was not cancelled at its patient's word; a person has to", "practice", p.ODS, "appointment", v.Ref.String(), "error", err)
		return gateway.CancelNotWritten
	}
	in.o.Log.Error("it is not known whether a visit was cancelled at its patient's word; a person has to look", "practice", p.ODS, "appointment", v.Ref.String(), "error", err)
	return gateway.CancelUnclear
}

// unbroken calls a clinical system, and makes an error of a break-down.
func unbroken(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errWriterBroke
		}
	}()
	return do()
}
