package tppsim

import (
	"net/http"
	"net/url"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
)

// control opens the door by which a person plays the practice's staff, with curl.
// SystmOne has nothing like it.
func (s *Sim) control() {
	door.Door{
		Diary: s.diary, Show: s.shown,
		Acts: map[string]door.Act{"status": s.statusOfVisit},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "left": door.Deducted(door.Date),
		},
		Beside: s.besidePerson,
	}.Open(s.mux)
	s.mux.HandleFunc("GET /sim/device", s.showDevice)
	s.mux.HandleFunc("POST /sim/device/{click}", s.clickDevice)
	s.mux.HandleFunc("POST /sim/logoff", func(w http.ResponseWriter, _ *http.Request) { s.Disconnect(); door.Done(w, true) })
	door.Faults(s.mux, s.Faults, s.SetFaults)
}

type shownVisit struct {
	door.Visit
	Minutes int    `json:"minutes"`
	Site    int    `json:"site"`
	Mode    string `json:"mode"` // the slot type's name
	Status  string `json:"status"`
}

func (s *Sim) shown(v surgery.Visit) any {
	s.mu.Lock()
	words, other := s.statuses[v.Slot]
	s.mu.Unlock()
	if !other {
		words = statusWords[v.Status]
	}
	return shownVisit{door.Show(v), v.Minutes, v.Site, slotType(v), words}
}

// statusOfVisit sets the words of a visit's Status, known ones or not.
func (s *Sim) statusOfVisit(slot int, form url.Values) error {
	s.SetStatus(slot, form.Get("words"))
	return nil
}

// besidePerson takes consent=, the words of it, and pseudo=.
func (s *Sim) besidePerson(id int, form url.Values) {
	if form.Has("consent") {
		s.SetConsent(id, form.Get("consent"))
	}
	if form.Has("pseudo") {
		s.SetPseudo(id)
	}
}

func (s *Sim) showDevice(w http.ResponseWriter, _ *http.Request) {
	all, open := s.Dialogs()
	door.JSON(w, map[string]int{"asked": all, "waiting": open})
}

// clickDevice plays the click on the dialog, or the Device Manager.
func (s *Sim) clickDevice(w http.ResponseWriter, r *http.Request) {
	waited := true
	switch r.PathValue("click") {
	case "approve":
		waited = s.Click(true)
	case "refuse":
		waited = s.Click(false)
	case "block":
		s.Block(true)
	case "unblock":
		s.Block(false)
	default:
		door.Refuse(w, "approve, refuse, block or unblock")
		return
	}
	if !waited {
		http.Error(w, "no question waits on the screen", http.StatusNotFound)
		return
	}
	door.Done(w, true)
}
