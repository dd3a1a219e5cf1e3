package cliniko

import (
	"errors"
	"strings"

	"bellman/gateway"
)

// Why a record cannot be used, in words for the practice.
var (
	errRowShape  = errors.New("the record does not have the expected shape, or has no id")
	errNoPatient = errors.New("the patient is missing or has no readable id")
	errNoStart   = errors.New("starts_at is not a date and time with its offset")
	errNoGroup   = errors.New("the group appointment is missing or has no readable id")
)

// Ids of ours begin with what they are: an individual appointment, or an attendee of
// a group appointment. The patient's id ends them.
const (
	ofIndividual = "i"
	ofAttendee   = "a"
)

// splitID takes an id of ours apart.
func splitID(id gateway.AppointmentID) (what, record, patient string, ok bool) {
	left, patient, _ := strings.Cut(string(id), "-")
	for _, what := range []string{ofIndividual, ofAttendee} {
		if record, ok := strings.CutPrefix(left, what); ok {
			return what, record, patient, isID(record) && isID(patient)
		}
	}
	return "", "", "", false
}

// reading is what turns records into appointments.
type reading struct {
	settings settings
	people   map[string]person
	own      string // Config.OwnReminders
	trial    bool
}

// individual reads an individual appointment.
func (r reading) individual(id string, i individual) (gateway.Appointment, error) {
	a, err := r.appointment(ofIndividual+id, i.Patient, i.StartsAt, i.Business, i.Type)
	if err != nil {
		return gateway.Appointment{}, err
	}
	a.Status = i.status()
	a.Version, _ = i.UpdatedAt.text()
	a.Reminded = r.reminded(i.SMSReminderSent, i.Business, i.Type)
	return a, nil
}

// attendee reads one attendee of a group appointment.
func (r reading) attendee(id string, at attendee, g group) (gateway.Appointment, error) {
	a, err := r.appointment(ofAttendee+id, at.Patient, g.StartsAt, g.Business, g.Type)
	if err != nil {
		return gateway.Appointment{}, err
	}
	a.Status = at.status(g)
	own, _ := at.UpdatedAt.text()
	groups, _ := g.UpdatedAt.text()
	a.Version = own + " " + groups
	a.Reminded = r.reminded(at.SMSReminderSent, g.Business, g.Type)
	return a, nil
}

func (r reading) appointment(id string, patient link, starts scalar, place, kind link) (gateway.Appointment, error) {
	pid, ok := patient.id()
	if !ok {
		return gateway.Appointment{}, errNoPatient
	}
	start, ok := starts.when()
	if !ok {
		return gateway.Appointment{}, errNoStart
	}
	site, _ := place.id()
	a := gateway.Appointment{
		ID: gateway.AppointmentID(id + "-" + pid), Start: start, StartDoubt: r.settings.doubt(place, start),
		Site: site, Mode: r.settings.mode(kind), Clinic: r.settings.clinic(kind), Patient: unknownPatient(pid),
	}
	if p, ok := r.people[pid]; ok {
		a.Patient = p.patient(pid, r.trial)
	}
	return a, nil
}

// reminded reads whether Cliniko texted about an appointment, or may.
func (r reading) reminded(sent scalar, place, kind link) gateway.Flag {
	told := sent.truth()
	if r.own == RemindersOnceSent {
		return told
	}
	return graver(told, r.settings.reminds(place, kind))
}

// status reads where an individual appointment stands. There is no word for it, only
// marks; one that is called off in any way stays called off whatever else is marked.
func (i individual) status() gateway.Status {
	switch called := graver(calledOff(i.CancelledAt, i.ArchivedAt, i.DeletedAt)); {
	case called == gateway.FlagYes:
		return gateway.StatusCancelled
	// Without the field nobody can tell a cancelled appointment.
	case called != gateway.FlagNo || i.CancelledAt.IsZero():
		return gateway.StatusUnknown
	}
	missed, arrived := i.DidNotArrive.truth(), i.PatientArrived.truth()
	switch {
	case missed == gateway.FlagNo && arrived == gateway.FlagNo:
		return gateway.StatusBooked
	case missed == gateway.FlagYes && arrived == gateway.FlagNo:
		return gateway.StatusMissed
	case missed == gateway.FlagNo && arrived == gateway.FlagYes:
		return gateway.StatusArrived
	}
	return gateway.StatusUnknown
}

// status reads where an attendee stands: called off alone, or with the whole group.
func (at attendee) status(g group) gateway.Status {
	own := graver(calledOff(at.CancelledAt, at.ArchivedAt, at.DeletedAt))
	switch called := graver(own, graver(g.ArchivedAt.happened(), g.DeletedAt.happened())); {
	case called == gateway.FlagYes:
		return gateway.StatusCancelled
	case called != gateway.FlagNo || at.CancelledAt.IsZero():
		return gateway.StatusUnknown
	}
	switch {
	case at.Arrived.truth() == gateway.FlagYes:
		return gateway.StatusArrived
	case !at.Arrived.IsZero() && at.Arrived.empty(): // null until somebody says
		return gateway.StatusBooked
	}
	// An explicit false may mean "did not come" or "not yet": nothing is published.
	return gateway.StatusUnknown
}

// calledOff pairs the three marks by which a record is called off, for graver.
func calledOff(cancelled, archived, deleted scalar) (a, b gateway.Flag) {
	return cancelled.happened(), graver(archived.happened(), deleted.happened())
}
