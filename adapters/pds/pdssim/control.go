package pdssim

import (
	"net/http"

	"bellman/adapters/surgery/door"
)

// control opens the door by which a person decides, with curl, what PDS says.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/people", s.showPeople)
	s.mux.HandleFunc("GET /sim/people/{nhs}", s.showRecord)
	s.mux.HandleFunc("POST /sim/people/{nhs}", s.changeRecord)
	door.Faults(s.mux, func() orders { return orders{Faults: s.Faults()} }, s.obey)
}

type shownPerson struct {
	Person    int    `json:"person"`
	NHSNumber string `json:"nhs_number"`
	Name      string `json:"name"`
	Record    Record `json:"record"` // what PDS says otherwise than the practice
}

// record gives what PDS says of a person otherwise than the practice.
func (s *Sim) record(nhs string) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[nhs]
}

// showPeople lists the invented people.
func (s *Sim) showPeople(w http.ResponseWriter, _ *http.Request) {
	out := []shownPerson{}
	for _, p := range s.diary.People() {
		out = append(out, shownPerson{p.ID, p.NHSNumber, p.Given + " " + p.Family, s.record(p.NHSNumber)})
	}
	door.JSON(w, out)
}

func (s *Sim) showRecord(w http.ResponseWriter, r *http.Request) {
	door.JSON(w, s.record(r.PathValue("nhs")))
}

// changeRecord lays the JSON object it is sent over what PDS says of a person.
func (s *Sim) changeRecord(w http.ResponseWriter, r *http.Request) {
	nhs := r.PathValue("nhs")
	record := s.record(nhs)
	if door.Decode(w, r, &record, "the names that GET shows") {
		s.Edit(nhs, func(was *Record) { *was = record })
		door.JSON(w, record)
	}
}

// orders are the faults, and an act beside them: {"expire_tokens": true}.
type orders struct {
	Faults
	ExpireTokens bool `json:"expire_tokens,omitempty"`
}

func (s *Sim) obey(o orders) {
	s.SetFaults(o.Faults)
	if o.ExpireTokens {
		s.ExpireTokens()
	}
}
