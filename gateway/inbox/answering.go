package inbox

import (
	"context"

	"bellman/gateway"
)

// words gives the answer to a patient, if any. What the provider answers itself is
// not answered twice, and no number gets the same answer twice in a day: what answers
// us by itself, and the same STOP ten times, come to an end.
func (in *Inbox) words(ctx context.Context, p gateway.Practice, m gateway.Inbound, kind gateway.ReplyKind) gateway.Text {
	if in.mute(m) {
		return gateway.Text{}
	}
	answer := in.answer(ctx, p, m, kind)
	text := in.o.Answers[answer]
	if text == nil {
		return gateway.Text{}
	}
	first, err := in.o.Memory.FirstToday(ctx, p.ODS, m.From, answer)
	if err != nil {
		// The reply is kept and obeyed; only the courtesy is left out.
		in.o.Log.Warn("answer a patient", "practice", p.ODS, "error", err)
	}
	if err != nil || !first {
		return gateway.Text{}
	}
	return text(p)
}

// answer says which answer a kind of reply gets, the same for numbers that we know and
// numbers that we do not. Nobody is told that texts will come again while an opt-out
// stands that START does not lift.
func (in *Inbox) answer(ctx context.Context, p gateway.Practice, m gateway.Inbound, kind gateway.ReplyKind) gateway.Answer {
	switch kind {
	case gateway.ReplyWrong:
		return gateway.AnswerClosed
	case gateway.ReplyStop, gateway.ReplyUnsure:
		return in.stopped(ctx, p, m)
	case gateway.ReplyStart:
		if _, out, err := in.o.Memory.OptedOut(ctx, p.ODS, m.From); err == nil && !out {
			return gateway.AnswerStarted
		}
	case gateway.ReplyHelp:
		return gateway.AnswerHelp
	case gateway.ReplyConfirm:
		return gateway.NoAnswer
	case gateway.ReplyCancel, gateway.ReplyOther:
	}
	return gateway.AnswerNotMonitored
}

// stopped says which answer a number gets that will not be texted any more: one that
// offers START only where START lifts what stands.
func (in *Inbox) stopped(ctx context.Context, p gateway.Practice, m gateway.Inbound) gateway.Answer {
	o, out, err := in.o.Memory.OptedOut(ctx, p.ODS, m.From)
	switch {
	case err == nil && out && !o.LiftedByStart():
		return gateway.AnswerClosed
	case len(in.o.Practices) > 1 && stopsAll(m):
		return gateway.AnswerStoppedAll
	}
	return gateway.AnswerStopped
}
