package fhirsim

import (
	"encoding/json"
	"net/http"
	"time"

	"bellman/gateway"
)

// Faults are the ways in which the server misbehaves. The zero value is a good
// server.
type Faults struct {
	Status           int    `json:"status"`            // every request is answered with this status
	HTML             bool   `json:"html"`              // every request is answered with a log-in page and 200
	Truncate         bool   `json:"truncate"`          // the connection breaks off in the middle of every answer
	SlowMillis       int    `json:"slow_millis"`       // every answer waits so long
	RateLimit        int    `json:"rate_limit"`        // the next N requests answer 429
	RetryAfter       string `json:"retry_after"`       // with this header
	Unauthorized     int    `json:"unauthorized"`      // the next N requests answer 401
	FailPage         int    `json:"fail_page"`         // this page of a search answers 500
	TruncatePage     int    `json:"truncate_page"`     // the connection breaks off in the middle of this page
	CutPage          int    `json:"cut_page"`          // this page is half a JSON text, politely ended
	ForeignNext      string `json:"foreign_next"`      // the link to the next page begins with this
	LoopNext         bool   `json:"loop_next"`         // the link to the next page leads round in a circle
	IgnoreParameters bool   `json:"ignore_parameters"` // date and status are ignored, with a warning
	BrokenEntry      bool   `json:"broken_entry"`      // the first appointment has fields of the wrong kind
	BrokenStart      string `json:"broken_start"`      // the first appointment has these words as start
	NoInclude        bool   `json:"no_include"`        // _include is not understood
	Drift            bool   `json:"drift"`             // records of the wrong kinds of JSON, whose meaning is clear
	References       string `json:"references"`        // patients are named: versioned, absolute, urn, logical, contained
	NextForm         string `json:"next_form"`         // links to the next page are: relative, path, self (the last page links to itself)
	TotalOff         int    `json:"total_off"`         // the count of all appointments is wrong by so much
	Outcome          string `json:"outcome"`           // every page has an OperationOutcome: "severity code"
	NoBatch          bool   `json:"no_batch"`          // patients cannot be asked for by a list of ids
	Empty            bool   `json:"empty"`             // no appointment is found
	Frozen           bool   `json:"frozen"`            // the diary as it was when this was set, told as new
	Cached           bool   `json:"cached"`            // the same, out of a cache: with the Date of then and a growing Age
}

// spoil breaks one appointment.
func (f Faults) spoil(appointment object) {
	if f.BrokenEntry {
		appointment["participant"] = "nobody"
	}
	if f.BrokenStart != "" {
		appointment["start"] = f.BrokenStart
	}
}

// SetFaults changes how the server misbehaves. Frozen and Cached take their
// picture of the diary when one of them is switched on.
func (s *Sim) SetFaults(f Faults) {
	now := photograph(s.diary, s.clock.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	switch still := f.Frozen || f.Cached; {
	case still && s.frozen == nil:
		s.frozen = now
	case !still:
		s.frozen = nil
	}
	s.faults = f
}

// Faults says how the server misbehaves now.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// struck carries out the faults that hit a request before it is understood. It
// reports whether the request has been answered.
func (s *Sim) struck(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	f := s.faults
	switch {
	case f.RateLimit > 0:
		s.faults.RateLimit--
	case f.Unauthorized > 0:
		s.faults.Unauthorized--
	}
	s.mu.Unlock()
	if f.SlowMillis > 0 && !gateway.Wait(r.Context(), time.Duration(f.SlowMillis)*time.Millisecond) {
		return true
	}
	switch {
	case f.Status != 0:
		refuse(w, f.Status, "exception")
		return true
	case f.HTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Log in</title><form>Please log in</form>"))
		return true
	case f.RateLimit > 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		refuse(w, http.StatusTooManyRequests, "throttled")
		return true
	case f.Unauthorized > 0:
		refuse(w, http.StatusUnauthorized, "login")
		return true
	}
	return false
}

// cutter breaks the connection off in the middle of an answer: the length was
// announced, and less is sent.
type cutter struct{ http.ResponseWriter }

// Write sends the first half.
func (c cutter) Write(b []byte) (int, error) { return c.ResponseWriter.Write(b[:len(b)/2]) }

// send writes a page, or as much of it as the faults allow.
func (s *Sim) send(w http.ResponseWriter, f Faults, page int, bundle object) {
	switch page {
	case f.TruncatePage:
		answer(cutter{w}, http.StatusOK, bundle)
	case f.CutPage:
		b, err := json.Marshal(bundle)
		if err != nil {
			http.Error(w, "cannot encode", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", fhirJSON)
		_, _ = w.Write(b[:len(b)/2])
	default:
		answer(w, http.StatusOK, bundle)
	}
}
