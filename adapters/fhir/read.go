package fhir

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// maxPages bounds a read: with a hundred appointments a page it is more than any
// clinic books in a year.
const maxPages = 1000

// Read gives the appointments that start within the span, as far as the window
// of the configuration reaches; Feed.Covers says how far that is. The feed is as
// old as the oldest of all answers says that it is.
func (s *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	now := s.client.clock.Now()
	if limit := now.In(gateway.London()).AddDate(0, 0, s.window).UTC().Truncate(time.Second); span.To.After(limit) {
		span.To = limit
	}
	if !span.From.Before(span.To) {
		return gateway.Feed{}, errors.New("read appointments: the time asked for lies outside the configured window")
	}
	r := &reading{people: newPeople(s.client), now: now, trial: s.trial}
	feed := gateway.Feed{Covers: span, Complete: true}
	var all []fhirshape.Bundle
	for _, q := range s.questions(span) {
		pages, err := s.search(ctx, q, &r.people.age)
		if err != nil {
			return gateway.Feed{}, err
		}
		judge(&feed, pages)
		all = append(all, pages...)
	}
	for _, pg := range all {
		for _, e := range pg.Entries {
			if e.Patient != nil {
				r.people.add(e.FullURL, e.Patient)
			}
		}
	}
	if s.patients == patientsBatch || s.patients == patientsChanged {
		note, err := r.people.together(ctx, r.missing(span, all), newMemory(s.shelf))
		if err != nil {
			return gateway.Feed{}, fmt.Errorf("read appointments: %w", err)
		}
		if note != "" {
			addNote(&feed, note)
		}
	}
	if err := r.fill(ctx, &feed, all); err != nil {
		return gateway.Feed{}, err
	}
	feed.AsOf = r.people.age.AsOf(now)
	if remark := r.people.age.Remark(now); remark != "" {
		addNote(&feed, remark)
	}
	return feed, nil
}

// search fetches all pages of one question; age hears how old they are.
func (s *Adapter) search(ctx context.Context, q url.Values, age *outbound.Age) ([]fhirshape.Bundle, error) {
	at := s.client.base.JoinPath("Appointment")
	at.RawQuery = q.Encode()
	seen := map[string]bool{}
	var all []fhirshape.Bundle
	for {
		n := len(all) + 1
		if n > maxPages {
			return nil, errors.New("read appointments: more pages than a clinic can have")
		}
		if seen[at.String()] {
			return nil, fmt.Errorf("read appointments, page %d: the links to further pages go round in a circle", n)
		}
		seen[at.String()] = true
		res, err := s.client.do(ctx, call{url: at})
		if err != nil {
			return nil, fmt.Errorf("read appointments, page %d: %w", n, err)
		}
		if res.Status != http.StatusOK {
			return nil, fmt.Errorf("read appointments, page %d: %w", n, s.client.refusal(res))
		}
		pg, err := fhirshape.ReadBundle(res.Body)
		if err != nil {
			return nil, fmt.Errorf("read appointments, page %d: %w", n, err)
		}
		tell(pg, age, res, s.client.clock.Now())
		all = append(all, pg)
		if pg.Next == "" {
			return all, nil
		}
		if at, err = s.client.follow(pg.Next); err != nil {
			return nil, fmt.Errorf("read appointments, page %d: %w", n, err)
		}
	}
}
