package cliniko

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bellman/gateway"
)

const (
	// overlap is how far before the last known moment at Cliniko's changes are asked
	// for: they carry whole seconds, and are written a little before they are seen.
	overlap = 2 * time.Minute
	// withoutDate is the same when Cliniko's answers do not say what time it is there.
	withoutDate = 10 * time.Minute
)

// The three ways in which a record leaves Cliniko's plain lists. Each is asked for
// with a question of its own, since what two of them mean together is not published.
const (
	anyCancelled = "cancelled_at:*"
	anyArchived  = "archived_at:*"
	anyDeleted   = "deleted_at:*"
)

var (
	errSpanEmpty = errors.New("the days asked for end before they begin")
	// errAnew means that changes alone do not tell what the diary is.
	errAnew = errors.New("the diary must be read anew")
)

// Read gives the practice's diary for the span. When a mirror of the diary is on the
// shelf and fresh enough, only what changed is asked for, and Cliniko's count of what
// is booked has to agree with what that makes; otherwise everything is read. The feed
// is complete in both cases, unless the diary changed while it was being read, or
// Cliniko did not say how many records there are.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if !span.From.Before(span.To) {
		return gateway.Feed{}, errSpanEmpty
	}
	asked := a.clock.Now()
	mem, err := a.recall(ctx)
	if err != nil {
		return gateway.Feed{}, err
	}
	if m := mem.mirror; m != nil && a.fresh(m.state, span, asked) {
		feed, err := a.changes(ctx, mem, span, asked)
		if !errors.Is(err, errAnew) {
			return feed, err
		}
		// What is on the shelf does not hold: it is to be replaced, whatever changed.
		mem.mirror = nil
	}
	return a.everything(ctx, mem, span, asked)
}

// fresh reports whether a mirror can be brought up to date by what changed since.
func (a *Adapter) fresh(s state, span gateway.Span, now time.Time) bool {
	age := now.Sub(s.FullAt)
	return age >= 0 && age < time.Duration(a.config.FullRead)*time.Hour && !s.High.IsZero() &&
		!span.From.Truncate(time.Second).Before(s.From) && !span.To.After(s.To)
}

// done makes the feed of a read that came through.
func (a *Adapter) done(m *mirror, t *talk, span gateway.Span, asked time.Time, lost map[string][]entry) gateway.Feed {
	feed := a.feed(m, span)
	c := collector{span: span, feed: feed}
	for _, list := range slices.Sorted(maps.Keys(lost)) {
		c.lost(plain(list), lost[list])
	}
	feed = c.feed
	feed.AsOf = t.age.AsOf(asked)
	if remark := t.age.Remark(asked); remark != "" {
		feed.Notes = append(feed.Notes, remark)
	}
	feed.Covers = span
	return feed
}

// remember keeps the mirror, and notes for the operator when that does not work.
func (a *Adapter) remember(ctx context.Context, mem memory, m *mirror, feed *gateway.Feed) {
	if err := a.keep(ctx, mem, m); err != nil {
		feed.Notes = append(feed.Notes, "what was read could not be remembered: the next read asks for everything again")
	}
}

// high gives the time at Cliniko's up to which a conversation has seen all changes.
func (t *talk) high(asked time.Time) time.Time {
	if t.theirs.IsZero() {
		return asked.Add(-withoutDate)
	}
	return t.theirs
}

// fetchPeople reads the patients named, the archived ones included.
func (t *talk) fetchPeople(ctx context.Context, m *mirror, ids []string) ([]entry, error) {
	var lost []entry
	for _, filter := range chunks("id", ids) {
		l, err := t.list(ctx, listPatients, query(filter, anyArchived))
		if err != nil {
			return nil, err
		}
		lost = append(lost, m.putPeople(l, func(id string) bool { return slices.Contains(ids, id) })...)
	}
	return lost, nil
}

// fetchAttendees reads who comes to the groups named. It reports whether as many came
// as Cliniko says that there are.
func (t *talk) fetchAttendees(ctx context.Context, m *mirror, groups []string) (lost []entry, whole bool, err error) {
	whole = true
	for _, filter := range chunks("booking_id", groups) {
		l, err := t.list(ctx, listAttendees, query(filter, anyCancelled))
		if err != nil {
			return nil, false, err
		}
		gone := m.putAttendees(l)
		lost = append(lost, gone...)
		whole = whole && l.counts(distinct[attendee](l)+len(gone))
	}
	return lost, whole, nil
}

// window makes the filters for the starts that a mirror speaks for.
func (s state) window() []string { return between(s.From, s.To) }

func between(from, to time.Time) []string {
	return []string{"starts_at:>=" + instant(from), "starts_at:<" + instant(to)}
}

func since(t time.Time) string { return fmt.Sprintf("updated_at:>=%s", instant(t)) }
