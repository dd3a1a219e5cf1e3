package fhir

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"bellman/gateway"
)

// appointment is an Appointment resource, as far as a reminder needs it. Reason,
// description, specialty and service are left out on purpose: they may be
// clinical, and no text may hold them.
type appointment struct {
	hidden
	ID          string                 `json:"id"`
	Meta        loose[meta]            `json:"meta"`
	Extension   json.RawMessage        `json:"extension"`
	Status      loose[string]          `json:"status"`
	Start       loose[string]          `json:"start"`
	Participant []loose[participant]   `json:"participant"`
	Contained   loose[[]loose[person]] `json:"contained"`
}

type participant struct {
	Actor  reference     `json:"actor"`
	Status loose[string] `json:"status"`
}

// flaw is why one record cannot be read. It stops that record only.
type flaw string

// Error gives the reason.
func (f flaw) Error() string { return string(f) }

// The flaws of an appointment.
const (
	flawNoResource flaw = "the entry holds no resource"
	flawKind       flaw = "the appointment has a field of the wrong kind"
	flawNoID       flaw = "the appointment has no usable id"
	flawNoStart    flaw = "there is no start"
	flawNoOffset   flaw = "start has no offset from UTC, so its moment is not known"
	flawStart      flaw = "start is not a moment in time"
	flawNoPatient  flaw = "no participant is a patient"
	flawWordsOnly  flaw = "the patient is named in words only"
	flawUnknown    flaw = "the participant is not in the answer and does not say what it is"
	flawPatient    flaw = "patient record not available"
	flawSuperseded flaw = "patient record not available: it answers to another id"
	flawTooMany    flaw = "patient record not available: too many had to be asked for one by one"
	flawCollision  flaw = "its id together with the patient's is that of another appointment"
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

// status gives where the appointment stands. An element that may change the
// meaning of the whole record makes it unknown.
func (a *appointment) status() gateway.Status {
	if a.present() {
		return gateway.StatusUnknown
	}
	return statuses[a.Status.Value]
}

// expected reports whether somebody may have to come: nobody is asked for and no
// time is needed for a visit that is called off.
func expected(s gateway.Status) bool {
	return s == gateway.StatusBooked || s == gateway.StatusUnknown
}

// begins gives the start in UTC, to the second. FHIR's instant always has an
// offset; a time without one could be read in two ways and is refused.
func (a *appointment) begins() (time.Time, error) {
	s := a.Start.Value
	if s == "" {
		return time.Time{}, flawNoStart
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC().Truncate(time.Second), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return time.Time{}, flawNoOffset
		}
	}
	return time.Time{}, flawStart
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

// mode gives how they meet; unknown when nobody says, or two say different things.
func (a *appointment) mode() gateway.Mode {
	exts, _ := extensions(a.Extension)
	mode := gateway.ModeUnknown
	for _, address := range []string{"Extension-UKCore-DeliveryChannel", "Extension-GPConnect-DeliveryChannel-2", "Extension-Consultation-Medium"} {
		for _, e := range named(exts, address) {
			for _, code := range e.codes() {
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

// attendance is what a participant's status means for the patient's visit.
func (p participant) attendance(status gateway.Status) gateway.Status {
	switch p.Status.Value {
	case "accepted", "tentative", "needs-action":
		return status
	case "declined":
		if expected(status) {
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

// inside gives a resource contained in the appointment, of whatever kind.
func (a *appointment) inside(id string) *person {
	for i := range a.Contained.Value {
		if c := &a.Contained.Value[i]; !c.Bad && id != "" && strings.TrimPrefix(c.Value.ID, "#") == id {
			return &c.Value
		}
	}
	return nil
}

// site gives the source's id of the place: the first location that has one. The
// wording of a place is no id, and may name a department.
func (a *appointment) site(base *url.URL) string {
	for _, p := range a.Participant {
		to := p.Value.Actor.point(base)
		if p.Bad || to.kind != "Location" {
			continue
		}
		switch {
		case to.id != "":
			return to.id
		case to.identifier.Value != "":
			return to.identifier.Value
		case to.url != "":
			return to.url
		}
	}
	return ""
}
