package cliniko

import (
	"context"
	"maps"
	"slices"
	"time"

	"bellman/gateway"
)

// changes brings the mirror up to date by what changed since it was made, and lets
// Cliniko count what is booked. errAnew says that everything must be read.
func (a *Adapter) changes(ctx context.Context, mem memory, span gateway.Span, asked time.Time) (gateway.Feed, error) {
	t := a.bulkTalk()
	// A copy, so that what was on the shelf can be told from what is to be put there.
	before := *mem.mirror
	m := before
	m.individuals, m.groups = maps.Clone(before.individuals), maps.Clone(before.groups)
	m.attendees, m.people = maps.Clone(before.attendees), maps.Clone(before.people)
	d := delta{talk: t, mirror: &m, since: since(m.state.High.Add(-overlap))}
	for _, step := range []func(context.Context) error{d.individuals, d.groups, d.attendees, d.people} {
		if err := step(ctx); err != nil {
			return gateway.Feed{}, err
		}
	}
	if old := asked.Sub(m.settings.At); old < 0 || old >= settingsAge {
		s, err := t.settings(ctx)
		if err != nil {
			return gateway.Feed{}, err
		}
		m.settings = s
	}
	if err := d.agrees(ctx, span.From.UTC().Truncate(time.Second)); err != nil {
		return gateway.Feed{}, err
	}
	m.state.High = gateway.Later(m.state.High, t.high(asked))
	feed := a.done(&m, t, span, asked, nil)
	feed.Complete = true
	a.remember(ctx, mem, &m, &feed)
	return feed, nil
}

// delta is one read of what changed.
type delta struct {
	*talk
	mirror *mirror
	since  string // the filter
}

// lay lays what changed in a list over the mirror. What does not fit on one page, or
// has no id to be laid over something, is not what changed since the last read: then
// everything is read.
func (d *delta) lay(ctx context.Context, list string, ways []string, put func(listing) []entry) error {
	for _, way := range ways {
		l, err := d.list(ctx, list, query(d.since, way))
		if err != nil {
			return err
		}
		if l.pages > 1 || len(put(l)) > 0 {
			return errAnew
		}
	}
	return nil
}

func (d *delta) individuals(ctx context.Context) error {
	return d.lay(ctx, listIndividuals, wholeLists[listIndividuals], d.mirror.putIndividuals)
}

// groups also reads who comes to a group that is new in the window: its attendees may
// have been booked long ago.
func (d *delta) groups(ctx context.Context) error {
	known := maps.Clone(d.mirror.groups)
	if err := d.lay(ctx, listGroups, wholeLists[listGroups], d.mirror.putGroups); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(d.mirror.liveGroups(d.mirror.state.From), func(id string) bool {
		_, ok := known[id]
		return ok
	})
	lost, _, err := d.fetchAttendees(ctx, d.mirror, fresh)
	if err == nil && len(lost) > 0 {
		return errAnew
	}
	return err
}

func (d *delta) attendees(ctx context.Context) error {
	maps.DeleteFunc(d.mirror.attendees, func(_ string, a attendee) bool {
		booking, ok := a.Booking.id()
		_, known := d.mirror.groups[booking]
		return ok && !known // its group has left the window
	})
	if len(d.mirror.groups) == 0 {
		return nil
	}
	return d.lay(ctx, listAttendees, wholeLists[listAttendees], d.mirror.putAttendees)
}

// people lays over what changed of the patients of the diary, and reads those that
// are new in it.
func (d *delta) people(ctx context.Context) error {
	known := func(id string) bool {
		_, ok := d.mirror.people[id]
		return ok
	}
	err := d.lay(ctx, listPatients, []string{anyArchived}, func(l listing) []entry { return d.mirror.putPeople(l, known) })
	if err != nil {
		return err
	}
	lost, err := d.fetchPeople(ctx, d.mirror, d.mirror.strangers())
	if err == nil && len(lost) > 0 {
		return errAnew
	}
	return err
}

// agrees lets Cliniko count what is booked from a moment on. A record that was
// deleted for good is in no list of changes; the count misses it.
func (d *delta) agrees(ctx context.Context, from time.Time) error {
	window := between(from, d.mirror.state.To)
	groups := d.mirror.liveGroups(from)
	for _, c := range []struct {
		list    string
		filters [][]string
		want    int
	}{
		{listIndividuals, [][]string{window}, d.mirror.liveIndividuals(from)},
		{listGroups, [][]string{window}, len(groups)},
		{listAttendees, apart(chunks("booking_id", groups)), d.mirror.liveAttendees(groups)},
	} {
		sum := 0
		for _, filters := range c.filters {
			n, err := d.count(ctx, c.list, filters...)
			if err != nil {
				return err
			}
			sum += n
		}
		if sum != c.want {
			return errAnew
		}
	}
	return nil
}

func apart(filters []string) [][]string {
	out := make([][]string, len(filters))
	for i, f := range filters {
		out[i] = []string{f}
	}
	return out
}
