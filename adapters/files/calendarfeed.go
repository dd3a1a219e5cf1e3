package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"bellman/adapters/files/calendar"
	"bellman/gateway"
	"bellman/gateway/ident"
)

// errBreaksOff says that a calendar is not whole.
var errBreaksOff = errors.New("the calendar breaks off: what moves or calls off one of its visits may be in the part that is missing")

// drawn is a calendar as it came, and what is known of its coming.
type drawn struct {
	calendar.Calendar
	mark  companion
	asOf  time.Time
	notes []string
}

// readCalendar gives the visits of a calendar that start within the span, each with
// the patient whom the list knows by what the event says.
func (a *Adapter) readCalendar(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	list, err := a.readPatients(ctx)
	if err != nil {
		return gateway.Feed{}, err
	}
	var d drawn
	if a.config.Calendar.URL.IsZero() {
		d, err = a.calendarInFolder(ctx, span)
	} else {
		d, err = a.calendarByAddress(ctx, span)
	}
	if err != nil {
		return gateway.Feed{}, err
	}
	if !d.Whole {
		return gateway.Feed{}, errBreaksOff
	}
	if len(list.people) == 0 && d.Count > 0 {
		return gateway.Feed{}, errors.New("patient list: it holds no patients, and the calendar has events")
	}
	feed := gateway.Feed{AsOf: d.asOf.UTC(), Unreadable: d.Unreadable}
	if now := a.env.Clock.Now(); feed.AsOf.After(now) {
		feed.AsOf = now.UTC()
	}
	met := a.join(&feed, d.Calendar, list)
	feed.Covers, feed.Complete = a.calendarCovers(d, feed.AsOf, span)
	feed.Notes = withoutEmpty(append(append(append(list.notes, d.notes...), d.mark.note), met.notes(d.Calendar)...))
	return feed, nil
}

// join makes a visit of each event.
func (a *Adapter) join(feed *gateway.Feed, c calendar.Calendar, list *patientList) joined {
	m := newMatcher(*a.config.Calendar, list)
	var met joined
	for _, e := range c.Events {
		if m.notVisit(e.Title) {
			met.notVisits++
			continue
		}
		p, found := m.patient(e)
		met.count(found)
		v := gateway.Appointment{
			ID: gateway.AppointmentID(ident.Shown(e.UID)), Patient: p, Start: e.Start.UTC(), StartDoubt: e.Doubt,
			Status: e.Status, Version: e.Version, Clinic: gateway.NewClinicName(textOf(e, m.config.Clinic)),
		}
		if e.Instance != "" {
			v.ID += gateway.AppointmentID("/" + e.Instance)
		}
		if p.ID != "" {
			v.ID += gateway.AppointmentID("-" + string(p.ID))
		}
		feed.Appointments = append(feed.Appointments, v)
	}
	return met
}

// calendarCovers says for which stretch a calendar speaks completely, if it does. An
// empty one never does.
func (a *Adapter) calendarCovers(d drawn, asOf time.Time, span gateway.Span) (gateway.Span, bool) {
	return a.covers(&table{rows: d.Count, ended: d.Whole}, d.mark, asOf, span)
}

// joined counts how the events were joined to the list.
type joined struct{ known, unknown, several, notVisits int }

func (j *joined) count(f found) {
	switch f {
	case foundOne:
		j.known++
	case foundNone:
		j.unknown++
	case foundSeveral:
		j.several++
	}
}

// notes says how it went.
func (j joined) notes(c calendar.Calendar) []string {
	out := []string{
		fmt.Sprintf("%d events in the calendar; in the days asked for %d of a known patient, %d of nobody on the list, %d that may be of several, %d that are no visits",
			c.Count, j.known, j.unknown, j.several, j.notVisits),
	}
	if j.unknown+j.several > 0 {
		out = append(out, "nobody is texted for events of nobody on the list or of several: mend the title, the list, or calendar.not_visits")
	}
	if c.AllDay > 0 {
		out = append(out, fmt.Sprintf("%d events last whole days and are nobody's visit", c.AllDay))
	}
	if c.Count == 0 {
		out = append(out, "no events: not taken for an empty diary")
	}
	return out
}

// found says how many patients an event may mean.
type found uint8

const (
	foundNone found = iota
	foundOne
	foundSeveral
)

// matcher finds out whose an event is.
type matcher struct {
	config  Calendar
	list    *patientList
	pattern *regexp.Regexp
	codes   map[string]bool // those that may stand within a longer text
}

func newMatcher(c Calendar, list *patientList) matcher {
	m := matcher{config: c, list: list, codes: map[string]bool{}}
	if c.Pattern != "" {
		m.pattern = regexp.MustCompile(c.Pattern)
	}
	for code := range list.by {
		m.codes[code] = len(code) >= shortestCode && strings.ContainsAny(code, "0123456789")
	}
	return m
}

// shortestCode is how long a code must be to be looked for within a longer text: 17
// may also be a room.
const shortestCode = 4

// patient gives the one patient whom an event names. Of any other event the number
// is unclear, so that nobody is texted for it and reception sees why.
func (m matcher) patient(e calendar.Event) (gateway.Patient, found) {
	said := textOf(e, cmp.Or(m.config.In, inTitle))
	var people []int
	for _, key := range m.keys(said) {
		for _, i := range m.list.by[key] {
			if len(people) == 0 || people[0] != i {
				people = append(people, i)
			}
		}
	}
	switch len(people) {
	case 0:
		return gateway.Patient{MobileKind: gateway.NumberUnclear}, foundNone
	case 1:
		return m.list.people[people[0]], foundOne
	}
	return gateway.Patient{MobileKind: gateway.NumberUnclear}, foundSeveral
}

// textOf gives what stands in one place of an event; nothing for no place.
func textOf(e calendar.Event, place string) string {
	switch place {
	case inTitle:
		return e.Title
	case inDescription:
		return e.Description
	case inLocation:
		return e.Location
	case inCategories:
		return e.Categories
	}
	return ""
}

// keys gives the words of an event by which the list may know somebody.
func (m matcher) keys(said string) []string {
	said = strings.TrimSpace(said)
	if m.pattern != nil {
		group := m.pattern.FindStringSubmatch(said)
		if group == nil {
			return nil
		}
		said = strings.TrimSpace(group[1])
	}
	if m.config.By == byName {
		if key := asName(said); key != "" {
			return []string{key}
		}
		return nil
	}
	said = strings.ToLower(said)
	if _, whole := m.list.by[said]; whole && said != "" {
		return []string{said}
	}
	var out []string
	for _, word := range codeWord.FindAllString(said, mostWords) {
		if m.codes[word] {
			out = append(out, word)
		}
	}
	return out
}

// codeWord is a word that may be a code; mostWords bounds how many of a long
// description are looked at.
var codeWord = regexp.MustCompile(`[a-z0-9][a-z0-9/_-]*`)

const mostWords = 2000

// notVisit reports titles that the practice has named as nobody's visit.
func (m matcher) notVisit(title string) bool {
	title = plainWord(title)
	for _, n := range m.config.NotVisits {
		start, open := strings.CutSuffix(n, "*")
		if start = plainWord(start); title == start || open && strings.HasPrefix(title, start) {
			return true
		}
	}
	return false
}
