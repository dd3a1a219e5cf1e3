package fhir

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
)

// How patients that do not come along with the diary are asked for.
const (
	patientsEach    = "each"    // one by one
	patientsBatch   = "batch"   // by lists of ids
	patientsChanged = "changed" // by lists of ids, and again only those that changed
)

const (
	idsPerBatch = 50
	batchPages  = 20 // pages of one batch: more than one patient a page would need
)

// noteOneByOne is told when a server refuses lists of patients, or answers one in
// part only.
const noteOneByOne = "the clinical system does not give whole lists of patients; those that are missing were asked for one by one"

// missing lists the patients that appointments of the span point to by id and that
// did not come along, each once.
func (r *reading) missing(span gateway.Span, all []fhirshape.Bundle) []string {
	seen := map[string]bool{}
	var out []string
	for _, pg := range all {
		for _, e := range pg.Entries {
			a := e.Appointment
			if a == nil {
				continue
			}
			if start, err := a.Begins(); err != nil || !span.Has(start) {
				continue
			}
			for _, p := range a.Participant.Items {
				to := p.Value.Actor.Value.Point(r.people.client.base)
				_, came := r.people.byID[to.ID]
				if to.Kind != "Patient" || to.ID == "" || came || seen[to.ID] || !fhirshape.Expected(p.Value.Attendance(a.Status())) {
					continue
				}
				seen[to.ID] = true
				out = append(out, to.ID)
			}
		}
	}
	return out
}

// together asks for patients by lists of ids, and of those that keep remembers only
// for what changed since. Who is not in the answers is asked for alone later. The
// note is for the operator; the error means that the read must be given up.
func (p *people) together(ctx context.Context, ids []string, keep *memory) (note string, err error) {
	known, err := keep.recall(ctx, ids, p.client.clock.Now())
	if err != nil {
		return "", err
	}
	anew := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := known[id]; return ok })
	for some := range slices.Chunk(anew, idsPerBatch) {
		if taken, err := p.batch(ctx, some, time.Time{}, keep); !taken || err != nil {
			return noteOneByOne, err
		}
	}
	old := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := known[id]; return !ok })
	for some := range slices.Chunk(old, idsPerBatch) {
		since := known[some[0]].told
		for _, id := range some {
			if known[id].told.Before(since) {
				since = known[id].told
			}
		}
		if taken, err := p.batch(ctx, some, since, keep); !taken || err != nil {
			return noteOneByOne, err
		}
		for _, id := range some {
			if _, changed := p.byID[id]; !changed {
				p.add("", known[id].patient)
			}
		}
	}
	return "", keep.put(ctx, p.client.clock.Now())
}

// batch asks for some patients, and with since only for those that changed after
// it. It reports false when the server does not take such a question.
func (p *people) batch(ctx context.Context, ids []string, since time.Time, keep *memory) (bool, error) {
	form := url.Values{"_id": {strings.Join(ids, ",")}, "_count": {fmt.Sprint(idsPerBatch)}}
	if !since.IsZero() {
		form.Set("_lastUpdated", "ge"+since.UTC().Format(time.RFC3339))
	}
	next := call{url: p.client.base.JoinPath("Patient", "_search"), form: form}
	for range batchPages {
		res, err := p.client.do(ctx, next)
		if err != nil {
			return false, fmt.Errorf("search patients: %w", err)
		}
		switch {
		case res.Status >= http.StatusInternalServerError, asksToWait(res):
			return false, fmt.Errorf("search patients: %w", p.client.refusal(res))
		case res.Status != http.StatusOK:
			return false, nil
		}
		pg, err := fhirshape.ReadBundle(res.Body)
		if err != nil {
			return false, fmt.Errorf("search patients: %w", err)
		}
		tell(pg, &p.age, res, p.client.clock.Now())
		for _, e := range pg.Entries {
			if e.Patient == nil || !slices.Contains(ids, e.Patient.ID.Value) {
				continue // nobody who was asked for
			}
			p.add(e.FullURL, e.Patient)
			keep.told(e.Patient.ID.Value, e.Resource, res.Header.Get("Date"))
		}
		if pg.Partial && !since.IsZero() {
			return false, nil // who is absent from it may have changed all the same
		}
		if pg.Next == "" {
			return true, nil
		}
		at, err := p.client.follow(pg.Next)
		if err != nil {
			return false, fmt.Errorf("search patients: %w", err)
		}
		next = call{url: at}
	}
	return false, errors.New("search patients: more pages than patients")
}
