package tppsim

// Faults is how the simulator misbehaves. The zero value is good behaviour.
type Faults struct {
	Error        bool   `json:"error"`         // every answer is an error that may pass
	Refuse       bool   `json:"refuse"`        // functions with parameters give an error that is permanent
	Deny         bool   `json:"deny"`          // every device is blocked
	Silent       bool   `json:"silent"`        // nothing is answered
	DropEvery    int    `json:"drop_every"`    // every so manieth request vanishes
	SilentAfter  int    `json:"silent_after"`  // after so many requests nothing is answered; 0: off
	ErrorAfter   int    `json:"error_after"`   // after so many days of the diary it is an error; 0: off
	HangUp       bool   `json:"hang_up"`       // the connection breaks off instead of an answer
	Truncate     bool   `json:"truncate"`      // answers break off in the middle
	Page         bool   `json:"page"`          // a page of HTML
	SlowMS       int    `json:"slow_ms"`       // every answer waits so many milliseconds
	Multiline    bool   `json:"multiline"`     // answers have many lines, and a declaration
	WrongUID     bool   `json:"wrong_uid"`     // answers carry another RequestUID
	Zone         bool   `json:"zone"`          // times end in ".0Z" and are local all the same
	NoUID        bool   `json:"no_uid"`        // the diary has no AppointmentUID
	NoStatus     bool   `json:"no_status"`     // the diary has no Status; who is not booked is left out
	ShowsGone    bool   `json:"shows_gone"`    // cancelled visits stay in the diary, with their status
	OtherSite    bool   `json:"other_site"`    // the user has logged on to another organisation
	OpenRecord   bool   `json:"open_record"`   // a request for a patient is answered with the record that is open
	RecordOpen   bool   `json:"record_open"`   // changes fail for now: the record is open
	SavesLater   bool   `json:"saves_later"`   // changes wait for the user to press Save
	LosesAnswer  bool   `json:"loses_answer"`  // changes are made, and the answer vanishes
	LosesChange  bool   `json:"loses_change"`  // changes vanish, and so does the answer
	NoConsent    bool   `json:"no_consent"`    // details have no SMSConsent element
	NoIdentifier bool   `json:"no_identifier"` // the first patient has no StrategicReportingIdentifier
	FirstStart   string `json:"first_start"`   // stands for the start of the first visit
	DeathWords   string `json:"death_words"`   // stands for every date of death
	RefusePseudo bool   `json:"refuse_pseudo"` // a patient cannot be asked for by PseudoNumber
}

// SetFaults replaces the faults.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.asked, s.days = f, 0, 0
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetStatus makes a visit's Status these words, whatever the diary says.
func (s *Sim) SetStatus(slot int, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[slot] = words
}

// SetConsent makes a person's SMSConsent these words; empty: not recorded.
func (s *Sim) SetConsent(person int, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consents[person] = words
}

// SetPseudo takes a person's NHS number away; SystmOne then gives a PseudoNumber.
func (s *Sim) SetPseudo(person int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pseudo[person] = true
}

// vanishes reports whether a request gets no answer: it came too soon after the
// last one, or a fault says so.
func (s *Sim) vanishes(q request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	drop := !s.busy.open() || s.faults.Silent ||
		s.faults.DropEvery > 0 && s.asked%s.faults.DropEvery == 0 ||
		s.faults.SilentAfter > 0 && s.asked > s.faults.SilentAfter
	if q.Function == "GetPatientRecord" && !exempt(q.Parameters.Filter) {
		drop = !s.records.open() || drop
	}
	if drop {
		s.dropped++
	}
	return drop
}

// exempt reports whether a record may be asked for without the long pause: with
// nothing but its demographics.
func exempt(f *filter) bool { return f != nil && f.Demographics != nil && f.Appointments == nil }
