package scheduler

import (
	"slices"
	"time"

	"bellman/gateway"
)

// absent gives the refs of appointments that were known, ought to be in a read,
// and are not.
func absent(d gateway.Diary, feed gateway.Feed, drafted []Drafted, now time.Time) []gateway.Ref {
	in := make(map[gateway.Ref]bool, len(drafted))
	for i := range drafted {
		in[drafted[i].Ref] = true
	}
	var out []gateway.Ref
	for ref, h := range d.Heads() {
		if !in[ref] && h.Start.After(now) && feed.Covers.Has(h.Start) {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, func(a, b gateway.Ref) int { return slices.Compare(a[:], b[:]) })
	return out
}

// gone plans for appointments that a read no longer shows. Only a read that is
// complete, and in which every record could be read, says that they are no longer
// booked; after any other they are held, since they were not confirmed.
func gone(practice gateway.Practice, d gateway.Diary, facts []gateway.Facts, certain bool) []Drafted {
	state, why := gateway.Withdrawn, gateway.Gone
	if !certain {
		state, why = gateway.Held, gateway.NotConfirmed
	}
	out := make([]Drafted, 0, len(facts))
	for _, f := range facts {
		ref := d.Ref(f.Appointment.ID)
		h, ok := d.Head(ref)
		if !ok {
			continue
		}
		if f.Standing = gateway.None; !certain {
			f.Standing = why
		}
		e := Drafted{Ref: ref, Known: true, Entry: gateway.Entry{Facts: f, FirstSeen: h.FirstSeen}}
		for _, o := range practice.Policy.Plan(h.Start, practice.Nation, h.FirstSeen) {
			if slices.Contains(h.Rules, o.Rule) {
				e.Plan = append(e.Plan, gateway.Planned{Rule: o.Rule, State: state, Reason: why, At: o.SendAt})
			}
		}
		out = append(out, e)
	}
	return out
}

// The brake: a read that would withdraw more than a third of what waits, and
// more than five, is more likely a fault than a mass cancellation.
const (
	brakeFloor = 5
	brakeShare = 3
)

// brake finds the withdrawals of a read that are unusual in their number, holds
// their reminders instead, and gives the refs it held. What the read before
// already showed as gone (agreed) has been seen twice and goes through.
//
// waiting tells how many of an appointment's reminders wait now; total how many
// wait in the whole practice.
func brake(drafted []Drafted, waiting func(Drafted) int, total int, agreed []gateway.Ref) []gateway.Ref {
	var suspects []int
	n := 0
	for i, e := range drafted {
		if !e.Known || !withdraws(e) {
			continue
		}
		if w := waiting(e); w > 0 && !slices.Contains(agreed, e.Ref) {
			suspects = append(suspects, i)
			n += w
		}
	}
	if n <= brakeFloor || n*brakeShare <= total {
		return nil
	}
	held := make([]gateway.Ref, 0, len(suspects))
	for _, i := range suspects {
		e := &drafted[i]
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

// withdraws reports whether an entry withdraws reminders for what the source
// says of the visit or the patient.
func withdraws(e Drafted) bool {
	return slices.ContainsFunc(e.Plan, func(p gateway.Planned) bool {
		return p.State == gateway.Withdrawn && bySource(p.Reason)
	})
}

// bySource reports whether a reason is something that the clinical system says,
// and so could be a fault of the feed. The others are the passing of time, the
// practice's own rules and the patient's own word.
func bySource(r gateway.Reason) bool {
	switch r {
	case gateway.Cancelled, gateway.Gone, gateway.Deceased, gateway.LeftPractice, gateway.Declined, gateway.NoMobile,
		gateway.Landline, gateway.NotAMobile, gateway.Restricted, gateway.NotExpected:
		return true
	}
	return false
}
