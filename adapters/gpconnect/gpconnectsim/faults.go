package gpconnectsim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"bellman/adapters/surgery"
)

// Faults is how the simulator misbehaves. The zero value is good behaviour.
type Faults struct {
	Status       int    `json:"status"`        // the provider answers everything with this
	Code         string `json:"code"`          // and this Spine code
	BadGateways  int    `json:"bad_gateways"`  // so many requests end at the proxy with 502
	BrokenProxy  bool   `json:"broken_proxy"`  // the proxy refuses, with an error that is no JSON
	SlowMS       int    `json:"slow_ms"`       // every answer waits so many milliseconds
	Truncate     bool   `json:"truncate"`      // answers break off in the middle
	Page         bool   `json:"page"`          // a page of HTML, with status 200
	NoEntry      bool   `json:"no_entry"`      // an empty list is told without one
	Cached       bool   `json:"cached"`        // answers out of a cache: as they were when first asked for, with a growing Age
	Start        string `json:"start"`         // stands for the start of every appointment
	LoseAnswer   bool   `json:"lose_answer"`   // a cancellation is carried out, and its answer lost
	ForgetCancel bool   `json:"forget_cancel"` // a cancellation is lost, and so is its answer
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

// give writes a good answer, or what the faults make of it.
func (s *Sim) give(w http.ResponseWriter, question string, v object, f Faults) {
	body, err := json.Marshal(v)
	if err != nil {
		outcome(w, http.StatusInternalServerError, "exception", "INTERNAL_SERVER_ERROR")
		return
	}
	s.mu.Lock()
	if f.Cached && s.kept != nil {
		if old, ok := s.kept[question]; ok {
			body = old
		}
		s.kept[question] = body
	}
	s.mu.Unlock()
	if f.Truncate {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
}

// outcome writes an error as a provider does.
func outcome(w http.ResponseWriter, status int, issue, code string) {
	writeError(w, status, object{
		"resourceType": "OperationOutcome", "meta": object{"profile": []string{profiles + "GPConnect-OperationOutcome-1"}},
		"issue": []object{{"severity": "error", "code": issue, "diagnostics": "Simulated", "details": object{"coding": []object{{
			"system": "https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1", "code": code, "display": "Simulated",
		}}}}},
	})
}

// proxyError writes an error as the Spine Secure Proxy does.
func proxyError(w http.ResponseWriter, status int, issue, words string) {
	writeError(w, status, object{
		"resourceType": "OperationOutcome", "id": "78D536C0-44D6-11E9-BFCD-17C1B88243CD",
		"issue": []object{{"severity": "error", "code": issue, "diagnostics": words, "details": object{"coding": []object{{
			"system": "http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0", "code": strconv.Itoa(status), "display": words,
		}}}}},
	})
}

func writeError(w http.ResponseWriter, status int, v object) {
	w.Header().Set("Content-Type", "application/fhir+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
