package fhirsim

import (
	"slices"

	"bellman/adapters/surgery"
)

// Form is a way in which servers show that a visit was called off, beside the
// status cancelled.
type Form string

// The forms.
const (
	EnteredInError Form = "entered-in-error" // a status
	NoShow         Form = "noshow"           // a status
	Waitlist       Form = "waitlist"         // a status of R4: back in the queue
	Declined       Form = "declined"         // the patient's participation; the appointment stays booked
	Gone           Form = "gone"             // in no list, and a read answers 410
	Missing        Form = "missing"          // in no list, and a read answers 404
)

// Forms lists every form.
var Forms = []Form{EnteredInError, NoShow, Waitlist, Declined, Gone, Missing}

// CallOff shows the visit in a slot as called off in a form from now on; an empty
// form shows it as the diary has it. It reports false for a form or a slot that
// there is not.
func (s *Sim) CallOff(slot int, f Form) bool {
	if f != "" && !slices.Contains(Forms, f) || !s.diary.Change(slot, func(*surgery.Visit) {}) {
		return false
	}
	s.mu.Lock()
	s.forms[slot] = f
	s.mu.Unlock()
	return true
}

// form gives the form in which a visit was called off.
func (s *Sim) form(v surgery.Visit) Form {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forms[v.Slot]
}

// shown gives the visits that stand in lists.
func (s *Sim) shown() []surgery.Visit {
	return slices.DeleteFunc(slices.Clone(s.look().Visits()), func(v surgery.Visit) bool {
		f := s.form(v)
		return f == Gone || f == Missing
	})
}

// status is the word in a visit's record, by which a search finds it.
func (s *Sim) status(v surgery.Visit) string {
	switch f := s.form(v); f {
	case EnteredInError, NoShow, Waitlist:
		return string(f)
	}
	return statuses[v.Status]
}

// find gives the visit with an id.
func (s *Sim) find(id string) (surgery.Visit, bool) {
	d := s.speaks()
	all := s.look().Visits()
	i := slices.IndexFunc(all, func(v surgery.Visit) bool { return d.id(v) == id })
	if i < 0 {
		return surgery.Visit{}, false
	}
	return all[i], true
}
