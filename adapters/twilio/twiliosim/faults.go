package twiliosim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is a way to misbehave when asked to send a text. "Taken" means that the
// text is sent nevertheless.
type Fault string

// The faults.
const (
	TooMany       Fault = "too-many"        // 429 with code 20429 and Retry-After
	ErrorTaken    Fault = "error-taken"     // 500 with JSON, taken
	ErrorLost     Fault = "error-lost"      // 500 with JSON, not taken
	Unavailable   Fault = "unavailable"     // 503 with a large page in chunks, not taken
	Redirect      Fault = "redirect"        // 307 elsewhere, not taken
	EmptyObject   Fault = "empty-object"    // 201 {}, taken
	EmptyBody     Fault = "empty-body"      // 201 with nothing, taken
	Truncated     Fault = "truncated"       // 201 that breaks off, taken
	TakenClosed   Fault = "taken-closed"    // no answer, taken
	TakenHung     Fault = "taken-hung"      // no answer until the caller gives up, taken
	ClosedUnread  Fault = "closed-unread"   // hung up without reading, not taken
	Slow          Fault = "slow"            // the ordinary answer, late
	Denied        Fault = "denied"          // 401 with code 20003
	DeniedByProxy Fault = "denied-by-proxy" // 403 with a page and no code
	ProxyPage     Fault = "proxy-page"      // 400 with a page and no code, not taken
)

// Faults lists every fault, in the order in which chances are drawn.
var Faults = []Fault{
	TooMany, ErrorTaken, ErrorLost, Unavailable, Redirect, EmptyObject, EmptyBody, Truncated,
	TakenClosed, TakenHung, ClosedUnread, Slow, Denied, DeniedByProxy, ProxyPage,
}

const (
	retryAfter = "2" // seconds, with TooMany
	slowness   = 300 * time.Millisecond
	pageBytes  = 80 << 10
)

// Mischief is what happens to receipts, each as a chance from 0 to 1.
type Mischief struct {
	Lost     float64 `json:"lost"`     // never delivered
	Doubled  float64 `json:"doubled"`  // delivered twice
	Shuffled float64 `json:"shuffled"` // the last before the one before
	Early    float64 `json:"early"`    // the first before the answer to the request
}

type faults struct {
	mu       sync.Mutex
	script   []Fault
	rates    map[Fault]float64
	mischief Mischief
}

func newFaults() faults { return faults{rates: map[Fault]float64{}} }

// Script adds faults for the next calls, one each; "" is a call without one. It
// refuses a fault that does not exist.
func (s *Sim) Script(fs ...Fault) error {
	for _, f := range fs {
		if f != "" && !slices.Contains(Faults, f) {
			return fmt.Errorf("no fault is called %q", string(f))
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.script = append(s.faults.script, fs...)
	return nil
}

// SetRates gives each fault its chance, from 0 to 1, for calls beyond the script.
// It replaces all earlier ones and refuses a fault that does not exist.
func (s *Sim) SetRates(rates map[Fault]float64) error {
	for f := range rates {
		if !slices.Contains(Faults, f) {
			return fmt.Errorf("no fault is called %q", string(f))
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rates = maps.Clone(rates)
	return nil
}

// SetMischief says what happens to receipts from now on.
func (s *Sim) SetMischief(m Mischief) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.mischief = m
}

// scripted takes the next fault of the script; false: the script is over.
func (f *faults) scripted() (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.script) == 0 {
		return "", false
	}
	next := f.script[0]
	f.script = f.script[1:]
	return next, true
}

func (f *faults) receipts() Mischief {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mischief
}

// drawFault decides by chance, from the seed, the number and how often it was
// tried, so that the same story happens again in whatever order calls come.
func (s *Sim) drawFault(to string) Fault {
	s.faults.mu.Lock()
	rates := s.faults.rates // never changed in place
	s.faults.mu.Unlock()
	if len(rates) == 0 {
		return ""
	}
	s.book.mu.Lock()
	s.book.tries[to]++
	n := s.book.tries[to]
	s.book.mu.Unlock()
	x := chance(s.seed, to, n)
	for _, f := range Faults {
		if x -= rates[f]; x < 0 {
			return f
		}
	}
	return ""
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to do the same
	}
	_ = conn.Close()
}
