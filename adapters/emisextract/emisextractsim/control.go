package emisextractsim

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

// Handler gives the door by which a person plays the practice's staff, and the
// night in which an extract is made. EMIS has nothing like it.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/visits", s.showVisits)
	mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.cancelVisit)
	mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	mux.HandleFunc("POST /sim/export", s.exportNow)
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Faults()) })
	mux.HandleFunc("POST /sim/faults", s.changeFaults)
	return mux
}

type shownVisit struct {
	Slot     int       `json:"slot"`
	SlotGUID string    `json:"slot_guid"`
	Person   int       `json:"person"`
	Start    time.Time `json:"start"`
	Site     int       `json:"site"`
	Category string    `json:"category"` // of the session
	Booked   bool      `json:"booked"`
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		out = append(out, shownVisit{v.Slot, SlotGUID(v.Slot), v.Person, v.Start.UTC(), v.Site, category(v.Mode), v.Status == gateway.StatusBooked})
	}
	writeJSON(w, out)
}

// cancelVisit calls a visit off: with form=, in one of the forms of Form.
func (s *Sim) cancelVisit(w http.ResponseWriter, r *http.Request) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	switch how := Form(form(w, r).Get("form")); how {
	case "":
		done(w, err == nil && s.diary.Cancel(slot))
	case Named, Blank:
		_, ok := s.diary.Visit(slot)
		s.CallOff(slot, how)
		done(w, err == nil && ok)
	default:
		refuse(w, "form is named, blank, or nothing")
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
		if f.Has("declined") {
			p.Declined = f.Get("declined") == "yes"
		}
		if f.Has("died") {
			p.Died = died
		}
		if f.Has("deducted") {
			p.Deducted = deducted
		}
	}))
}

// exportNow makes it night.
func (s *Sim) exportNow(w http.ResponseWriter, _ *http.Request) {
	if s.Night() != nil {
		http.Error(w, "the files could not be written into the folder", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

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
	writeJSON(w, s.Faults())
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
