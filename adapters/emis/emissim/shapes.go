package emissim

import (
	"encoding/json"
	"encoding/xml"
)

// The shapes of the answers, in the part that clients are known to use. JSON
// names are those of the published OpenAPI file, XML names those of the EMIS Open
// schemas; the roots of the XML answers are not published and are named here
// after the types. In JSON, enumerations are ordinals: "dead" is 0 for everybody
// and means something only beside deadSpecified.

type ident struct {
	DBID  *string `json:"dbid" xml:"DBID"`
	RefID *string `json:"refID" xml:"RefID"`
}

type registration struct {
	ident
	DateOfBirth   string  `json:"dateOfBirth" xml:"DateOfBirth"`
	Sex           *string `json:"sex" xml:"Sex"`
	FamilyName    string  `json:"familyName" xml:"FamilyName"`
	CallingName   string  `json:"callingName" xml:"CallingName"`
	FirstNames    string  `json:"firstNames" xml:"FirstNames"`
	Title         string  `json:"title" xml:"Title"`
	NHSNumber     string  `json:"nhsNumber" xml:"NhsNumber"`
	HomeTelephone *string `json:"homeTelephone" xml:"HomeTelephone"`
	DeductedDate  *string `json:"deductedDate" xml:"DeductedDate"`
	DateOfDeath   *string `json:"dateOfDeath" xml:"DateOfDeath"`
	DeadOrdinal   int     `json:"dead" xml:"-"`
	DeadSpecified bool    `json:"deadSpecified" xml:"-"`
	DeadMark      *string `json:"-" xml:"Dead"`
	Mobile        *string `json:"mobile" xml:"Mobile"`
}

type slotType struct {
	ID          string `json:"id" xml:"ID"`
	Display     string `json:"display" xml:"Display"`
	Description string `json:"description" xml:"Description"`
	Bookable    bool   `json:"bookable" xml:"Bookable"`
	EmisAccess  string `json:"emisAccess" xml:"EmisAccess"`
}

type bookedPatients struct {
	XMLName        xml.Name   `json:"-" xml:"http://www.e-mis.com/emisopen/MedicalRecord BookedPatientsV2"`
	BookedList     bookedList `json:"bookedList" xml:"BookedList"`
	SessionHolders holderList `json:"sessionHolderList" xml:"SessionHolderList"`
	Time           string     `json:"time" xml:"Time"`
}

// A list is a bare array in JSON and an element with one child a row in XML.
type bookedList struct {
	Rows []booked `xml:"Booked"`
}

// MarshalJSON writes the bare array.
func (l bookedList) MarshalJSON() ([]byte, error) { return json.Marshal(l.Rows) }

type holderList struct {
	Rows []sessionHolder `xml:"SessionHolder"`
}

// MarshalJSON writes the bare array.
func (l holderList) MarshalJSON() ([]byte, error) { return json.Marshal(l.Rows) }

type sessionHolder struct {
	ident
	Title       string `json:"title" xml:"Title"`
	FirstNames  string `json:"firstNames" xml:"FirstNames"`
	LastName    string `json:"lastName" xml:"LastName"`
	WaitingTime string `json:"waitingTime" xml:"WaitingTime"`
}

type booked struct {
	Patient        registration      `json:"patient" xml:"Patient"`
	Appointment    bookedAppointment `json:"appointment" xml:"Appointment"`
	Alert          int               `json:"alert" xml:"Alert"`
	AlertSpecified bool              `json:"alertSpecified" xml:"-"`
}

type bookedAppointment struct {
	ID               ident    `json:"id" xml:"ID"`
	Site             string   `json:"appointmentSite" xml:"AppointmentSite"`
	Name             string   `json:"appointmentName" xml:"AppointmentName"`
	Date             string   `json:"date" xml:"Date"`
	Time             string   `json:"time" xml:"Time"`
	SessionHolder    *ident   `json:"sessionHolder" xml:"SessionHolder"`
	SessionUsers     []ident  `json:"sessionUsersList" xml:"SessionUsersList>SessionUser"`
	SessionLocations []ident  `json:"sessionLocationsList" xml:"SessionLocationsList>SessionLocation"`
	SessionID        int64    `json:"sessionId" xml:"SessionId"`
	SlotType         slotType `json:"slotType" xml:"SlotType"`
}

type patientAppointmentList struct {
	XMLName xml.Name             `json:"-" xml:"http://www.e-mis.com/emisopen/MedicalRecord PatientAppointmentListV2"`
	Rows    []patientAppointment `json:"appointment" xml:"Appointment"`
}

type patientAppointment struct {
	SlotID      int      `json:"slotID" xml:"SlotID"`
	SiteID      int      `json:"siteID" xml:"SiteID"`
	Date        string   `json:"date" xml:"Date"`
	StartTime   string   `json:"startTime" xml:"StartTime"`
	Duration    string   `json:"duration" xml:"Duration"`
	SessionName string   `json:"sessionName" xml:"SessionName"`
	SessionDBID int      `json:"sessionDBID" xml:"SessionDBID"`
	Status      string   `json:"status" xml:"Status"`
	SlotType    slotType `json:"slotType" xml:"SlotType"`
}

type patientMatches struct {
	XMLName  xml.Name    `json:"-" xml:"http://www.e-mis.com/emisopen/MedicalRecord PatientMatches"`
	Patients patientList `json:"patientList" xml:"PatientList"`
}

type patientList struct {
	Rows []registration `xml:"Patient"`
}

// MarshalJSON writes the bare array.
func (l patientList) MarshalJSON() ([]byte, error) { return json.Marshal(l.Rows) }

type medicalRecord struct {
	XMLName      xml.Name     `json:"-" xml:"http://www.e-mis.com/emisopen/MedicalRecord MedicalRecord"`
	Registration registration `json:"registration" xml:"Registration"`
}

type bookedAppointmentAnswer struct {
	XMLName     xml.Name `json:"-" xml:"BookedAppointment"`
	Information struct {
		SessionID int64  `json:"sessionId" xml:"SessionId"`
		SlotID    int64  `json:"slotId" xml:"SlotId"`
		Start     string `json:"slotDateTime" xml:"SlotDateTime"`
		End       string `json:"endDateTime" xml:"EndDateTime"`
		Reason    string `json:"reason" xml:"Reason"`
	} `json:"appointmentInformation" xml:"AppointmentInformation"`
	// The name is spelled so on the wire.
	Patient struct {
		Number int `json:"patientNumber" xml:"PatientNumber"`
	} `json:"patientInforamtion" xml:"PatientInforamtion"`
}
