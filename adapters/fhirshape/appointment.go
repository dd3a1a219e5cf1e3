package fhirshape

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"bellman/gateway"
)

// Appointment is an Appointment resource, as far as a reminder needs it. Reason and
// description are left out on purpose: they may be clinical, and no text may hold
// them. So may service and specialty, which are read only to be classified.
type Appointment struct {
	Hidden
	ResourceType Word              `json:"resourceType"`
	ID           Word              `json:"id"`
	Meta         One[Meta]         `json:"meta"`
	Extension    Many[Extension]   `json:"extension"`
	StatusCode   Loose[string]     `json:"status"`
	Start        Loose[string]     `json:"start"`
	Participant  Many[Participant] `json:"participant"`
	Contained    Many[Patient]     `json:"contained"`
	// What kind of visit it is: see Clinic.
	ServiceCategory Many[Label] `json:"serviceCategory"`
	ServiceType     Many[Label] `json:"serviceType"`
	Specialty       Many[Label] `json:"specialty"`
	AppointmentType Many[Label] `json:"appointmentType"`
	// Why it was called off: R4 has the first spelling.
	CancelationReason  json.RawMessage `json:"cancelationReason"`
	CancellationReason json.RawMessage `json:"cancellationReason"`
}

// Participant is somebody or something that takes part.
type Participant struct {
	Actor    One[Reference] `json:"actor"`
	Required Loose[string]  `json:"required"`
	Status   Loose[string]  `json:"status"`
}

// Flaw is why one record cannot be read. It stops that record only.
type Flaw string

// Error gives the reason.
func (f Flaw) Error() string { return string(f) }

// The flaws of a resource.
const (
	FlawNoResource Flaw = "the entry holds no resource"
	FlawKind       Flaw = "the appointment has a field of the wrong kind"
	FlawNoID       Flaw = "the appointment has no usable id"
	FlawNoStart    Flaw = "there is no start"
	FlawNoOffset   Flaw = "start has no offset from UTC, so its moment is not known"
	FlawStart      Flaw = "start is not a moment in time"
)

// statuses gives the vocabulary's word for each status of R4 (and of STU3, which
// has a part of them).
var statuses = map[string]gateway.Status{
	"booked":           gateway.StatusBooked,
	"cancelled":        gateway.StatusCancelled,
	"arrived":          gateway.StatusArrived,
	"checked-in":       gateway.StatusArrived,
	"fulfilled":        gateway.StatusFinished,
	"noshow":           gateway.StatusMissed,
	"proposed":         gateway.StatusNotBooked,
	"pending":          gateway.StatusNotBooked,
	"waitlist":         gateway.StatusNotBooked,
	"entered-in-error": gateway.StatusNotBooked,
}

// Status gives where the appointment stands. An element that may change the meaning
// of the whole record makes it unknown, and so does a booked one that carries the
// reason for which it was called off.
func (a *Appointment) Status() gateway.Status {
	status := statuses[a.StatusCode.Value]
	if a.Present() || status == gateway.StatusBooked && a.calledOff() {
		return gateway.StatusUnknown
	}
	return status
}

func (a *Appointment) calledOff() bool {
	return Said(a.CancelationReason) || Said(a.CancellationReason) || len(a.extensions().Named("AppointmentCancellationReason")) > 0
}

// Expected reports whether somebody may have to come: nobody is asked for and no
// time is needed for a visit that is called off.
func Expected(s gateway.Status) bool {
	return s == gateway.StatusBooked || s == gateway.StatusUnknown
}

// Begins gives the start in UTC, to the second. FHIR's instant always has an
// offset; a time without one could be read in two ways and is refused. The error is
// a Flaw.
func (a *Appointment) Begins() (time.Time, error) {
	s := a.Start.Value
	switch {
	case a.Start.Bad:
		return time.Time{}, FlawStart
	case s == "":
		return time.Time{}, FlawNoStart
	}
	if t, ok := Instant(s); ok {
		return t.UTC().Truncate(time.Second), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return time.Time{}, FlawNoOffset
		}
	}
	return time.Time{}, FlawStart
}

// modes are the words for how patient and clinician meet, of UK Core, GP Connect
// and the Patient Care Aggregator.
var modes = map[string]gateway.Mode{
	"In-person":          gateway.ModeInPerson,
	"Telephone":          gateway.ModeTelephone,
	"Video":              gateway.ModeVideo,
	"Visit":              gateway.ModeHomeVisit,
	"FACE_TO_FACE":       gateway.ModeInPerson,
	"TELEPHONE":          gateway.ModeTelephone,
	"VIDEO_CONSULTATION": gateway.ModeVideo,
}

func (a *Appointment) extensions() Extensions { return Extensions{a.Extension} }

// Mode gives how they meet; unknown when nobody says, or two say different things.
func (a *Appointment) Mode() gateway.Mode {
	mode := gateway.ModeUnknown
	for _, name := range []string{"DeliveryChannel", "Consultation-Medium"} {
		for _, e := range a.extensions().Named(name) {
			for _, code := range e.Codes() {
				m := modes[code]
				if m == gateway.ModeUnknown || mode != gateway.ModeUnknown && mode != m {
					return gateway.ModeUnknown
				}
				mode = m
			}
		}
	}
	return mode
}

// Version is the server's version of the record; empty when it has none.
func (a *Appointment) Version() string { return a.Meta.Value.VersionID.Value }

// Restricted reads the security labels of the appointment itself.
func (a *Appointment) Restricted() gateway.Flag {
	if a.Meta.Bad {
		return gateway.FlagUnclear
	}
	return a.Meta.Value.Restricted()
}

// Attendance is what a participant's status means for a visit of the status of the
// whole appointment: who declined does not come, and of who is only told of it
// nobody knows.
func (p Participant) Attendance(status gateway.Status) gateway.Status {
	if status == gateway.StatusBooked && p.Required.Value == "information-only" {
		return gateway.StatusUnknown
	}
	switch p.Status.Value {
	case "accepted", "tentative", "needs-action":
		return status
	case "declined":
		if Expected(status) {
			return gateway.StatusCancelled
		}
		return status
	case "":
		if !p.Status.Bad {
			return status
		}
	}
	if status == gateway.StatusBooked {
		return gateway.StatusUnknown
	}
	return status
}

// Inside gives a resource contained in the appointment, of whatever kind, read as
// far as it is like a Patient; nil when there is none of this id.
func (a *Appointment) Inside(id string) *Patient {
	for i := range a.Contained.Items {
		if c := &a.Contained.Items[i]; !c.Bad && id != "" && strings.TrimPrefix(c.Value.ID.Value, "#") == id {
			return &c.Value
		}
	}
	return nil
}

// Site gives the source's id of the place: the first location that has one. The
// wording of a place is no id, and may name a department; nor is the id of a
// location contained in the appointment, which means nothing outside it.
func (a *Appointment) Site(base *url.URL) string {
	for _, p := range a.Participant.Items {
		if p.Bad || p.Value.Actor.Bad {
			continue
		}
		to := p.Value.Actor.Value.Point(base)
		if inside := a.Inside(to.Contained); inside != nil && inside.ResourceType.Value == "Location" {
			to = Pointer{Kind: "Location"}
			if len(inside.Identifier.Items) > 0 {
				to.Identifier = inside.Identifier.Items[0].Value
			}
		}
		if to.Kind != "Location" {
			continue
		}
		switch {
		case to.ID != "":
			return to.ID
		case to.Identifier.Value.Value != "":
			return to.Identifier.Value.Value
		case to.URL != "":
			return to.URL
		}
	}
	return ""
}
