package scheduler

import (
	"time"

	"bellman/gateway"
)

// Draft says what is to become of every reminder of a read. It is pure: the same
// for the service, which carries it out, and for `bellman plan`, which shows it.
type Draft struct {
	Entries []Drafted
	// Doubled counts appointments that the source listed more than once.
	Doubled int
}

// Drafted is one appointment's plan, with what was decided for each reminder.
type Drafted struct {
	gateway.Entry
	Ref       gateway.Ref
	Known     bool // at this start
	Owed      []gateway.Owed
	Decisions []gateway.Decision
}

// Drafting is what a draft is made from.
type Drafting struct {
	Practice gateway.Practice
	Feed     gateway.Feed
	Diary    gateway.Diary
	Now      time.Time
	Allowed  func(gateway.Phone) bool // nil: every number may be texted
}

// Make decides every reminder of the appointments in the feed. Appointments that
// have begun are left as they stand.
func (d Drafting) Make() Draft {
	merged := gateway.Merge(d.Feed.Appointments)
	var out Draft
	at := make(map[gateway.AppointmentID]int, len(d.Feed.Appointments))
	for _, a := range d.Feed.Appointments {
		if !a.Start.After(d.Now) {
			continue
		}
		if i, ok := at[a.ID]; ok {
			// Two rows for one appointment that disagree: nobody can say which
			// is true, so its status is not understood.
			out.Doubled++
			if out.Entries[i].Facts.Appointment != a {
				a = out.Entries[i].Facts.Appointment
				a.Status = gateway.StatusUnknown
				out.Entries[i] = d.one(a, false)
			}
			continue
		}
		at[a.ID] = len(out.Entries)
		lead, ok := merged[a.ID]
		out.Entries = append(out.Entries, d.one(a, ok && d.speaksFor(lead, a)))
	}
	return out
}

// one decides the reminders of one appointment.
func (d Drafting) one(a gateway.Appointment, merged bool) Drafted {
	ref := d.Diary.Ref(a.ID)
	e := Drafted{Ref: ref}
	e.FirstSeen, e.Known = d.seen(ref, a.Start)
	e.Facts = gateway.Facts{
		Appointment: a, Merged: merged,
		OffList: d.Allowed != nil && !a.Patient.Mobile.IsZero() && !d.Allowed(a.Patient.Mobile),
	}
	m := gateway.Moment{
		Now: d.Now, FeedAsOf: d.Feed.AsOf,
		OptedOut: d.Diary.OptedOut(a.Patient.Mobile), Merged: merged, OffList: e.Facts.OffList,
	}
	p := d.Practice
	e.Owed = p.Policy.Plan(a.Start, p.Nation, e.FirstSeen)
	for _, o := range e.Owed {
		dec := p.Policy.Decide(a, o, p.Nation, m)
		e.Decisions = append(e.Decisions, dec)
		e.Plan = append(e.Plan, planned(o, dec))
	}
	return e
}

// seen gives when an appointment was first known at a start, which is now when it
// was not.
func (d Drafting) seen(ref gateway.Ref, start time.Time) (time.Time, bool) {
	if h, ok := d.Diary.Head(ref); ok && h.Start.Equal(start) {
		return h.FirstSeen, true
	}
	return d.Now.Truncate(time.Second), false
}

// speaksFor reports whether the first appointment of a group really gets the
// texts that the other is left without: it does not where it was booked too late
// for a reminder for which the other was in time.
func (d Drafting) speaksFor(lead, a gateway.Appointment) bool {
	p := d.Practice
	first, _ := d.seen(d.Diary.Ref(lead.ID), lead.Start)
	own, _ := d.seen(d.Diary.Ref(a.ID), a.Start)
	theirs := p.Policy.Plan(lead.Start, p.Nation, first)
	for i, o := range p.Policy.Plan(a.Start, p.Nation, own) {
		if theirs[i].Late && !o.Late {
			return false
		}
	}
	return true
}

// planned turns a decision into what the store keeps. The time is the plan's own,
// not the decision's, so that it does not change with every read.
func planned(o gateway.Owed, d gateway.Decision) gateway.Planned {
	p := gateway.Planned{Rule: o.Rule, Reason: d.Reason, At: o.SendAt}
	switch d.Verdict {
	case gateway.Send:
		p.State, p.Reason = gateway.Queued, gateway.None
	case gateway.Suppress:
		p.State = gateway.Withdrawn
	case gateway.Hold:
		p.State = gateway.Held
	}
	return p
}
