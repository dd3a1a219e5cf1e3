package pdssim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// control opens the door by which a person decides, with curl, what PDS says.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/people", s.showPeople)
	s.mux.HandleFunc("GET /sim/people/{nhs}", s.showRecord)
	s.mux.HandleFunc("POST /sim/people/{nhs}", s.changeRecord)
	s.mux.HandleFunc("GET /sim/faults", s.showFaults)
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownPerson struct {
	Person    int    `json:"person"`
	NHSNumber string `json:"nhs_number"`
	Name      string `json:"name"`
	Record    Record `json:"record"` // what PDS says otherwise than the practice
}

// showPeople lists the invented people.
func (s *Sim) showPeople(w http.ResponseWriter, _ *http.Request) {
	out := []shownPerson{}
	for _, p := range s.diary.People() {
		s.mu.Lock()
		r := s.records[p.NHSNumber]
		s.mu.Unlock()
		out = append(out, shownPerson{p.ID, p.NHSNumber, p.Given + " " + p.Family, r})
	}
	show(w, out)
}

func (s *Sim) showRecord(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	record := s.records[r.PathValue("nhs")]
	s.mu.Unlock()
	show(w, record)
}

// changeRecord lays the JSON object it is sent over what PDS says of a person.
func (s *Sim) changeRecord(w http.ResponseWriter, r *http.Request) {
	nhs := r.PathValue("nhs")
	s.mu.Lock()
	record := s.records[nhs]
	s.mu.Unlock()
	if !strict(w, r, &record) {
		return
	}
	s.Edit(nhs, func(was *Record) { *was = record })
	show(w, record)
}

func (s *Sim) showFaults(w http.ResponseWriter, _ *http.Request) { show(w, s.Faults()) }

// changeFaults lays the JSON object it is sent over the faults that are set. The
// object {"expire_tokens": true} is no fault but an act.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	change := struct {
		*Faults
		ExpireTokens bool `json:"expire_tokens"`
	}{Faults: &f}
	if !strict(w, r, &change) {
		return
	}
	s.SetFaults(f)
	if change.ExpireTokens {
		s.ExpireTokens()
	}
	show(w, s.Faults())
}

// strict reads one JSON object that holds no unknown names.
func strict(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(into) != nil || d.More() {
		http.Error(w, "this is not a JSON object of the names that GET shows", http.StatusBadRequest)
		return false
	}
	return true
}

func show(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
