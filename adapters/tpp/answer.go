package tpp

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxAnswer bounds one answer. A full day of a large practice is well below a
// megabyte.
const maxAnswer = 32 << 20

var (
	errForeign  = errors.New("what answered does not speak the Client Integration: is the port that of SystmOne?")
	errTooLarge = errors.New("the answer is larger than 32 MiB")
	errCutOff   = errors.New("the connection to SystmOne broke off in the middle of an answer")
	errLost     = errors.New("the connection to SystmOne was lost before an answer")
)

// answer is a whole response. Elements are found by their local names.
type answer struct {
	DeviceID   string `xml:"DeviceID"`
	RequestUID string `xml:"RequestUID"`
	Function   string `xml:"Function"`
	Body       *body  `xml:"Response"`
}

// body is the content of the responses of all functions that are called.
type body struct {
	ErrorMessage   *string       `xml:"ErrorMessage"`
	PermanentError string        `xml:"PermanentError"`
	Results        []result      `xml:"Result"`
	Identity       identity      `xml:"Identity"`
	Demographics   *demographics `xml:"Demographics"`
	RecordState    string        `xml:"RecordState"`
	Sites          []site        `xml:"Site"`
	Supported      []present     `xml:"SupportedFunction"`
}

// identity is how answers name a patient.
type identity struct {
	NHSNumber    string `xml:"NHSNumber"`
	PseudoNumber string `xml:"PseudoNumber"`
	Strategic    string `xml:"StrategicReportingIdentifier"`
}

// result is one patient's part of the diary.
type result struct {
	Identity     identity      `xml:"Identity"`
	Demographics diaryPerson   `xml:"Demographics"`
	Appointments []appointment `xml:"Appointment"`
}

type diaryPerson struct {
	FirstName   string `xml:"FirstName"`
	DateOfBirth string `xml:"DateOfBirth"`
}

// appointment is one visit in the diary. UID and Status are not in TPP's own
// example, and were seen by others: nil means that the element is not there.
type appointment struct {
	UID    *string  `xml:"AppointmentUID"`
	Status *string  `xml:"Status"`
	Flags  []string `xml:"Flag"`
	Clinic struct {
		UserName   string `xml:"UserName"`
		SiteName   string `xml:"SiteName"`
		ClinicType string `xml:"ClinicType"`
		Slot       struct {
			SlotType string `xml:"SlotType"`
			Start    string `xml:"DateTimeStart"`
		} `xml:"Slot"`
	} `xml:"Clinic"`
}

// demographics are a patient's details. nil means that the element is not there.
type demographics struct {
	FirstName       string  `xml:"FirstName"`
	KnownAs         string  `xml:"KnownAs"`
	DateOfDeath     string  `xml:"DateOfDeath"`
	CareEndDate     string  `xml:"CareEndDate"`
	MobileTelephone string  `xml:"MobileTelephone"`
	SMSConsent      *string `xml:"SMSConsent"`
	MainLanguage    struct {
		Term string `xml:"Term,attr"`
	} `xml:"MainLanguage"`
	EnglishSpeaker string `xml:"EnglishSpeaker"`
}

type site struct {
	ID string `xml:"ID"`
}

// readAnswer reads one response off a connection. It ends with the root's end tag:
// answers may hold newlines, although a newline ends each. What is left of that one
// is passed over by the next read.
func readAnswer(r *bufio.Reader) (answer, error) {
	m := &meter{r: r, left: maxAnswer}
	d := xml.NewDecoder(m)
	var a answer
	for {
		token, err := d.Token()
		if err != nil {
			return answer{}, m.explain(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "ClientIntegrationResponse" {
				return answer{}, errForeign
			}
			if err := d.DecodeElement(&a, &t); err != nil {
				return answer{}, m.explain(err)
			}
			return a, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return answer{}, errForeign
			}
		case xml.Directive, xml.EndElement:
			return answer{}, errForeign
		}
	}
}

// meter bounds what is read for one answer, and keeps why reading ended.
type meter struct {
	r    *bufio.Reader
	left int
	any  bool
	err  error
}

// ReadByte lets the decoder read no further than it must.
func (m *meter) ReadByte() (byte, error) {
	if m.left <= 0 {
		m.err = errTooLarge
		return 0, m.err
	}
	b, err := m.r.ReadByte()
	if err != nil {
		m.err = err
		return 0, err
	}
	m.left--
	m.any = m.any || !strings.ContainsRune(" \t\r\n", rune(b))
	return b, nil
}

// Read is never called, since there is a ReadByte.
func (m *meter) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// explain says in our own words why an answer could not be read: the decoder's may
// quote what stood there.
func (m *meter) explain(error) error {
	switch {
	case m.err == nil:
		return errForeign
	case errors.Is(m.err, errTooLarge):
		return errTooLarge
	case m.any:
		return errCutOff
	}
	return errLost
}

func trim(s string) string { return strings.TrimSpace(s) }
