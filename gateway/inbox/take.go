package inbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"bellman/gateway"
)

// quietLimit is how long an answer to STOP waits for a text that is on its way
// out at that moment; the provider gives up on us after 15 seconds.
const quietLimit = 8 * time.Second

// Take acts on a text from a patient and gives what to answer. When it returns
// without an error, everything it did is on the disk. The same message taken
// again does nothing new.
func (in *Inbox) Take(ctx context.Context, p gateway.Practice, m gateway.Inbound) (gateway.Text, error) {
	now := in.o.Clock.Now()
	kind := in.kind(m)
	// What was filed has been obeyed before it was filed, and is not obeyed again:
	// the patient may have changed their mind since. When it cannot be told, a STOP
	// is obeyed.
	before, err := in.o.Memory.Kept(ctx, p.ODS, m.MessageID)
	if kind == gateway.ReplyStop && !before {
		err = errors.Join(err, in.stop(ctx, p, m.From, now))
	}
	if err != nil {
		return gateway.Text{}, err
	}
	if kind == gateway.ReplyStart && !before {
		if err := in.start(ctx, p, m.From, now); err != nil {
			return gateway.Text{}, err
		}
	}
	first, err := in.o.Memory.KeepReply(ctx, gateway.Reply{
		Practice: p.ODS, MessageID: m.MessageID, From: m.From, Text: m.Text, Kind: kind, At: now,
	})
	if err != nil || !first {
		return gateway.Text{}, err
	}
	in.o.Metrics.replies.WithLabelValues(string(p.ODS), kind.String()).Inc()
	return in.words(ctx, p, m, kind)
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
func (in *Inbox) stop(ctx context.Context, p gateway.Practice, n gateway.Phone, now time.Time) error {
	if err := in.o.Memory.AddOptOut(ctx, gateway.OptOut{Practice: p.ODS, Number: n, Since: now, By: "patient"}); err != nil {
		return err
	}
	moves, err := in.o.Memory.WithdrawNumber(ctx, p.ODS, n, now, gateway.OptedOut)
	in.moved(moves)
	if err != nil {
		// The opt-out itself stands; every claim and every last step asks for it.
		in.o.Log.Warn("withdraw what waits for a number that opted out", "practice", p.ODS, "error", err)
	}
	in.awaitQuiet(ctx, p.ODS, n)
	return nil
}

func (in *Inbox) awaitQuiet(ctx context.Context, p gateway.ODS, n gateway.Phone) {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		busy, err := in.o.Memory.InFlight(ctx, p, n)
		if err != nil || !busy {
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
// recorded stays.
func (in *Inbox) start(ctx context.Context, p gateway.Practice, n gateway.Phone, now time.Time) error {
	o, out, err := in.o.Memory.OptedOut(ctx, p.ODS, n)
	if err != nil || !out || o.By == "staff" {
		return err
	}
	return in.o.Memory.RemoveOptOut(ctx, p.ODS, n, now, "patient")
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
