// Package fhirsim is a simulated FHIR R4 server over an invented practice. It
// answers what the adapter asks (Appointment search with paging and includes,
// reads with entity tags, Patient, SMART Backend Services) the way hospital
// servers do, can misbehave in the ways that they do, and lets a person play the
// receptionist under /sim/. It holds no real patient.
//
// The FHIR base is /fhir, the token endpoint /oauth/token. An Appointment's id is
// the slot and the person, "88001-1001"; a cancelled visit stays, with the status
// cancelled; one that was taken out of the diary answers 410 once it was seen.
package fhirsim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Base is the path of the FHIR endpoint.
const Base = "/fhir"

const (
	fhirJSON    = "application/fhir+json; charset=utf-8"
	defaultPage = 50
	largestPage = 200
)

// Sim is the server. It is safe for concurrent use.
type Sim struct {
	diary *surgery.Diary
	clock gateway.Clock
	mux   *http.ServeMux

	mu      sync.Mutex
	guard   guard
	faults  Faults
	dialect Dialect
	forms   map[int]Form         // how visits were called off, by slot
	frozen  *picture             // what is shown instead of the diary, unless nil
	seen    map[string]bool      // ids that were there once, for 410
	jtis    map[string]bool      // assertions used once
	tokens  map[string]time.Time // access tokens given out, and when each ends
	calls   map[string]int       // by path, for tests and for curiosity
}

// New makes a server that shows the diary and asks for no credentials. The clock
// dates answers and tokens.
func New(diary *surgery.Diary, clock gateway.Clock) *Sim {
	s := &Sim{
		diary: diary, clock: clock, mux: http.NewServeMux(),
		forms: map[int]Form{}, seen: map[string]bool{}, jtis: map[string]bool{}, tokens: map[string]time.Time{}, calls: map[string]int{},
	}
	s.mux.HandleFunc("GET "+Base+"/Appointment", s.guarded(s.searchAppointments))
	s.mux.HandleFunc("GET "+Base, s.guarded(s.nextPage))
	s.mux.HandleFunc("GET "+Base+"/{$}", s.guarded(s.nextPage))
	s.mux.HandleFunc("GET "+Base+"/Appointment/{id}", s.guarded(s.readAppointment))
	s.mux.HandleFunc("GET "+Base+"/Patient/{id}", s.guarded(s.readPatient))
	s.mux.HandleFunc("POST "+Base+"/Patient/_search", s.guarded(s.searchPatient))
	s.mux.HandleFunc("GET "+Base+"/Location/{id}", s.guarded(s.readLocation))
	s.mux.HandleFunc("GET "+Base+"/metadata", s.metadata)
	s.mux.HandleFunc("GET "+Base+"/.well-known/smart-configuration", s.smartConfiguration)
	s.mux.HandleFunc("POST /oauth/token", s.token)
	s.control()
	return s
}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls[r.URL.Path]++
	s.mu.Unlock()
	s.date(w)
	s.mux.ServeHTTP(w, r)
}

// Calls says how often a path was asked for.
func (s *Sim) Calls(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

// baseURL is the FHIR base as the caller sees it.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + Base
}

// object is a piece of JSON.
type object map[string]any

// answer writes a resource.
func answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "cannot encode", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", fhirJSON)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// refuse writes an OperationOutcome.
func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, outcome("error", code))
}

func outcome(severity, code string) object {
	return object{"resourceType": "OperationOutcome", "issue": []object{{"severity": severity, "code": code}}}
}

// metadata is a short capability statement.
func (s *Sim) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, object{
		"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": map[Dialect]string{R4: "4.0.1", STU3: "3.0.1", Millennium: "4.0.1"}[s.speaks()],
		"format": []string{"json"},
		"rest": []object{{"mode": "server", "resource": []object{
			{"type": "Appointment", "searchParam": []object{{"name": "date"}, {"name": "status"}, {"name": "patient"}, {"name": "location"}}},
			{"type": "Patient", "searchParam": []object{{"name": "identifier"}}},
		}}},
	})
}
