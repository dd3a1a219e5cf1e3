package hl7sim

import (
	"io"
	"net/http"
	"strconv"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
)

// Control is the door by which a person plays the hospital's staff, with curl or
// from a page. A hospital has nothing like it.
func (s *Sim) Control() http.Handler {
	mux := http.NewServeMux()
	door.Door{
		Diary: s.diary, Show: shown,
		Acts: map[string]door.Act{"remove": door.Do(s.diary.Remove)},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "removed": door.Deducted(door.Date), "declined": door.Declined(door.Yes),
		},
	}.Open(mux)
	mux.HandleFunc("POST /sim/people/{id}/merge", s.mergePerson)
	mux.HandleFunc("POST /sim/replay", func(w http.ResponseWriter, _ *http.Request) { s.Replay(); door.Done(w, true) })
	mux.HandleFunc("POST /sim/message", s.sendMessage)
	mux.HandleFunc("GET /sim/sent", func(w http.ResponseWriter, _ *http.Request) { door.JSON(w, s.Counts()) })
	door.Faults(mux, s.Faults, s.SetFaults)
	return mux
}

type shownVisit struct {
	door.Visit
	Site   int    `json:"site"`
	Mode   string `json:"mode"`
	Status string `json:"status"` // by table 0278
}

func shown(v surgery.Visit) any {
	return shownVisit{door.Show(v), v.Site, Modes[v.Mode], statusWords[v.Status]}
}

func (s *Sim) mergePerson(w http.ResponseWriter, r *http.Request) {
	form, ok := door.Form(w, r)
	if !ok {
		return
	}
	gone, err := strconv.Atoi(r.PathValue("id"))
	stays, errInto := strconv.Atoi(form.Get("into"))
	door.Done(w, err == nil && errInto == nil && s.Merge(gone, stays))
}

// maxOwn bounds a message of one's own. It is more than a listener takes.
const maxOwn = 4 << 20

// sendMessage sends the request's body as a message, as it stands.
func (s *Sim) sendMessage(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOwn))
	if err != nil {
		door.Refuse(w, "the message is too large")
		return
	}
	s.Send(string(body))
	door.Done(w, true)
}
