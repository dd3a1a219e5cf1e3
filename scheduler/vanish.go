package scheduler

import (
	"slices"
	"time"

	"bellman/gateway"
)

// absent gives the refs of appointments that were known, are still to come, and
// are not in a read that speaks for them: that covers their start, or makes the
// whole diary count as fresh.
func absent(d gateway.Diary, feed gateway.Feed, drafted []Drafted, now time.Time) []gateway.Ref {
	in := make(map[gateway.Ref]bool, len(drafted))
	for i := range drafted {
		in[drafted[i].Ref] = true
	}
	var out []gateway.Ref
	for ref, h := range d.Heads() {
		if !in[ref] && h.Start.After(now) && (feed.Complete || feed.Covers.Has(h.Start)) {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, func(a, b gateway.Ref) int { return slices.Compare(a[:], b[:]) })
	return out
}

// certain reports whether an absence from a read means that the visit is no longer
// booked: the read is complete, and every record in it could be read.
func certain(feed gateway.Feed) bool { return feed.Complete && len(feed.Unreadable) == 0 }

// gone decides for appointments that a read no longer shows. Where the read is
// certain, and covers them, they are no longer booked; otherwise what would be
// sent is held, since it was not confirmed. What is withheld for another reason
// keeps it.
func (d Drafting) gone(facts []gateway.Facts) []Drafted {
	out := make([]Drafted, 0, len(facts))
	for _, f := range facts {
		// The record says so, too: what was leaving just then may yet come back to
		// the queue, and the sender must not find a visit that looks booked.
		f.Standing = gateway.Gone
		if !certain(d.Feed) || !d.Feed.Covers.Has(f.Appointment.Start) {
			f.Standing = gateway.NotConfirmed
		}
		out = append(out, d.one(f))
	}
	return out
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
		gateway.Landline, gateway.NotAMobile, gateway.Restricted, gateway.NotExpected, gateway.SourceReminds,
		gateway.Sensitive, gateway.NeedsOtherWay:
		return true
	}
	return false
}
