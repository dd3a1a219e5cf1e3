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
	told      func(broken bool) // of the account
}

// outage is a time in which nothing is tried. The zero value is no outage.
type outage struct {
	until time.Time
	wait  time.Duration
}

func newBreaker(told func(bool)) *breaker {
	return &breaker{practices: map[gateway.ODS]*outage{}, told: told}
}

// room says how many texts may be claimed: none while the account does not work,
// one to see whether it works again, and otherwise as many as there are.
func (b *breaker) room(now time.Time, many int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.account.until.IsZero():
		return many
	case now.Before(b.account.until):
		return 0
	}
	return 1
}

// may says whether a text of a practice may leave now, and if not, when to look
// again. In an outage it lets one text through each time.
func (b *breaker) may(p gateway.ODS, now time.Time) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	both := []*outage{&b.account}
	if o, ok := b.practices[p]; ok {
		both = append(both, o)
	}
	for _, o := range both {
		if now.Before(o.until) {
			return o.until, false
		}
	}
	for _, o := range both {
		if !o.until.IsZero() {
			o.until = now.Add(o.wait)
		}
	}
	return time.Time{}, true
}

// broke notes that a text of a practice found the account, or the practice's own
// sender, not working. It gives when to try again.
func (b *breaker) broke(p gateway.ODS, status int, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := &b.account
	if status == badRequest {
		if o = b.practices[p]; o == nil {
			o = &outage{}
			b.practices[p] = o
		}
	} else {
		b.told(true)
	}
	o.wait = min(max(brokenFor, 2*o.wait), brokenAtMax)
	o.until = now.Add(o.wait)
	return o.until
}

// works notes that the provider took a text of a practice, or refused it for the
// patient's own number: account and sender work.
func (b *breaker) works(p gateway.ODS) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.practices, p)
	if !b.account.until.IsZero() {
		b.account = outage{}
		b.told(false)
	}
}
