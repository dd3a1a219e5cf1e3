package hl7

import (
	"time"

	"bellman/gateway"
)

// visit is what is kept of one appointment. New fields may come, and are absent
// from older records.
type visit struct {
	// Patient is whose it is, by the id under which it was first told: a merge does
	// not make another appointment of it.
	Patient told[string]         `json:"p,omitzero"`
	Start   told[moment]         `json:"s,omitzero"`
	Status  told[gateway.Status] `json:"x,omitzero"`
	Site    told[string]         `json:"l,omitzero"`
	Mode    told[gateway.Mode]   `json:"m,omitzero"`
	Clinic  told[[]string]       `json:"n,omitzero"` // what the sender calls it
	// Changed is when the last message came that changes it without saying whether
	// it is booked.
	Changed int64        `json:"c,omitempty"`
	Garbled told[string] `json:"g,omitzero"` // a message about it could not be understood; why
	Marks   []string     `json:"k,omitempty"`
	Last    int64        `json:"z"` // when something last came of it, in seconds since 1970, by our clock
}

// take lays a message over what is known. same reports whether the message's
// patient is known to be the one whose appointment it is, under another id.
func (v *visit) take(n news, same bool) {
	if !once(&v.Marks, n.mark) {
		v.takeAgain(n)
		return
	}
	v.Last = n.came.Unix()
	if last := v.last(); n.said < last && last > n.came.Add(agrees).UnixMicro() {
		// What is known was said in a time still to come, and this comes after it and
		// was said before it: one of two clocks is wrong, and either may be the newer.
		v.Status.tell(last, gateway.StatusUnknown)
	}
	said := n.visit
	if said.garbled != "" {
		if n.said >= v.last() {
			v.Garbled.tell(n.said, said.garbled)
		}
		return
	}
	if n.said >= v.Garbled.At && said.settles() {
		v.Garbled = told[string]{}
	}
	if n.who.id != "" && !same {
		v.Patient.tell(n.said, n.who.id)
	}
	if said.start != nil {
		v.Start.tell(n.said, *said.start)
	}
	if said.site != "" {
		v.Site.tell(n.said, said.site)
	}
	if len(said.clinic) > 0 {
		v.Clinic.tell(n.said, said.clinic)
	}
	if said.mode != gateway.ModeUnknown {
		v.Mode.tell(n.said, said.mode)
	}
	if said.weak {
		v.Changed = max(v.Changed, n.said)
		return
	}
	v.takeStatus(n.said, said.status)
}

// takeAgain takes in a message that has come before. One that is said to be said
// later than all that is known is a copy with a new time, or a sender's control id
// that began again: nobody knows which, so that it leaves unclear what it does not
// agree with.
func (v *visit) takeAgain(n news) {
	if n.said > max(v.last(), v.Garbled.At) && !v.agrees(n.visit) {
		v.Status.tell(n.said, gateway.StatusUnknown)
	}
}

// agrees reports whether news say nothing but what is known.
func (v *visit) agrees(said *visitNews) bool {
	return said.garbled == "" && (said.weak || said.status == v.standing()) && (said.start == nil || *said.start == v.Start.Is)
}

// settles reports whether a message leaves no doubt that one before it, which could
// not be understood, may have brought: whether the patient is expected, and when.
func (s *visitNews) settles() bool {
	return !s.weak && (s.start != nil || s.status != gateway.StatusBooked)
}

// takeStatus takes in whether the patient is expected. Of a booking and a
// cancelling that were said at one time nobody knows which was meant to last.
func (v *visit) takeStatus(at int64, s gateway.Status) {
	if was := v.Status; at == was.At && was.Is != gateway.StatusBooked && s == gateway.StatusBooked {
		s = gateway.StatusUnknown
	}
	v.Status.tell(at, s)
}

// last is when something was last said of the appointment that could be understood.
func (v *visit) last() int64 { return max(v.Status.At, v.Start.At, v.Changed) }

// standing gives the status as it is to be believed. A change of a visit that is
// not known to be booked, by a sender who gives no status, may have booked it or only
// have corrected a note.
func (v *visit) standing() gateway.Status {
	if v.Garbled.known() || v.Status.Is != gateway.StatusBooked && v.Changed > v.Status.At {
		return gateway.StatusUnknown
	}
	return v.Status.Is
}

// over reports whether a visit need not be kept any longer: it was a while ago, or
// nobody knows when it was to be and nothing came of it for long.
func (v *visit) over(now time.Time) bool {
	if v.Start.known() {
		return time.Unix(v.Start.Is.At, 0).Before(now.Add(-keepVisits))
	}
	return time.Unix(v.Last, 0).Before(now.Add(-keepUnplaced))
}
