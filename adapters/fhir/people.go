package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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
	person *person
	why    flaw
}

func newPeople(c *client) *people {
	return &people{
		client: c, byID: map[string]found{}, byURL: map[string]found{},
		byIdentifier: map[string]found{}, fullURL: map[string]string{},
	}
}

// add takes in a patient that came with an answer.
func (p *people) add(fullURL string, who *person) {
	f := found{person: who}
	if fullURL != "" {
		p.byURL[fullURL] = f
	}
	if !validID(who.ID) {
		return
	}
	if known, ok := p.byID[who.ID]; ok && (p.fullURL[who.ID] != fullURL || known.person == nil) {
		p.byID[who.ID] = found{} // two servers' patients: ask rather than choose
		return
	}
	p.byID[who.ID], p.fullURL[who.ID] = f, fullURL
	for _, i := range who.Identifier.Value {
		if i.Bad || i.Value.Value == "" || i.Value.Use == "old" {
			continue
		}
		key := i.Value.key()
		if known, ok := p.byIdentifier[key]; ok && (known.person == nil || known.person.ID != who.ID) {
			p.byIdentifier[key] = found{}
			continue
		}
		p.byIdentifier[key] = f
	}
}

func (i identifier) key() string { return i.System + "|" + i.Value }

// find gives the patient that a participant of a points to, and the source's id
// of that patient. The error is a flaw when only this patient cannot be had, and
// anything else when the read as a whole must be given up. With ask unset the
// server is not asked.
func (p *people) find(ctx context.Context, a *appointment, to pointer, ask bool) (*person, gateway.PatientID, error) {
	switch {
	case to.contained != "":
		who := a.inside(to.contained)
		if who == nil || who.ResourceType != "Patient" {
			return nil, "", flawPatient
		}
		// Its id means something inside this appointment only.
		return who, gateway.PatientID(a.ID + "#" + to.contained), nil
	case to.id != "":
		who, err := p.remembered(p.byID, to.id, ask, func() (found, error) { return p.read(ctx, to.id) })
		return who, gateway.PatientID(to.id), err
	case to.url != "":
		f := p.byURL[to.url]
		if f.person == nil {
			return nil, gateway.PatientID(to.url), flawPatient
		}
		return f.person, gateway.PatientID(to.url), nil
	case to.identifier.Value != "":
		key := to.identifier.key()
		who, err := p.remembered(p.byIdentifier, key, ask, func() (found, error) { return p.search(ctx, key) })
		if err != nil {
			return nil, gateway.PatientID(key), err
		}
		return who, gateway.PatientID(who.ID), nil
	}
	return nil, "", flawWordsOnly
}

// remembered looks into a table, and asks once when there is nothing in it.
func (p *people) remembered(table map[string]found, key string, ask bool, fetch func() (found, error)) (*person, error) {
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
	who := &person{}
	switch {
	case json.Unmarshal(res.Body, who) != nil || who.ResourceType != "Patient":
		return found{why: flawPatient}, nil
	case who.ID != id:
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
	pg, err := decodePage(res.Body)
	if err != nil {
		return found{why: flawPatient}, nil
	}
	pg.tell(&p.age, res, p.client.clock.Now())
	var who *person
	for _, e := range pg.entries {
		if e.person == nil || !e.person.has(token) {
			continue
		}
		if who != nil || !validID(e.person.ID) {
			return found{why: flawPatient}, nil
		}
		who = e.person
	}
	if who == nil || pg.next != "" {
		return found{why: flawPatient}, nil
	}
	return found{person: who}, nil
}

// has reports whether the patient carries an identifier, so that a server which
// ignores the question does not answer with somebody else.
func (p *person) has(token string) bool {
	for _, i := range p.Identifier.Value {
		if !i.Bad && i.Value.Use != "old" && i.Value.key() == token {
			return true
		}
	}
	return false
}

// refused sorts an answer: fine (nothing), no such patient for us (a flaw), or a
// server in trouble (an error, once there were several).
func (p *people) refused(res *outbound.Response) (flaw, error) {
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
