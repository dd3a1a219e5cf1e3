package inbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"bellman/gateway"
)

// quietLimit is how long an answer to STOP waits for a text that is on its way
// out at that moment; the provider gives up on us after 15 seconds. What has been
// written down as leaving and has not begun to leave by then never does: a sender
// begins sooner or not at all (sender.beginWithin).
const quietLimit = 8 * time.Second

// reply is what a patient is answered.
type reply struct {
	text gateway.Text      // the zero Text: nothing
	then func(handed bool) // nil, or what is done once it was handed to the provider, or could not be
}

// Take acts on a text from a patient and gives what to answer. When it returns
// without an error, everything it did is on the disk. The same message taken
// again does nothing new.
func (in *Inbox) Take(ctx context.Context, p gateway.Practice, m gateway.Inbound) (gateway.Text, error) {
	r, err := in.take(ctx, p, m)
	if r.then != nil {
		r.then(ctx.Err() == nil)
	}
	return r.text, err
}

// take is Take, for who hands the answer to the provider.
func (in *Inbox) take(ctx context.Context, p gateway.Practice, m gateway.Inbound) (reply, error) {
	kind := in.kind(m)
	first, err := in.file(ctx, p, m, kind)
	if err != nil || !first {
		return reply{}, err
	}
	if kind == gateway.ReplyCancel {
		if told, done := in.cancel(ctx, p, m); done {
			return told, nil
		}
	}
	return reply{text: in.words(ctx, p, m, kind)}, nil
}

// file obeys a text and keeps it, and reports whether it is new.
func (in *Inbox) file(ctx context.Context, p gateway.Practice, m gateway.Inbound, kind gateway.ReplyKind) (bool, error) {
	at := m.Written
	if at.IsZero() {
		at = in.o.Clock.Now()
	}
	// What was filed has been obeyed before it was filed, and is not obeyed again:
	// the patient may have changed their mind since. When it cannot be told, a STOP
	// is obeyed.
	before, err := in.o.Memory.Kept(ctx, p.ODS, m.MessageID)
	if by := kind.OptsOut(); by != "" && !before {
		err = errors.Join(err, in.stop(ctx, p, m, at, by))
	}
	if err != nil {
		return false, err
	}
	if kind == gateway.ReplyStart && !before {
		if err := in.start(ctx, p, m, at); err != nil {
			return false, err
		}
	}
	first, err := in.o.Memory.KeepReply(ctx, gateway.Reply{
		Practice: p.ODS, MessageID: m.MessageID, From: m.From, Text: m.Text, Kind: kind, At: at,
	})
	if first && err == nil {
		in.o.Metrics.replies.WithLabelValues(string(p.ODS), kind.Label()).Inc()
	}
	return first, err
}

// kind reads the words, and believes the provider when it took them for STOP. It
// does not believe it for START: the provider takes YES for that, and a patient who
// said STOP and later confirms a visit has not asked for texts.
func (in *Inbox) kind(m gateway.Inbound) gateway.ReplyKind {
	if m.OptOut == gateway.ReplyStop {
		return gateway.ReplyStop
	}
	return gateway.ReadReply(m.Text.Reveal())
}

// stop writes the opt-out down, at every practice that it is meant for, withdraws
// what waits, and lets nothing that is just leaving overtake the answer. Of STOP
// ALL, all that could not be done at one practice is done at the others, and then it
// is not filed: it is taken again from the provider's list.
func (in *Inbox) stop(ctx context.Context, p gateway.Practice, m gateway.Inbound, at time.Time, by string) error {
	outs := in.meant(p, m, at, by)
	stood := make([]standing, len(outs))
	for i, o := range outs {
		stood[i] = in.standing(ctx, o.Practice, o.Number)
	}
	if err := in.o.Memory.AddOptOuts(ctx, outs); err != nil {
		return err
	}
	var failed []error
	for i, o := range outs {
		in.noticed(o, stood[i])
		if err := in.closeOff(ctx, o, stood[i]); err != nil {
			failed = append(failed, err)
		}
	}
	if m.Written.IsZero() { // nobody waits for an answer to what is read in a list
		in.awaitQuiet(ctx, outs)
	}
	return errors.Join(failed...)
}

// meant gives the opt-outs that a STOP asks for: of the practice whose number it was
// sent to, and with STOP ALL of every other one; each where the number has not opted
// in since it was written.
func (in *Inbox) meant(p gateway.Practice, m gateway.Inbound, at time.Time, by string) []gateway.OptOut {
	practices, scope := []gateway.Practice{p}, gateway.ScopePractice
	if stopsAll(m) {
		practices, scope = in.o.Practices, gateway.ScopeAll
	}
	var out []gateway.OptOut
	for _, q := range practices {
		if !in.reopened(q, m) {
			out = append(out, gateway.OptOut{
				Practice: q.ODS, Number: m.From, Since: at, By: by, Scope: scope, Message: m.MessageID,
			})
		}
	}
	return out
}

// stopsAll reports whether a STOP is meant for every practice.
func stopsAll(m gateway.Inbound) bool { return gateway.StopsAll(m.Text.Reveal()) }

// closeOff withdraws what waits for a number that opted out of a practice, and sees
// to it that people, or the clinical system, learn of it.
func (in *Inbox) closeOff(ctx context.Context, o gateway.OptOut, stood standing) error {
	moves, err := in.o.Memory.WithdrawNumber(ctx, o.Practice, o.Number, in.o.Clock.Now(), gateway.OptedOut)
	in.moved(moves)
	if err != nil {
		// The opt-out itself stands; every claim and every last step asks for it.
		in.o.Log.Warn("withdraw what waits for a number that opted out", "practice", o.Practice, "error", err)
	}
	return in.tasksOf(ctx, o, stood)
}

// tasksOf opens what people have to do about a number that opted out. What only looks
// like STOP is none: its text is read by a person. Nor does STOP from a number that is
// said not to be the patient's say anything of the patient.
func (in *Inbox) tasksOf(ctx context.Context, o gateway.OptOut, stood standing) error {
	switch {
	case o.By == gateway.OutByWrongNumber:
		_, err := in.o.Memory.OpenWrongNumberTasks(ctx, o.Practice, o.Number, in.o.Clock.Now())
		return err
	case o.By == gateway.OutByUnsure, stood.by == gateway.OutByWrongNumber:
		return nil
	}
	return in.tellOf(ctx, o.Practice, o.Number, stood.news())
}

// clockRoom is by how much the provider's clock and ours may differ. Within it a
// STOP is obeyed.
const clockRoom = time.Minute

// reopened reports whether a STOP that is read in the provider's list is an old
// one: the number has opted in again since, by START or through staff. What comes
// to the door is new, and obeyed; so is what nobody can tell the age of.
func (in *Inbox) reopened(p gateway.Practice, m gateway.Inbound) bool {
	if m.Written.IsZero() {
		return false
	}
	c, err := in.o.Memory.Consent(p.ODS, m.From, m.MessageID)
	if err != nil || c.Changed.IsZero() || c.Out {
		return false
	}
	return !c.Obeyed.IsZero() || m.Written.Before(c.Changed.Add(-clockRoom))
}

// awaitQuiet waits until nothing is leaving for numbers that opted out, or long
// enough. Redis not answering is no proof that nothing leaves.
func (in *Inbox) awaitQuiet(ctx context.Context, outs []gateway.OptOut) {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for len(outs) > 0 {
		busy, err := in.o.Memory.InFlight(ctx, outs[0].Practice, outs[0].Number)
		if err == nil && !busy {
			outs = outs[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// start re-opens what STOP, or the provider's own block, had closed at this practice.
// What staff recorded stays, and so does what the clinical system says: then a person
// is told that the patient asks for texts. A START that is older than the STOP, read
// late in the provider's list or replayed to the door, does nothing.
func (in *Inbox) start(ctx context.Context, p gateway.Practice, m gateway.Inbound, at time.Time) error {
	o, out, err := in.o.Memory.OptedOut(ctx, p.ODS, m.From)
	if err != nil {
		return err
	}
	if out {
		old, err := in.overtaken(p, m, o)
		if err != nil || old {
			return err
		}
	}
	if out && o.LiftedByStart() {
		o = gateway.OptOut{Practice: p.ODS, Number: m.From, Since: at, By: gateway.OutByPatient, Message: m.MessageID}
		if err := in.o.Memory.OptIn(ctx, o); err != nil {
			return err
		}
		out = false
	}
	now := in.o.Clock.Now()
	if !out {
		if err := in.o.Memory.CloseOptOutTasks(ctx, p.ODS, m.From, now, gateway.ByThePatient, gateway.NewText("the number said START")); err != nil {
			return err
		}
	}
	_, err = in.o.Memory.OpenOptInTasks(ctx, p.ODS, m.From, out, now)
	return err
}

// overtaken reports whether a START is older than the opt-out that stands.
func (in *Inbox) overtaken(p gateway.Practice, m gateway.Inbound, o gateway.OptOut) (bool, error) {
	c, err := in.o.Memory.Consent(p.ODS, m.From, m.MessageID)
	if err != nil {
		return false, err
	}
	stopped, when := o.Since, m.Written
	if c.Out && c.Changed.After(stopped) {
		stopped = c.Changed
	}
	if !c.Obeyed.IsZero() {
		when = c.Obeyed
	}
	return !when.IsZero() && !when.After(stopped), nil
}

// mute reports whether whoever wrote is not answered: the provider has, or the number
// may not be texted in a trial.
func (in *Inbox) mute(m gateway.Inbound) bool {
	return m.OptOut != gateway.ReplyOther || in.taken(m.Text) || (in.o.Allowed != nil && !in.o.Allowed(m.From))
}

func (in *Inbox) taken(t gateway.Text) bool {
	_, ok := in.o.Taken[strings.ToUpper(strings.TrimSpace(t.Reveal()))]
	return ok
}
