package fhirsim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
	"bellman/gateway"
)

// control is the door through which a person plays the receptionist. Of a person can
// be changed: mobile (may be empty), died and deducted (a date, 2026-11-30; any other
// word: now; empty: not), declined (any word, or empty).
func (s *Sim) control() {
	door.Door{
		Diary: s.diary, Show: s.line, Missing: http.StatusBadRequest,
		Acts: map[string]door.Act{"remove": door.Do(s.diary.Remove), "call-off": s.calledOff},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(s.day), "deducted": door.Deducted(s.day),
			"declined": door.Declined(func(value string) bool { return value != "" }),
		},
	}.Open(s.mux)
	s.mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { door.JSON(w, s.Faults()) })
	s.mux.HandleFunc("POST /sim/faults", s.changeFaults)
}

// shownVisit is one line of the diary.
type shownVisit struct {
	door.Visit
	Status string `json:"status"`
}

func (s *Sim) line(v surgery.Visit) any { return shownVisit{door.Show(v), s.status(v)} }

// calledOff is the receptionist's order for CallOff.
func (s *Sim) calledOff(slot int, form url.Values) error {
	if !s.CallOff(slot, Form(strings.TrimSpace(form.Get("form")))) {
		return errors.New("form is none of those that there are")
	}
	return nil
}

func (s *Sim) day(value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if date, err := time.ParseInLocation(time.DateOnly, value, gateway.London()); err == nil {
		return date, nil
	}
	return s.clock.Now(), nil
}

// changeFaults takes a whole set of faults as JSON.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	if door.Decode(w, r, &f, "the faults that GET /sim/faults lists") {
		s.SetFaults(f)
		door.JSON(w, s.Faults())
	}
}
