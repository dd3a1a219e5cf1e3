package gpconnect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// truth is what GP Connect said of one visit, as it is remembered.
type truth struct {
	// NoPatient: the practice's system knows nobody by this NHS number, or does not
	// tell: a patient with a sensitive record is treated as not there.
	NoPatient  bool           `json:"no_patient,omitempty"`
	Deceased   gateway.Flag   `json:"deceased,omitempty"`
	Left       gateway.Flag   `json:"left,omitempty"`
	Restricted gateway.Flag   `json:"restricted,omitempty"`
	Status     gateway.Status `json:"status,omitempty"` // StatusUnknown: no such visit was found, or it is not understood
}

// key is under what an answer is remembered: the visit at its start. About a patient
// whose record is or may be sensitive nobody may be asked here at all.
func key(a gateway.Appointment) string {
	if !a.Patient.NHSNumber.Valid() || a.Patient.Restricted != gateway.FlagNo {
		return ""
	}
	return fmt.Sprintf("%s@%d", a.Identity(), a.Start.Unix())
}

// without says what becomes of a visit about which nobody can be asked.
func (a *Adapter) without(ap gateway.Appointment) gateway.Appointment {
	n := ap.Patient.NHSNumber
	if !n.Valid() && (a.config.Required || !n.IsZero()) {
		ap.Patient.Restricted = fhirshape.Worst(ap.Patient.Restricted, gateway.FlagUnclear)
	}
	return ap
}

// lay lays what GP Connect said over an appointment. What was not found there is not
// gone: it may have been moved, or hidden, or be kept under another number. A person
// has to look.
func lay(ap gateway.Appointment, t truth) gateway.Appointment {
	p := &ap.Patient
	if t.NoPatient {
		p.Restricted = fhirshape.Worst(p.Restricted, gateway.FlagUnclear)
		return ap
	}
	p.Deceased = fhirshape.Worst(p.Deceased, t.Deceased)
	p.Left = fhirshape.Worst(p.Left, t.Left)
	p.Restricted = fhirshape.Worst(p.Restricted, t.Restricted)
	if ap.Status == gateway.StatusBooked {
		ap.Status = t.Status
	}
	return ap
}

// ask asks GP Connect about the visit now: who the patient is there, and then their
// appointments of that day.
func (a *Adapter) ask(ctx context.Context, ap gateway.Appointment) (truth, error) {
	l := look{adapter: a, now: a.env.Clock.Now()}
	who, err := l.patient(ctx, ap)
	if err != nil {
		return truth{}, err
	}
	if who == nil {
		return truth{NoPatient: true}, l.recent()
	}
	t := truth{Deceased: who.Deceased(l.now), Left: who.Left(l.now), Restricted: who.Restricted()}
	visits, err := l.visits(ctx, who.ID.Value, ap)
	switch {
	case errors.Is(err, errNoPatient):
		t = truth{NoPatient: true}
	case err != nil:
		return truth{}, err
	default:
		t.Status = together(visits)
	}
	return t, l.recent()
}

// look is one look at the provider, and how old its answers are.
type look struct {
	adapter *Adapter
	now     time.Time
	age     outbound.Age
}

func (l *look) recent() error { return l.age.Recent(l.adapter.env.Clock.Now()) }

// Why an answer cannot be used.
var (
	errNoPatient = errors.New("the practice's system has no such patient")
	errNotWhole  = errors.New("the answer is not whole")
	errTooMany   = errors.New("the answer names several patients")
)

// nobodyThere are the Spine's codes by which a provider says that it has no such
// patient, or that it does not tell.
var nobodyThere = []string{"PATIENT_NOT_FOUND", "NO_RECORD_FOUND", "INVALID_NHS_NUMBER", "NO_PATIENT_CONSENT"}

// bundle asks for a list.
func (l *look) bundle(ctx context.Context, c call) (fhirshape.Bundle, error) {
	res, err := l.adapter.read(ctx, c)
	if err != nil {
		return fhirshape.Bundle{}, err
	}
	l.age.Heard(res, l.adapter.env.Clock.Now())
	return l.adapter.listIn(res)
}

// listIn reads the answer to a question for a list.
func (a *Adapter) listIn(res *outbound.Response) (fhirshape.Bundle, error) {
	if res.Status != http.StatusOK {
		if res.Status < http.StatusInternalServerError && slices.Contains(nobodyThere, spineCode(res.Body)) {
			return fhirshape.Bundle{}, errNoPatient
		}
		return fhirshape.Bundle{}, a.refusal(res)
	}
	b, err := fhirshape.ReadBundle(res.Body)
	if err == nil && (b.Partial || b.Next != "") {
		err = errNotWhole
	}
	return b, err
}

// patient finds the patient by NHS number; nil when the provider has none that it
// tells of.
func (l *look) patient(ctx context.Context, ap gateway.Appointment) (*fhirshape.Patient, error) {
	nhs := ap.Patient.NHSNumber.Reveal()
	b, err := l.bundle(ctx, call{interaction: findPatient, path: "/Patient?identifier=" + fhirshape.NHSNumber + "%7C" + url.QueryEscape(nhs)})
	if errors.Is(err, errNoPatient) {
		return nil, nil
	}
	var found *fhirshape.Patient
	if err == nil {
		found, err = patientIn(b, fhirshape.NHSNumber+"|"+nhs)
	}
	if err != nil {
		return nil, fmt.Errorf("find the patient: %w", err)
	}
	return found, nil
}

// patientIn gives the one patient of a list who has the identifier; nil: nobody.
func patientIn(b fhirshape.Bundle, identifier string) (*fhirshape.Patient, error) {
	var found *fhirshape.Patient
	for _, e := range b.Entries {
		switch {
		case e.Why != "":
			return nil, e.Why
		case e.Patient == nil || !e.Patient.Has(identifier):
			continue
		case found != nil:
			return nil, errTooMany
		case !fhirshape.ValidID(e.Patient.ID.Value):
			return nil, fhirshape.FlawNoID
		}
		found = e.Patient
	}
	return found, nil
}

// visit is one appointment that may be the one that was asked about.
type visit struct {
	id     string
	status gateway.Status
}

// visits gives the patient's appointments that may be the one in question: those of
// its day that begin when it does, or the one with its id.
func (l *look) visits(ctx context.Context, patient string, ap gateway.Appointment) ([]visit, error) {
	day := ap.Start.In(gateway.London()).Format(time.DateOnly)
	b, err := l.bundle(ctx, call{interaction: listVisits, path: "/Patient/" + patient + "/Appointment?start=ge" + day + "&start=le" + day})
	if err != nil {
		return nil, fmt.Errorf("list the patient's appointments: %w", err)
	}
	return l.adapter.visitsIn(b, patient, ap), nil
}

// visitsIn gives those of a list that may be the one in question.
func (a *Adapter) visitsIn(b fhirshape.Bundle, patient string, ap gateway.Appointment) []visit {
	var out []visit
	for _, e := range b.Entries {
		if e.Appointment == nil {
			continue
		}
		if status, ok := a.is(e.Appointment, patient, ap); ok {
			out = append(out, visit{e.Appointment.ID.Value, status})
		}
	}
	return out
}

// is reports whether an appointment is the patient's and the one in question, and
// how it stands. One with the right id and another start was moved: not understood
// here, since the diary itself has to say where to.
func (a *Adapter) is(r *fhirshape.Appointment, patient string, ap gateway.Appointment) (gateway.Status, bool) {
	status, theirs := r.Status(), false
	for _, p := range r.Participant.Items {
		if p.Bad || p.Value.Actor.Bad {
			continue
		}
		if to := p.Value.Actor.Value.Point(a.base); to.Kind == "Patient" && to.ID == patient {
			theirs, status = true, p.Value.Attendance(status)
		}
	}
	start, err := r.Begins()
	same := err == nil && start.Equal(ap.Start)
	if a.config.Match == matchID {
		id := r.ID.Value
		ours := id != "" && (id == string(ap.ID) || id == strings.TrimSuffix(string(ap.ID), "-"+string(ap.Patient.ID)))
		if !same && fhirshape.Expected(status) {
			status = gateway.StatusUnknown
		}
		return status, theirs && ours
	}
	return status, theirs && same
}

// together gives how all that may be the visit stand: booked when one of them is,
// and any other way only when they agree.
func together(all []visit) gateway.Status {
	out := gateway.StatusUnknown
	for i, v := range all {
		switch {
		case v.status == gateway.StatusBooked:
			return v.status
		case i > 0 && v.status != out:
			out = gateway.StatusUnknown
		case i == 0:
			out = v.status
		}
	}
	return out
}
