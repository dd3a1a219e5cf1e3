package fhir

import (
	"context"
	"errors"
	"time"

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
	why         flaw
}

// attendee is a participant that is a patient.
type attendee struct {
	pointer pointer
	status  gateway.Status
}

// visits gives one visit for every patient of an appointment. The error is a
// flaw when the appointment cannot be read, and anything else when the read must
// be given up.
func (r *reading) visits(ctx context.Context, a *appointment, start time.Time) ([]visit, error) {
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
func (r *reading) visit(ctx context.Context, a *appointment, at attendee, start time.Time) (visit, error) {
	wanted := r.only == "" || at.pointer.id == "" || gateway.PatientID(at.pointer.id) == r.only
	who, id, err := r.people.find(ctx, a, at.pointer, wanted && expected(at.status))
	out := gateway.Appointment{
		ID:      gateway.AppointmentID(a.ID),
		Patient: gateway.Patient{ID: id, MobileKind: gateway.NumberUnclear},
		Start:   start,
		Site:    a.site(r.people.client.base),
		Mode:    a.mode(),
		Status:  at.status,
		Version: a.Meta.Value.VersionID,
	}
	if why, ok := errors.AsType[flaw](err); ok {
		if expected(at.status) || id == "" {
			return visit{appointment: out, why: why}, nil
		}
		return visit{appointment: out}, nil
	}
	if err != nil {
		return visit{}, err
	}
	out.Patient = who.patient(id, r.now, r.trial)
	label := a.Meta.Value.restricted()
	if a.Meta.Bad {
		label = gateway.FlagUnclear
	}
	out.Patient.Restricted = worst(out.Patient.Restricted, label)
	return visit{appointment: out}, nil
}

// attendees lists the participants that are patients, each patient once. Those
// who declined are listed too: their visit is called off.
func (r *reading) attendees(a *appointment) ([]attendee, error) {
	var out []attendee
	seen := map[string]int{}
	why := flawNoPatient
	for _, p := range a.Participant {
		if p.Bad {
			continue
		}
		to := p.Value.Actor.point(r.people.client.base)
		kind := r.kind(a, to)
		if kind == "" {
			why = flawUnknown
			if to.words() {
				why = flawWordsOnly
			}
		}
		if kind != "Patient" {
			continue
		}
		status := p.Value.attendance(a.status())
		if i, twice := seen[to.key()]; twice {
			if out[i].status != status {
				out[i].status = gateway.StatusUnknown
			}
			continue
		}
		seen[to.key()] = len(out)
		out = append(out, attendee{pointer: to, status: status})
	}
	if len(out) == 0 {
		return nil, why
	}
	return out, nil
}

// kind gives the type of what a participant points to, looking at the resource
// where the reference does not say.
func (r *reading) kind(a *appointment, to pointer) string {
	if to.kind != "" {
		return to.kind
	}
	if to.contained != "" {
		if c := a.inside(to.contained); c != nil {
			return c.ResourceType
		}
	}
	if r.people.byURL[to.url].person != nil {
		return "Patient"
	}
	return ""
}
