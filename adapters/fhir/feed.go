package fhir

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
)

// place is where a record stood, for people who look for it.
type place struct{ page, entry int }

// String gives "page 2, entry 14".
func (p place) String() string { return fmt.Sprintf("page %d, entry %d", p.page, p.entry) }

// told is a visit with where it came from.
type told struct {
	visit
	where place
	id    string // of the appointment, which a group shares
}

// fill translates all pages into the feed. Its error means that the read must be
// given up.
func (r *reading) fill(ctx context.Context, feed *gateway.Feed, all []fhirshape.Bundle) error {
	var visits []told
	newest, outside := newestOf(all), 0
	for n, pg := range all {
		for _, e := range pg.Entries {
			where := place{n + 1, e.Number}
			if e.Appointment == nil && e.Why == "" || e.Appointment != nil && newest[e.Appointment.ID.Value] != where && fhirshape.ValidID(e.Appointment.ID.Value) {
				continue // a patient, or an appointment that is told again later
			}
			found, err := r.entry(ctx, feed.Covers, e)
			why, flawed := errors.AsType[fhirshape.Flaw](err)
			switch {
			case flawed:
				feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: where.String(), Why: why.Error()})
			case errors.Is(err, errOutside):
				outside++
			case err != nil:
				return fmt.Errorf("read appointments: %w", err)
			}
			for _, v := range found {
				visits = append(visits, told{v, where, e.Appointment.ID.Value})
			}
		}
	}
	if outside > 0 {
		addNote(feed, fmt.Sprintf("%d appointments outside the dates asked for were left out; the clinical system may ignore the date parameter", outside))
	}
	settle(feed, visits)
	return nil
}

// judge decides whether the answer is whole, so that what is absent from it is
// absent from the diary, and takes over what the server remarked.
func judge(feed *gateway.Feed, all []fhirshape.Bundle) {
	total, sent := -1, len(newestOf(all))
	for _, pg := range all {
		for _, note := range pg.Notes {
			addNote(feed, note)
		}
		feed.Complete = feed.Complete && !pg.Partial
		total = max(total, pg.Total)
		for _, e := range pg.Entries {
			if e.Why != "" || e.Appointment != nil && !fhirshape.ValidID(e.Appointment.ID.Value) {
				sent++
			}
		}
	}
	if sent < total {
		feed.Complete = false
		addNote(feed, fmt.Sprintf("the clinical system counts %d appointments and sent %d; the read counts as incomplete", total, sent))
	}
}

func addNote(feed *gateway.Feed, s string) {
	if !slices.Contains(feed.Notes, s) {
		feed.Notes = append(feed.Notes, s)
	}
}

// errOutside marks an appointment that is none of this read's business.
var errOutside = errors.New("outside the dates asked for")

// entry translates one entry that should be an appointment.
func (r *reading) entry(ctx context.Context, span gateway.Span, e fhirshape.Entry) ([]visit, error) {
	if e.Why != "" {
		return nil, e.Why
	}
	a := e.Appointment
	if !fhirshape.ValidID(a.ID.Value) {
		return nil, fhirshape.FlawNoID
	}
	start, err := a.Begins()
	if errors.Is(err, fhirshape.FlawNoStart) && !fhirshape.Expected(a.Status()) {
		return nil, nil // FHIR lets a cancelled or proposed one go without a time
	}
	if err != nil {
		return nil, err
	}
	if !span.Has(start) {
		return nil, errOutside
	}
	return r.visits(ctx, a, start)
}

// newestOf says where each appointment stands last. A diary that changes while
// it is read moves entries to later pages, so one may be told twice.
func newestOf(all []fhirshape.Bundle) map[string]place {
	newest := map[string]place{}
	for n, pg := range all {
		for _, e := range pg.Entries {
			if e.Appointment != nil && fhirshape.ValidID(e.Appointment.ID.Value) {
				newest[e.Appointment.ID.Value] = place{n + 1, e.Number}
			}
		}
	}
	return newest
}

// settle writes the visits into the feed. FHIR ids may hold hyphens, so a group
// "5" with patient "7" meets an appointment "5-7": then neither is taken.
func settle(feed *gateway.Feed, visits []told) {
	owner, clash := map[gateway.AppointmentID]string{}, map[gateway.AppointmentID]bool{}
	for _, v := range visits {
		if first, ok := owner[v.appointment.ID]; ok && first != v.id {
			clash[v.appointment.ID] = true
		}
		owner[v.appointment.ID] = v.id
	}
	for _, v := range visits {
		why := v.why
		if clash[v.appointment.ID] {
			why = flawCollision
		}
		if why != "" {
			feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: v.where.String(), Why: why.Error()})
			continue
		}
		feed.Appointments = append(feed.Appointments, v.appointment)
	}
}
