package hl7sim

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

// Control is the door by which a person plays the hospital's staff, with curl or
// from a page. A hospital has nothing like it.
func (s *Sim) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/visits", s.showVisits)
	mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.onVisit(func(slot int) bool { return s.diary.Cancel(slot) }))
	mux.HandleFunc("POST /sim/visits/{slot}/remove", s.onVisit(func(slot int) bool {
		_, ok := s.diary.Visit(slot)
		s.diary.Remove(slot)
		return ok
	}))
	mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	mux.HandleFunc("POST /sim/people/{id}/merge", s.mergePerson)
	mux.HandleFunc("POST /sim/replay", func(w http.ResponseWriter, _ *http.Request) { s.Replay(); done(w, true) })
	mux.HandleFunc("POST /sim/message", s.sendMessage)
	mux.HandleFunc("GET /sim/sent", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Counts()) })
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Faults()) })
	mux.HandleFunc("POST /sim/faults", s.changeFaults)
	return mux
}

type shownVisit struct {
	Slot   int       `json:"slot"`
	Person int       `json:"person"`
	Start  time.Time `json:"start"`
	Site   int       `json:"site"`
	Mode   string    `json:"mode"`
	Status string    `json:"status"` // by table 0278
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), v.Site, Modes[v.Mode], statusWords[v.Status]})
	}
	writeJSON(w, out)
}

func (s *Sim) onVisit(do func(slot int) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slot, err := strconv.Atoi(r.PathValue("slot"))
		done(w, err == nil && do(slot))
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
	died, errDied := formDate(f, "died")
	removed, errRemoved := formDate(f, "removed")
	if errDied != nil || errRemoved != nil {
		refuse(w, "died and removed are dates such as 2027-03-29")
		return
	}
	done(w, err == nil && s.diary.Edit(id, func(p *surgery.Person) {
		if f.Has("mobile") {
			p.Mobile = f.Get("mobile")
		}
		if f.Has("died") {
			p.Died = died
		}
		if f.Has("removed") {
			p.Deducted = removed
		}
		if f.Has("declined") {
			p.Declined = f.Get("declined") == "yes"
		}
	}))
}

func (s *Sim) mergePerson(w http.ResponseWriter, r *http.Request) {
	gone, err := strconv.Atoi(r.PathValue("id"))
	stays, errInto := strconv.Atoi(form(w, r).Get("into"))
	done(w, err == nil && errInto == nil && s.Merge(gone, stays))
}

// maxOwn bounds a message of one's own. It is more than a listener takes.
const maxOwn = 4 << 20

// sendMessage sends the request's body as a message, as it stands.
func (s *Sim) sendMessage(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOwn))
	if err != nil {
		refuse(w, "the message is too large")
		return
	}
	s.Send(string(body))
	done(w, true)
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
func formDate(f url.Values, name string) (time.Time, error) {
	if f.Get(name) == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, f.Get(name), gateway.London())
	return t.Add(12 * time.Hour), err
}

// changeFaults lays the JSON object it is sent over the faults that are set; an
// unknown name is refused.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(&f) != nil || d.More() {
		refuse(w, "this is not a JSON object of the faults that GET /sim/faults lists")
		return
	}
	s.SetFaults(f)
	writeJSON(w, s.Faults())
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
