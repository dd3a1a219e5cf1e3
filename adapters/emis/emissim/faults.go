package emissim

import (
	"net/http"
	"time"

	"bellman/adapters/surgery"
)

// Faults is how the simulator misbehaves. The zero value is good behaviour.
type Faults struct {
	Status            int    `json:"status"`              // every call is answered with this and an ErrorResponse
	DenyToken         bool   `json:"deny_token"`          // the token endpoint refuses, and every token is refused
	SlowMS            int    `json:"slow_ms"`             // every answer waits so many milliseconds
	Truncate          bool   `json:"truncate"`            // answers break off in the middle
	Page              bool   `json:"page"`                // a page of HTML, with status 200
	Empty             bool   `json:"empty"`               // lists hold nobody
	EmptyAs404        bool   `json:"empty_as_404"`        // an empty list is a 404 with legacyOutcome 3
	Frozen            bool   `json:"frozen"`              // the diary as it was when this was set, told as new
	Cached            bool   `json:"cached"`              // the same, out of a cache: with the Date of then and a growing Age
	FirstDate         string `json:"first_date"`          // stands for the date of the first row
	FirstTime         string `json:"first_time"`          // stands for the time of the first row
	NullSessionHolder bool   `json:"null_session_holder"` // the first row has none
	NullPatientID     bool   `json:"null_patient_id"`     // the first row's patient has none
	RefuseWide        bool   `json:"refuse_wide"`         // too wide a window is a 400 instead of being clamped
	DeadMarkOnly      bool   `json:"dead_mark_only"`      // deaths are told by the mark, without a date
	StatusText        string `json:"status_text"`         // stands for the status of every patient's appointment
}

// SetFaults replaces the faults. Frozen and Cached take their picture of the
// diary when one of them is switched on.
func (s *Sim) SetFaults(f Faults) {
	now := s.look()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case (f.Frozen || f.Cached) && s.frozen == nil:
		s.frozen = &now
	case !f.Frozen && !f.Cached:
		s.frozen = nil
	}
	s.faults = f
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// view is the diary at one moment.
type view struct {
	now    time.Time
	visits []surgery.Visit
	people map[int]surgery.Person
}

// look gives the diary as callers see it: as it is, or as it was when it froze.
func (s *Sim) look() view {
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen != nil {
		return *frozen
	}
	v := view{now: s.options.Clock.Now(), visits: s.diary.Visits(), people: map[int]surgery.Person{}}
	for _, p := range s.diary.People() {
		v.people[p.ID] = p
	}
	return v
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
