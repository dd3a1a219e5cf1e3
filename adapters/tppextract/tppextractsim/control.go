package tppextractsim

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

// control opens the door by which a person plays the practice's staff, and the
// night in which an extract is made. TPP has nothing like it.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.showVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.cancelVisit)
	s.mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	s.mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	s.mux.HandleFunc("POST /sim/export", s.makeExtract)
	s.mux.HandleFunc("GET /sim/faults", s.showFaults)
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownVisit struct {
	Slot     int       `json:"slot"`
	Person   int       `json:"person"`
	Start    time.Time `json:"start"`
	Minutes  int       `json:"minutes"`
	Site     string    `json:"site"`
	RotaType string    `json:"rota_type"`
	Status   string    `json:"status"`
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), v.Minutes, location(v.Site), rotaType(v.Mode), statusTerm(v.Status)})
	}
	writeJSON(w, out)
}

// cancelVisit calls a visit off: with form=, in one of the forms of CancelForm.
func (s *Sim) cancelVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	switch how := CancelForm(form(w, r).Get("form")); how {
	case "":
		done(w, err == nil && s.diary.Cancel(slot))
	case "removed":
		_, ok := s.diary.Visit(slot)
		s.diary.Remove(slot)
		done(w, ok)
	case AsStatus, AsDate, AsWalkedOut, AsNobody:
		_, ok := s.diary.Visit(slot)
		s.CallOff(slot, how)
		done(w, ok)
	default:
		refuse(w, "form is one of removed, status, date, walkedout, nobody")
	}
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

// editPerson changes the fields that the form holds; an empty date clears one.
func (s *Sim) editPerson(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	f := form(w, r)
	died, okDied := formDate(f, "died")
	deducted, okDeducted := formDate(f, "deducted")
	if !okDied || !okDeducted {
		refuse(w, "died and deducted are dates such as 2027-03-29")
		return
	}
	done(w, err == nil && s.diary.Edit(id, func(p *surgery.Person) {
		if f.Has("mobile") {
			p.Mobile = f.Get("mobile")
		}
		if f.Has("died") {
			p.Died = died
		}
		if f.Has("deducted") {
			p.Deducted = deducted
		}
		if f.Has("declined") {
			p.Declined = f.Get("declined") == "yes"
		}
	}))
}

// makeExtract delivers what changed; with kind=bulk everything; with kind=lost it
// is made and never arrives.
func (s *Sim) makeExtract(w http.ResponseWriter, r *http.Request) {
	var name string
	var err error
	switch form(w, r).Get("kind") {
	case "":
		name, err = s.Export()
	case "bulk":
		name, err = s.Bulk()
	case "lost":
		s.Lose()
	default:
		refuse(w, "kind is bulk, lost, or nothing")
		return
	}
	if err != nil {
		http.Error(w, "the extract could not be written into the folder", http.StatusInternalServerError)
		return
	}
	writeJSON(w, map[string]string{"directory": name})
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

// changeFaults lays the JSON object it is sent over the faults that are set.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		refuse(w, "the request is too large")
		return
	}
	faults := s.Faults()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(&faults) != nil || d.More() {
		refuse(w, "this is not a JSON object of the faults that GET /sim/faults lists")
		return
	}
	s.SetFaults(faults)
	writeJSON(w, faults)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func done(w http.ResponseWriter, ok bool) {
	if !ok {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusBadRequest) }
