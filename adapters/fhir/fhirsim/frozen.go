package fhirsim

import (
	"net/http"
	"slices"
	"time"

	"bellman/adapters/surgery"
)

// view is what the server shows: the diary, or a picture of it.
type view interface {
	Visits() []surgery.Visit
	Visit(slot int) (surgery.Visit, bool)
	People() []surgery.Person
	Person(id int) (surgery.Person, bool)
}

// picture is the diary at one moment.
type picture struct {
	taken  time.Time
	visits []surgery.Visit
	people []surgery.Person
}

func photograph(d *surgery.Diary, now time.Time) *picture {
	return &picture{taken: now, visits: d.Visits(), people: d.People()}
}

// Visits gives all visits, by start.
func (p *picture) Visits() []surgery.Visit { return p.visits }

// Visit gives the visit in a slot.
func (p *picture) Visit(slot int) (surgery.Visit, bool) {
	return at(p.visits, func(v surgery.Visit) bool { return v.Slot == slot })
}

// People gives everybody.
func (p *picture) People() []surgery.Person { return p.people }

// Person gives one of them.
func (p *picture) Person(id int) (surgery.Person, bool) {
	return at(p.people, func(q surgery.Person) bool { return q.ID == id })
}

func at[T any](all []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	var none T
	return none, false
}

// look gives the diary as callers see it: as it is, or as it was when it froze.
func (s *Sim) look() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen != nil {
		return s.frozen
	}
	return s.diary
}

// date writes when the answer was made and, out of a cache, for how long that one
// has kept it.
func (s *Sim) date(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept time.Time
	if s.faults.Cached && s.frozen != nil {
		kept = s.frozen.taken
	}
	surgery.Stamp(w, s.clock.Now(), kept)
}
