package lifemodel

// kind says who brings a step about, and so what may be concluded from it.
type kind uint8

const (
	work    kind = iota // ours, and at once
	passing             // time passes, or ours when its time comes
	kindly              // the provider does what it should
	trouble             // may happen, as often as the budget allows
	receipt             // may come early, late, twice and never
)

// step leads from one world to another.
type step struct {
	label string
	who   int // which replica; 0: none
	kind  kind
	next  world
}

// steps collects what may happen next.
type steps struct {
	b    *build
	from world
	out  []step
}

// add notes a step, unless it changes nothing.
func (s *steps) add(k kind, who int, label string, next world) {
	if next == s.from {
		return
	}
	if next.left.power == 0 {
		next.before = redis{}
	} else if next.redis != s.from.redis {
		next.before = s.from.redis
	}
	next.lookAtRest()
	if s.b.onlyLaw != kept && next.broken != s.b.onlyLaw {
		next.broken = kept
	}
	s.out = append(s.out, step{label, who, k, next})
}

// next gives everything that may happen in a world.
func (s *steps) next(w world) []step {
	s.from, s.out = w, s.out[:0]
	for i := range w.replicas {
		s.sender(i)
		s.reaper(i)
		s.pause(i)
		s.crash(i)
	}
	s.clerk()
	s.planner()
	s.patient()
	s.provider()
	s.receipts()
	s.time()
	s.outside()
	return s.out
}
