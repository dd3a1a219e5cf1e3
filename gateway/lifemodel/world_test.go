package lifemodel

import (
	"fmt"
	"strings"

	"bellman/gateway"
)

// diary is what the clinical system says of the one appointment.
type diary uint8

const (
	booked    diary = iota
	newNumber       // booked, and the patient has another number now
	unclear         // not confirmed by the read, to be held
	cancelled
	elsewhere // moved to another start, which owes a reminder of its own
	ruleless  // the practice removed the rule
)

var diaryWords = [...]string{"booked", "booked, with a new number", "not confirmed", "cancelled", "moved to another start", "without the rule"}

// number says which of the patient's two numbers stands in the record.
func (d diary) number() uint8 {
	if d == newNumber {
		return 2
	}
	return 1
}

// to is the simplest diary with the same number.
func (d diary) to() diary {
	if d == newNumber {
		return newNumber
	}
	return booked
}

// record is the appointment as the store keeps it. Two equal records have the same
// digest, as in gateway/store/plan.go.
type record struct {
	says diary
	want gateway.State // of the reminder, by the plan
	why  gateway.Reason
}

// token is a claim's fencing token. Those that nobody holds any more are used again.
type token uint8

// Due and lease are kept as phases: time is abstract.
type (
	due   uint8
	lease uint8
)

const (
	notWaiting due = iota
	dueNow
	dueLater
)

const (
	noLease lease = iota
	leased
	ranOut
)

// redis is what the store holds of the reminder.
type redis struct {
	state   gateway.State // 0: no entry of its own, which is waiting if the record owes it
	reason  gateway.Reason
	token   token
	number  uint8 // the number that its text leaves for, kept from Sending on
	due     due
	lease   lease
	settled bool // Unknown for as long as the provider's list is given
	record  record
	stopped bool // the number 1 opted out
	again   bool // to be decided again by the next read
}

// step of a replica's sender.
type senderAt uint8

const (
	idle      senderAt = iota
	holding            // has a claim
	leaving            // decided to send it
	returning          // found the record changed and puts the claim back
	written            // Sending is written, the hand-over has not begun
	looked             // only in a variant: looked at the clock, not yet on the wire
	posting            // waits for the provider's answer
	answered           // has something to write down
)

// replica is one process: a sender and a reaper.
type replica struct {
	at      senderAt
	token   token
	view    record        // as claimed
	late    bool          // was paused: its deadline passed, and its lease may
	outcome gateway.State // to be written down
	soon    bool          // with Queued: at once
	reaping gateway.State // of the expired lease that it found; 0: none
	reaped  token
}

// clerk is the reconciliation of what is unknown, in one of the processes.
type clerk struct {
	at     uint8 // 0 idle, 1 read the reminder, 2 read the list
	token  token
	over   bool
	to     gateway.State // what it makes of the list; 0: cannot be told
	number uint8         // to look for in the list
	sent   uint8         // the number that the text left for
}

// planner is the scheduler between looking up what is known and the script.
type planner struct {
	busy     bool
	old, new record
}

// call is a request that is on its way to the provider.
type call struct {
	there  bool
	owner  uint8 // replica that waits for the answer; none when it died or gave up
	number uint8
}

const none = 9

// budget is how often each kind of trouble may still come.
type budget struct{ crash, pause, cut, refuse, change, stop, start, power, unclearList, silent uint8 }

// world is everything at one instant. It is comparable: equal worlds are one.
type world struct {
	redis
	before   redis // the one before the last write, where a crash may lose that
	replicas [2]replica
	clerk    clerk
	planner  planner
	calls    [2]call
	stopping uint8 // 0 not, 1 opted out, 2 withdrawn, 3 answered
	diary    diary
	over     bool  // the last useful moment has passed
	texts    uint8 // taken by the provider: the phone gets them
	textTo   uint8
	listed   bool          // the provider's list shows it by now
	fate     gateway.State // Delivered or Undelivered once a receipt said so
	unheard  bool          // the provider said that the network did not answer
	left     budget
	broken   law
}

// canonical gives the one of all worlds that differ only in names: of replicas,
// tokens and calls.
func (w world) canonical(b *build) world {
	w = w.bare(b)
	swapped := w.swapped()
	switch a, b := w.replicas[0].outline(), w.replicas[1].outline(); {
	case a < b:
		return w.renamed()
	case b < a:
		return swapped.renamed()
	}
	one, other := w.renamed(), swapped.renamed()
	if other.ranksBefore(one) {
		return other
	}
	return one
}

// swapped calls each replica by the other's name.
func (w world) swapped() world {
	w.replicas[0], w.replicas[1] = w.replicas[1], w.replicas[0]
	for i := range w.calls {
		if c := &w.calls[i]; c.there && c.owner != none {
			c.owner = 1 - c.owner
		}
	}
	return w
}

// outline tells replicas apart, as far as that goes without their tokens.
func (r *replica) outline() uint {
	n := uint(r.at)<<8 | uint(r.reaping)
	if r.late {
		n |= 1 << 16
	}
	return n
}

// bare forgets what nothing can depend on any more, so that worlds that differ in
// it alone are one.
func (w world) bare(b *build) world {
	if w.closed() && b.extra == nil {
		w.redis = redis{state: w.state, reason: w.reason}
		return world{redis: w.redis, texts: w.texts, fate: w.fate, unheard: w.unheard, broken: w.broken}
	}
	if leftOrMay := w.state == gateway.Sending || w.state == gateway.Unknown; !leftOrMay {
		w.number = 0
		if w.state != gateway.Claimed {
			w.token = 0 // compared with only where one of these three is asked for
		}
	}
	for i := range w.replicas {
		switch r := &w.replicas[i]; r.at {
		case written, looked, posting:
			r.view = record{says: r.view.says.to()}
		case returning, answered:
			r.view = record{}
		}
	}
	return w
}

// closed says whether the reminder has an end that only a receipt may complete, and
// nothing is on its way or about to be: all that the replicas still write comes to
// nothing, since the table leads nowhere else.
func (w *world) closed() bool {
	switch w.state {
	case gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Failed:
	case gateway.Accepted:
		if w.unheard || w.left.silent > 0 {
			return false // it may become unknown
		}
	default:
		return false
	}
	for _, r := range w.replicas {
		if r.at == written || r.at == looked || r.at == posting {
			return false
		}
	}
	return !w.calls[0].there && !w.calls[1].there && w.left.power == 0
}

// renamed numbers the tokens by where they stand, and orders the calls.
func (w world) renamed() world {
	var names [16]token
	next := token(1)
	for _, t := range w.tokens() {
		if *t != 0 && names[*t] == 0 {
			names[*t] = next
			next++
		}
		*t = names[*t]
	}
	if rank(w.calls[0]) < rank(w.calls[1]) {
		w.calls[0], w.calls[1] = w.calls[1], w.calls[0]
	}
	return w
}

func rank(c call) int {
	if !c.there {
		return 0
	}
	return 1 + int(c.owner)*4 + int(c.number)
}

// tokens gives the places where a token may stand.
func (w *world) tokens() []*token {
	return []*token{&w.token, &w.before.token, &w.replicas[0].token, &w.replicas[1].token, &w.replicas[0].reaped, &w.replicas[1].reaped, &w.clerk.token}
}

// freshToken gives a token that nobody holds.
func (w *world) freshToken() token {
	var used [16]bool
	for _, t := range w.tokens() {
		used[*t] = true
	}
	for t := token(1); ; t++ {
		if !used[t] {
			return t
		}
	}
}

// ranksBefore orders worlds that differ in the names of replicas only.
func (w *world) ranksBefore(o world) bool {
	for i := range w.replicas {
		if a, b := w.replicas[i].rank(), o.replicas[i].rank(); a != b {
			return a < b
		}
	}
	for i := range w.calls {
		if a, b := rank(w.calls[i]), rank(o.calls[i]); a != b {
			return a < b
		}
	}
	return false
}

func (r replica) rank() uint64 {
	n := uint64(r.at)
	for _, b := range []uint64{uint64(r.token), uint64(r.view.says), uint64(r.view.want), uint64(r.view.why), uint64(r.outcome), uint64(r.reaping)} {
		n = n<<8 | b
	}
	n = n<<4 | uint64(r.reaped)
	if r.late {
		n |= 1 << 63
	}
	return n
}

// stands tells a state of the reminder in words.
func (w *world) stands() string {
	if w.state == 0 {
		if w.record.owes() {
			return "queued"
		}
		return "nothing"
	}
	if w.reason != gateway.None {
		return fmt.Sprintf("%s(%s)", w.state, w.reason)
	}
	return w.state.String()
}

// String gives what matters of a world in one line.
func (w *world) String() string {
	parts := []string{w.stands(), fmt.Sprintf("texts %d", w.texts)}
	for i, r := range w.replicas {
		if r.at != idle {
			parts = append(parts, fmt.Sprintf("replica %d %s", i+1, [...]string{"", "holds a claim", "is about to write sending", "puts it back", "has written sending", "has looked at the clock", "waits for the provider", "has an outcome"}[r.at]))
		}
	}
	if w.stopping == 3 {
		parts = append(parts, "STOP answered")
	}
	return strings.Join(parts, ", ")
}
