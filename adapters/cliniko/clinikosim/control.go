package clinikosim

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
	"bellman/gateway"
)

// control opens the door by which a person plays the clinic's staff, with curl or
// from the demo's page. Cliniko has nothing like it.
func (s *Sim) control() {
	door.Door{
		Diary: s.diary, Show: s.shown,
		Acts: map[string]door.Act{
			"archive": door.Do(s.Archive), "delete": door.Do(s.Delete), "remove": door.Do(s.diary.Remove), "remind": door.Do(s.Remind),
			"missed": s.mark(gateway.StatusMissed), "arrived": s.mark(gateway.StatusArrived),
		},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "archived": door.Deducted(s.nowIfYes),
			"reminder_type": door.Declined(func(value string) bool { return value == "None" }),
		},
		Beside: s.besidePerson,
	}.Open(s.mux)
	s.mux.HandleFunc("POST /sim/places/{site}", s.editPlace)
	door.Faults(s.mux, s.Faults, s.SetFaults)
}

type shownVisit struct {
	door.Visit
	Site   int    `json:"site"`
	Status string `json:"status"`
}

var statusWords = map[gateway.Status]string{
	gateway.StatusBooked: "booked", gateway.StatusCancelled: "cancelled", gateway.StatusArrived: "arrived",
	gateway.StatusFinished: "arrived", gateway.StatusMissed: "did not arrive", gateway.StatusNotBooked: "unavailable block",
}

func (s *Sim) shown(v surgery.Visit) any {
	s.mu.Lock()
	deleted, archived := s.staff.deleted[v.Slot], s.staff.archived[v.Slot]
	s.mu.Unlock()
	status := statusWords[v.Status]
	switch {
	case !deleted.IsZero():
		status = "deleted"
	case !archived.IsZero():
		status = "archived"
	}
	return shownVisit{door.Show(v), v.Site, status}
}

// mark is the act that gives a visit a status.
func (s *Sim) mark(status gateway.Status) door.Act {
	return door.Do(func(slot int) { s.diary.Change(slot, func(v *surgery.Visit) { v.Status = status }) })
}

func (s *Sim) nowIfYes(value string) (time.Time, error) {
	if value == "yes" {
		return s.options.Clock.Now(), nil
	}
	return time.Time{}, nil
}

// besidePerson takes reminder_type as in Cliniko, merged=yes and deleted=yes.
func (s *Sim) besidePerson(id int, form url.Values) {
	if form.Has("reminder_type") {
		s.SetReminderType(id, form.Get("reminder_type"))
	}
	if form.Get("merged") == "yes" {
		s.MergePerson(id)
	}
	if form.Get("deleted") == "yes" {
		s.DeletePerson(id)
	}
}

// editPlace changes a place: reminders=yes or no, zone as in IANA's list.
func (s *Sim) editPlace(w http.ResponseWriter, r *http.Request) {
	form, ok := door.Form(w, r)
	if !ok {
		return
	}
	site, err := strconv.Atoi(r.PathValue("site"))
	if err == nil {
		s.SetPlace(site, Place{Zone: form.Get("zone"), Label: form.Get("label"), Reminders: form.Get("reminders") == "yes"})
	}
	door.Done(w, err == nil)
}
