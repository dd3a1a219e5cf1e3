package gateway

import (
	"slices"
	"time"
)

// Policy is what a practice has decided about its reminders.
type Policy struct {
	Rules          []Rule
	Closed         map[Rule]WhenClosed // what becomes of a rule's moment outside the hours; nil: GoLater
	Hours          Hours
	StaleAfter     time.Duration // nothing is sent on a feed older than this
	Latest         time.Duration // no reminder closer to the appointment than this
	MostADay       int           // texts to one phone on one day; 0: any number
	SendBookedLate bool          // send at once what was already due when first read
	Wording        string
	AutoCancel     AutoCancel
	Who            Who    // who is texted
	Extras         Extras // what the texts say besides the least
}

// WhenClosed says what becomes of a reminder whose moment lies outside the
// practice's hours.
type WhenClosed uint8

// What may become of it.
const (
	GoLater   WhenClosed = iota // the next opening; where that is too late to be useful, the last open day before
	GoEarlier                   // the last open day before; where that has passed, the next opening
	GoNever                     // it is not sent
)

// Owed is one reminder that an appointment is owed.
type Owed struct {
	Rule   Rule
	Due    time.Time // the moment the rule names
	SendAt time.Time // Due, brought into the practice's hours
	Until  time.Time // the last useful moment; a text is worthless after it
	Late   bool      // due before the appointment was first seen, and not to be sent
	Closed bool      // due outside the hours, and not to be sent for that
}

// Lost reports whether the reminder is not sent, whatever the facts are.
func (o Owed) Lost() bool { return o.Late || o.Closed }

// Plan lists the reminders that an appointment at start is owed, earliest
// first. It is pure: the same answer wherever and whenever it is asked. seen is
// when the appointment was first known at this start.
//
// A moment outside the practice's hours goes later, earlier or not at all, as the
// practice has it for this rule; never before the visit is first seen, nor where
// it would be too late to be useful if there is another way.
func (p Policy) Plan(start time.Time, n Nation, seen time.Time) []Owed {
	out := make([]Owed, 0, len(p.Rules))
	for _, rule := range p.Rules {
		o := Owed{Rule: rule, Due: rule.Due(start), Until: start.Add(-p.Latest)}
		o.SendAt = o.Due
		if !p.Hours.Open(o.Due, n) {
			o.SendAt = p.shifted(o, n, seen)
			o.Closed = p.Closed[rule] == GoNever
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Owed) int { return a.Due.Compare(b.Due) })
	p.markLate(out, seen)
	return out
}

// shifted gives the open moment that takes the place of a closed one, or the
// closed one where there is none.
func (p Policy) shifted(o Owed, n Nation, seen time.Time) time.Time {
	next, opens := p.Hours.Next(o.Due, n)
	before, opened := p.Hours.Before(o.Due, n)
	inTime := opens && next.Before(o.Until)
	opened = opened && !before.Before(seen)
	switch {
	case opened && (!inTime || p.Closed[o.Rule] == GoEarlier):
		return before
	case opens:
		return next
	}
	return o.Due
}

// markLate marks what was due before the appointment was first seen. A practice
// that sends such reminders at once sends one, the last that was due, and not as
// many as it missed.
func (p Policy) markLate(owed []Owed, seen time.Time) {
	last := -1
	for i := range owed {
		if owed[i].Due.Before(seen) {
			owed[i].Late = true
			last = i
		}
	}
	if p.SendBookedLate && last >= 0 {
		owed[last].Late = false
	}
}

// MergeWithin is the time within which several appointments of one patient at
// one site are one text, which names the first.
const MergeWithin = time.Hour

// Merge finds the appointments that another text already speaks for: later
// ones of the same patient at the same site, at most MergeWithin after the
// first of their group. Only those that are expected to happen and whose time
// is certain take part. The result gives for each such appointment the one whose
// text speaks for it.
func Merge(as []Appointment) map[AppointmentID]Appointment {
	type group struct {
		patient PatientID
		site    string
	}
	expected := make([]int, 0, len(as))
	for i := range as {
		if as[i].Status == StatusBooked && as[i].StartDoubt == NoDoubt && as[i].Patient.ID != "" {
			expected = append(expected, i)
		}
	}
	slices.SortFunc(expected, func(i, j int) int {
		if c := as[i].Start.Compare(as[j].Start); c != 0 {
			return c
		}
		if as[i].ID < as[j].ID {
			return -1
		}
		return 1
	})
	first := make(map[group]int, len(expected))
	merged := make(map[AppointmentID]Appointment)
	for _, i := range expected {
		a := &as[i]
		g := group{a.Patient.ID, a.Site}
		if lead, ok := first[g]; ok && a.Start.Sub(as[lead].Start) <= MergeWithin {
			merged[a.ID] = as[lead]
			continue
		}
		first[g] = i
	}
	return merged
}
