package hl7

import (
	"context"
	"errors"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
)

// keepLimit is how long keeping one message may take before its sender is told to
// send it again.
const keepLimit = 20 * time.Second

// receipt is what became of one message at one practice.
type receipt struct {
	what    answer
	why     string // for the sender, in our own words; empty: nothing to say
	changed bool   // something is known that was not
}

// receive takes one message for this practice: understands it, keeps what it says,
// and only then says what to answer. cut says that it was longer than the limit, and
// body is its beginning.
func (a *Adapter) receive(ctx context.Context, body []byte, cut bool) (*message.Message, receipt) {
	ctx, cancel := context.WithTimeout(ctx, keepLimit)
	defer cancel()
	now := a.clock.Now()
	m, err := message.Parse(body)
	if err != nil {
		return nil, a.refuse(ctx, body, "", err.Error(), now)
	}
	k := kindOf(m)
	if !a.rules.facility.has(m, k.ofVisit || k.event == eventUnknown) {
		a.lives(ctx, a.said(m, now), now)
		return m, receipt{what: answerKept}
	}
	if why := a.unfit(m, k); why != "" {
		return m, a.refuse(ctx, body, k.name, why, now)
	}
	if k.event == eventNothing {
		a.lives(ctx, a.said(m, now), now)
		return m, receipt{what: answerKept}
	}
	n, err := a.read(m, k, now)
	if cut {
		n, err = n.spoiled(), garbage{"it is longer than the limit of the section"}
	}
	var bad garbage
	switch {
	case errors.As(err, &bad) && n.visit != nil:
		// What is known of this appointment may be out of date now.
		if got := a.store(ctx, n); got.what != answerKept {
			return m, got
		}
		return m, receipt{a.refusal(), bad.why, true}
	case errors.As(err, &bad):
		return m, a.refuse(ctx, body, k.name, bad.why, now)
	}
	got := a.store(ctx, n)
	if got.what == answerKept {
		a.lives(ctx, n.said, now)
	}
	return m, got
}

// spoiled gives what is left of the news of a message that was cut: which
// appointment it was about.
func (n news) spoiled() news {
	if n.visit != nil {
		n.visit = &visitNews{key: n.visit.key, garbled: "the message is longer than the limit of the section"}
	}
	n.who, n.prior, n.mixed = personNews{}, nil, nil
	return n
}

func (a *Adapter) store(ctx context.Context, n news) receipt {
	if err := a.keep(ctx, n); err != nil {
		return receipt{what: answerFailed, why: "it could not be kept - send it again"}
	}
	return receipt{what: answerKept, changed: true}
}

// unfit says why a message of this kind can never be taken; empty: it can.
func (a *Adapter) unfit(m *message.Message, k kind) string {
	h := m.Header()
	if v := strings.TrimSpace(h.Field(12).Part().Part(1).Text()); v != "" && !strings.HasPrefix(v, "2.") {
		return "MSH-12 is not a version 2"
	}
	if k.event == eventUnknown {
		return "MSH-9 is no event of SIU or ADT that is taken here"
	}
	switch strings.ToUpper(h.Field(11).Part().Part(1).Text()) {
	case "T", "D":
		if !a.trial {
			return "MSH-11 says that it is for training or debugging"
		}
	}
	return ""
}

// refuse keeps that a message could not be understood, and says so to its sender.
func (a *Adapter) refuse(ctx context.Context, body []byte, what, why string, now time.Time) receipt {
	if err := a.keepOdd(ctx, body, what, why, now); err != nil {
		return receipt{what: answerFailed, why: "it could not be kept - send it again"}
	}
	return receipt{what: a.refusal(), why: why, changed: true}
}

func (a *Adapter) refusal() answer {
	if a.config.Refuse == RefuseAA {
		return answerKept
	}
	return answerRefused
}
