package scheduler

import (
	"slices"
	"time"

	"bellman/gateway"
)

// The brake: a read that would withdraw or move more than a third of what waits,
// and more than five, is more likely a fault of the feed than a day's work at the
// desk.
const (
	brakeFloor = 5
	brakeShare = 3
)

// inspection looks at a whole read before it is carried out, and holds what it
// does too much of at once. It is pure; what it asks of the store is put into it.
type inspection struct {
	drafting Drafting
	before   gateway.FeedState
	entries  []Drafted

	waiting map[gateway.Ref]int           // reminders that wait now, of what would go or move
	total   int                           // that wait in the whole practice
	old     map[gateway.Ref]gateway.Facts // what is kept of what would move
	doubted map[gateway.Ref]bool          // new in an earlier read, and still waiting for a person
	asleep  map[gateway.Ref]bool          // withdrawn so far, of what would be sent now
}

// stopped is what waits after an inspection.
type stopped struct {
	missing []gateway.Ref
	moving  []gateway.Moving
	fresh   int // new reminders held in all
	counted int // new reminders let through
	unusual bool
}

// leaving gives the entries whose waiting reminders the read would take away
// because the diary says so: those that it withdraws, and those that it moves.
func (in *inspection) leaving() (gone, moved []int) {
	for i, e := range in.entries {
		switch {
		case in.moves(e):
			moved = append(moved, i)
		case e.Known && withdraws(e):
			gone = append(gone, i)
		}
	}
	return gone, moved
}

// moves reports whether an entry shows a known appointment at another start. One
// whose old start is past counts only while it waits for its move to be believed.
func (in *inspection) moves(e Drafted) bool {
	h, ok := in.drafting.Diary.Head(e.Ref)
	if !ok || h.Start.Equal(e.Facts.Appointment.Start) {
		return false
	}
	_, waits := in.moving(e.Ref)
	return waits || h.Start.After(in.drafting.Now)
}

func (in *inspection) moving(ref gateway.Ref) (gateway.Moving, bool) {
	i := slices.IndexFunc(in.before.Moving, func(m gateway.Moving) bool { return m.Ref == ref })
	if i < 0 {
		return gateway.Moving{}, false
	}
	return in.before.Moving[i], true
}

// unusual reports whether the read takes too much away, agreed with or not.
func (in *inspection) unusual() bool {
	gone, moved := in.leaving()
	all := 0
	for _, i := range slices.Concat(gone, moved) {
		all += in.waits(i)
	}
	return in.tooMany(all)
}

// hold holds what is too much at once, and says what that is. What an earlier read
// agrees with does not count towards what is held.
func (in *inspection) hold() stopped {
	out := stopped{unusual: in.unusual()}
	gone, moved := in.leaving()
	n := 0
	for _, i := range gone {
		if !in.goneTwice(i) {
			n += in.waits(i)
		}
	}
	for _, i := range moved {
		if !in.agreed(i) {
			n += in.waits(i)
		}
	}
	if in.tooMany(n) {
		out.missing = in.holdGone(gone)
	}
	out.moving = append(in.holdMoved(moved, in.tooMany(n)), in.holdPinned()...)
	in.holdNew(&out)
	return out
}

func (in *inspection) tooMany(n int) bool { return n > brakeFloor && n*brakeShare > in.total }

// waits gives how many reminders an entry takes away that were ever believed in.
func (in *inspection) waits(i int) int {
	ref := in.entries[i].Ref
	if in.doubted[ref] {
		return 0
	}
	return in.waiting[ref]
}

// second reports whether a read can agree with the one before it. The same file
// read twice, or an answer out of a cache, only agrees with itself.
func (in *inspection) second() bool { return in.drafting.Feed.AsOf.After(in.before.Seen) }

// goneTwice reports whether an earlier read showed a withdrawal as well.
func (in *inspection) goneTwice(i int) bool {
	return in.second() && slices.Contains(in.before.Missing, in.entries[i].Ref)
}

// agreed reports whether an earlier read showed a move to the same start, among
// others that were not all alike.
func (in *inspection) agreed(i int) bool {
	e := in.entries[i]
	m, ok := in.moving(e.Ref)
	return ok && in.second() && !m.Alike && m.Start.Equal(e.Facts.Appointment.Start)
}

// holdGone holds withdrawals. What the read before already showed as gone has been
// seen twice and goes through.
func (in *inspection) holdGone(gone []int) []gateway.Ref {
	var held []gateway.Ref
	for _, i := range gone {
		e := &in.entries[i]
		if in.waits(i) == 0 || in.goneTwice(i) {
			continue
		}
		for k := range e.Plan {
			if p := &e.Plan[k]; p.State == gateway.Withdrawn && bySource(p.Reason) {
				p.State, p.Reason = gateway.Held, gateway.ManyWithdrawals
			}
		}
		e.Facts.Standing = gateway.ManyWithdrawals
		held = append(held, e.Ref)
	}
	return held
}

// holdMoved holds moves: neither the old start nor the new one is texted. What is
// kept stays at the old start, so that nothing is lost when the feed comes right.
// A second read that shows the same start lets a move through, but not where most
// moved by the same span: a wrong clock says the same at every read.
func (in *inspection) holdMoved(moved []int, tooMany bool) []gateway.Moving {
	shift := time.Duration(0)
	if tooMany {
		shift = in.shift(moved)
	}
	var held []gateway.Moving
	for _, i := range moved {
		e := &in.entries[i]
		f, kept := in.old[e.Ref]
		if !kept {
			continue
		}
		start := e.Facts.Appointment.Start
		alike := shift != 0 && start.Sub(f.Appointment.Start) == shift
		was, waits := in.moving(e.Ref)
		switch again := waits && was.Start.Equal(start); {
		case again && was.Alike: // until a person says otherwise
		case again && !in.second():
		case again, !tooMany, in.waits(i) == 0 && !alike:
			continue
		default:
			was = gateway.Moving{Ref: e.Ref, Start: start, Since: e.FirstSeen, Alike: alike}
		}
		f.Standing = gateway.ManyMoves
		*e = in.drafting.one(f)
		held = append(held, was)
	}
	if shift != 0 {
		held = append(held, in.holdLearnt()...)
	}
	return held
}

// shift gives the span by which more than half of the moved were moved, if more
// than a few were; otherwise zero.
func (in *inspection) shift(moved []int) time.Duration {
	by := map[time.Duration]int{}
	for _, i := range moved {
		e := in.entries[i]
		if f, ok := in.old[e.Ref]; ok && in.waits(i) > 0 {
			by[e.Facts.Appointment.Start.Sub(f.Appointment.Start)]++
		}
	}
	for d, n := range by {
		if n > brakeFloor && 2*n > len(moved) {
			return d
		}
	}
	return 0
}

// holdLearnt holds what a look at single appointments has moved since the last
// read, where a clock may be wrong: it went past the brake.
func (in *inspection) holdLearnt() []gateway.Moving {
	var held []gateway.Moving
	for i := range in.entries {
		if e := &in.entries[i]; e.Known && confirmed(*e) && e.FirstSeen.After(in.before.Planned) {
			held = append(held, in.pin(e))
		}
	}
	return held
}

// holdPinned goes on holding those.
func (in *inspection) holdPinned() []gateway.Moving {
	var held []gateway.Moving
	for i := range in.entries {
		e := &in.entries[i]
		if m, ok := in.moving(e.Ref); ok && m.Alike && e.Known && confirmed(*e) && m.Start.Equal(e.Facts.Appointment.Start) {
			held = append(held, in.pin(e))
		}
	}
	return held
}

func (in *inspection) pin(e *Drafted) gateway.Moving {
	f := e.Facts
	f.Standing = gateway.ManyMoves
	*e = in.drafting.one(f)
	return gateway.Moving{Ref: e.Ref, Start: f.Appointment.Start, Since: e.FirstSeen, Alike: true}
}

// holdNew holds what the read newly owes, where that is far above the practice's
// norm, where the same read takes an unusual number away (it may be another
// practice's diary, or a column turned round), and while earlier ones wait.
func (in *inspection) holdNew(out *stopped) {
	var doubted, fresh []int
	counts := 0
	for i, e := range in.entries {
		switch {
		case owes(e) == 0:
		case in.doubted[e.Ref]:
			doubted = append(doubted, i)
		case out.unusual && in.asleep[e.Ref]:
			fresh = append(fresh, i)
		case in.isNew(e):
			fresh = append(fresh, i)
			if in.near(e) {
				counts += owes(e)
			}
		}
	}
	if len(doubted) == 0 && !out.unusual && !in.surge(counts) {
		out.counted = counts
		return
	}
	for _, i := range slices.Concat(doubted, fresh) {
		out.fresh += holdForAPerson(&in.entries[i])
	}
}

// near reports whether an appointment lies in days that the last read spoke for. A
// person who lets more days be read brings what lies beyond them all at once.
func (in *inspection) near(e Drafted) bool {
	u := in.before.Until
	return u.IsZero() || e.Facts.Appointment.Start.Before(u.Add(24*time.Hour))
}

// surge reports whether so many new reminders more are unusual.
func (in *inspection) surge(n int) bool {
	today := dayOf(in.drafting.Now)
	limit, known := most(in.before.Norm, today, in.drafting.Now.Sub(in.before.Planned))
	return known && n > 0 && on(in.before.Norm, today)+n > limit
}

// holdForAPerson holds what an entry would send, now or once it is certain again,
// and gives how many that are. What is held for another reason as well waits for
// the person, too: that reason may go by itself.
func holdForAPerson(e *Drafted) int {
	e.Facts.Standing = gateway.ManyNew
	n := 0
	for k := range e.Plan {
		if p := &e.Plan[k]; sends(*p) {
			p.State, p.Reason = gateway.Held, gateway.ManyNew
			n++
		}
	}
	return n
}

// isNew reports whether an entry is of an appointment that was never heard of.
func (in *inspection) isNew(e Drafted) bool {
	_, ok := in.drafting.Diary.Head(e.Ref)
	return !ok
}

// owes gives how many reminders of an entry are to be sent, or would be if they
// were certain.
func owes(e Drafted) int {
	n := 0
	for _, p := range e.Plan {
		if sends(p) {
			n++
		}
	}
	return n
}

// confirmed reports whether an entry owes a reminder of a visit that the read shows.
func confirmed(e Drafted) bool { return e.Facts.Standing == gateway.None && owes(e) > 0 }

// keep carries over what a read that is not certain says nothing of.
func keep(before, held []gateway.Moving, shown map[gateway.Ref]bool) []gateway.Moving {
	for _, m := range before {
		if !shown[m.Ref] {
			held = append(held, m)
		}
	}
	return held
}
