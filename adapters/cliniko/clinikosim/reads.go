package clinikosim

import (
	"net/http"
	"strconv"
)

// lists are those that can be read, whole and by id.
var lists = []string{"individual_appointments", "group_appointments", "attendees", "patients", "businesses", "appointment_types"}

func (s *Sim) reads() {
	for _, list := range lists {
		s.mux.HandleFunc("GET "+root+"/"+list, s.guarded("GET "+list, func(w http.ResponseWriter, r *http.Request, f Faults) {
			if list == "appointment_types" && f.NoTypes {
				refuse(w, http.StatusForbidden, "Forbidden")
				return
			}
			s.mu.Lock()
			before := s.onPage
			s.mu.Unlock()
			if before != nil {
				before(list, atoi(r.URL.Query().Get("page"), 1))
			}
			s.listing(w, r, f, list, s.look(list))
		}))
		s.mux.HandleFunc("GET "+root+"/"+list+"/{id}", s.guarded("GET "+list+"/id", func(w http.ResponseWriter, r *http.Request, f Faults) {
			rec, ok := s.find(list, r.PathValue("id"), f)
			if !ok {
				refuse(w, http.StatusNotFound, "Not found")
				return
			}
			answer(w, r, f, shown(rec, f))
		}))
	}
	for _, list := range []string{"individual_appointments", "group_appointments"} {
		s.mux.HandleFunc("GET "+root+"/"+list+"/{id}/attendees", s.guarded("GET "+list+"/id/attendees", func(w http.ResponseWriter, r *http.Request, f Faults) {
			var of []record
			for _, rec := range s.look("attendees") {
				if strconv.FormatInt(rec.keys["booking_id"], 10) == r.PathValue("id") {
					of = append(of, rec)
				}
			}
			s.listing(w, r, f, "attendees", of)
		}))
	}
}

// find gives one record by its id. A deleted one is not found, nor an archived
// patient: that is how another client saw it.
func (s *Sim) find(list, id string, f Faults) (record, bool) {
	for _, rec := range s.look(list) {
		if rec.fields["id"] != id {
			continue
		}
		_, deleted := rec.value("deleted_at")
		_, archived := rec.value("archived_at")
		return rec, !deleted && !(archived && (list == "patients" || f.ArchivedGone))
	}
	return record{}, false
}
