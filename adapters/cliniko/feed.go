package cliniko

import (
	"fmt"
	"maps"
	"slices"

	"bellman/gateway"
)

// feed makes what a read gives of the mirror: the appointments that start within the
// span, and those whose start cannot be read.
func (a *Adapter) feed(m *mirror, span gateway.Span) gateway.Feed {
	r := reading{settings: m.settings, people: m.people, own: a.config.OwnReminders, trial: a.trial}
	c := collector{span: span}
	for _, id := range slices.Sorted(maps.Keys(m.individuals)) {
		got, err := r.individual(id, m.individuals[id])
		c.take(plain(listIndividuals), id, got, err)
	}
	for _, id := range slices.Sorted(maps.Keys(m.attendees)) {
		at := m.attendees[id]
		booking, ok := at.Booking.id()
		g, known := m.groups[booking]
		if !ok || !known {
			c.take(plain(listAttendees), id, gateway.Appointment{}, errNoGroup)
			continue
		}
		got, err := r.attendee(id, at, g)
		c.take(plain(listAttendees), id, got, err)
	}
	c.feed.Notes = a.notes(m.settings)
	return c.feed
}

// notes tell the operator what of the account bears on every text.
func (a *Adapter) notes(s settings) []string {
	var out []string
	if on, of := s.reminding(); on > 0 && a.config.OwnReminders == RemindersWithhold {
		out = append(out, fmt.Sprintf("at %d of %d places Cliniko may send reminders of its own: ours are withheld there (own_reminders)", on, of))
	}
	if s.NoTypes {
		out = append(out, "the user of the API key may not see the appointment types: whether Cliniko reminds by itself, and which appointments are by video, is not known")
	}
	return out
}

// collector gathers a feed.
type collector struct {
	span gateway.Span
	feed gateway.Feed
}

func (c *collector) take(list, id string, a gateway.Appointment, err error) {
	switch {
	case err != nil:
		c.feed.Unreadable = append(c.feed.Unreadable, gateway.Unreadable{Where: list + ", record " + ending(id), Why: err.Error()})
	case c.span.Has(a.Start):
		c.feed.Appointments = append(c.feed.Appointments, a)
	}
}

// lost lists rows that have no id to be known by.
func (c *collector) lost(list string, rows []entry) {
	for _, e := range rows {
		c.feed.Unreadable = append(c.feed.Unreadable, gateway.Unreadable{
			Where: fmt.Sprintf("%s, page %d, entry %d", list, e.page, e.row), Why: errRowShape.Error(),
		})
	}
}

// ending gives the end of a record's id in Cliniko, by which staff can find it there.
func ending(id string) string {
	if len(id) > 8 {
		return "…" + id[len(id)-8:]
	}
	return id
}
