package gateway

import (
	"strings"
	"time"
)

// AppointmentID is the source's own id of an appointment, stable over reads and,
// together with the patient's, unique within one practice. Where a source reuses
// slots for other patients, the adapter makes the patient's id a part of it, slot
// first: "88001-1234".
type AppointmentID string

// Status is where an appointment stands, in the words of the clinic.
type Status uint8

// The statuses. StatusUnknown, the zero value, never sends.
const (
	StatusUnknown   Status = iota
	StatusBooked           // expected to come
	StatusCancelled        // called off by either side
	StatusArrived          // in the building, or being seen
	StatusFinished         // over
	StatusMissed           // did not attend
	StatusNotBooked        // blocked, proposed, waiting list, entered in error: nobody is expected
)

// Mode is how patient and clinician meet.
type Mode uint8

// The modes. ModeUnknown gets neutral wording.
const (
	ModeUnknown Mode = iota
	ModeInPerson
	ModeTelephone
	ModeVideo
	ModeHomeVisit
)

// Appointment is one patient's booked time, as the clinical system last told it.
type Appointment struct {
	ID         AppointmentID
	Patient    Patient
	Start      time.Time // UTC, whole seconds
	StartDoubt Doubt     // why Start cannot be trusted; nothing is sent then
	Site       string    // the source's id of the place; groups visits of one patient
	Mode       Mode
	Status     Status
	Version    string // the source's version or etag, where it has one
	// Reminded says whether the clinical system itself has reminded the patient of
	// this appointment, or will. Nobody is reminded by both.
	Reminded Flag
	// Clinic is what the system calls the clinic or type of slot. It and the patient's
	// date of birth are told by adapters and never kept: Policy.Discreet puts Class and
	// Age in their place.
	Clinic ClinicName
	Class  ClinicClass
	Age    AgeBand // on the day of the visit
	// Judged is whether its number wants no texts about its clinic. ClinicOuts.Judge
	// finds it, before the clinic's name is forgotten.
	Judged ClinicJudged
}

// Identity is what our own id of an appointment is made of: the source's id and
// the patient's. An id that the source, or whoever edits its record, gives to
// another patient is thereby another appointment, which neither inherits the
// first one's texts nor hides them. It is for hashing and comparing, not for
// showing. Ids into which the adapter put the patient are taken as they are.
func (a Appointment) Identity() AppointmentID {
	patient := string(a.Patient.ID)
	if patient == "" || strings.HasSuffix(string(a.ID), "-"+patient) {
		return a.ID
	}
	return a.ID + "\x00" + AppointmentID(patient)
}
