package tppextractsim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// CancelForm is a way in which the extract shows that a visit was called off.
type CancelForm string

// The forms. A visit that is cancelled in the diary has its status and its date.
const (
	AsStatus    CancelForm = "status"    // only the status says so
	AsDate      CancelForm = "date"      // only DateAppointmentCancelled is set, the status stays Booked
	AsWalkedOut CancelForm = "walkedout" // the status "Patient Walked Out"
	AsNobody    CancelForm = "nobody"    // the row stays, and has no patient any more
)

// CallOff makes the extract show the visit in a slot as called off in one form.
func (s *Sim) CallOff(slot int, form CancelForm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forms[slot] = form
}

// visitRow is the row of a visit, as it was last said.
type visitRow struct {
	id    int
	visit surgery.Visit
	moved time.Time // when the visit left this row
}

func (s *Sim) appointments() table {
	t := newTable("SRAppointment", appointmentColumns)
	for i, v := range s.diary.Visits() {
		r := s.rowOf(v)
		cells := s.cells(v)
		if i == 0 && s.faults.FirstStart != "" {
			cells["DateStart"] = s.faults.FirstStart
		}
		t.add(strconv.Itoa(r.id), cells)
		if i == 0 && s.faults.Twice {
			t.add(strconv.Itoa(r.id), cells)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.closed)) {
		r := s.closed[id]
		r.visit.Status, r.visit.Changed = gateway.StatusCancelled, r.moved
		t.add(strconv.Itoa(r.id), s.cells(r.visit))
	}
	if s.options.Neighbour {
		theirs := s.cells(surgery.Visit{Person: 1001, Start: time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC), Status: gateway.StatusBooked})
		theirs["IDOrganisation"], theirs["IDOrganisationVisibleTo"] = neighbour, neighbour
		t.add("999000003", theirs)
		theirs = maps.Clone(theirs)
		theirs["IDOrganisationVisibleTo"] = s.options.Organisation // shared with us, and still theirs
		t.add("999000004", theirs)
	}
	return t
}

// rowOf gives the row of a visit, and leaves the old one behind where a move makes
// a new one.
func (s *Sim) rowOf(v surgery.Visit) visitRow {
	r, ok := s.rows[v.Slot]
	if ok && s.options.NewRowOnMove && !r.visit.Start.Equal(v.Start) {
		r.moved = v.Changed
		s.closed[r.id] = r
		ok = false
	}
	if !ok {
		s.nextRow++
		r = visitRow{id: s.nextRow}
	}
	r.visit = v
	s.rows[v.Slot] = r
	return r
}

func (s *Sim) cells(v surgery.Visit) map[string]string {
	c := map[string]string{
		"IDOrganisationVisibleTo": s.options.Organisation, "IDOrganisation": s.options.Organisation, "IDOrganisationRegisteredAt": s.options.Organisation,
		"DateStart": wall(v.Start), "DateEnd": wall(v.Start.Add(time.Duration(v.Minutes) * time.Minute)),
		"AppointmentStatus": s.id(statusTerm(v.Status)), "DateAppointmentBooked": "01 Oct 2026 11:20:00",
		"TelephoneAppointment": boolean(v.Mode == gateway.ModeTelephone), "RotaType": rotaType(v.Mode), "RotaName": cmp.Or(v.Clinic, `Dr "A" clinic, morning`),
		"RotaLocation": location(v.Site), "IDReferralIn": "-1", "IDPatient": strconv.Itoa(v.Person), "IDRota": "51",
	}
	if v.Status == gateway.StatusCancelled {
		c["DateAppointmentCancelled"] = wall(v.Changed)
	}
	switch s.forms[v.Slot] {
	case AsStatus:
		c["AppointmentStatus"] = s.id("Cancelled by Unit")
	case AsDate:
		c["DateAppointmentCancelled"] = wall(s.options.Clock.Now())
	case AsWalkedOut:
		c["AppointmentStatus"] = s.id("Patient Walked Out")
	case AsNobody:
		c["IDPatient"] = "-1"
	}
	return c
}

func statusTerm(s gateway.Status) string {
	switch s {
	case gateway.StatusBooked, gateway.StatusUnknown:
		return "Booked"
	case gateway.StatusCancelled:
		return "Cancelled by Patient"
	case gateway.StatusArrived:
		return "Arrived"
	case gateway.StatusFinished:
		return "Finished"
	case gateway.StatusMissed:
		return "Did Not Attend"
	case gateway.StatusNotBooked:
	}
	return "Blocked"
}

// rotaType gives the practice's own word for how patient and clinician meet.
func rotaType(m gateway.Mode) string {
	switch m {
	case gateway.ModeInPerson:
		return "Surgery"
	case gateway.ModeTelephone:
		return "Telephone Triage"
	case gateway.ModeVideo:
		return "Video"
	case gateway.ModeHomeVisit:
		return "Home Visits"
	case gateway.ModeUnknown:
	}
	return "Other"
}

// RotaTypes says what the practice's own types of rota mean, for the section of
// the configuration that reads this simulator.
func RotaTypes() map[string]string {
	return map[string]string{"Surgery": "in_person", "Telephone Triage": "telephone", "Video": "video", "Home Visits": "home_visit"}
}
