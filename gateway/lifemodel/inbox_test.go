package lifemodel

import "bellman/gateway"

// clerk follows gateway/inbox/reconcile.go: the reminder is read, then the list,
// then the move is made. Any time may pass between.
func (s *steps) clerk() {
	w := s.from
	c := &w.clerk
	switch c.at {
	case 0:
		if w.silent() && !s.b.forgetsItWasTaken {
			if w.over && w.settled { // nothing is looked for
				*c = clerk{at: 2, token: w.token, over: true}
				s.add(passing, 0, "the reconciliation reads the reminder that the network did not answer for", w)
			}
			return
		}
		if w.state == gateway.Unknown && (w.settled || s.b.earlyList) {
			*c = clerk{at: 1, token: w.token, over: w.over, number: w.record.says.number(), sent: w.number}
			s.add(passing, 0, "the reconciliation reads the unknown reminder", w)
		}
	case 1:
		*c = clerk{at: 2, token: c.token, over: c.over, to: w.inTheList(s.b)}
		s.add(work, 0, "the reconciliation reads the provider's list", w)
		if w.left.unclearList > 0 {
			w.left.unclearList--
			c.to = 0
			s.add(trouble, 0, "the reconciliation cannot read the list, or not tell what it says", w)
		}
	case 2:
		s.settles(w)
	}
}

// inTheList gives what the list says of the text: where it stands, Queued when it
// is not there, 0 when that cannot be told.
func (w *world) inTheList(b *build) gateway.State {
	c := w.clerk
	switch {
	case c.sent != c.number && !b.asksNewNumber:
		return 0 // the number changed since: the list of the new one proves nothing
	case w.texts == 0 || !w.listed || w.textTo != c.number:
		return gateway.Queued
	case w.fate != 0:
		return w.fate
	case w.unheard && b.silentIsAbsent:
		return gateway.Queued
	case w.unheard:
		return gateway.Unknown
	}
	return gateway.Accepted
}

func (s *steps) settles(w world) {
	c := w.clerk
	w.clerk = clerk{}
	m := change{to: c.to, only: onlyUnknown, token: c.token}
	label := "the reconciliation settles it"
	switch {
	case c.to == 0 || c.to == gateway.Queued && c.over:
		label = "the reconciliation leaves it as it is"
		if c.over && !s.b.neverGivesUp {
			m.to, m.why, label = gateway.Failed, gateway.UnknownOutcome, "the reconciliation gives it up"
		}
	case c.to == gateway.Undelivered:
		m.why = gateway.NotDelivered
	case c.to == gateway.Unknown:
		m.why = gateway.NotAnswered
	case c.to == gateway.Queued:
		label = "the reconciliation puts it back into the queue, since it never arrived"
	}
	if m.to != 0 && label != "the reconciliation leaves it as it is" {
		w.move(s.b, m)
	}
	s.add(work, 0, label, w)
}

// receipts follows gateway/inbox/receive.go. The provider says of a text that it
// took what it likes, in any order, as often as it likes. What it says when it is
// asked (gateway/inbox/enquire.go) is taken as a receipt, however late.
func (s *steps) receipts() {
	if s.from.texts == 0 {
		return
	}
	switch w := s.from; {
	case w.unheard:
		w.move(s.b, change{to: gateway.Unknown, why: gateway.NotAnswered})
		s.add(receipt, 0, "a receipt arrives: the network did not answer", w)
	case w.left.silent > 0:
		w.left.silent--
		w.unheard = true
		s.add(trouble, 0, "the network does not answer the provider", w)
	}
	for _, to := range []gateway.State{gateway.Accepted, gateway.Delivered, gateway.Undelivered} {
		w := s.from
		c := change{to: to}
		if to == gateway.Undelivered {
			c.why = gateway.NotDelivered
		}
		if to != gateway.Accepted {
			if w.fate != 0 && w.fate != to {
				continue
			}
			w.fate = to
		}
		if w.move(s.b, c); w.redis != s.from.redis {
			s.add(receipt, 0, "a receipt arrives: "+to.String(), w)
		}
	}
}

// patient follows gateway/inbox/take.go: STOP, and perhaps START.
func (s *steps) patient() {
	w := s.from
	switch w.stopping {
	case 0:
		if w.left.stop > 0 {
			w.left.stop--
			w.stopped, w.stopping = true, 1
			s.add(trouble, 0, "STOP comes, and the opt-out is written", w)
		}
	case 1:
		w.stopping = 2
		if w.record.says.number() == 1 && w.record.owes() {
			w.move(s.b, change{to: gateway.Withdrawn, why: gateway.OptedOut})
		}
		s.add(work, 0, "what waits for the number is withdrawn", w)
	case 2:
		s.answersStop(w)
	case 3:
		if w.left.start > 0 {
			w.left.start--
			w.stopped, w.stopping = false, 0
			s.add(trouble, 0, "START comes, and the opt-out is removed", w)
		}
	}
}

// answersStop waits for what is just leaving, for at most inbox.quietLimit. The
// time in which a hand-over must have begun is shorter (sender.beginWithin).
func (s *steps) answersStop(w world) {
	w.stopping = 3
	number := w.number
	if s.b.asksNewNumber {
		number = w.record.says.number()
	}
	if inFlight := w.lease != noLease && w.state == gateway.Sending && number == 1; !inFlight || s.b.answersStopAtOnce {
		s.add(work, 0, "STOP is answered", w)
		return
	}
	if w.left.cut > 0 && s.b.impatientStop {
		lost := w
		lost.left.cut--
		s.add(trouble, 0, "Redis does not say what is leaving, and STOP is answered", lost)
	}
	if s.b.longDeadline || !w.aboutToBegin() {
		s.add(passing, 0, "STOP has waited long enough, and is answered", w)
	}
}

// aboutToBegin says whether a hand-over may still begin.
func (w *world) aboutToBegin() bool {
	for _, r := range w.replicas {
		if r.at == written && !r.late {
			return true
		}
	}
	return false
}
