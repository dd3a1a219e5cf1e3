package emissim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"bellman/gateway"
)

// Limits that EMIS states.
const (
	maxBefore = 60           // minutes
	maxWithin = 30 * 24 * 60 // minutes
	maxDays   = 90           // of a patient's own list
)

// booked is GetBookedPatientsV2: who is booked from some minutes ago to some
// minutes ahead. Whoever has arrived, or whose visit was called off, is not there.
func (s *Sim) booked(c call) (any, *refusal) {
	before, no := minutes(c, "minutesBefore", maxBefore)
	if no != nil {
		return nil, no
	}
	within, no := minutes(c, "minutesWithin", maxWithin)
	if no != nil {
		return nil, no
	}
	from, to := c.see.now.Add(-before), c.see.now.Add(within)
	rows := []booked{}
	for _, v := range c.see.visits {
		person, known := c.see.people[v.Person]
		if c.faults.Empty || !known || v.Status != gateway.StatusBooked || v.Start.Before(from) || v.Start.After(to) {
			continue
		}
		rows = append(rows, bookedOf(v, person, c.faults))
	}
	if len(rows) == 0 && c.faults.EmptyAs404 {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "No patients found"}
	}
	if len(rows) > 0 {
		spoil(&rows[0], c.faults)
	}
	return bookedPatients{
		BookedList: bookedList{rows},
		SessionHolders: holderList{[]sessionHolder{
			{ident: identOf(42), Title: "Dr", FirstNames: "Joe", LastName: "Bell", WaitingTime: "0"},
		}},
		Time: c.see.now.In(gateway.London()).Format(timeFormat),
	}, nil
}

// spoil puts the faults that hit a single row into it.
func spoil(b *booked, f Faults) {
	if f.FirstDate != "" {
		b.Appointment.Date = f.FirstDate
	}
	if f.FirstTime != "" {
		b.Appointment.Time = f.FirstTime
	}
	if f.NullSessionHolder {
		b.Appointment.SessionHolder = nil
	}
	if f.NullPatientID {
		b.Patient.DBID = nil
	}
}

// minutes reads one bound of the window. What EMIS does with one that is too
// wide is not published: it is clamped here, or refused by a fault.
func minutes(c call, name string, most int) (time.Duration, *refusal) {
	n, err := strconv.ParseInt(c.r.URL.Query().Get(name), 10, 32)
	if err != nil || n < 0 || (int(n) > most && c.faults.RefuseWide) {
		return 0, badRequest(name + " is missing or out of range")
	}
	return time.Duration(min(int(n), most)) * time.Minute, nil
}

// patientAppointments is GetPatientAppointmentsV2.
func (s *Sim) patientAppointments(c call) (any, *refusal) {
	q := c.r.URL.Query()
	patient, okPatient := number(q, "patientNumber")
	from, okFrom := date(q.Get("startDate"))
	to, okTo := date(q.Get("endDate"))
	if !okPatient || !okFrom || !okTo || to.Before(from) || to.After(from.AddDate(0, 0, maxDays)) {
		return nil, badRequest("patientNumber, startDate or endDate is missing or out of range")
	}
	rows := []patientAppointment{}
	for _, v := range c.see.visits {
		inside := !v.Start.Before(from) && v.Start.Before(to.AddDate(0, 0, 1))
		if v.Person == patient && inside && v.Status != gateway.StatusCancelled && !c.faults.Empty {
			rows = append(rows, patientAppointmentOf(v, c.faults))
		}
	}
	if len(rows) == 0 && c.faults.EmptyAs404 {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "No appointments found"}
	}
	return patientAppointmentList{Rows: rows}, nil
}

// changed is GetChangedPatients: whose registration changed since a date.
func (s *Sim) changed(c call) (any, *refusal) {
	var from time.Time
	if raw := c.r.URL.Query().Get("fromDate"); raw != "" {
		var ok bool
		if from, ok = date(raw); !ok {
			return nil, badRequest("fromDate cannot be read")
		}
	}
	rows := []registration{}
	for _, id := range slices.Sorted(maps.Keys(c.see.people)) {
		if p := c.see.people[id]; !p.Changed.Before(from) && !c.faults.Empty {
			rows = append(rows, registrationOf(p, c.faults))
		}
	}
	return patientMatches{Patients: patientList{rows}}, nil
}

// demographics is GetPatientDemographics.
func (s *Sim) demographics(c call) (any, *refusal) {
	patient, ok := number(c.r.URL.Query(), "patientNumber")
	person, known := c.see.people[patient]
	if !ok || !known {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "Patient not found"}
	}
	return medicalRecord{Registration: registrationOf(person, c.faults)}, nil
}

func number(q url.Values, name string) (int, bool) {
	n, err := strconv.ParseInt(q.Get(name), 10, 32)
	return int(n), err == nil
}

// date reads a London date or wall time in either of the ways that EMIS'
// description names.
func date(s string) (time.Time, bool) {
	for _, layout := range []string{dateFormat, "2006-01-02T15:04:05", time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, gateway.London()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
