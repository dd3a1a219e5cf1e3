package gpconnect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// cancellationReason is where the reason of a cancellation stands.
const cancellationReason = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1"

// refusals are the answers by which a provider, or the proxy before it, says that it
// has changed nothing.
var refusals = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusNotImplemented,
}

// Why a cancellation is not tried, or not known to have worked.
var (
	errMayNotAsk   = errors.New("nobody may be asked about this patient")
	errNotThat     = errors.New("there is not exactly one such appointment")
	errChanged     = errors.New("the appointment is not what it was")
	errNoVersion   = errors.New("the appointment has no version to name")
	errNotReadable = errors.New("the appointment cannot be read")
	errUnconfirmed = errors.New("whether the appointment was cancelled is not known")
)

// CancelAppointment implements gateway.Canceller. It looks first whether the visit
// is still what it was, names the version that it saw, and tries once. When the
// answer does not come it looks once more, and never tries again.
func (a *Adapter) CancelAppointment(ctx context.Context, ap gateway.Appointment) error {
	id, version, body, err := a.prepare(ctx, ap)
	switch {
	case errors.Is(err, errDone):
		return nil
	case err != nil:
		return fmt.Errorf("cancel: %w: %w", gateway.ErrNotWritten, err)
	}
	res, err := a.do(ctx, call{interaction: cancelVisit, path: "/Appointment/" + id, put: body, ifMatch: version})
	switch {
	case err == nil && res.Status == http.StatusOK && statusIn(res.Body, id) == gateway.StatusCancelled:
		return nil
	case err == nil && slices.Contains(refusals, res.Status):
		return fmt.Errorf("cancel: %w: %w", gateway.ErrNotWritten, a.refusal(res))
	case err == nil:
		err = a.refusal(res)
	}
	if seen, _, errSeen := a.appointment(ctx, id); errSeen == nil && seen.Status() == gateway.StatusCancelled {
		return nil
	}
	return fmt.Errorf("cancel: %w: %w", errUnconfirmed, err)
}

// errDone means that there is nothing to do: it is cancelled already.
var errDone = errors.New("the appointment is cancelled already")

// prepare finds the one appointment to cancel, and writes the change: the resource
// as it stands, cancelled, with the reason.
func (a *Adapter) prepare(ctx context.Context, ap gateway.Appointment) (id, version string, body []byte, err error) {
	if key(ap) == "" {
		return "", "", nil, errMayNotAsk
	}
	l := look{adapter: a, now: a.env.Clock.Now()}
	who, err := l.patient(ctx, ap)
	if err == nil && who == nil {
		err = errNoPatient
	}
	if err != nil {
		return "", "", nil, err
	}
	visits, err := l.visits(ctx, who.ID.Value, ap)
	if err != nil {
		return "", "", nil, err
	}
	if len(visits) > 0 && together(visits) == gateway.StatusCancelled {
		return "", "", nil, errDone
	}
	booked := slices.DeleteFunc(visits, func(v visit) bool { return v.status != gateway.StatusBooked })
	if len(booked) != 1 || !fhirshape.ValidID(booked[0].id) {
		return "", "", nil, errNotThat
	}
	id = booked[0].id
	now, res, err := a.appointment(ctx, id)
	if err != nil {
		return "", "", nil, err
	}
	l.age.Heard(res, a.env.Clock.Now())
	if err := l.recent(); err != nil {
		return "", "", nil, err
	}
	if status, ok := a.is(now, who.ID.Value, ap); !ok || status != gateway.StatusBooked {
		return "", "", nil, errChanged
	}
	if version = now.Version(); version == "" || strings.ContainsFunc(version, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return "", "", nil, errNoVersion
	}
	body, err = cancelled(res.Body, a.config.CancelReason)
	return id, `W/"` + version + `"`, body, err
}

// appointment reads one appointment, and gives the answer in which it came.
func (a *Adapter) appointment(ctx context.Context, id string) (*fhirshape.Appointment, *outbound.Response, error) {
	res, err := a.read(ctx, call{interaction: readVisit, path: "/Appointment/" + id})
	if err != nil {
		return nil, nil, err
	}
	if res.Status != http.StatusOK {
		return nil, nil, a.refusal(res)
	}
	r, err := read(res.Body, id)
	return r, res, err
}

// read understands the answer to a read of one appointment.
func read(body []byte, id string) (*fhirshape.Appointment, error) {
	var r fhirshape.Appointment
	if json.Unmarshal(body, &r) != nil || r.ResourceType.Value != "Appointment" || r.ID.Value != id {
		return nil, errNotReadable
	}
	return &r, nil
}

// statusIn gives the status of the appointment in an answer; unknown when it is not
// the appointment.
func statusIn(body []byte, id string) gateway.Status {
	r, err := read(body, id)
	if err != nil {
		return gateway.StatusUnknown
	}
	return r.Status()
}

// cancelled writes the resource as it was read, with another status and the reason.
// Nothing else may differ, down to what we do not understand.
func cancelled(body []byte, reason string) ([]byte, error) {
	var fields map[string]json.RawMessage
	var extensions []json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil, errNotReadable
	}
	if raw := fields["extension"]; fhirshape.Said(raw) && json.Unmarshal(raw, &extensions) != nil {
		return nil, errNotReadable
	}
	why, err := json.Marshal(struct {
		URL   string `json:"url"`
		Value string `json:"valueString"`
	}{cancellationReason, reason})
	if err != nil {
		return nil, errNotReadable
	}
	all, err := json.Marshal(append(extensions, why))
	if err != nil {
		return nil, errNotReadable
	}
	fields["extension"], fields["status"] = all, json.RawMessage(`"cancelled"`)
	return json.Marshal(fields)
}
