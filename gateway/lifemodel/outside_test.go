package lifemodel

import "bellman/gateway"

// planner follows scheduler/tick.go: what is known is looked up, then the script
// is run on it.
func (s *steps) planner() {
	w := s.from
	p := &w.planner
	if p.busy {
		w.plan(s.b, p.old, p.new)
		w.planner = planner{}
		s.add(work, 0, "the plan is carried out", w)
		return
	}
	is := planned(w.diary, w.over, w.stopped)
	if is != w.record || w.again {
		*p = planner{true, w.record, is}
		s.add(passing, 0, "a read begins: "+diaryWords[is.says], w)
	}
}

// provider is what becomes of the calls that are on their way.
func (s *steps) provider() {
	for n, c := range s.from.calls {
		if !c.there {
			continue
		}
		w := s.from
		w.calls[n] = call{}
		taken := w
		taken.texts, taken.textTo, taken.listed, taken.fate, taken.unheard = w.texts+1, c.number, false, 0, false
		s.add(kindly, 0, "the provider takes the text", taken.tell(c, gateway.Accepted, false))
		if w.left.refuse == 0 {
			continue
		}
		w.left.refuse--
		taken.left.refuse--
		s.add(trouble, 0, "the call is lost on its way", w)
		if c.owner == none {
			continue
		}
		w.calls[n], taken.calls[n] = call{}, call{}
		s.add(trouble, 0, "the provider takes the text, and its answer is lost", taken)
		s.add(trouble, 0, "the provider refuses the text", w.tell(c, gateway.Refused, false))
		s.add(trouble, 0, "the provider asks to try later", w.tell(c, gateway.Queued, false))
	}
}

// tell gives the answer to whoever waits for it.
func (w world) tell(c call, outcome gateway.State, soon bool) world {
	if c.owner != none {
		r := &w.replicas[c.owner]
		r.at, r.outcome, r.soon = answered, outcome, soon
	}
	return w
}

// time lets one span run out. What must be over before it holds it back: the
// bounds that the program relies on.
func (s *steps) time() {
	w := s.from
	if w.lease == leased && !w.heldInTime() {
		n := w
		n.lease = ranOut
		s.add(passing, 0, "the lease runs out", n)
	}
	if w.state == gateway.Unknown && !w.settled && s.quiet() {
		n := w
		n.settled = true
		s.add(passing, 0, "the provider's list has had its time", n)
	}
	if w.texts > 0 && !w.listed {
		n := w
		n.listed = true
		s.add(passing, 0, "the provider's list shows the text", n)
	}
	if w.due == dueLater {
		n := w
		n.due = dueNow
		s.add(passing, 0, "it is due again", n)
	}
	if !w.over {
		n := w
		n.over = true
		s.add(passing, 0, "the last useful moment passes", n)
	}
}

// heldInTime says whether a sender works under the lease, which then is long
// enough: the deadline to begin lies the provider's timeout before its end. It runs
// out where the sender died, never heard of its claim, or was paused.
func (w *world) heldInTime() bool {
	for _, r := range w.replicas {
		if r.at != idle && !r.late && r.token == w.token {
			return true
		}
	}
	return false
}

// quiet is the bound on the settling time: when it is over, whatever had left has
// arrived or never will, and the list shows what has.
func (s *steps) quiet() bool {
	w := &s.from
	for _, c := range w.calls {
		if c.there && !s.b.slowNetwork {
			return false
		}
	}
	return w.texts == 0 || w.listed || s.b.slowList
}

// outside is what people and machines do to us.
func (s *steps) outside() {
	if w := s.from; w.left.change > 0 {
		w.left.change--
		for _, w.diary = range s.b.diaries {
			if w.diary != s.from.diary {
				s.add(trouble, 0, "the diary says: "+diaryWords[w.diary], w)
			}
		}
	}
	if w := s.from; w.left.power > 0 && w.redis != w.before && w.before != (redis{}) {
		w.redis = w.before
		w.left.power--
		s.add(trouble, 0, "Redis dies and loses its last write", w)
	}
}
