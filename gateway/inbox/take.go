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

// Take acts on a text from a patient and gives what to answer. When it returns
// without an error, everything it did is on the disk. The same message taken
// again does nothing new.
func (in *Inbox) Take(ctx context.Context, p gateway.Practice, m gateway.Inbound) (gateway.Text, error) {
	kind := in.kind(m)
	first, err := in.file(ctx, p, m, kind)
	if err != nil || !first {
		return gateway.Text{}, err
	}
	return in.words(ctx, p, m, kind)
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
	if kind == gateway.ReplyStop && !before {
		err = errors.Join(err, in.stop(ctx, p, m, at))
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
		in.o.Metrics.replies.WithLabelValues(string(p.ODS), kind.String()).Inc()
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

// stop writes the opt-out down, withdraws what waits, and lets nothing that is
// just leaving overtake the answer.
func (in *Inbox) stop(ctx context.Context, p gateway.Practice, m gateway.Inbound, at time.Time) error {
	if in.reopened(p, m) {
		return nil
	}
	news := in.news(ctx, p.ODS, m.From)
	if err := in.o.Memory.AddOptOut(ctx, gateway.OptOut{Practice: p.ODS, Number: m.From, Since: at, By: "patient", Message: m.MessageID}); err != nil {
		return err
	}
	moves, err := in.o.Memory.WithdrawNumber(ctx, p.ODS, m.From, in.o.Clock.Now(), gateway.OptedOut)
	in.moved(moves)
	if err != nil {
		// The opt-out itself stands; every claim and every last step asks for it.
		in.o.Log.Warn("withdraw what waits for a number that opted out", "practice", p.ODS, "error", err)
	}
	if err := in.tellOf(ctx, p.ODS, m.From, news); err != nil {
		return err
	}
	if m.Written.IsZero() { // nobody waits for an answer to what is read in a list
		in.awaitQuiet(ctx, p.ODS, m.From)
	}
	return nil
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

// awaitQuiet waits until nothing is leaving for a number, or long enough. Redis
// not answering is no proof that nothing leaves.
func (in *Inbox) awaitQuiet(ctx context.Context, p gateway.ODS, n gateway.Phone) {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		busy, err := in.o.Memory.InFlight(ctx, p, n)
		if err == nil && !busy {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// start re-opens what STOP, or the provider's own block, had closed. What staff
// recorded stays. A START that is older than the STOP, read late in the provider's
// list or replayed to the door, re-opens nothing.
func (in *Inbox) start(ctx context.Context, p gateway.Practice, m gateway.Inbound, at time.Time) error {
	o, out, err := in.o.Memory.OptedOut(ctx, p.ODS, m.From)
	if err != nil || !out || o.By == "staff" {
		return err
	}
	c, err := in.o.Memory.Consent(p.ODS, m.From, m.MessageID)
	if err != nil {
		return err
	}
	stopped, when := o.Since, m.Written
	if c.Out && c.Changed.After(stopped) {
		stopped = c.Changed
	}
	if !c.Obeyed.IsZero() {
		when = c.Obeyed
	}
	if !when.IsZero() && !when.After(stopped) {
		return nil
	}
	return in.o.Memory.OptIn(ctx, gateway.OptOut{Practice: p.ODS, Number: m.From, Since: at, By: "patient", Message: m.MessageID})
}

// words gives the answer to a patient, if any. What the provider answers itself
// is not answered twice, and nobody is told more than once a day that a person
// will read the text.
func (in *Inbox) words(ctx context.Context, p gateway.Practice, m gateway.Inbound, kind gateway.ReplyKind) (gateway.Text, error) {
	if m.OptOut != gateway.ReplyOther || in.taken(m.Text) || (in.o.Allowed != nil && !in.o.Allowed(m.From)) {
		return gateway.Text{}, nil
	}
	switch kind {
	case gateway.ReplyStop:
		return in.o.Answers.Stopped(p), nil
	case gateway.ReplyStart:
		return in.o.Answers.Started(p), nil
	case gateway.ReplyHelp:
		return in.o.Answers.Help(p), nil
	case gateway.ReplyCancel, gateway.ReplyOther:
		first, err := in.o.Memory.FirstToday(ctx, p.ODS, m.From)
		if err != nil {
			// The reply is kept; only the courtesy is left out.
			in.o.Log.Warn("answer a patient", "practice", p.ODS, "error", err)
			return gateway.Text{}, nil
		}
		if first {
			return in.o.Answers.NotMonitored(p), nil
		}
	case gateway.ReplyConfirm:
	}
	return gateway.Text{}, nil
}

func (in *Inbox) taken(t gateway.Text) bool {
	_, ok := in.o.Taken[strings.ToUpper(strings.TrimSpace(t.Reveal()))]
	return ok
}
