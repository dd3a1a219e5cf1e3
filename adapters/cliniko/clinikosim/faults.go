package clinikosim

import (
	"net/http"
	"strconv"
	"time"

	"bellman/adapters/surgery"
)

// Faults is how the simulator misbehaves. The zero value is good behaviour.
type Faults struct {
	Status       int    `json:"status"`        // every call is answered with this
	Deny         bool   `json:"deny"`          // the key is not accepted
	SlowMS       int    `json:"slow_ms"`       // every answer waits so many milliseconds
	Truncate     bool   `json:"truncate"`      // answers break off in the middle
	Page         bool   `json:"page"`          // a page of HTML, with status 200
	FailAfter    int    `json:"fail_after"`    // after so many good answers, every other is a 500
	TooMany      int    `json:"too_many"`      // so many of the next requests are refused with 429
	ResetSeconds int    `json:"reset_seconds"` // how far ahead their X-RateLimit-Reset is
	RetryAfter   bool   `json:"retry_after"`   // they carry Retry-After instead
	NoReset      bool   `json:"no_reset"`      // they say nothing of when
	Empty        bool   `json:"empty"`         // lists hold nothing
	Frozen       bool   `json:"frozen"`        // the diary as it was when this was set, told as new
	Cached       bool   `json:"cached"`        // the same, out of a cache: with the Date of then and a growing Age
	FirstStart   string `json:"first_start"`   // stands for starts_at of the first individual appointment
	FirstBroken  bool   `json:"first_broken"`  // the first individual appointment of a list has no id
	NoTotals     bool   `json:"no_totals"`     // lists do not say how many entries there are
	ForeignNext  bool   `json:"foreign_next"`  // links.next is on another host
	CircularNext bool   `json:"circular_next"` // links.next is the page itself
	PageSize     int    `json:"page_size"`     // the most entries of a page, whatever is asked for
	OldShapes    bool   `json:"old_shapes"`    // ids as numbers, and "" where null is today
	Channels     bool   `json:"channels"`      // patients have reminders_communication_channels and no reminder_type
	NoNormalized bool   `json:"no_normalized"` // normalized_number is null
	NoTypes      bool   `json:"no_types"`      // the key's user may not see the appointment types
	MarkHides    bool   `json:"mark_hides"`    // a filter such as archived_at:? does not show what lists leave out
	WriteLost    bool   `json:"write_lost"`    // a change is made, and its answer is a 500
	WriteIgnored bool   `json:"write_ignored"` // a change is answered as done and is not made
	ArchivedGone bool   `json:"archived_gone"` // an archived appointment, asked for by its id, is not found
	NoCancelled  bool   `json:"no_cancelled"`  // records lack the field cancelled_at
}

// SetFaults replaces the faults. Frozen and Cached take their picture of the
// diary when one of them is switched on.
func (s *Sim) SetFaults(f Faults) {
	now := s.draw()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case (f.Frozen || f.Cached) && s.frozen == nil:
		s.frozen = &now
	case !f.Frozen && !f.Cached:
		s.frozen = nil
	}
	s.faults, s.served = f, 0
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// date writes when the answer was made and, out of a cache, for how long that one
// has kept it.
func (s *Sim) date(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept time.Time
	if s.faults.Cached && s.frozen != nil {
		kept = s.frozen.now
	}
	surgery.Stamp(w, s.options.Clock.Now(), kept)
}

// overLimit reports whether a request is one too many in its minute, and says in the
// headers when the next may come.
func (s *Sim) overLimit(w http.ResponseWriter, f Faults) bool {
	now := s.options.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(s.minute) {
		s.minute, s.asked = minute, 0
	}
	s.asked++
	reset := s.minute.Add(time.Minute)
	switch {
	case s.faults.TooMany > 0:
		s.faults.TooMany--
		reset = now.Add(time.Duration(f.ResetSeconds) * time.Second)
	case s.options.PerMinute == 0 || s.asked <= s.options.PerMinute:
		return false
	}
	switch {
	case f.NoReset:
	case f.RetryAfter:
		w.Header().Set("Retry-After", strconv.Itoa(int(reset.Sub(now).Seconds())))
	default:
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	}
	return true
}
