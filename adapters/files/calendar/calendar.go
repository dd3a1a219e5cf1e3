// Package calendar reads iCalendar text (RFC 5545): which events start within a
// stretch of time, recurrences worked out, and which were called off. It knows
// nothing of patients.
//
// Two libraries do part of the work, on a short lead. go-ical takes one event's
// lines apart; given a whole calendar it would fail at the first bad line, recurse
// as deep as the text nests, and panic on some broken parameters. golang-ical has
// the same flaw of one bad line, and reads floating times in the server's zone.
// rrule-go counts out a recurrence; it would never come back from some rules, and
// panic on others, so only rules that clinics use reach it.
//
// Errors never repeat what stands in a calendar.
package calendar

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

// The bounds of one calendar.
const (
	// MostBytes bounds a calendar's text.
	MostBytes     = 16 << 20
	mostEvents    = 50_000
	mostSeries    = 1_000
	mostInstances = 200_000
)

// Event is one event at one time.
type Event struct {
	UID string // as it stands; it may name a person
	// Instance tells the event from the others of its series: the start that its
	// rule gives it, in UTC. Empty: the event stands alone.
	Instance string
	Start    time.Time
	Doubt    gateway.Doubt
	// Status is booked, cancelled, or unknown: tentative, marked as free time, or
	// said in two ways.
	Status  gateway.Status
	Version string
	// What people wrote. Never to be printed.
	Title, Description, Location, Categories string
}

// Calendar is what a text holds.
type Calendar struct {
	Events     []Event
	Unreadable []gateway.Unreadable
	Count      int  // events in the text, whenever they are, unreadable ones included
	AllDay     int  // of which last whole days, and are nobody's appointment
	Whole      bool // the text comes to its proper end
	// OnlyCancels: the text is no diary but calls events off, those in Cancels.
	OnlyCancels bool
	Cancels     []Cancel
}

// Cancel calls off an event, or with an empty Instance all of a series.
type Cancel struct{ UID, Instance string }

// CalledOff reports whether one of the cancellations is of the event: of itself, of
// its day in its series, or of the whole series.
func (e Event) CalledOff(by map[Cancel]bool) bool {
	return by[Cancel{e.UID, e.Instance}] || by[Cancel{e.UID, dayOf(e.Instance)}] || by[Cancel{UID: e.UID}]
}

// Read reads a calendar's text. zone is that of times which name none. An error
// means that it is no calendar, or is out of all bounds.
func Read(ctx context.Context, text []byte, span gateway.Span, zone *time.Location) (Calendar, error) {
	if len(text) > MostBytes {
		return Calendar{}, fmt.Errorf("the calendar is larger than %d MiB", MostBytes>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		return Calendar{}, errors.New("it is a web page and not a calendar: a log-in page, perhaps")
	}
	t, err := cut(text)
	if err != nil {
		return Calendar{}, err
	}
	r := reader{ctx: ctx, span: span, zones: zonesOf(t.zones, zone)}
	r.out.Whole, r.out.Count = t.whole, len(t.events)
	r.out.OnlyCancels = t.cancels > 0 && t.cancels == t.calendars
	if err := r.read(t.events); err != nil {
		return Calendar{}, err
	}
	slices.SortFunc(r.out.Events, func(a, b Event) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Instance, b.Instance))
	})
	return r.out, nil
}

// reader reads the events of one calendar.
type reader struct {
	ctx    context.Context
	span   gateway.Span
	zones  zones
	out    Calendar
	series int
}

// group is everything that a calendar says of one UID.
type group struct {
	uid    string
	parts  []event
	broken bool // something of it cannot be read: nothing of it is believed
}

func (r *reader) read(blocks []block) error {
	var groups []*group
	byUID := map[string]*group{}
	for _, b := range blocks {
		if err := r.ctx.Err(); err != nil {
			return fmt.Errorf("read the calendar: %w", err)
		}
		e, problem := r.event(b)
		if problem != "" {
			r.refuse(b, problem)
		}
		if e.uid == "" {
			continue
		}
		g := byUID[e.uid]
		if g == nil {
			g = &group{uid: e.uid}
			byUID[e.uid] = g
			groups = append(groups, g)
		}
		g.broken = g.broken || problem != ""
		g.parts = append(g.parts, e)
	}
	for _, g := range groups {
		if err := r.ctx.Err(); err != nil {
			return fmt.Errorf("read the calendar: %w", err)
		}
		if !g.broken {
			r.settle(g)
		}
		if len(r.out.Events) > mostInstances {
			return errors.New("the calendar holds more visits than any diary")
		}
	}
	return nil
}

func (r *reader) refuse(b block, problem string) {
	r.out.Unreadable = append(r.out.Unreadable, gateway.Unreadable{
		Where: fmt.Sprintf("event %d, line %d", b.number, b.line), Why: problem,
	})
}
