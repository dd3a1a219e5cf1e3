package emis

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// What stands in an answer, reduced to what a reminder needs. The tags hold both
// spellings: JSON in camel case, XML in the Pascal case of the EMIS Open schemas
// from which the API's model was made. Every value is text first, because the
// same id is a string in one structure and a number in another.

// text is a scalar as it was sent: a JSON string, number, boolean or null, or the
// characters of an XML element.
type text string

var errNotScalar = errors.New("not a plain value")

// UnmarshalJSON takes any scalar; null becomes the empty text.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return errNotScalar
		}
		*t = text(s)
	case b[0] == '{' || b[0] == '[':
		return errNotScalar
	default:
		*t = text(b)
	}
	return nil
}

func (t text) trim() string { return strings.TrimSpace(string(t)) }

// registration is a patient's registration record (RegistrationType).
type registration struct {
	DBID          text `json:"dbid" xml:"DBID"`
	CallingName   text `json:"callingName" xml:"CallingName"`
	FirstNames    text `json:"firstNames" xml:"FirstNames"`
	NHSNumber     text `json:"nhsNumber" xml:"NhsNumber"`
	DateOfBirth   text `json:"dateOfBirth" xml:"DateOfBirth"`
	Mobile        text `json:"mobile" xml:"Mobile"`
	DeductedDate  text `json:"deductedDate" xml:"DeductedDate"`
	DateOfDeath   text `json:"dateOfDeath" xml:"DateOfDeath"`
	Dead          text `json:"dead" xml:"Dead"`
	DeadSpecified text `json:"deadSpecified" xml:"DeadSpecified"`
}

// slotType is the practice's own kind of slot.
type slotType struct {
	Display text `json:"display" xml:"Display"`
}

// bookedRow is one row of GetBookedPatientsV2.
type bookedRow struct {
	Patient     registration `json:"patient" xml:"Patient"`
	Appointment struct {
		ID struct {
			DBID text `json:"dbid" xml:"DBID"`
		} `json:"id" xml:"ID"`
		Site     text     `json:"appointmentSite" xml:"AppointmentSite"`
		Date     text     `json:"date" xml:"Date"`
		Time     text     `json:"time" xml:"Time"`
		SlotType slotType `json:"slotType" xml:"SlotType"`
	} `json:"appointment" xml:"Appointment"`
}

// patientRow is one row of GetPatientAppointmentsV2.
type patientRow struct {
	SlotID    text     `json:"slotID" xml:"SlotID"`
	SiteID    text     `json:"siteID" xml:"SiteID"`
	Date      text     `json:"date" xml:"Date"`
	StartTime text     `json:"startTime" xml:"StartTime"`
	Status    text     `json:"status" xml:"Status"`
	SlotType  slotType `json:"slotType" xml:"SlotType"`
}

// place is where an XML answer keeps its rows.
type place uint8

const (
	inList place = iota // inside an element named as the list; every element there is a row
	inRoot              // every child of the root is a row
	single              // the one child of the root named as the list
)

// layout says how one kind of answer is built.
type layout struct {
	name string   // for errors: "booked list"
	list string   // the JSON key of the rows, and the XML element
	keys []string // the keys by which an answer is recognised, the list's first
	root string   // how the XML root begins; the full name is not published
	rows place
}

var (
	bookedLayout       = layout{"booked list", "bookedList", []string{"bookedList", "sessionHolderList", "time"}, "BookedPatients", inList}
	changedLayout      = layout{"changed patients", "patientList", []string{"patientList", "peopleList"}, "PatientMatches", inList}
	appointmentsLayout = layout{"patient's appointments", "appointment", []string{"appointment"}, "PatientAppointmentList", inRoot}
	demographicsLayout = layout{"patient's demographics", "registration", []string{"registration"}, "MedicalRecord", single}
)

// row is one row as it was read. One that does not have the shape of its kind is
// not ok; its neighbours are.
type row[T any] struct {
	value T
	ok    bool
}
