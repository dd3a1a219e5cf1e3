package fhir

import (
	"context"
	"errors"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
)

// reading turns appointments into visits of patients, within one read.
type reading struct {
	people *people
	now    time.Time
	trial  bool
	only   gateway.PatientID // when set, no other patient of a group is asked for
}

// visit is one patient's part in an appointment, or why it cannot be read.
type visit struct {
	appointment gateway.Appointment
	why         fhirshape.Flaw
}

// attendee is a participant that is a patient.
type attendee struct {
	pointer fhirshape.Pointer
	status  gateway.Status
}

// visits gives one visit for every patient of an appointment. The error is a
// flaw when the appointment cannot be read, and anything else when the read must
// be given up.
func (r *reading) visits(ctx context.Context, a *fhirshape.Appointment, start time.Time) ([]visit, error) {
	attendees, err := r.attendees(a)
	if err != nil {
		return nil, err
	}
	out := make([]visit, 0, len(attendees))
	for _, at := range attendees {
		v, err := r.visit(ctx, a, at, start)
		if err != nil {
			return nil, err
		}
		if len(attendees) > 1 {
			v.appointment.ID += gateway.AppointmentID("-" + v.appointment.Patient.ID)
		}
		out = append(out, v)
	}
	return out, nil
}

// visit reads one patient's part. Where nobody is expected, nobody is asked for:
// a cancelled visit is told even when the patient's record is out of reach.
func (r *reading) visit(ctx context.Context, a *fhirshape.Appointment, at attendee, start time.Time) (visit, error) {
	wanted := r.only == "" || at.pointer.ID == "" || gateway.PatientID(at.pointer.ID) == r.only
	who, id, err := r.people.find(ctx, a, at.pointer, wanted && fhirshape.Expected(at.status))
	out := gateway.Appointment{
		ID:      gateway.AppointmentID(a.ID.Value),
		Patient: gateway.Patient{ID: id, MobileKind: gateway.NumberUnclear},
		Start:   start,
		Site:    a.Site(r.people.client.base),
		Mode:    a.Mode(),
		Status:  at.status,
		Version: a.Version(),
		Clinic:  a.Clinic(),
	}
	if why, ok := errors.AsType[fhirshape.Flaw](err); ok {
		if fhirshape.Expected(at.status) || id == "" {
			return visit{appointment: out, why: why}, nil
		}
		return visit{appointment: out}, nil
	}
	if err != nil {
		return visit{}, err
	}
	out.Patient = who.AsPatient(id, r.now, r.trial)
	out.Patient.Restricted = fhirshape.Worst(out.Patient.Restricted, a.Restricted())
	return visit{appointment: out}, nil
}

// attendees lists the participants that are patients, each patient once. Those
// who declined are listed too: their visit is called off.
func (r *reading) attendees(a *fhirshape.Appointment) ([]attendee, error) {
	var out []attendee
	seen := map[string]int{}
	why := flawNoPatient
	for _, p := range a.Participant.Items {
		if p.Bad || p.Value.Actor.Bad {
			continue
		}
		to := p.Value.Actor.Value.Point(r.people.client.base)
		kind := r.kind(a, to)
		if kind == "" {
			why = flawUnknown
			if to.Words() {
				why = flawWordsOnly
			}
		}
		if kind != "Patient" {
			continue
		}
		status := p.Value.Attendance(a.Status())
		if i, twice := seen[to.Key()]; twice {
			if out[i].status != status {
				out[i].status = gateway.StatusUnknown
			}
			continue
		}
		seen[to.Key()] = len(out)
		out = append(out, attendee{pointer: to, status: status})
	}
	if len(out) == 0 {
		return nil, why
	}
	return out, nil
}

// kind gives the type of what a participant points to, looking at the resource
// where the reference does not say.
func (r *reading) kind(a *fhirshape.Appointment, to fhirshape.Pointer) string {
	if to.Kind != "" {
		return to.Kind
	}
	if to.Contained != "" {
		if c := a.Inside(to.Contained); c != nil {
			return c.ResourceType.Value
		}
	}
	if r.people.byURL[to.URL].person != nil {
		return "Patient"
	}
	return ""
}
