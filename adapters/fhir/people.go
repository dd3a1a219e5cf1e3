package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// How many patients are asked for one by one in a read, when the server does not
// send them along, and how many of those answers may be server errors before the
// whole read is given up.
const (
	maxPatientReads    = 5000
	maxPatientFailures = 10
)

// people finds the Patient that a participant points to: among those that came
// with the answer, or by asking for it. It serves one read.
type people struct {
	client       *client
	byID         map[string]found
	byURL        map[string]found
	byIdentifier map[string]found
	fullURL      map[string]string // of byID, to notice two patients with one id
	reads        int
	failures     int
	age          outbound.Age // of all answers that were heard
}

// found is a patient, or why there is none. The zero found means that two
// patients claim to be the one.
type found struct {
	person *fhirshape.Patient
	why    fhirshape.Flaw
}

func newPeople(c *client) *people {
	return &people{
		client: c, byID: map[string]found{}, byURL: map[string]found{},
		byIdentifier: map[string]found{}, fullURL: map[string]string{},
	}
}

// add takes in a patient that came with an answer.
func (p *people) add(fullURL string, who *fhirshape.Patient) {
	f := found{person: who}
	if fullURL != "" {
		p.byURL[fullURL] = f
	}
	id := who.ID.Value
	if !fhirshape.ValidID(id) {
		return
	}
	if known, ok := p.byID[id]; ok && (p.fullURL[id] != fullURL || known.person == nil) {
		p.byID[id] = found{} // two servers' patients: ask rather than choose
		return
	}
	p.byID[id], p.fullURL[id] = f, fullURL
	for _, i := range who.Identifier.Items {
		if i.Bad || i.Value.Value.Value == "" || i.Value.Use.Value == "old" {
			continue
		}
		key := i.Value.Key()
		if known, ok := p.byIdentifier[key]; ok && (known.person == nil || known.person.ID.Value != id) {
			p.byIdentifier[key] = found{}
			continue
		}
		p.byIdentifier[key] = f
	}
}

// find gives the patient that a participant of a points to, and the source's id
// of that patient. The error is a flaw when only this patient cannot be had, and
// anything else when the read as a whole must be given up. With ask unset the
// server is not asked.
func (p *people) find(ctx context.Context, a *fhirshape.Appointment, to fhirshape.Pointer, ask bool) (*fhirshape.Patient, gateway.PatientID, error) {
	switch {
	case to.Contained != "":
		who := a.Inside(to.Contained)
		if who == nil || who.ResourceType.Value != "Patient" {
			return nil, "", flawPatient
		}
		// Its id means something inside this appointment only.
		return who, gateway.PatientID(a.ID.Value + "#" + to.Contained), nil
	case to.ID != "":
		who, err := p.remembered(p.byID, to.ID, ask, func() (found, error) { return p.read(ctx, to.ID) })
		return who, gateway.PatientID(to.ID), err
	case to.URL != "":
		f := p.byURL[to.URL]
		if f.person == nil {
			return nil, gateway.PatientID(to.URL), flawPatient
		}
		return f.person, gateway.PatientID(to.URL), nil
	case to.Identifier.Value.Value != "":
		key := to.Identifier.Key()
		who, err := p.remembered(p.byIdentifier, key, ask, func() (found, error) { return p.search(ctx, key) })
		if err != nil {
			return nil, gateway.PatientID(key), err
		}
		return who, gateway.PatientID(who.ID.Value), nil
	}
	return nil, "", flawWordsOnly
}

// remembered looks into a table, and asks once when there is nothing in it.
func (p *people) remembered(table map[string]found, key string, ask bool, fetch func() (found, error)) (*fhirshape.Patient, error) {
	f, ok := table[key]
	if !ok || f == (found{}) {
		switch {
		case !ask:
			return nil, flawPatient
		case p.reads >= maxPatientReads:
			return nil, flawTooMany
		}
		p.reads++
		var err error
		if f, err = fetch(); err != nil {
			return nil, err
		}
		table[key] = f
	}
	if f.person == nil {
		return nil, f.why
	}
	return f.person, nil
}

// read asks for one patient by id.
func (p *people) read(ctx context.Context, id string) (found, error) {
	res, err := p.client.read(ctx, "Patient", id, "")
	if err != nil {
		return found{}, fmt.Errorf("read patient: %w", err)
	}
	p.age.Heard(res, p.client.clock.Now())
	if why, err := p.refused(res); why != "" || err != nil {
		return found{why: why}, err
	}
	who := &fhirshape.Patient{}
	switch {
	case json.Unmarshal(res.Body, who) != nil || who.ResourceType.Value != "Patient":
		return found{why: flawPatient}, nil
	case who.ID.Value != id:
		return found{why: flawSuperseded}, nil
	}
	return found{person: who}, nil
}

// search asks for one patient by a business identifier. It is posted, because an
// NHS number in an address would stand in every log on the way.
func (p *people) search(ctx context.Context, token string) (found, error) {
	res, err := p.client.do(ctx, call{url: p.client.base.JoinPath("Patient", "_search"), form: url.Values{"identifier": {token}}})
	if err != nil {
		return found{}, fmt.Errorf("search patient: %w", err)
	}
	if why, err := p.refused(res); why != "" || err != nil {
		return found{why: why}, err
	}
	pg, err := fhirshape.ReadBundle(res.Body)
	if err != nil {
		return found{why: flawPatient}, nil
	}
	tell(pg, &p.age, res, p.client.clock.Now())
	var who *fhirshape.Patient
	for _, e := range pg.Entries {
		if e.Patient == nil || !e.Patient.Has(token) {
			continue
		}
		if who != nil || !fhirshape.ValidID(e.Patient.ID.Value) {
			return found{why: flawPatient}, nil
		}
		who = e.Patient
	}
	if who == nil || pg.Next != "" {
		return found{why: flawPatient}, nil
	}
	return found{person: who}, nil
}

// refused sorts an answer: fine (nothing), no such patient for us (a flaw), or a
// server in trouble (an error, once there were several).
func (p *people) refused(res *outbound.Response) (fhirshape.Flaw, error) {
	switch {
	case res.Status == http.StatusOK:
		return "", nil
	case asksToWait(res):
		return "", fmt.Errorf("read patient: %w", p.client.refusal(res))
	case res.Status >= http.StatusInternalServerError:
		p.failures++
		if p.failures > maxPatientFailures {
			return "", errors.Join(errors.New("too many patients could not be read"), p.client.refusal(res))
		}
	}
	return flawPatient, nil
}
