package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
)

// Reread asks for one appointment and its patient again. An answer that says that
// it is minutes old is outbound.ErrOld: what happened since is unknown.
func (s *Adapter) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	r := &reading{people: newPeople(s.client), now: s.client.clock.Now(), trial: s.trial, only: a.Patient.ID}
	out, err := r.again(ctx, a)
	if err == nil {
		err = r.people.age.Recent(s.client.clock.Now())
	}
	if err != nil {
		return gateway.Appointment{}, fmt.Errorf("read appointment again: %w", err)
	}
	return out, nil
}

// again looks for the appointment under its whole id, and then, as a visit of a
// group, under the part before the patient's id.
func (r *reading) again(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	out, there, err := r.under(ctx, string(a.ID), a)
	if err != nil || there {
		return out, err
	}
	if group, ok := strings.CutSuffix(string(a.ID), "-"+string(a.Patient.ID)); ok {
		if out, there, err = r.under(ctx, group, a); err != nil || there {
			return out, err
		}
	}
	return gone(a), nil
}

// gone is the appointment when the server no longer has it for this patient.
func gone(a gateway.Appointment) gateway.Appointment {
	a.Status = gateway.StatusCancelled
	return a
}

// under reads the appointment with an id. It reports false when there is none.
func (r *reading) under(ctx context.Context, id string, a gateway.Appointment) (gateway.Appointment, bool, error) {
	if !fhirshape.ValidID(id) {
		return a, false, nil
	}
	// Unchanged saves reading the appointment, but its patient must then be one
	// that can be asked for by id.
	etag := ""
	if fhirshape.ValidID(a.Version) && fhirshape.ValidID(string(a.Patient.ID)) {
		etag = `W/"` + a.Version + `"`
	}
	res, err := r.people.client.read(ctx, "Appointment", id, etag)
	if err != nil {
		return a, false, err
	}
	r.people.age.Heard(res, r.people.client.clock.Now())
	switch res.Status {
	case http.StatusNotModified:
		out, err := r.unchanged(ctx, a)
		return out, true, err
	case http.StatusNotFound:
		return a, false, nil
	case http.StatusGone:
		return gone(a), true, nil
	case http.StatusOK:
		out, err := r.changed(ctx, res.Body, id, a)
		return out, true, err
	}
	return a, false, r.people.client.refusal(res)
}

// unchanged asks for the patient only.
func (r *reading) unchanged(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	who, id, err := r.people.find(ctx, nil, fhirshape.Pointer{Kind: "Patient", ID: string(a.Patient.ID)}, true)
	if err != nil {
		return a, err
	}
	// The restriction may have stood on the appointment, which was not sent again.
	restricted := a.Patient.Restricted
	a.Patient = who.AsPatient(id, r.now, r.trial)
	a.Patient.Restricted = fhirshape.Worst(a.Patient.Restricted, restricted)
	return a, nil
}

// changed reads the appointment as it is now and picks the patient's part in it.
func (r *reading) changed(ctx context.Context, body []byte, id string, a gateway.Appointment) (gateway.Appointment, error) {
	var now fhirshape.Appointment
	if json.Unmarshal(body, &now) != nil || now.ResourceType.Value != "Appointment" || now.ID.Value != id || now.Participant.Bad {
		return a, errors.New("the answer is not the appointment asked for")
	}
	start, err := now.Begins()
	if errors.Is(err, fhirshape.FlawNoStart) && !fhirshape.Expected(now.Status()) {
		start, err = a.Start, nil
	}
	if err != nil {
		return a, err
	}
	visits, err := r.visits(ctx, &now, start)
	if err != nil {
		return a, err
	}
	for _, v := range visits {
		if v.appointment.Patient.ID != a.Patient.ID {
			continue
		}
		if v.why != "" {
			return a, v.why
		}
		v.appointment.ID = a.ID
		return v.appointment, nil
	}
	return gone(a), nil
}
