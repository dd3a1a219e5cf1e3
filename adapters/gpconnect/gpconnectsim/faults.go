package gpconnectsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"bellman/gateway"
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
	now := s.options.Clock.Now()
	if s.faults.Cached {
		w.Header().Set("Age", strconv.Itoa(int(now.Sub(s.made).Seconds())))
		now = s.made
	}
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
}

// pause waits as long as the faults say. It reports false when the caller has gone.
func pause(ctx context.Context, f Faults) bool {
	return f.SlowMS <= 0 || gateway.Wait(ctx, time.Duration(f.SlowMS)*time.Millisecond)
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

// control opens the door by which a person plays, with curl.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.showVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/cancel", func(w http.ResponseWriter, r *http.Request) {
		slot, err := strconv.Atoi(r.PathValue("slot"))
		done(w, err == nil && s.diary.Cancel(slot))
	})
	s.mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	s.mux.HandleFunc("POST /sim/people/{nhs}/hide", func(w http.ResponseWriter, r *http.Request) {
		s.Hide(r.PathValue("nhs"))
		done(w, true)
	})
	s.mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Faults()) })
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownVisit struct {
	Slot      int       `json:"slot"`
	Person    int       `json:"person"`
	NHSNumber string    `json:"nhs_number"`
	Start     time.Time `json:"start"`
	Status    string    `json:"status"`
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		p, _ := s.diary.Person(v.Person)
		out = append(out, shownVisit{v.Slot, v.Person, p.NHSNumber, v.Start.UTC(), statuses[v.Status]})
	}
	show(w, out)
}

func (s *Sim) moveVisit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	slot, err := strconv.Atoi(r.PathValue("slot"))
	start, errStart := time.Parse(time.RFC3339, r.PostFormValue("start"))
	if errStart != nil {
		http.Error(w, "start is not a time such as 2027-03-29T09:10:00Z", http.StatusBadRequest)
		return
	}
	done(w, err == nil && s.diary.Move(slot, start.UTC()))
}

// changeFaults lays the JSON object it is sent over the faults that are set; an
// unknown name is refused.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(&f) != nil || d.More() {
		http.Error(w, "this is not a JSON object of the faults that GET shows", http.StatusBadRequest)
		return
	}
	s.SetFaults(f)
	show(w, s.Faults())
}

func done(w http.ResponseWriter, ok bool) {
	if !ok {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func show(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
