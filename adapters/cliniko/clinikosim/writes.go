package clinikosim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"

	"bellman/adapters/surgery"
)

// writes are the changes that a gateway may make.
func (s *Sim) writes() {
	s.mux.HandleFunc("PATCH "+root+"/individual_appointments/{id}/cancel", s.guarded("PATCH individual_appointments", func(w http.ResponseWriter, r *http.Request, f Faults) {
		s.cancel(w, r, f, "individual_appointments", idsOfVisits)
	}))
	s.mux.HandleFunc("PATCH "+root+"/attendees/{id}/cancel", s.guarded("PATCH attendees", func(w http.ResponseWriter, r *http.Request, f Faults) {
		s.cancel(w, r, f, "attendees", idsOfAttendees)
	}))
	s.mux.HandleFunc("PATCH "+root+"/patients/{id}", s.guarded("PATCH patients", s.patchPatient))
}

var reasons = []float64{10, 20, 30, 31, 40, 50, 60}

// cancel cancels an individual appointment, or an attendee of a group; an attendee of
// an individual appointment is not cancelled here.
func (s *Sim) cancel(w http.ResponseWriter, r *http.Request, f Faults, list string, ids int64) {
	change, ok := body(w, r)
	rec, there := s.find(list, r.PathValue("id"), f)
	switch _, cancelled := rec.value("cancelled_at"); {
	case !ok:
		refuse(w, http.StatusBadRequest, "the body is not a JSON object")
		return
	case !there:
		refuse(w, http.StatusNotFound, "Not found")
		return
	case list == "attendees" && rec.keys["in_group"] == 0:
		invalid(w, map[string]string{"base": "is an attendee of an individual appointment"})
		return
	case cancelled:
		invalid(w, map[string]string{"base": "is already cancelled"})
		return
	}
	if code, ok := change["cancellation_reason"].(float64); !ok || !slices.Contains(reasons, code) {
		invalid(w, map[string]string{"cancellation_reason": "is not included in the list"})
		return
	}
	if !f.WriteIgnored {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
		s.diary.Cancel(int(id - ids))
	}
	if f.WriteLost {
		refuse(w, http.StatusInternalServerError, "Simulated fault")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// patchPatient changes how a patient is reminded. Other fields are refused, so that a
// test sees who sends them; Cliniko takes many.
func (s *Sim) patchPatient(w http.ResponseWriter, r *http.Request, f Faults) {
	change, ok := body(w, r)
	_, there := s.find("patients", r.PathValue("id"), f)
	switch {
	case !ok || len(change) != 1:
		refuse(w, http.StatusBadRequest, "the body is not a JSON object of one field")
		return
	case !there:
		refuse(w, http.StatusNotFound, "Not found")
		return
	}
	choice, ok := choiceOf(change)
	if !ok {
		invalid(w, map[string]string{"reminder_type": "is not included in the list"})
		return
	}
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	person := int(id - idsOfPeople)
	if !f.WriteIgnored {
		s.SetReminderType(person, choice)
		s.diary.Edit(person, func(p *surgery.Person) { p.Declined = choice == "None" || choice == "Email" })
	}
	if f.WriteLost {
		refuse(w, http.StatusInternalServerError, "Simulated fault")
		return
	}
	rec, _ := s.find("patients", r.PathValue("id"), f)
	answer(w, r, f, shown(rec, f))
}

// choiceOf reads the new reminder_type from a change, however it is told.
func choiceOf(change map[string]any) (string, bool) {
	if choice, ok := change["reminder_type"].(string); ok {
		return choice, slices.Contains([]string{"None", "SMS", "Email", "SMS & Email"}, choice)
	}
	channels, ok := change["reminders_communication_channels"].([]any)
	sms, email := slices.Contains(channels, any(1.0)), slices.Contains(channels, any(2.0))
	switch {
	case sms && email:
		return "SMS & Email", ok
	case sms:
		return "SMS", ok
	case email:
		return "Email", ok
	}
	return "None", ok
}

func body(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	var out map[string]any
	return out, err == nil && json.Unmarshal(raw, &out) == nil && out != nil
}
