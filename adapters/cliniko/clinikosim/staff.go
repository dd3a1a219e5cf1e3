package clinikosim

import (
	"maps"
	"slices"
	"time"
)

// staff is what the clinic's people did in Cliniko that an invented diary has no word
// for. Times are those of the act; zero: not done.
type staff struct {
	archived, deleted map[int]time.Time // by slot
	reminded          map[int]time.Time
	groups            []class
	gone              map[int]time.Time // patients deleted
	merged            map[int]time.Time
	phones            map[int][]Phone // in place of the diary's
	phoned            map[int]time.Time
	reminders         map[int]string // reminder_type in place of the diary's
	chosen            map[int]time.Time
	places            map[int]Place
	templates         bool // the types have templates for reminders
	classesOnly       bool // every visit that is in no group is a group of its own
}

// class is a group appointment: the visits in its slots are its attendees.
type class struct {
	slots             []int
	archived, deleted time.Time
	changed           time.Time
}

// Phone is one number of a patient, as it stands in Cliniko. Normalized is "" for
// null.
type Phone struct {
	Type       string `json:"phone_type"`
	Number     string `json:"number"`
	Normalized string `json:"normalized_number"`
}

// Place is what may differ between the places of a clinic.
type Place struct {
	Zone      string `json:"zone"`  // "": Europe/London
	Label     string `json:"label"` // time_zone; "": London
	Reminders bool   `json:"reminders"`
}

func newStaff() staff {
	return staff{
		archived: map[int]time.Time{}, deleted: map[int]time.Time{}, reminded: map[int]time.Time{},
		gone: map[int]time.Time{}, merged: map[int]time.Time{}, phones: map[int][]Phone{}, phoned: map[int]time.Time{},
		reminders: map[int]string{}, chosen: map[int]time.Time{}, places: map[int]Place{},
	}
}

// clone makes a copy that later acts do not change.
func (s staff) clone() staff {
	s.archived, s.deleted, s.reminded = maps.Clone(s.archived), maps.Clone(s.deleted), maps.Clone(s.reminded)
	s.gone, s.merged, s.phones, s.phoned = maps.Clone(s.gone), maps.Clone(s.merged), maps.Clone(s.phones), maps.Clone(s.phoned)
	s.reminders, s.chosen, s.places = maps.Clone(s.reminders), maps.Clone(s.chosen), maps.Clone(s.places)
	s.groups = slices.Clone(s.groups)
	return s
}

// act lets the clinic's people do something now.
func (s *Sim) act(do func(st *staff, now time.Time)) {
	now := s.options.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.staff, now)
}

// Archive takes the visit in a slot out of the diary by archiving it.
func (s *Sim) Archive(slot int) { s.act(func(st *staff, now time.Time) { st.archived[slot] = now }) }

// Delete takes the visit in a slot out of the diary by deleting it; a record of that
// stays.
func (s *Sim) Delete(slot int) { s.act(func(st *staff, now time.Time) { st.deleted[slot] = now }) }

// Remind has Cliniko text its own reminder about the visit in a slot.
func (s *Sim) Remind(slot int) { s.act(func(st *staff, now time.Time) { st.reminded[slot] = now }) }

// Group makes the visits in the slots the attendees of one group appointment, at the
// time and place of the first.
func (s *Sim) Group(slots ...int) {
	s.act(func(st *staff, now time.Time) { st.groups = append(st.groups, class{slots: slots, changed: now}) })
}

// ClassesOnly makes every visit of the diary a group appointment with one attendee.
func (s *Sim) ClassesOnly() {
	s.act(func(st *staff, _ time.Time) { st.classesOnly = true })
}

// DeleteGroup deletes the group appointment to which a slot belongs; ArchiveGroup
// archives it.
func (s *Sim) DeleteGroup(slot int) {
	s.editGroup(slot, func(c *class, now time.Time) { c.deleted = now })
}

// ArchiveGroup archives the group appointment to which a slot belongs.
func (s *Sim) ArchiveGroup(slot int) {
	s.editGroup(slot, func(c *class, now time.Time) { c.archived = now })
}

func (s *Sim) editGroup(slot int, edit func(c *class, now time.Time)) {
	s.act(func(st *staff, now time.Time) {
		if st.classesOnly {
			st.groups = append(st.groups, class{slots: []int{slot}})
		}
		for i := range st.groups {
			if slices.Contains(st.groups[i].slots, slot) {
				edit(&st.groups[i], now)
				st.groups[i].changed = now
			}
		}
	})
}

// DeletePerson deletes a patient's record; MergePerson merges it into another.
func (s *Sim) DeletePerson(id int) { s.act(func(st *staff, now time.Time) { st.gone[id] = now }) }

// MergePerson merges a patient's record into another.
func (s *Sim) MergePerson(id int) { s.act(func(st *staff, now time.Time) { st.merged[id] = now }) }

// SetPhones gives a patient other numbers than the diary's.
func (s *Sim) SetPhones(id int, phones ...Phone) {
	s.act(func(st *staff, now time.Time) { st.phones[id], st.phoned[id] = phones, now })
}

// SetReminderType has a patient choose how to be reminded: "None", "SMS", "Email",
// "SMS & Email", or a word that is not in Cliniko's list.
func (s *Sim) SetReminderType(id int, choice string) {
	s.act(func(st *staff, now time.Time) { st.reminders[id], st.chosen[id] = choice, now })
}

// SetPlace changes what a place of the clinic is like.
func (s *Sim) SetPlace(site int, p Place) {
	s.act(func(st *staff, _ time.Time) { st.places[site] = p })
}

// SetTemplates hangs templates for Cliniko's own reminders on the types of
// appointments, or takes them off.
func (s *Sim) SetTemplates(on bool) { s.act(func(st *staff, _ time.Time) { st.templates = on }) }
