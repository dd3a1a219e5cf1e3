package scheduler

import (
	"context"
	"slices"
	"time"

	"bellman/gateway"
)

// inspect applies the brake and the watch on volumes to a read, changing its
// entries, and gives what waits.
func (s *Scheduler) inspect(ctx context.Context, d Drafting, entries []Drafted, before gateway.FeedState) (stopped, error) {
	if before.Released {
		return stopped{}, nil
	}
	in := inspection{drafting: d, before: before, entries: entries, doubted: map[gateway.Ref]bool{}}
	if before.Norm.Rules != rulesOf(d.Practice.Policy) {
		// A person has changed what is owed: what waits is explained, and usual is
		// learnt anew.
		in.before.Norm, in.before.New = gateway.Norm{}, 0
	}
	err := s.askDoubted(ctx, &in)
	if err == nil {
		err = s.askWaiting(ctx, &in)
	}
	if err == nil {
		err = s.askAsleep(ctx, &in)
	}
	if err != nil {
		return stopped{}, err
	}
	return in.hold(), nil
}

// askDoubted asks which new reminders still wait for a person.
func (s *Scheduler) askDoubted(ctx context.Context, in *inspection) error {
	if in.before.New == 0 {
		return nil
	}
	ids, err := s.o.Memory.HeldFor(ctx, in.drafting.Practice.ODS, gateway.ManyNew)
	for _, id := range ids {
		in.doubted[id.Ref] = true
	}
	return err
}

// askWaiting asks how many reminders wait of what the read would take away, and
// what is kept of what it would move.
func (s *Scheduler) askWaiting(ctx context.Context, in *inspection) error {
	p := in.drafting.Practice.ODS
	gone, moved := in.leaving()
	var ids []gateway.ReminderID
	var refs []gateway.Ref
	for _, i := range gone {
		e := in.entries[i]
		for _, r := range e.Plan {
			ids = append(ids, gateway.ReminderID{Practice: p, Ref: e.Ref, Rule: r.Rule, Start: e.Facts.Appointment.Start})
		}
	}
	for _, i := range moved {
		h, _ := in.drafting.Diary.Head(in.entries[i].Ref)
		refs = append(refs, in.entries[i].Ref)
		for _, r := range h.Rules {
			ids = append(ids, gateway.ReminderID{Practice: p, Ref: in.entries[i].Ref, Rule: r, Start: h.Start})
		}
	}
	if len(ids) <= brakeFloor && len(in.before.Moving) == 0 {
		return nil
	}
	states, err := s.o.Memory.Standings(ctx, ids)
	if err != nil {
		return err
	}
	in.waiting = map[gateway.Ref]int{}
	for i, st := range states {
		if st == gateway.Queued || st == gateway.Held || st == gateway.Claimed {
			in.waiting[ids[i].Ref]++
		}
	}
	counts, err := s.o.Memory.Counts(ctx, []gateway.ODS{p})
	if err != nil {
		return err
	}
	in.total = counts[p][gateway.Queued] + counts[p][gateway.Held] + counts[p][gateway.Claimed] - in.before.New
	facts, err := s.o.Memory.Recall(ctx, in.drafting.Diary, refs)
	if err != nil {
		return err
	}
	in.old = make(map[gateway.Ref]gateway.Facts, len(facts))
	for _, f := range facts {
		in.old[in.drafting.Diary.Ref(f.Appointment.Identity())] = f
	}
	return nil
}

// askAsleep asks, where the read is unusual, which of the reminders that it would
// send have been withdrawn so far: a column may have been turned round.
func (s *Scheduler) askAsleep(ctx context.Context, in *inspection) error {
	if !in.unusual() {
		return nil
	}
	var ids []gateway.ReminderID
	for _, e := range in.entries {
		if !e.Known || !confirmed(e) {
			continue
		}
		for _, r := range e.Plan {
			if sends(r) {
				ids = append(ids, gateway.ReminderID{Practice: in.drafting.Practice.ODS, Ref: e.Ref, Rule: r.Rule, Start: e.Facts.Appointment.Start})
			}
		}
	}
	states, err := s.o.Memory.Standings(ctx, ids)
	in.asleep = map[gateway.Ref]bool{}
	for i, st := range states {
		if st == gateway.Withdrawn {
			in.asleep[ids[i].Ref] = true
		}
	}
	return err
}

// after gives the state of the feed after a read. Only a complete one makes it
// fresh. One that is not certain neither confirms nor clears what waits for a
// second read or for a person, but for what it shows.
func after(before gateway.FeedState, d Drafting, held stopped, shown []Drafted) gateway.FeedState {
	feed := d.Feed
	out := before
	out.Seen = feed.AsOf
	out.Read, out.Unreadable = len(feed.Appointments), len(feed.Unreadable)
	out.Missing, out.Moving, out.New = held.missing, held.moving, held.fresh
	out.Last = time.Time{}
	for _, h := range d.Diary.Heads() {
		if h.Start.After(out.Last) {
			out.Last = h.Start
		}
	}
	if rules := rulesOf(d.Practice.Policy); before.Norm.Rules != rules {
		out.Norm = gateway.Norm{Rules: rules}
	} else if !before.AsOf.IsZero() { // the first read brings all there is
		out.Norm = counted(before.Norm, dayOf(d.Now), held.counted)
	}
	if feed.Complete {
		out.AsOf, out.Planned, out.Until = feed.AsOf, d.Now, feed.Covers.To
	}
	if certain(feed) {
		out.Released = false
		return out
	}
	seen := make(map[gateway.Ref]bool, len(shown))
	for _, e := range shown {
		seen[e.Ref] = true
	}
	for _, ref := range before.Missing {
		if !slices.Contains(held.missing, ref) && !seen[ref] {
			out.Missing = append(out.Missing, ref)
		}
	}
	out.Moving = keep(before.Moving, held.moving, seen)
	return out
}
