package tppextract

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"bellman/gateway"
)

// rowNumber is what RowIdentifier and IDPatient look like.
var rowNumber = regexp.MustCompile(`^[0-9]{1,20}$`)

// nobody reports whether an id says that there is nobody.
func nobody(id string) bool { return id == "" || id == "-1" }

// longestKept bounds one cell that is kept, in bytes.
const longestKept = 200

// short cuts a cell. What was longer can be neither a number nor a word that is
// known, and stays that way.
func short(s string) string {
	if len(s) <= longestKept {
		return s
	}
	s = s[:longestKept]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// broken says of a row that it cannot be read.
type broken struct {
	Where string `json:"w,omitempty"`
	Why   string `json:"y,omitempty"`
}

func (b broken) is() bool { return b.Why != "" }

// called says what DateAppointmentCancelled holds.
type called uint8

const (
	notCalledOff called = iota
	calledOff
	calledUnclear
)

// visit is what is kept of a row of SRAppointment.
type visit struct {
	Serial int64 `json:"n"`
	broken
	Patient   string        `json:"p,omitempty"`
	Start     int64         `json:"t,omitempty"` // Unix time
	Doubt     gateway.Doubt `json:"d,omitempty"`
	Status    string        `json:"s,omitempty"` // id of a term
	Called    called        `json:"c,omitempty"`
	Telephone string        `json:"h,omitempty"` // the cell
	RotaType  string        `json:"r,omitempty"`
	Location  string        `json:"l,omitempty"`
	RotaName  string        `json:"m,omitempty"`
	// Twice: the row stood more than once in one extract, and not alike.
	Twice bool `json:"x,omitempty"`
}

// over makes what is kept of what was kept before.
func (v visit) over(old []byte) ([]byte, error) {
	was := visit{RotaName: v.RotaName} // an earlier version of ours did not keep it
	if json.Unmarshal(old, &was) == nil && was.Serial == v.Serial && was != v {
		v.Twice = true
	}
	return json.Marshal(v)
}

// patient is what is kept of a row of SRPatient.
type patient struct {
	Serial int64 `json:"n"`
	broken
	Name string       `json:"g,omitempty"`
	NHS  string       `json:"i,omitempty"`
	Died gateway.Flag `json:"d,omitempty"`
	Test gateway.Flag `json:"t,omitempty"`
	Born string       `json:"b,omitempty"` // as gateway/born keeps it
	// NoEnglish: the patient speaks none.
	NoEnglish bool `json:"e,omitempty"`
}

// over makes of two rows about one patient in one extract that do not agree one
// that nothing is sent on.
func (p patient) over(old []byte) ([]byte, error) {
	was := patient{Born: p.Born, NoEnglish: p.NoEnglish} // an earlier version of ours did not keep them
	if json.Unmarshal(old, &was) == nil && was.Serial == p.Serial && was != p {
		p.broken = broken{Where: p.Where, Why: "the patient stands more than once, and not alike"}
	}
	return json.Marshal(p)
}

// event is what is kept of a row that says one thing about a patient: a number, a
// consent, a registration, a status of the record.
type event struct {
	Serial int64 `json:"n"`
	broken
	Patient      string `json:"p,omitempty"`
	Type         string `json:"k,omitempty"` // of a contact: id of a term
	Value        string `json:"v,omitempty"`
	At           int64  `json:"t,omitempty"` // Unix time; 0: not dated
	Recorded     int64  `json:"r,omitempty"`
	Organisation string `json:"o,omitempty"`
	Ended        int64  `json:"e,omitempty"` // of a registration; 0: it goes on
	// Removed, of a contact: the row went, and what it said before is known.
	Removed bool `json:"z,omitempty"`
}

// bury keeps of a row with a number that it went. Without it an older number of the
// patient would come to light again, which may long be somebody else's.
func bury(serial int64) func(old []byte) ([]byte, error) {
	return func(old []byte) ([]byte, error) {
		var was event
		if json.Unmarshal(old, &was) != nil || was.is() {
			return nil, nil
		}
		was.Serial, was.Removed = serial, true
		return json.Marshal(was)
	}
}

// over makes of two rows with one id in one extract that do not agree one that
// nothing is sent on.
func (e event) over(old []byte) ([]byte, error) {
	var was event
	if json.Unmarshal(old, &was) == nil && was.Serial == e.Serial && was != e {
		e.broken = broken{Where: e.Where, Why: "the row stands more than once, and not alike"}
	}
	return json.Marshal(e)
}

// lost is what is kept of a row that does not even tell its RowIdentifier.
type lost struct {
	Serial int64 `json:"n"`
	broken
	Table string `json:"k"`
}
