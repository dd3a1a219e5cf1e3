// Package clinikosim is a simulated Cliniko: one clinic's invented diary behind the
// part of the REST API (v1) that a reminder gateway needs, with its paging, filters
// and limit of requests, and with the faults that the real one is known or feared to
// have. It also offers the writes, and counts them.
//
// It stands in for what Cliniko publishes and for what other clients saw; it was
// never compared with a live account. Where nothing is published, docs/adapters/
// cliniko.md says what was assumed.
package clinikosim

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Options says who may call the simulator.
type Options struct {
	Clock gateway.Clock
	// Key is the one API key that is taken, with the shard at its end or without.
	Key string
	// PerMinute is how many requests a minute are answered; 0: any number.
	PerMinute int
}

// Sim is the simulator of one account, an http.Handler. It is safe for concurrent
// use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux

	mu     sync.Mutex
	staff  staff
	faults Faults
	frozen *view
	calls  map[string]int
	served int       // requests since the faults were set
	minute time.Time // for the limit
	asked  int       // requests in that minute
	onPage func(list string, page int)
}

// New makes a simulator that shows a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	s := &Sim{diary: diary, options: o, mux: http.NewServeMux(), staff: newStaff(), calls: map[string]int{}}
	s.reads()
	s.writes()
	s.control()
	return s
}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	s.mux.ServeHTTP(w, r)
}

// Calls says how often something was asked for, such as "GET individual_appointments"
// or "PATCH patients", refused calls included.
func (s *Sim) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Requests says how many requests came in all.
func (s *Sim) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		n += c
	}
	return n
}

// OnPage has a function called before a page of a list is made, so that a test can
// change the diary between two pages.
func (s *Sim) OnPage(do func(list string, page int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPage = do
}

// agent is what Cliniko wants callers to say of themselves.
var agent = regexp.MustCompile(`^\S.* \(\S+@\S+\)$`)

// guarded lets a call through that is allowed and that no fault hits.
func (s *Sim) guarded(operation string, do func(w http.ResponseWriter, r *http.Request, f Faults)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := s.count(operation)
		switch user, password, _ := r.BasicAuth(); {
		case !surgery.Pause(r.Context(), f.SlowMS):
			return
		case f.Page:
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<!DOCTYPE html><html><body>Log in</body></html>"))
		case f.Status != 0:
			refuse(w, f.Status, "Simulated fault")
		case f.Deny || !s.knows(user) || password != "":
			refuse(w, http.StatusUnauthorized, "HTTP Basic: Access denied")
		case !agent.MatchString(r.UserAgent()):
			refuse(w, http.StatusForbidden, "The User-Agent must hold a name and a contact")
		case s.overLimit(w, f):
			refuse(w, http.StatusTooManyRequests, "Rate limit exceeded")
		case f.FailAfter > 0 && s.servedSoFar() > f.FailAfter:
			refuse(w, http.StatusInternalServerError, "Simulated fault")
		default:
			do(w, r, f)
		}
	}
}

// knows takes the key with its shard and without.
func (s *Sim) knows(user string) bool {
	bare := s.options.Key
	if i := strings.LastIndexByte(bare, '-'); i > 0 {
		bare = bare[:i]
	}
	return user != "" && (user == s.options.Key || user == bare)
}

// count notes a request and gives the faults that hold for it.
func (s *Sim) count(operation string) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	s.served++
	return s.faults
}

func (s *Sim) servedSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}
