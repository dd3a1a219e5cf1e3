package tppextract

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

var errDamagedShelf = errors.New("something that is kept of the extracts is damaged: see `bellman feed forget --help`")

// feed makes the feed of what is kept.
func (a *Adapter) feed(ctx context.Context, keep *extract.Keeper, h head, span gateway.Span, notes []string) (gateway.Feed, error) {
	f := gateway.Feed{AsOf: earlier(h.asOf(), a.env.Clock.Now().UTC())}
	k, err := a.last.Whole(ctx, keep, span, func(wide gateway.Span) (*known, error) { return a.gather(ctx, h, wide) })
	if err != nil {
		return gateway.Feed{}, err
	}
	f.Unreadable = slices.Clone(k.unreadable)
	orphans := 0
	for id, v := range k.visits {
		if !span.Has(time.Unix(v.Start, 0)) {
			continue
		}
		p := k.people[v.Patient]
		if p.row.Serial == 0 {
			orphans++
		}
		f.Appointments = append(f.Appointments, k.appointment(id, v, p))
	}
	slices.SortFunc(f.Appointments, func(x, y gateway.Appointment) int {
		return cmp.Or(x.Start.Compare(y.Start), strings.Compare(string(x.ID), string(y.ID)))
	})
	// What was called full and held no row of this practice is more often a delivery
	// that went wrong than an empty diary.
	f.Complete = h.Had[tableVisits]
	if f.Complete {
		f.Covers = gateway.Span{From: gateway.Later(span.From, time.Unix(h.Horizon, 0)).UTC(), To: span.To}
	} else {
		notes = append(notes, "no extract has held an appointment of this practice yet: not taken for an empty diary")
	}
	f.Notes = append(notes, fmt.Sprintf("the last extract taken in is %s, and appointments are known until %s; %d visits in the days asked for",
		h.Done, f.AsOf.Format(time.RFC3339), len(f.Appointments)))
	if orphans > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d visits of patients of whom there is no row in SRPatient: nothing is sent for them", orphans))
	}
	return f, nil
}

// known is what the shelf holds of the visits in a span and their patients.
type known struct {
	adapter    *Adapter
	head       head
	terms      map[string]string
	visits     map[string]visit // by RowIdentifier
	people     map[string]*person
	unreadable []gateway.Unreadable
}

// person is everything that is kept of one patient.
type person struct {
	row                              patient
	contacts, consents, stays, marks []event
	blind                            bool // more rows than any patient has
	seen                             map[string]bool
}

// mostEvents bounds the rows about one patient.
const mostEvents = 2_000

// gather reads the visits and the terms, and then whatever is kept of the patients.
// A shelf may give a thing twice.
func (a *Adapter) gather(ctx context.Context, h head, span gateway.Span) (*known, error) {
	k := &known{adapter: a, head: h, terms: map[string]string{}, visits: map[string]visit{}, people: map[string]*person{}}
	seen := map[string]bool{}
	err := a.env.Shelf.Each(ctx, "", func(t gateway.Kept) error {
		switch {
		case strings.HasPrefix(t.Key, prefixTerms):
			return k.term(t)
		case strings.HasPrefix(t.Key, prefixVisit) && !seen[t.Key]:
			seen[t.Key] = true
			return k.visit(t, span)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up the visits: %w", err)
	}
	clear(seen)
	if err := a.env.Shelf.Each(ctx, "", func(t gateway.Kept) error { return k.about(t, seen) }); err != nil {
		return nil, fmt.Errorf("look up the patients: %w", err)
	}
	for _, p := range k.people {
		p.seen = nil
	}
	return k, nil
}

func (k *known) term(t gateway.Kept) error {
	if json.Unmarshal(t.Value, &k.terms) != nil {
		return errDamagedShelf
	}
	return nil
}

func (k *known) visit(t gateway.Kept, span gateway.Span) error {
	var v visit
	if json.Unmarshal(t.Value, &v) != nil {
		return errDamagedShelf
	}
	switch {
	case !k.head.lives(tableVisits, v.Serial):
	case v.is():
		k.unreadable = append(k.unreadable, gateway.Unreadable{Where: v.Where, Why: v.Why})
	case span.Has(time.Unix(v.Start, 0)):
		k.visits[t.Key[len(prefixVisit):]] = v
		k.people[v.Patient] = &person{seen: map[string]bool{}}
	}
	return nil
}

// about takes what a thing on the shelf says of a patient who has a visit.
func (k *known) about(t gateway.Kept, seen map[string]bool) error {
	prefix, id, _ := strings.Cut(t.Key, "/")
	switch prefix + "/" {
	case prefixPatient:
		p := k.people[id]
		if p == nil {
			return nil
		}
		var row patient
		if json.Unmarshal(t.Value, &row) != nil {
			return errDamagedShelf
		}
		if k.head.lives(tablePatients, row.Serial) {
			p.row = row
		}
	case prefixContact:
		return k.event(t, tableContacts, seen, func(p *person, e event) { p.contacts = append(p.contacts, e) })
	case prefixConsent:
		return k.event(t, tableConsents, seen, func(p *person, e event) { p.consents = append(p.consents, e) })
	case prefixStay:
		return k.event(t, tableRegistrations, seen, func(p *person, e event) { p.stays = append(p.stays, e) })
	case prefixRecord:
		return k.event(t, tableRecords, seen, func(p *person, e event) { p.marks = append(p.marks, e) })
	case prefixUnreadable:
		var u lost
		if json.Unmarshal(t.Value, &u) != nil {
			return errDamagedShelf
		}
		if k.head.lives(u.Table, u.Serial) && !seen[t.Key] {
			seen[t.Key] = true
			k.unreadable = append(k.unreadable, gateway.Unreadable{Where: u.Where, Why: u.Why})
		}
	}
	return nil
}

func (k *known) event(t gateway.Kept, table string, seen map[string]bool, add func(*person, event)) error {
	var e event
	if json.Unmarshal(t.Value, &e) != nil {
		return errDamagedShelf
	}
	p := k.people[e.Patient]
	switch {
	case !k.head.lives(table, e.Serial):
	case e.Patient == "" && !seen[t.Key]:
		seen[t.Key] = true
		k.unreadable = append(k.unreadable, gateway.Unreadable{Where: e.Where, Why: e.Why})
	case p == nil || p.seen[t.Key]:
	case len(p.seen) == mostEvents:
		p.blind = true
	default:
		p.seen[t.Key] = true
		add(p, e)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
