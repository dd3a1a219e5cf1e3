// Package twiliosim is a Twilio that texts nobody. It answers the part of the
// messaging API that Bellman uses, keeps account of what would have reached
// which phone, calls back with signed receipts, plays a patient's answers to the
// practice, and misbehaves in every way that the real one is known to.
//
// It is written from Twilio's documentation and shares no code with the adapter,
// so that a misunderstanding in one is not repeated in the other. What it does
// by chance depends on its seed and on the numbers alone, not on the order in
// which calls happen to arrive.
package twiliosim

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Credentials of a simulator that was given none. Letters and digits only, as
// Twilio's are.
const (
	DefaultAccount = "AC00000000000000000000000000000001"
	DefaultToken   = "0123456789abcdef0123456789abcdef"
)

// Options says what kind of Twilio this is. Only Clock is needed.
type Options struct {
	AccountSID string            // empty: DefaultAccount
	AuthToken  string            // empty: DefaultToken; signs webhooks
	APIKeys    map[string]string // standard API keys, SID to secret; they may not look at the account
	Clock      gateway.Clock
	Seed       uint64
	Pace       Pace
	PerSecond  int // segments a second that leave one sender's queue; 0: no limit. Twilio: 10
	// Wall is the clock of the dates in its answers; nil: Clock. Apart from the
	// rest, so that a test's clock can be wrong by it.
	Wall gateway.Clock
	// EveryStatus also calls back for "sending", which Twilio's guide does not
	// promise and some accounts see.
	EveryStatus bool
	// Manual stops the simulator from calling back by itself: Flush delivers
	// what is due by the clock. For clocks that are set by hand.
	Manual bool
}

// Pace is how long a text stays in each state. Zero is at once.
type Pace struct {
	Queue   time.Duration // queued, besides waiting for its sender's rate
	Network time.Duration // sending
	Receipt time.Duration // sent, until the phone's receipt
}

// Sim is the simulated Twilio, an http.Handler for its API and, under /sim/, for
// its control door. It is safe for concurrent use. Close it after use.
type Sim struct {
	account, token string
	prefix         string // of the account's resources
	logins         map[string]bool
	clock, wall    gateway.Clock
	seed           uint64
	pace           Pace
	perSecond      int
	everyStatus    bool

	book    book
	faults  faults
	postman postman
	door    *http.ServeMux
	web     *http.Client // calls the practice
	made    atomic.Uint64
	counts  counts

	stop    context.CancelFunc
	stopped <-chan struct{}
	work    sync.WaitGroup
}

// New starts a simulator.
func New(o Options) *Sim {
	if o.AccountSID == "" {
		o.AccountSID = DefaultAccount
	}
	if o.AuthToken == "" {
		o.AuthToken = DefaultToken
	}
	if o.Wall == nil {
		o.Wall = o.Clock
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sim{
		account: o.AccountSID, token: o.AuthToken,
		prefix: "/2010-04-01/Accounts/" + o.AccountSID,
		logins: map[string]bool{login(o.AccountSID, o.AuthToken): true},
		clock:  o.Clock, seed: o.Seed, pace: o.Pace, perSecond: o.PerSecond, everyStatus: o.EveryStatus,
		wall:   o.Wall,
		book:   newBook(),
		faults: newFaults(),
		web: &http.Client{
			Transport:     outbound.Transport(outbound.Options{Local: true, Idle: callers}),
			Timeout:       webhookTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		stop: cancel, stopped: ctx.Done(),
	}
	for sid, secret := range o.APIKeys {
		s.logins[login(sid, secret)] = false
	}
	s.door = s.controls()
	s.postman = newPostman(s)
	if !o.Manual {
		s.postman.start(ctx)
	}
	return s
}

// Close stops calling back, breaks off what hangs, and waits for both. What was
// not delivered yet never will be.
func (s *Sim) Close() {
	s.stop()
	s.work.Wait()
	s.web.CloseIdleConnections()
}

func login(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.wall.Now().UTC().Format(http.TimeFormat))
	if strings.HasPrefix(r.URL.Path, "/sim/") {
		s.door.ServeHTTP(w, r)
		return
	}
	s.counts.requests.Add(1)
	main, known := s.logins[r.Header.Get("Authorization")]
	if !known {
		writeError(w, 20003)
		return
	}
	path, ours := strings.CutPrefix(r.URL.Path, s.prefix)
	if !ours {
		writeError(w, 20404)
		return
	}
	switch {
	case path == "/Messages.json" && r.Method == http.MethodPost:
		s.create(w, r)
	case path == "/Messages.json" && r.Method == http.MethodGet:
		s.list(w, r)
	case path == ".json" && r.Method == http.MethodGet:
		s.showAccount(w, main)
	case strings.HasPrefix(path, "/Messages/") && strings.HasSuffix(path, ".json"):
		s.one(w, r, strings.TrimSuffix(strings.TrimPrefix(path, "/Messages/"), ".json"))
	default:
		writeError(w, 20404)
	}
}

// Counts is how often something happened.
type Counts struct {
	Requests        uint64 `json:"requests"`         // to the API
	Taken           uint64 `json:"taken"`            // texts that were accepted, whatever was answered
	Callbacks       uint64 `json:"callbacks"`        // receipts that were answered with success
	CallbacksFailed uint64 `json:"callbacks_failed"` // receipts that were not
}

type counts struct{ requests, taken, callbacks, callbacksFailed atomic.Uint64 }

// Counts gives the counters since the start.
func (s *Sim) Counts() Counts {
	return Counts{
		Requests:        s.counts.requests.Load(),
		Taken:           s.counts.taken.Load(),
		Callbacks:       s.counts.callbacks.Load(),
		CallbacksFailed: s.counts.callbacksFailed.Load(),
	}
}
