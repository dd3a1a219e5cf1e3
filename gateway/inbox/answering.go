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
	answer, text := in.answer(ctx, p, m.From, kind)
	if answer == gateway.NoAnswer {
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
func (in *Inbox) answer(ctx context.Context, p gateway.Practice, n gateway.Phone, kind gateway.ReplyKind) (gateway.Answer, func(gateway.Practice) gateway.Text) {
	switch kind {
	case gateway.ReplyStop, gateway.ReplyWrong, gateway.ReplyUnsure:
		return gateway.AnswerStopped, in.o.Answers.Stopped
	case gateway.ReplyStart:
		if _, out, err := in.o.Memory.OptedOut(ctx, p.ODS, n); err == nil && !out {
			return gateway.AnswerStarted, in.o.Answers.Started
		}
	case gateway.ReplyHelp:
		return gateway.AnswerHelp, in.o.Answers.Help
	case gateway.ReplyConfirm:
		return gateway.NoAnswer, nil
	case gateway.ReplyCancel, gateway.ReplyOther:
	}
	return gateway.AnswerNotMonitored, in.o.Answers.NotMonitored
}
