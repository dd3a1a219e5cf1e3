package cliniko

import (
	"context"
	"time"

	"bellman/gateway"
)

// The questions for what is called off, in a read of everything. Nothing depends on
// their answers: what a whole list of what is booked does not show is not booked.
const (
	onlyArchived = "archived_at:?"
	onlyDeleted  = "deleted_at:?"
)

// mostTries is how often everything is read when the diary changes meanwhile.
const mostTries = 2

// everything reads the whole diary, some hours further than asked so that the next
// reads can go by what changed.
func (a *Adapter) everything(ctx context.Context, mem memory, span gateway.Span, asked time.Time) (gateway.Feed, error) {
	for try := 1; ; try++ {
		from := span.From.UTC().Truncate(time.Second)
		to := span.To.UTC().Truncate(time.Second).Add(time.Duration(a.config.FullRead+1) * time.Hour)
		t := a.bulkTalk()
		f := full{talk: t, mirror: newMirror(from, to), lost: map[string][]entry{}, whole: true}
		if err := f.read(ctx, asked); err != nil {
			return gateway.Feed{}, err
		}
		if !f.whole && try < mostTries {
			asked = a.clock.Now()
			continue
		}
		f.mirror.state.High, f.mirror.state.FullAt = t.high(asked), asked
		feed := a.done(f.mirror, t, span, asked, f.lost)
		feed.Complete = f.whole
		if !f.whole {
			feed.Notes = append(feed.Notes, "the diary changed while it was being read, or Cliniko does not say how many records there are: what this read does not show may still be booked")
			return feed, nil
		}
		a.remember(ctx, mem, f.mirror, &feed)
		return feed, nil
	}
}

// full is one read of everything.
type full struct {
	*talk
	mirror *mirror
	lost   map[string][]entry
	whole  bool // as many records came as Cliniko says that there are
	paged  bool // a list came over several pages, between which it can change
}

func (f *full) read(ctx context.Context, asked time.Time) error {
	for _, step := range []func(context.Context) error{f.readIndividuals, f.readGroups, f.readAttendees} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if f.paged && f.whole {
		moved, err := f.changedSince(ctx, f.high(asked))
		if err != nil {
			return err
		}
		f.whole = !moved
	}
	lost, err := f.fetchPeople(ctx, f.mirror, f.mirror.strangers())
	if err != nil {
		return err
	}
	f.lost[listPatients] = lost
	f.mirror.settings, err = f.settings(ctx)
	return err
}

func (f *full) readIndividuals(ctx context.Context) error {
	window := f.mirror.state.window()
	l, err := f.list(ctx, listIndividuals, query(append(window, anyCancelled)...))
	if err != nil {
		return err
	}
	lost := f.mirror.putIndividuals(l)
	f.lost[listIndividuals] = lost
	f.judge(l, distinct[individual](l)+len(lost))
	return f.calledOff(ctx, listIndividuals, f.mirror.putIndividuals)
}

func (f *full) readGroups(ctx context.Context) error {
	l, err := f.list(ctx, listGroups, query(f.mirror.state.window()...))
	if err != nil {
		return err
	}
	lost := f.mirror.putGroups(l)
	f.lost[listGroups] = lost
	f.judge(l, distinct[group](l)+len(lost))
	return f.calledOff(ctx, listGroups, f.mirror.putGroups)
}

func (f *full) readAttendees(ctx context.Context) error {
	groups := f.mirror.liveGroups(f.mirror.state.From)
	lost, whole, err := f.fetchAttendees(ctx, f.mirror, groups)
	f.lost[listAttendees] = lost
	f.whole = f.whole && whole
	f.paged = f.paged || len(f.mirror.attendees) > perPage
	return err
}

// calledOff reads what of a list was archived or deleted.
func (f *full) calledOff(ctx context.Context, list string, put func(listing) []entry) error {
	for _, filter := range []string{onlyArchived, onlyDeleted} {
		l, err := f.list(ctx, list, query(append(f.mirror.state.window(), filter)...))
		if err != nil {
			return err
		}
		f.lost[list] = append(f.lost[list], put(l)...)
	}
	return nil
}

// judge notes whether a list came whole.
func (f *full) judge(l listing, different int) {
	f.whole = f.whole && l.counts(different)
	f.paged = f.paged || l.pages > 1
}

// changedSince reports whether anything of the diary changed since a moment at
// Cliniko's. A list is paged by counting: what leaves one page while it is read pulls
// a record from the next page onto it, where nobody looks any more. Such a change
// shows itself here, or in the count.
func (f *full) changedSince(ctx context.Context, at time.Time) (bool, error) {
	for list, ways := range wholeLists {
		for _, way := range ways {
			n, err := f.count(ctx, list, since(at), way)
			if err != nil || n != 0 {
				return true, err
			}
		}
	}
	return false, nil
}

// wholeLists are the lists of the diary, with the questions that together show all of
// each.
var wholeLists = map[string][]string{
	listIndividuals: {anyCancelled, anyArchived, anyDeleted},
	listGroups:      {anyArchived, anyDeleted},
	listAttendees:   {anyCancelled, anyArchived, anyDeleted},
}
