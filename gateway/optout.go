package gateway

import "time"

// OptOut is one number that is not to be texted for one practice, or not about one
// visit or clinic. Without Since it is nothing; the zero Scope is the practice.
type OptOut struct {
	Practice ODS
	Number   Phone
	Since    time.Time
	By       string // one of the OutBy words; who it was that said so
	// Who is the name of the member of staff, as they gave it; "" for all others.
	Who   string
	Scope Scope
	// Visit is, with ScopeVisit, the Identity of the appointment, and Start when it
	// was to begin as it was recorded; its number may be the zero one.
	Visit AppointmentID
	Start time.Time
	// Clinic is, with ScopeClinic, the name of the clinic or words that stand in it.
	Clinic Text
	// Message is the provider's id of the text that asked for it, "" when none did.
	// Only the history keeps it, and the note.
	Message string
	Note    Text // what staff wrote about it
}

// Who may opt a number out. A word of a later version is none of these, and nothing
// but a person lifts what it said.
const (
	OutByPatient     = "patient"      // STOP
	OutByUnsure      = "unsure"       // it looks like STOP, and a person has to say
	OutByProvider    = "provider"     // the provider blocks the number: the patient opted out there
	OutByWrongNumber = "wrong_number" // whoever has the phone says that it is not the patient's
	OutByStaff       = "staff"
	OutByImport      = "import" // brought along from another system
)

// Who closes a task about an opt-out, besides people and Bellman itself.
const (
	ByThePatient = "the patient"
	ByTheSystem  = "the clinical system"
)

// strictness orders who opts a number out by what it takes to undo it.
func strictness(by string) int {
	switch by {
	case OutByUnsure:
		return 1
	case OutByPatient, OutByProvider:
		return 2
	case OutByWrongNumber:
		return 3
	case OutByImport:
		return 4
	case OutByStaff:
		return 5
	}
	return 6
}

// LiftedByStart reports whether START may undo the opt-out: it undoes what STOP did,
// or the provider's own block, and nothing that a person wrote down (R29). START by
// whoever has a wrong number says nothing of the patient.
func (o OptOut) LiftedByStart() bool { return strictness(o.By) <= strictness(OutByPatient) }

// PatientsWish reports whether an opt-out is the patient's own wish, which the clinical
// system should know. What nobody has decided yet is not, and a stranger's wish never
// is.
func PatientsWish(by string) bool { return by != OutByUnsure && by != OutByWrongNumber }

// Join gives what stands when a number that has opted out does so again: the first
// date, the wider scope, and of the two who said so the one whose word is harder to
// undo. So START does not lift what staff recorded after a STOP.
func (o OptOut) Join(again OptOut) OptOut {
	if strictness(again.By) > strictness(o.By) {
		o.By, o.Who = again.By, again.Who
	}
	if again.Scope == ScopeAll && !o.Scope.Finer() {
		o.Scope = ScopeAll
	}
	o.Start = Later(o.Start, again.Start) // a visit may have been moved since
	return o
}

// SameAs reports whether two opt-outs are about the same thing: the practice's texts
// to a number, one visit, or one clinic and number.
func (o OptOut) SameAs(p OptOut) bool {
	if o.Practice != p.Practice || o.Scope.Finer() != p.Scope.Finer() {
		return false
	}
	switch o.Scope {
	case ScopeVisit:
		return p.Scope == ScopeVisit && o.Visit == p.Visit
	case ScopeClinic:
		return p.Scope == ScopeClinic && o.Number == p.Number && FoldClinic(o.Clinic) == FoldClinic(p.Clinic)
	case ScopePractice, ScopeAll:
	}
	return o.Number == p.Number
}

// Scope says how far an opt-out reaches. Its number is what is kept.
type Scope uint8

// The scopes. An opt-out of every practice is a record at each of them, and is
// undone at each by itself. The finer ones are recorded by staff, since patients have
// no words for them: they stand beside the others, and START lifts none.
const (
	ScopePractice Scope = iota // the practice whose number was texted
	ScopeAll                   // every practice of the installation
	ScopeVisit                 // one visit, whatever number it has
	ScopeClinic                // one clinic, for one number
)

// Finer reports whether an opt-out covers less than all that a practice texts to a
// number.
func (s Scope) Finer() bool { return s == ScopeVisit || s == ScopeClinic }

// String gives the word that --json shows.
func (s Scope) String() string {
	switch s {
	case ScopeAll:
		return "all"
	case ScopeVisit:
		return "visit"
	case ScopeClinic:
		return "clinic"
	case ScopePractice:
	}
	return "practice"
}

// OptOutChange is one line of the history of a number: from Since on it was out, or
// in again.
type OptOutChange struct {
	OptOut
	Out bool
}

// Consent is what the journal knows of one number's wish.
type Consent struct {
	Changed time.Time // when it last opted out or in again; zero: never
	Out     bool      // which of the two
	Obeyed  time.Time // when the text that was asked about was obeyed; zero: it was not
}
