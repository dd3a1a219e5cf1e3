package tppextractsim

// Faults are the ways in which deliveries go wrong from now on. The zero value is
// a good delivery.
type Faults struct {
	Truncate       bool   `json:"truncate"`        // the zip, or the last of the plain files, breaks off in the middle
	Page           bool   `json:"page"`            // a web page in place of the zip, or of every plain file
	NoManifest     bool   `json:"no_manifest"`     // the manifest has not come yet
	NoAppointments bool   `json:"no_appointments"` // SRAppointment is listed and is not there
	NotListed      string `json:"not_listed"`      // this table is neither listed nor there, such as SRSmsConsent
	FalseBulk      bool   `json:"false_bulk"`      // the manifest calls everything full, and only changes are there
	FirstStart     string `json:"first_start"`     // stands as DateStart of the first visit, whose row is sent again
	Refusal        string `json:"refusal"`         // how SRSmsConsent writes a refusal, in place of No
	Twice          bool   `json:"twice"`           // the first visit's row stands twice
	NoFinalNewline bool   `json:"no_final_newline"`
}

// SetFaults sets all faults at once.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}
