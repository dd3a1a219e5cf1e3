package fhirsim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// control is the door through which a person plays the receptionist. It asks for
// no credentials: a simulator stands on one's own machine.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.listVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.onVisit(func(slot int, _ *http.Request) bool { return s.diary.Cancel(slot) }))
	s.mux.HandleFunc("POST /sim/visits/{slot}/remove", s.onVisit(func(slot int, _ *http.Request) bool { s.diary.Remove(slot); return true }))
	s.mux.HandleFunc("POST /sim/visits/{slot}/call-off", s.onVisit(s.calledOff))
	s.mux.HandleFunc("POST /sim/visits/{slot}/move", s.onVisit(func(slot int, r *http.Request) bool {
		start, err := time.Parse(time.RFC3339, r.FormValue("start"))
		return err == nil && s.diary.Move(slot, start)
	}))
	s.mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	s.mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { plain(w, s.Faults()) })
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

func plain(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// shownVisit is one line of the diary.
type shownVisit struct {
	Slot   int       `json:"slot"`
	Person int       `json:"person"`
	Start  time.Time `json:"start"`
	Status string    `json:"status"`
}

func (s *Sim) listVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), s.status(v)})
	}
	plain(w, out)
}

// onVisit carries out one change of a visit.
func (s *Sim) onVisit(change func(slot int, r *http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slot, err := strconv.Atoi(r.PathValue("slot"))
		if err != nil || !change(slot, r) {
			http.Error(w, "no such visit, or the form is wrong", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// editPerson changes what the form names: mobile (may be empty), died and
// deducted (a date, 2026-11-30; any other word: now; empty: not), declined (any
// word, or empty).
func (s *Sim) editPerson(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || r.ParseForm() != nil {
		http.Error(w, "no such person, or the form is wrong", http.StatusBadRequest)
		return
	}
	day := func(value string) time.Time {
		if value == "" {
			return time.Time{}
		}
		if date, err := time.ParseInLocation(time.DateOnly, value, gateway.London()); err == nil {
			return date
		}
		return s.clock.Now()
	}
	ok := s.diary.Edit(id, func(p *surgery.Person) {
		for key := range r.PostForm {
			value := r.PostForm.Get(key)
			switch key {
			case "mobile":
				p.Mobile = value
			case "died":
				p.Died = day(value)
			case "deducted":
				p.Deducted = day(value)
			case "declined":
				p.Declined = value != ""
			}
		}
	})
	if !ok {
		http.Error(w, "no such person", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// changeFaults takes a whole set of faults as JSON.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		http.Error(w, "faults must be JSON with the keys that GET shows", http.StatusBadRequest)
		return
	}
	s.SetFaults(f)
	plain(w, s.Faults())
}
