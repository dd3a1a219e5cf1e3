package emissim

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

// control opens the door by which a person plays the practice's staff, with curl
// or from the demo's page. EMIS has nothing like it.
func (s *Sim) control() {
	s.mux.HandleFunc("GET /sim/visits", s.showVisits)
	s.mux.HandleFunc("POST /sim/visits/{slot}/cancel", s.cancelVisit)
	s.mux.HandleFunc("POST /sim/visits/{slot}/move", s.moveVisit)
	s.mux.HandleFunc("POST /sim/people/{id}", s.editPerson)
	s.mux.HandleFunc("GET /sim/faults", s.showFaults)
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

type shownVisit struct {
	Slot    int       `json:"slot"`
	Person  int       `json:"person"`
	Start   time.Time `json:"start"`
	Minutes int       `json:"minutes"`
	Site    int       `json:"site"`
	Mode    string    `json:"mode"`   // the slot type's name
	Status  string    `json:"status"` // as in the patient's own list
}

func (s *Sim) showVisits(w http.ResponseWriter, _ *http.Request) {
	out := []shownVisit{}
	for _, v := range s.diary.Visits() {
		status := statusText(v.Status)
		if v.Status == gateway.StatusCancelled {
			status = "(cancelled)"
		}
		out = append(out, shownVisit{v.Slot, v.Person, v.Start.UTC(), v.Minutes, v.Site, slotTypeOf(v.Mode).Display, status})
	}
	writeJSON(w, http.StatusOK, out)
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
	}))
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

func (s *Sim) showFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Faults())
}

// changeFaults lays the JSON object it is sent over the faults that are set; an
// unknown name is refused. The object {"expire_tokens": true} is no fault but an
// act: every token given out so far is refused.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		refuse(w, "the request is too large")
		return
	}
	change := struct {
		*Faults
		ExpireTokens bool `json:"expire_tokens"`
	}{Faults: new(s.Faults())}
	if !strict(body, &change) {
		refuse(w, "this is not a JSON object of the faults that GET /sim/faults lists")
		return
	}
	s.SetFaults(*change.Faults)
	if change.ExpireTokens {
		s.ExpireTokens()
	}
	writeJSON(w, http.StatusOK, s.Faults())
}

func done(w http.ResponseWriter, ok bool) {
	if !ok {
		http.Error(w, "there is nothing with this id", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusBadRequest) }

// strict decodes one JSON object that holds no unknown names.
func strict(body []byte, into any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(into) == nil && !d.More()
}
