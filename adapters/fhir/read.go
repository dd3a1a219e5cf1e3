package fhir

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
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
	all, err := s.search(ctx, span, &r.people.age)
	if err != nil {
		return gateway.Feed{}, err
	}
	for _, pg := range all {
		for _, e := range pg.Entries {
			if e.Patient != nil {
				r.people.add(e.FullURL, e.Patient)
			}
		}
	}
	feed := gateway.Feed{Covers: span, Complete: true}
	judge(&feed, all)
	if err := r.fill(ctx, &feed, all); err != nil {
		return gateway.Feed{}, err
	}
	feed.AsOf = r.people.age.AsOf(now)
	if remark := r.people.age.Remark(now); remark != "" {
		addNote(&feed, remark)
	}
	return feed, nil
}

// search fetches all pages of the diary; age hears how old they are.
func (s *Adapter) search(ctx context.Context, span gateway.Span, age *outbound.Age) ([]fhirshape.Bundle, error) {
	at := s.client.base.JoinPath("Appointment")
	at.RawQuery = s.parameters(span).Encode()
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

// parameters are those of the search. Dates carry their zone, since a bare day
// would be one of the server's own zone. A parameter of the configuration takes
// the place of ours; an empty one leaves it out.
func (s *Adapter) parameters(span gateway.Span) url.Values {
	q := url.Values{
		"_include": {"Appointment:patient", "Appointment:location"},
		"_count":   {"100"},
	}
	maps.Copy(q, url.Values(s.query))
	for name, values := range q {
		if q[name] = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }); len(q[name]) == 0 {
			delete(q, name)
		}
	}
	from, to := span.From.UTC().Truncate(time.Second), span.To.UTC().Add(time.Second-1).Truncate(time.Second)
	q["date"] = []string{"ge" + from.Format(time.RFC3339), "lt" + to.Format(time.RFC3339)}
	return q
}
