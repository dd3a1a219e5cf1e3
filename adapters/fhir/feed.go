package fhir

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// fill translates all pages into the feed.
func (r *reading) fill(ctx context.Context, feed *gateway.Feed, all []page) error {
	var visits []told
	refuse := func(where place, why string) {
		feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: where.String(), Why: why})
	}
	newest, total, outside := newestOf(all), -1, 0
	matches := len(newest)
	for n, pg := range all {
		for _, note := range pg.notes {
			addNote(feed, note)
		}
		feed.Complete = feed.Complete && !pg.partial
		total = max(total, pg.total)
		for _, e := range pg.entries {
			where := place{n + 1, e.number}
			switch {
			case e.why != "":
				matches++
				refuse(where, e.why)
				continue
			case e.appointment == nil:
				continue
			case validID(e.appointment.ID) && newest[e.appointment.ID] != where:
				continue // told again on a later page
			case !validID(e.appointment.ID):
				matches++
			}
			found, err := r.appointment(ctx, feed.Covers, e.appointment)
			if why, ok := errors.AsType[flaw](err); ok {
				refuse(where, why.Error())
				continue
			}
			if errors.Is(err, errOutside) {
				outside++
				continue
			}
			if err != nil {
				return fmt.Errorf("read appointments: %w", err)
			}
			for _, v := range found {
				visits = append(visits, told{v, where, e.appointment.ID})
			}
		}
	}
	if outside > 0 {
		addNote(feed, fmt.Sprintf("%d appointments outside the dates asked for were left out; the clinical system may ignore the date parameter", outside))
	}
	if matches < total {
		feed.Complete = false
		addNote(feed, fmt.Sprintf("the clinical system counts %d appointments and sent %d; the read counts as incomplete", total, matches))
	}
	settle(feed, visits)
	return nil
}

func addNote(feed *gateway.Feed, s string) {
	if !slices.Contains(feed.Notes, s) {
		feed.Notes = append(feed.Notes, s)
	}
}

// errOutside marks an appointment that is none of this read's business.
var errOutside = errors.New("outside the dates asked for")

// appointment translates one appointment.
func (r *reading) appointment(ctx context.Context, span gateway.Span, a *appointment) ([]visit, error) {
	if !validID(a.ID) {
		return nil, flawNoID
	}
	start, err := a.begins()
	if errors.Is(err, flawNoStart) && a.status() != gateway.StatusBooked && a.status() != gateway.StatusUnknown {
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
func newestOf(all []page) map[string]place {
	newest := map[string]place{}
	for n, pg := range all {
		for _, e := range pg.entries {
			if e.appointment != nil && validID(e.appointment.ID) {
				newest[e.appointment.ID] = place{n + 1, e.number}
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
