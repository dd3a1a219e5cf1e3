package scheduler

import (
	"slices"
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
	// Moving lists moves that were seen before and not believed yet.
	Moving []gateway.Moving
	// Rebuilt is when every record was found to be lost; zero: never. What was
	// first seen by then only seems to be new, and is never sent late.
	Rebuilt time.Time
	// Blind is since when nobody could read the diary; zero: it was read lately. See
	// BlindSince.
	Blind time.Time
	// Lost is when Redis was found to have lost something of which it is not known
	// yet what was sent; zero: all is known.
	Lost time.Time
}

// Make decides every reminder of the appointments in the feed. Appointments that
// have begun are left as they stand.
func (d Drafting) Make() Draft {
	rows, doubled := single(d.discreet())
	merged, shared := gateway.Merge(d.textedAbout(rows)), sharedNumbers(rows)
	out := Draft{Doubled: doubled, Entries: make([]Drafted, 0, len(rows))}
	for _, a := range rows {
		if !a.Start.After(d.Now) {
			continue
		}
		lead, ok := merged[a.ID]
		ok = ok && lead.Patient.ID == a.Patient.ID // an id may stand for two patients in one read
		out.Entries = append(out.Entries, d.one(gateway.Facts{
			Appointment: a, Merged: ok && d.speaksFor(lead, a), Shared: shared[a.Patient.Mobile],
		}))
	}
	return out
}

// textedAbout leaves out the visits at clinics about which the practice does not
// text, or the patient wants no text: their text cannot speak for another visit.
func (d Drafting) textedAbout(rows []gateway.Appointment) []gateway.Appointment {
	quiet := func(a gateway.Appointment) bool {
		return !d.Practice.Policy.Who.Texts(a) || d.Diary.Outs(a).Withholds(a)
	}
	if !slices.ContainsFunc(rows, quiet) {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), quiet)
}

// single gives each appointment once, and how many rows were too many. Of rows
// that disagree nobody can say which is true: the status of such an appointment is
// not understood, at the latest start, since what has begun would be passed over.
func single(rows []gateway.Appointment) ([]gateway.Appointment, int) {
	out := make([]gateway.Appointment, 0, len(rows))
	at := make(map[gateway.AppointmentID]int, len(rows))
	first := make(map[gateway.AppointmentID]gateway.Appointment)
	for _, a := range rows {
		id := a.Identity()
		i, ok := at[id]
		if !ok {
			at[id] = len(out)
			out = append(out, a)
			continue
		}
		if _, ok := first[id]; !ok {
			first[id] = out[i]
		}
		if a == first[id] {
			continue
		}
		if out[i].Start.Before(a.Start) {
			out[i] = a
		}
		out[i].Status = gateway.StatusUnknown
	}
	return out, len(rows) - len(out)
}

// one decides the reminders of one appointment, of which these facts are known. A
// standing reason among them holds whatever would be sent.
func (d Drafting) one(f gateway.Facts) Drafted {
	outs := d.Diary.Outs(f.Appointment)
	f.Appointment = outs.Clinics.Judge(f.Appointment)
	f.Appointment.Patient.Greeting = d.Practice.Policy.Extras.Greeted(f)
	a := f.Appointment
	ref := d.Diary.Ref(a.Identity())
	f.OffList = d.Allowed != nil && !a.Patient.Mobile.IsZero() && !d.Allowed(a.Patient.Mobile)
	e := Drafted{Entry: gateway.Entry{Ref: ref, Facts: f, Task: d.task(a, f.Standing)}}
	e.FirstSeen, e.Known = d.seen(ref, a.Start)
	m := gateway.Moment{
		Now: d.Now, FeedAsOf: d.Feed.AsOf, Standing: f.Standing,
		OptedOut: d.Diary.OptedOut(a.Patient.Mobile), Merged: f.Merged, OffList: f.OffList, Shared: f.Shared,
		VisitOut: outs.Visit, Clinics: outs.Clinics.List,
	}
	p := d.Practice
	if !e.FirstSeen.After(d.Rebuilt) {
		p.Policy.SendBookedLate = false
	}
	owed := p.Policy.Plan(a.Start, p.Nation, e.FirstSeen)
	e.Owed = make([]gateway.Owed, 0, len(owed))
	e.Decisions = make([]gateway.Decision, 0, len(owed))
	e.Plan = make([]gateway.Planned, 0, len(owed))
	for _, o := range owed {
		if e.Known && d.reachesBack(ref, o) {
			continue
		}
		dec := p.Policy.Decide(a, o, p.Nation, m)
		e.Owed = append(e.Owed, o)
		e.Decisions = append(e.Decisions, dec)
		e.Plan = append(e.Plan, planned(o, dec))
	}
	return e
}

// reachesBack reports whether a reminder was due before the practice had its rule:
// a rule that is added today must not text at once everybody for whom it would
// have been due on some earlier day. It does where the practice sends what was
// booked late.
func (d Drafting) reachesBack(ref gateway.Ref, o gateway.Owed) bool {
	h, _ := d.Diary.Head(ref)
	return !d.Practice.Policy.SendBookedLate && o.Due.Before(d.Now) && !slices.Contains(h.Rules, o.Rule)
}

// speaksFor reports whether the first appointment of a group really gets the
// texts that the other is left without: it does not where it was booked too late
// for a reminder for which the other was in time, or closed where that was open.
func (d Drafting) speaksFor(lead, a gateway.Appointment) bool {
	p := d.Practice
	first, _ := d.seen(d.Diary.Ref(lead.Identity()), lead.Start)
	own, _ := d.seen(d.Diary.Ref(a.Identity()), a.Start)
	theirs := p.Policy.Plan(lead.Start, p.Nation, first)
	for i, o := range p.Policy.Plan(a.Start, p.Nation, own) {
		if theirs[i].Lost() && !o.Lost() {
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
