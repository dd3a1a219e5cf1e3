package tppsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// control opens the door by which a person plays the practice's staff, with curl.
// SystmOne has nothing like it.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.showVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.cancelVisit)
	s.mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	s.mux.HandleFunc("POST /sim/visits/{slot}/status", s.statusOfVisit)
	s.mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	s.mux.HandleFunc("GET /sim/device", s.showDevice)
	s.mux.HandleFunc("POST /sim/device/{click}", s.clickDevice)
	s.mux.HandleFunc("POST /sim/logoff", func(w http.ResponseWriter, _ *http.Request) { s.Disconnect(); done(w, true) })
	s.mux.HandleFunc("GET /sim/faults", s.showFaults)
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownVisit struct {
	Slot    int       `json:"slot"`
	Person  int       `json:"person"`
	Start   time.Time `json:"start"`
	Minutes int       `json:"minutes"`
	Site    int       `json:"site"`
	Mode    string    `json:"mode"` // the slot type's name
	Status  string    `json:"status"`
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		s.mu.Lock()
		words, other := s.statuses[v.Slot]
		s.mu.Unlock()
		if !other {
			words = statusWords[v.Status]
		}
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), v.Minutes, v.Site, slotTypes[v.Mode], words})
	}
	writeJSON(w, out)
}

func (s *Sim) cancelVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	done(w, err == nil && s.diary.Cancel(slot))
}

func (s *Sim) moveVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	start, errStart := time.Parse(time.RFC3339, form(w, r).Get("start"))
	if errStart != nil {
		refuse(w, "start is not a time such as 2027-03-29T09:10:00Z")
		return
	}
	done(w, err == nil && s.diary.Move(slot, start.UTC()))
}

// statusOfVisit sets the words of a visit's Status, known ones or not.
func (s *Sim) statusOfVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	_, ok := s.diary.Visit(slot)
	if ok && err == nil {
		s.SetStatus(slot, form(w, r).Get("words"))
	}
	done(w, ok && err == nil)
}

// editPerson changes the fields that the form holds; an empty date clears one.
func (s *Sim) editPerson(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	f := form(w, r)
	died, okDied := formDate(f, "died")
	left, okLeft := formDate(f, "left")
	if !okDied || !okLeft {
		refuse(w, "died and left are dates such as 2027-03-29")
		return
	}
	ok := err == nil && s.diary.Edit(id, func(p *surgery.Person) {
		if f.Has("mobile") {
			p.Mobile = f.Get("mobile")
		}
		if f.Has("died") {
			p.Died = died
		}
		if f.Has("left") {
			p.Deducted = left
		}
	})
	if ok && f.Has("consent") {
		s.SetConsent(id, f.Get("consent"))
	}
	if ok && f.Has("pseudo") {
		s.SetPseudo(id)
	}
	done(w, ok)
}

func (s *Sim) showDevice(w http.ResponseWriter, _ *http.Request) {
	all, open := s.Dialogs()
	writeJSON(w, map[string]int{"asked": all, "waiting": open})
}

// clickDevice plays the click on the dialog, or the Device Manager.
func (s *Sim) clickDevice(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("click") {
	case "approve":
		done(w, s.Click(true))
	case "refuse":
		done(w, s.Click(false))
	case "block":
		s.Block(true)
		done(w, true)
	case "unblock":
		s.Block(false)
		done(w, true)
	default:
		refuse(w, "approve, refuse, block or unblock")
	}
}

func form(w http.ResponseWriter, r *http.Request) url.Values {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if r.ParseForm() != nil {
		return nil
	}
	return r.PostForm
}

// formDate reads a date of the form as midday in London, zero when it is absent or
// empty.
func formDate(f url.Values, name string) (time.Time, bool) {
	if f.Get(name) == "" {
		return time.Time{}, true
	}
	t, err := time.ParseInLocation(time.DateOnly, f.Get(name), gateway.London())
	return t.Add(12 * time.Hour), err == nil
}

func (s *Sim) showFaults(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Faults()) }

// changeFaults lays the JSON object it is sent over the faults that are set; an
// unknown name is refused.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		refuse(w, "the request is too large")
		return
	}
	f := s.Faults()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(&f) != nil || d.More() {
		refuse(w, "this is not a JSON object of the faults that GET /sim/faults lists")
		return
	}
	s.SetFaults(f)
	writeJSON(w, f)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func done(w http.ResponseWriter, ok bool) {
	if !ok {
		http.Error(w, "there is nothing of this kind", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusBadRequest) }
