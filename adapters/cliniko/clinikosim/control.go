package clinikosim

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

// control opens the door by which a person plays the clinic's staff, with curl or
// from the demo's page. Cliniko has nothing like it.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.showVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/{act}", s.actOnVisit)
	s.mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	s.mux.HandleFunc("POST /sim/places/{site}", s.editPlace)
	s.mux.HandleFunc("GET /sim/faults", s.showFaults)
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownVisit struct {
	Slot   int       `json:"slot"`
	Person int       `json:"person"`
	Start  time.Time `json:"start"`
	Site   int       `json:"site"`
	Status string    `json:"status"`
}

var statusWords = map[gateway.Status]string{
	gateway.StatusBooked: "booked", gateway.StatusCancelled: "cancelled", gateway.StatusArrived: "arrived",
	gateway.StatusFinished: "arrived", gateway.StatusMissed: "did not arrive", gateway.StatusNotBooked: "unavailable block",
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	st := s.staff.clone()
	s.mu.Unlock()
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		status := statusWords[v.Status]
		switch {
		case !st.deleted[v.Slot].IsZero():
			status = "deleted"
		case !st.archived[v.Slot].IsZero():
			status = "archived"
		}
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), v.Site, status})
	}
	show(w, out)
}

// actOnVisit does what staff may do with a visit; "remove" leaves no trace of it.
func (s *Sim) actOnVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	if _, ok := s.diary.Visit(slot); !ok || err != nil {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	switch r.PathValue("act") {
	case "cancel":
		s.diary.Cancel(slot)
	case "archive":
		s.Archive(slot)
	case "delete":
		s.Delete(slot)
	case "remove":
		s.diary.Remove(slot)
	case "remind":
		s.Remind(slot)
	case "missed":
		s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusMissed })
	case "arrived":
		s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusArrived })
	case "move":
		start, err := time.Parse(time.RFC3339, form(w, r).Get("start"))
		if err != nil {
			http.Error(w, "start is not a time such as 2027-03-29T09:10:00Z", http.StatusBadRequest)
			return
		}
		s.diary.Move(slot, start.UTC())
	default:
		http.Error(w, "acts are cancel, archive, delete, remove, remind, missed, arrived and move", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// editPerson changes the fields that the form holds; archived=yes or no,
// reminder_type as in Cliniko, merged=yes, deleted=yes.
func (s *Sim) editPerson(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	f := form(w, r)
	now := s.options.Clock.Now()
	ok := err == nil && s.diary.Edit(id, func(p *surgery.Person) {
		if f.Has("mobile") {
			p.Mobile = f.Get("mobile")
		}
		if f.Has("archived") {
			p.Deducted = time.Time{}
			if f.Get("archived") == "yes" {
				p.Deducted = now
			}
		}
		if f.Has("reminder_type") {
			p.Declined = f.Get("reminder_type") == "None"
		}
	})
	if !ok {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	if f.Has("reminder_type") {
		s.SetReminderType(id, f.Get("reminder_type"))
	}
	if f.Get("merged") == "yes" {
		s.MergePerson(id)
	}
	if f.Get("deleted") == "yes" {
		s.DeletePerson(id)
	}
	w.WriteHeader(http.StatusNoContent)
}

// editPlace changes a place: reminders=yes or no, zone as in IANA's list.
func (s *Sim) editPlace(w http.ResponseWriter, r *http.Request) {
	site, err := strconv.Atoi(r.PathValue("site"))
	if err != nil {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	f := form(w, r)
	s.SetPlace(site, Place{Zone: f.Get("zone"), Label: f.Get("label"), Reminders: f.Get("reminders") == "yes"})
	w.WriteHeader(http.StatusNoContent)
}

func form(w http.ResponseWriter, r *http.Request) url.Values {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if r.ParseForm() != nil {
		return nil
	}
	return r.PostForm
}

func (s *Sim) showFaults(w http.ResponseWriter, _ *http.Request) { show(w, s.Faults()) }

// changeFaults lays the JSON object it is sent over the faults that are set; an
// unknown name is refused.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	faults := s.Faults()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(&faults) != nil || d.More() {
		http.Error(w, "this is not a JSON object of the faults that GET /sim/faults lists", http.StatusBadRequest)
		return
	}
	s.SetFaults(faults)
	show(w, s.Faults())
}

func show(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
