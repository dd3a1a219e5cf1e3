package sender

import (
	"sync"
	"time"

	"bellman/gateway"
)

// How long the provider is left alone after it refused the account: doubling
// while it goes on refusing.
const (
	brokenFor   = 15 * time.Second
	brokenAtMax = time.Minute
)

// lostInARow is after how many hand-overs in a row without any answer of which one
// could be sure the provider counts as out of order: more would only add to the
// texts of unknown fate.
const lostInARow = 10

// badRequest is the HTTP status with which a provider says that it knows the
// account and that something in this one request is wrong.
const badRequest = 400

// breaker leaves the provider alone where it does not work for us, so that no
// patient's reminder is spent on finding that out again. What is wrong with one
// practice's own sender stops that practice; what is wrong with the account stops
// all. After a while one text is let through to see.
type breaker struct {
	mu        sync.Mutex
	account   outage
	practices map[gateway.ODS]*outage
	paused    time.Time // the provider asks us all to wait until then
	lost      int       // hand-overs in a row without a sure answer
	metrics   *Metrics
}

// outage is a time in which nothing is tried. The zero value is no outage.
type outage struct {
	until time.Time
	wait  time.Duration
}

// shut reports whether nothing is tried now. A clock that was set back does not
// lengthen an outage.
func (o *outage) shut(now time.Time) bool {
	return now.Before(o.until) && !now.Before(o.until.Add(-o.wait))
}

func newBreaker(m *Metrics) *breaker {
	return &breaker{practices: map[gateway.ODS]*outage{}, metrics: m}
}

// room says how many texts may be claimed: none while the account does not work or
// the provider wants us to wait, one to see whether it works again, and otherwise
// as many as there are.
func (b *breaker) room(now time.Time, many int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.waits(now), b.account.shut(now):
		return 0
	case b.account.until.IsZero():
		return many
	}
	return 1
}

// wait is why a text may not leave now, and when to look again.
type wait struct {
	at      time.Time
	trouble bool // something does not work; otherwise the provider only asks to wait
}

// may says whether a text of a practice may leave now. In an outage it lets one
// text through each time.
func (b *breaker) may(p gateway.ODS, now time.Time) (wait, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w, ok := b.look(p, now); !ok {
		return w, false
	}
	for _, o := range b.outages(p) {
		if !o.until.IsZero() {
			o.until = now.Add(o.wait)
		}
	}
	return wait{}, true
}

// would is may without taking the one text's place.
func (b *breaker) would(p gateway.ODS, now time.Time) (wait, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.look(p, now)
}

func (b *breaker) look(p gateway.ODS, now time.Time) (wait, bool) {
	if b.waits(now) {
		return wait{at: b.paused}, false
	}
	for _, o := range b.outages(p) {
		if o.shut(now) {
			return wait{at: o.until, trouble: true}, false
		}
	}
	return wait{}, true
}

func (b *breaker) outages(p gateway.ODS) []*outage {
	if o, ok := b.practices[p]; ok {
		return []*outage{&b.account, o}
	}
	return []*outage{&b.account}
}

// broke notes that a text of a practice found the account, or the practice's own
// sender, not working. It gives when to try again.
func (b *breaker) broke(p gateway.ODS, status int, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if status != badRequest {
		b.metrics.account(true)
		return b.account.open(now)
	}
	o := b.practices[p]
	if o == nil {
		o = &outage{}
		b.practices[p] = o
	}
	b.metrics.sender(p, true)
	return o.open(now)
}

func (o *outage) open(now time.Time) time.Time {
	o.wait = min(max(brokenFor, 2*o.wait), brokenAtMax)
	o.until = now.Add(o.wait)
	return o.until
}

// pause notes that the provider wants us to wait: one account speaks for all.
func (b *breaker) pause(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.paused) {
		b.paused = until
		b.metrics.pause(true)
	}
}

// asked gives until when the provider wants us to wait, if it does.
func (b *breaker) asked(now time.Time) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	on := b.waits(now)
	return b.paused, on
}

// waits reports whether the provider's wish still holds.
func (b *breaker) waits(now time.Time) bool {
	if now.Before(b.paused) {
		return true
	}
	if !b.paused.IsZero() {
		b.paused = time.Time{}
		b.metrics.pause(false)
	}
	return false
}

// lose notes a hand-over without a sure answer: not reached, or of unknown fate.
// Many in a row are an outage of the provider.
func (b *breaker) lose(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost++
	if b.lost < lostInARow || now.Before(b.account.until) {
		return
	}
	b.metrics.account(true)
	b.account.open(now)
}

// works notes that the provider took a text of a practice, or refused it for the
// patient's own number: account and sender work.
func (b *breaker) works(p gateway.ODS) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = 0
	if _, broken := b.practices[p]; broken {
		delete(b.practices, p)
		b.metrics.sender(p, false)
	}
	if !b.account.until.IsZero() {
		b.account = outage{}
		b.metrics.account(false)
	}
}
