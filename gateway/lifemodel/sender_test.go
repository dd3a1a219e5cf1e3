package lifemodel

import "bellman/gateway"

const (
	onlyClaimed = string(rune(gateway.Claimed))
	onlySending = string(rune(gateway.Sending))
	onlyUnknown = string(rune(gateway.Unknown))
)

// sender follows gateway/sender/work.go, leave.go and post.go: one step for each
// script that is called and for each hand-over. A replica that takes no step for
// long is one that was paused.
func (s *steps) sender(i int) {
	w, who := s.from, i+1
	r := &w.replicas[i]
	switch r.at {
	case idle:
		if w.due == dueNow {
			s.claims(i)
		}
	case holding:
		s.decides(i)
	case leaving:
		s.leaves(i)
	case returning:
		w.move(s.b, change{to: gateway.Queued, only: onlyClaimed, token: r.token, fenced: true})
		*r = r.done()
		s.add(work, who, "puts the claim back, to be decided on the record of now", w)
	case written:
		s.begins(i)
	case looked:
		s.handsOver(i, "puts the text on the wire")
	case posting:
		s.timesOut(i)
	case answered:
		s.writesDown(i)
	}
}

// done is a replica whose sender has nothing in hand.
func (r replica) done() replica { return replica{reaping: r.reaping, reaped: r.reaped} }

func (s *steps) claims(i int) {
	w := s.from
	t := w.freshToken()
	if !w.claim(s.b, t) {
		s.add(work, i+1, "claims, and the script hands nothing out", w)
		return
	}
	if lost := w; lost.left.cut > 0 {
		lost.left.cut--
		s.add(trouble, i+1, "claims, and never hears of it", lost)
	}
	r := &w.replicas[i]
	r.at, r.token, r.view = holding, t, w.record
	s.add(work, i+1, "claims", w)
}

// decides follows sender.decide and gateway.Decide.
func (s *steps) decides(i int) {
	w := s.from
	r := &w.replicas[i]
	c := change{only: onlyClaimed, token: r.token, fenced: true}
	label := "decides that it is not to be sent"
	switch {
	case r.view.says == cancelled:
		c.to, c.why = gateway.Withdrawn, gateway.Cancelled
	case w.over:
		c.to, c.why = gateway.Withdrawn, gateway.TooLate
	case r.view.says == unclear:
		c.to, c.why, c.later, label = gateway.Held, gateway.NotConfirmed, !s.b.heldAtOnce, "decides to hold it"
	default:
		r.at = leaving
		s.add(work, i+1, "decides to send", w)
		return
	}
	w.move(s.b, c)
	*r = r.done()
	s.add(work, i+1, label, w)
}

func (s *steps) leaves(i int) {
	if s.b.postFirst {
		s.handsOver(i, "hands the text over, and will write it down afterwards")
		return
	}
	w := s.from
	r := &w.replicas[i]
	verdict := w.writeSending(s.b, r)
	if lost := w; lost.left.cut > 0 && verdict == gateway.Done {
		lost.left.cut--
		lost.replicas[i] = r.done()
		s.add(trouble, i+1, "writes Sending, never hears of it, and lets nothing leave", lost)
	}
	switch verdict {
	case gateway.Done:
		r.at, r.late = written, false
		s.add(work, i+1, "writes Sending", w)
	case gateway.Outdated:
		r.at = returning
		s.add(work, i+1, "is told that the record changed", w)
	default:
		*r = r.done()
		s.add(work, i+1, "is told that it may not leave", w)
	}
}

func (w *world) writeSending(b *build, r *replica) gateway.ChangeVerdict {
	c := change{to: gateway.Sending, token: r.token, consent: !b.noConsent, fenced: true}
	if view := r.view; !b.noDigest {
		c.digest = &view
	}
	return w.move(b, c)
}

// begins follows sender.post: no hand-over begins after its time.
func (s *steps) begins(i int) {
	w := s.from
	r := &w.replicas[i]
	switch {
	case w.over, r.late && !s.b.noDeadline:
		r.at, r.outcome, r.soon = answered, gateway.Queued, true
		s.add(work, i+1, "finds that it is too late to begin", w)
	case s.b.pauseInside:
		r.at = looked
		s.add(work, i+1, "looks at the clock: it may begin", w)
	default:
		s.handsOver(i, "hands the text over")
	}
}

func (s *steps) handsOver(i int, label string) {
	w := s.from
	r := &w.replicas[i]
	for n := range w.calls {
		if w.calls[n].there {
			continue
		}
		w.calls[n] = call{true, uint8(i), r.view.says.number()}
		w.lookAtHandOver(r.view.says.number())
		r.at = posting
		s.add(work, i+1, label, w)
		return
	}
}

func (s *steps) timesOut(i int) {
	w := s.from
	w.disown(i)
	w.replicas[i].at, w.replicas[i].outcome = answered, gateway.Unknown
	s.add(passing, i+1, "waits for the answer no longer", w)
}

// disown leaves a call without anybody who waits for its answer.
func (w *world) disown(i int) {
	for n := range w.calls {
		if w.calls[n].there && int(w.calls[n].owner) == i {
			w.calls[n].owner = none
		}
	}
}

// writesDown follows sender.writeDown and the outcomes of sender.post and judge.
func (s *steps) writesDown(i int) {
	w := s.from
	r := &w.replicas[i]
	if s.b.postFirst {
		w.writeSending(s.b, r)
	}
	c := change{to: r.outcome, only: onlySending, token: r.token, fenced: true}
	label := "writes down that it is " + r.outcome.String()
	switch r.outcome {
	case gateway.Queued:
		c.later = !r.soon
		label = "writes down that it certainly did not go"
	case gateway.Accepted:
		c.only += onlyUnknown
	case gateway.Refused:
		c.why = gateway.ProviderNumber
	case gateway.Unknown:
		c.why = gateway.UnknownOutcome
		if s.b.blindRetry {
			c.to, c.why, c.later, label = gateway.Queued, gateway.None, true, "tries again what is uncertain"
		}
	}
	w.move(s.b, c)
	if lost := w; lost.left.cut > 0 {
		lost.left.cut--
		s.add(trouble, i+1, label+", never hears of it, and will try again", lost)
	}
	*r = r.done()
	s.add(work, i+1, label, w)
}

// reaper follows gateway/sender/reap.go and lua/expired.lua.
func (s *steps) reaper(i int) {
	w := s.from
	r := &w.replicas[i]
	switch {
	case s.b.noReaper:
	case r.reaping == 0 && w.lease == ranOut && (w.state == gateway.Claimed || w.state == gateway.Sending):
		r.reaping, r.reaped = w.state, w.token
		s.add(work, i+1, "finds a lease that ran out: "+w.state.String(), w)
	case r.reaping == 0 && w.lease == ranOut:
		w.lease = noLease
		s.add(work, i+1, "drops a lease without work", w)
	case r.reaping != 0:
		c := change{to: gateway.Queued, only: string(rune(r.reaping)), token: r.reaped}
		label := "puts the expired claim back into the queue"
		if r.reaping == gateway.Sending && !s.b.leaseRequeues {
			c.to, c.why, label = gateway.Unknown, gateway.UnknownOutcome, "writes down that the fate of the expired hand-over is unknown"
		}
		w.move(s.b, c)
		r.reaping, r.reaped = 0, 0
		s.add(work, i+1, label, w)
	}
}

// pause is SIGSTOP for so long that whatever the sender holds is out of time. It
// wakes by taking its next step.
func (s *steps) pause(i int) {
	w := s.from
	r := &w.replicas[i]
	if w.left.pause == 0 || r.at == idle || r.late {
		return
	}
	w.left.pause--
	r.late = true
	s.add(trouble, i+1, "is paused past its deadline", w)
}

// crash is kill -9. What was on the wire stays there.
func (s *steps) crash(i int) {
	w := s.from
	if w.left.crash == 0 || w.replicas[i] == (replica{}) {
		return
	}
	w.left.crash--
	w.disown(i)
	w.replicas[i] = replica{}
	s.add(trouble, i+1, "dies, and is started again", w)
}
