package tpp

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"sync/atomic"

	"bellman/gateway"
)

// The functions of the Client Integration that are called.
const (
	fnFunctions    = "GetFunctions"
	fnOrganisation = "GetOrganisationMetaData"
	fnDiary        = "GetDiary"
	fnPatient      = "GetPatientRecord"
	fnUpdate       = "UpdatePatientRecord"
)

// deviceVersion is how we call ourselves. SystmOne shows it in the question
// whether to let us in, and keeps it with every message.
const deviceVersion = "Bellman appointment reminders"

// question is one call of a function.
type question struct {
	function   string
	parameters parameters
}

// parameters are those of all functions that are called, in the order of TPP's
// schemas. FunctionParameters is always sent, empty if need be.
type parameters struct {
	Identity     *identityAsked   `xml:",omitempty"`
	Filter       *filter          `xml:",omitempty"`
	MinDateTime  string           `xml:",omitempty"`
	MaxDateTime  string           `xml:",omitempty"`
	Appointments *present         `xml:",omitempty"`
	Demographics *consentChange   `xml:",omitempty"`
	NonClinical  *nonClinicalPart `xml:",omitempty"`
}

// present is an element that says something by being there.
type present struct{}

// identityAsked names a patient. One of the fields is set. The identifier that
// SystmOne gives in its answers must never be sent back.
type identityAsked struct {
	NhsNumber    string `xml:",omitempty"`
	NHSNumber    string `xml:",omitempty"`
	PseudoNumber string `xml:",omitempty"`
}

type filter struct {
	Demographics *present
}

type consentChange struct {
	SMSConsent string
}

type nonClinicalPart struct {
	Appointment statusChange
}

type statusChange struct {
	AppointmentUID string
	Status         string
}

// envelope is a whole request.
type envelope struct {
	XMLName            xml.Name `xml:"ClientIntegrationRequest"`
	APIKey             string
	DeviceID           string
	DeviceVersion      string
	RequestUID         string
	Function           string
	FunctionVersion    string
	FunctionParameters parameters
}

// encode writes a request as one line, with the newline that ends a message.
func encode(q question, uid string, key, device gateway.Secret) ([]byte, error) {
	b, err := xml.Marshal(envelope{
		APIKey: key.Reveal(), DeviceID: device.Reveal(), DeviceVersion: deviceVersion,
		RequestUID: uid, Function: q.function, FunctionVersion: "1.0", FunctionParameters: q.parameters,
	})
	return append(b, '\n'), err
}

// numbering gives every request an id of its own, which the practice sees in
// SystmOne's list of messages.
type numbering struct {
	prefix string
	last   atomic.Uint64
}

func newNumbering(practice string) *numbering {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return &numbering{prefix: "bellman-" + practice + "-" + hex.EncodeToString(b[:]) + "-"}
}

func (n *numbering) next() string { return n.prefix + strconv.FormatUint(n.last.Add(1), 10) }
