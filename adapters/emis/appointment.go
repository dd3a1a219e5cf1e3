package emis

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/meeting"
	"bellman/gateway/number"
)

// Why a row cannot be used, in words for the practice.
var (
	errRowShape  = errors.New("the row does not have the expected shape")
	errNoSlot    = errors.New("slot id is missing or not a number")
	errNoPatient = errors.New("patient id is missing or not a number")
	errNoStart   = errors.New("date and time are not readable")
)

// reading is what turns rows into appointments: the format they came in, the
// moment they were asked for, and whether this is a trial.
type reading struct {
	format string
	now    time.Time
	trial  bool
}

func (a *Adapter) reading(now time.Time) reading { return reading{a.config.Format, now, a.trial} }

// appointment reads one row of the booked list. Being on that list is what
// "booked" means in EMIS; the list has no status.
func (r reading) appointment(b row[bookedRow]) (gateway.Appointment, error) {
	if !b.ok {
		return gateway.Appointment{}, errRowShape
	}
	slot, ok := id(b.value.Appointment.ID.DBID)
	if !ok {
		return gateway.Appointment{}, errNoSlot
	}
	patient, ok := r.patient(b.value.Patient)
	if !ok {
		return gateway.Appointment{}, errNoPatient
	}
	at := b.value.Appointment
	start, doubt, ok := parseWall(at.Date, at.Time)
	if !ok {
		return gateway.Appointment{}, errNoStart
	}
	return gateway.Appointment{
		ID:         gateway.AppointmentID(slot + "-" + string(patient.ID)),
		Patient:    patient,
		Start:      start,
		StartDoubt: doubt,
		Site:       at.Site.trim(),
		Mode:       meeting.ModeOf(string(at.SlotType.Display)),
		Status:     gateway.StatusBooked,
		Clinic:     gateway.NewClinicName(string(at.SlotType.Display)),
	}, nil
}

// id reads a database id: a positive whole number, in one spelling.
func id(t text) (string, bool) {
	n, err := strconv.ParseInt(t.trim(), 10, 64)
	if err != nil || n <= 0 {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}

// patient reads a registration record. It reports false when it has no id.
// EMIS tells of no consent and no sensitive mark in these answers, so Declined
// and Restricted are never set.
func (r reading) patient(p registration) (gateway.Patient, bool) {
	pid, ok := id(p.DBID)
	if !ok {
		return gateway.Patient{}, false
	}
	out := gateway.Patient{
		ID:        gateway.PatientID(pid),
		Name:      gateway.NewName(cmp.Or(p.CallingName.trim(), p.FirstNames.trim())),
		NHSNumber: gateway.NewNHSNumber(strings.Join(strings.Fields(string(p.NHSNumber)), "")),
		Deceased:  r.deceased(p),
		Left:      r.left(p),
		Born:      born(p),
	}
	out.Mobile, out.MobileKind = number.Parse(string(p.Mobile), r.trial)
	return out, true
}

// deceased reads a date of death, or the mark that is told without one. In XML
// the mark is 1 or 0. In JSON it is the place of the value in a list that begins
// with "1", so that 0 most likely means dead; and it stands there, as 0, for
// everybody for whom nothing was recorded. On JSON a recorded mark is therefore
// never taken for either answer.
func (r reading) deceased(p registration) gateway.Flag {
	if p.DateOfDeath.trim() != "" {
		if died, ok := parseDate(p.DateOfDeath); ok && reached(died, r.now) {
			return gateway.FlagYes
		}
		return gateway.FlagUnclear
	}
	dead, specified := p.Dead.trim(), strings.ToLower(p.DeadSpecified.trim())
	switch {
	case dead == "" && specified != "true":
		return gateway.FlagNo
	case r.format == FormatJSON && specified == "false":
		return gateway.FlagNo
	case r.format == FormatXML && dead == "1":
		return gateway.FlagYes
	case r.format == FormatXML && dead == "0":
		return gateway.FlagNo
	}
	return gateway.FlagUnclear
}

// born reads the date of birth. Only the age band that follows from it is kept.
func born(p registration) gateway.Birth {
	if p.DateOfBirth.trim() == "" {
		return gateway.Birth{}
	}
	date, ok := parseDate(p.DateOfBirth)
	if !ok {
		return gateway.UnclearBirth()
	}
	return gateway.NewBirth(date.Date())
}

// left reads the date on which the patient was deducted from the list. One in
// the future has not happened.
func (r reading) left(p registration) gateway.Flag {
	if p.DeductedDate.trim() == "" {
		return gateway.FlagNo
	}
	date, ok := parseDate(p.DeductedDate)
	switch {
	case !ok:
		return gateway.FlagUnclear
	case reached(date, r.now):
		return gateway.FlagYes
	}
	return gateway.FlagNo
}
