package gpconnectsim

import (
	"net/http"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
)

// control opens the door by which a person plays, with curl.
func (s *Sim) control() {
	door.Door{Diary: s.diary, Show: s.shown}.Open(s.mux)
	s.mux.HandleFunc("POST /sim/people/{nhs}/hide", func(w http.ResponseWriter, r *http.Request) {
		s.Hide(r.PathValue("nhs"))
		door.Done(w, true)
	})
	door.Faults(s.mux, s.Faults, s.SetFaults)
}

type shownVisit struct {
	door.Visit
	NHSNumber string `json:"nhs_number"`
	Status    string `json:"status"`
}

func (s *Sim) shown(v surgery.Visit) any {
	p, _ := s.diary.Person(v.Person)
	return shownVisit{door.Show(v), p.NHSNumber, statuses[v.Status]}
}
