package emis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"bellman/gateway"
	"bellman/gateway/meeting"
	"bellman/gateway/outbound"
)

var (
	errForeignID    = errors.New("read the appointment again: its id is not one of this source's")
	errOtherPatient = errors.New("read the patient's demographics: the answer is not one registration of that patient")
)

// Reread looks at one appointment again: the patient's appointments of that day
// and, when it still stands, the patient's demographics, each asked once. An
// appointment that is not there is given back as cancelled. An answer that says
// that it is minutes old is outbound.ErrOld: what happened since is unknown.
func (a *Adapter) Reread(ctx context.Context, known gateway.Appointment) (gateway.Appointment, error) {
	slot, patient, ok := splitID(known.ID)
	if !ok {
		return gateway.Appointment{}, errForeignID
	}
	ctx, stop := context.WithTimeout(ctx, rereadTimeout)
	defer stop()
	var age outbound.Age
	rows, err := a.appointments(ctx, patient, known, &age)
	if err != nil {
		return gateway.Appointment{}, err
	}
	if err := age.Recent(a.clock.Now()); err != nil {
		return gateway.Appointment{}, fmt.Errorf("read the %s: %w", appointmentsLayout.name, err)
	}
	now := asNow(known, slot, rows)
	if now.Status != gateway.StatusBooked {
		return now, nil
	}
	if now.Patient, err = a.demographics(ctx, gateway.PatientID(patient), &age); err != nil {
		return gateway.Appointment{}, err
	}
	return now, nil
}

// appointments asks for a patient's appointments of the known appointment's day.
// Whether the end date is inclusive is not published; the next day is right for
// both readings, and the slot's id picks the row.
func (a *Adapter) appointments(ctx context.Context, patient string, known gateway.Appointment, age *outbound.Age) ([]row[patientRow], error) {
	day := known.Start.In(gateway.London())
	body, err := a.get(ctx, a.quick, opAppointments, url.Values{
		"patientNumber": {patient},
		"startDate":     {a.config.day(day)},
		"endDate":       {a.config.day(day.AddDate(0, 0, 1))},
	}, age)
	switch {
	case errors.Is(err, errNothingFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the %s: %w", appointmentsLayout.name, err)
	}
	return decode[patientRow](a.config.Format, body, appointmentsLayout)
}

// demographics asks for a patient's registration as it is now. Its word replaces
// what was known, an emptied number field included.
func (a *Adapter) demographics(ctx context.Context, known gateway.PatientID, age *outbound.Age) (gateway.Patient, error) {
	asked := a.clock.Now()
	body, err := a.get(ctx, a.quick, opDemographics, url.Values{"patientNumber": {string(known)}}, age)
	if err == nil {
		err = age.Recent(a.clock.Now())
	}
	if err != nil {
		return gateway.Patient{}, fmt.Errorf("read the %s: %w", demographicsLayout.name, err)
	}
	rows, err := decode[registration](a.config.Format, body, demographicsLayout)
	if err != nil {
		return gateway.Patient{}, err
	}
	if len(rows) == 1 && rows[0].ok {
		if p, ok := a.reading(asked).patient(rows[0].value); ok && p.ID == known {
			return p, nil
		}
	}
	return gateway.Patient{}, errOtherPatient
}

// splitID takes an appointment's id apart into slot and patient.
func splitID(a gateway.AppointmentID) (slot, patient string, ok bool) {
	left, right, _ := strings.Cut(string(a), "-")
	slot, okSlot := id(text(left))
	patient, okPatient := id(text(right))
	return slot, patient, okSlot && okPatient && slot+"-"+patient == string(a)
}

// asNow finds the slot among the rows and gives the appointment as it stands.
// Where the slot is not found but some row could not be read, or where it is
// told twice in two ways, nobody can tell.
func asNow(known gateway.Appointment, slot string, rows []row[patientRow]) gateway.Appointment {
	var found []gateway.Appointment
	unreadable := false
	for _, r := range rows {
		got, ok := id(r.value.SlotID)
		switch {
		case !ok || !r.ok:
			unreadable = true
		case got == slot:
			found = append(found, current(known, r.value))
		}
	}
	switch {
	case len(found) == 0 && !unreadable:
		known.Status = gateway.StatusCancelled
		return known
	case len(found) == 0:
		known.Status = gateway.StatusUnknown
		return known
	}
	for _, other := range found[1:] {
		if other != found[0] {
			found[0].Status = gateway.StatusUnknown
		}
	}
	return found[0]
}

// current lays what a row says over what was known.
func current(known gateway.Appointment, r patientRow) gateway.Appointment {
	known.Status = status(r.Status)
	start, doubt, ok := parseWall(r.Date, r.StartTime)
	if !ok {
		known.Status = gateway.StatusUnknown
		return known
	}
	known.Start, known.StartDoubt = start, doubt
	known.Mode = meeting.ModeOf(string(r.SlotType.Display))
	known.Clinic = gateway.NewClinicName(string(r.SlotType.Display))
	if site := r.SiteID.trim(); site != "" {
		known.Site = site
	}
	return known
}

// statuses are the words that EMIS uses in a patient's own list. "Slot
// Available" is no mistake: there it means booked and not yet arrived; only in
// the list of a session's slots does it mean free. There is no word for
// cancelled.
var statuses = map[string]gateway.Status{
	"booked":               gateway.StatusBooked,
	"slot available":       gateway.StatusBooked,
	"arrived":              gateway.StatusArrived,
	"send in":              gateway.StatusArrived,
	"quiet send in":        gateway.StatusArrived,
	"start call":           gateway.StatusArrived,
	"dna":                  gateway.StatusMissed,
	"walked out":           gateway.StatusMissed,
	"cannot be seen":       gateway.StatusMissed,
	"telephone - not in":   gateway.StatusMissed,
	"visited - not in":     gateway.StatusMissed,
	"left":                 gateway.StatusFinished,
	"telephone - complete": gateway.StatusFinished,
	"visited":              gateway.StatusFinished,
	"blocked":              gateway.StatusNotBooked,
	"embargoed":            gateway.StatusNotBooked,
}

// status reads a status word. Any that is not in the table is StatusUnknown.
func status(t text) gateway.Status { return statuses[strings.ToLower(t.trim())] }
