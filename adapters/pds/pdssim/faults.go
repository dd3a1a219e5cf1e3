package pdssim

import (
	"encoding/json"
	"net/http"
	"time"

	"bellman/adapters/surgery"
)

// Faults is how the simulator misbehaves. The zero value is good behaviour.
type Faults struct {
	Status    int    `json:"status"`     // every question is answered with this
	Code      string `json:"code"`       // and this Spine code
	DenyToken bool   `json:"deny_token"` // the token endpoint refuses, and every token is refused
	SlowMS    int    `json:"slow_ms"`    // every answer waits so many milliseconds
	Truncate  bool   `json:"truncate"`   // records break off in the middle
	Page      bool   `json:"page"`       // a page of HTML, with status 200
	TooMany   int    `json:"too_many"`   // so many questions are answered with 429
	WrongEcho bool   `json:"wrong_echo"` // the answer carries another request's id
	Cached    bool   `json:"cached"`     // records out of a cache: as they were when first asked for, with a growing Age
	Canary    string `json:"canary"`     // stands for every mobile number and its period
}

// SetFaults replaces the faults.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Cached && !s.faults.Cached {
		s.made, s.kept = s.options.Clock.Now(), map[string][]byte{}
	}
	s.faults = f
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// cached gives a record that a cache has kept.
func (s *Sim) cached(nhs string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.kept[nhs]
	return body, ok && s.faults.Cached
}

func (s *Sim) keep(nhs string, body []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Cached {
		s.kept[nhs] = body
	}
	return body
}

// date writes when the answer was made and, out of a cache, for how long that one
// has kept it.
func (s *Sim) date(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept time.Time
	if s.faults.Cached {
		kept = s.made
	}
	surgery.Stamp(w, s.options.Clock.Now(), kept)
}

// outcome writes an error as PDS does.
func outcome(w http.ResponseWriter, status int, code, severity string) {
	w.Header().Set("Content-Type", "application/fhir+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"resourceType": "OperationOutcome", "issue": []object{{
		"severity": severity, "code": "value", "details": object{"coding": []object{{
			"system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode", "version": "1", "code": code, "display": "Simulated",
		}}},
	}}})
}
