package gateway

// PatientID is the source's own id of a patient, unique within one practice.
type PatientID string

// Flag is something a clinical system may say of a patient. The zero value means
// that the system does not say so; Unclear means that it said something we do
// not understand, and nothing is sent on that.
type Flag uint8

// The values of a Flag.
const (
	FlagNo Flag = iota
	FlagYes
	FlagUnclear
)

// NumberKind says what stood in the field for the patient's mobile number.
type NumberKind uint8

// The kinds of number. Only NumberMobile is ever texted.
const (
	NumberMissing  NumberKind = iota // nothing there
	NumberMobile                     // one UK mobile number, understood
	NumberLandline                   // a UK landline
	NumberOther                      // a number that is not for texts: foreign, pager, personal, premium
	NumberUnclear                    // words, two numbers, or anything else that we refuse to guess at
)

// Patient is what a reminder needs to know about a person, and no more.
type Patient struct {
	ID         PatientID
	Name       Name // given or calling name
	Greeting   Name // how a text may call the patient; no adapter sets it, see Extras.Greeting
	NHSNumber  NHSNumber
	Mobile     Phone      // set only when MobileKind is NumberMobile
	MobileKind NumberKind // what the mobile field held
	Deceased   Flag
	Left       Flag // deducted, deregistered, moved away
	Declined   Flag // said no to texts in the clinical system
	// Restricted is a sensitive record, or a way to reach the patient that is not
	// safe: never texted, never explained to general staff. It is one fact on
	// purpose, so that nothing kept or shown tells the one from the other.
	Restricted Flag
	Born       Birth // zero: the system does not tell
	Needs      Needs
	Language   Language
}
