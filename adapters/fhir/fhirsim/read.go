package fhirsim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Sim) readAppointment(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	v, ok := s.find(id)
	switch {
	case !ok:
		s.missing(w, "Appointment/"+id)
		return
	case s.form(v) == Gone:
		refuse(w, http.StatusGone, "deleted")
		return
	case s.form(v) == Missing:
		refuse(w, http.StatusNotFound, "not-found")
		return
	}
	s.saw("Appointment/" + id)
	s.tagged(w, r, strconv.Itoa(v.Version), s.appointment(v, baseURL(r)))
}

func (s *Sim) readPatient(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	number, _ := strconv.Atoi(id)
	p, ok := s.look().Person(number)
	if !ok || strconv.Itoa(number) != id {
		s.missing(w, "Patient/"+id)
		return
	}
	s.tagged(w, r, strconv.FormatInt(p.Changed.UnixNano(), 36), s.patient(p))
}

func (s *Sim) readLocation(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, location(r.PathValue("id")))
}

// searchPatient answers a posted search by identifier, or by a list of ids and what
// changed since.
func (s *Sim) searchPatient(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		refuse(w, http.StatusBadRequest, "invalid")
		return
	}
	ids := r.PostForm.Get("_id")
	if ids != "" && (s.Faults().NoBatch || s.speaks() == Millennium) {
		refuse(w, http.StatusBadRequest, "not-supported")
		return
	}
	changes, err := ranges(r.PostForm["_lastUpdated"])
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid")
		return
	}
	entries := []object{}
	for _, p := range s.look().People() {
		asked := ids == "" && r.PostForm.Get("identifier") == nhsNumber+"|"+p.NHSNumber ||
			slices.Contains(strings.Split(ids, ","), strconv.Itoa(p.ID))
		if !asked || slices.ContainsFunc(changes, func(d dateRange) bool { return !d.has(p.Changed) }) {
			continue
		}
		entries = append(entries, object{
			"fullUrl": baseURL(r) + "/Patient/" + strconv.Itoa(p.ID), "resource": s.patient(p), "search": object{"mode": "match"},
		})
	}
	answer(w, http.StatusOK, object{"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})
}

// tagged answers with an entity tag, or 304 when the caller has this version.
func (s *Sim) tagged(w http.ResponseWriter, r *http.Request, version string, body object) {
	tag := `W/"` + version + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	answer(w, http.StatusOK, body)
}

// missing answers 410 for what was there once, 404 for what never was.
func (s *Sim) missing(w http.ResponseWriter, name string) {
	s.mu.Lock()
	was := s.seen[name]
	s.mu.Unlock()
	if was {
		refuse(w, http.StatusGone, "deleted")
		return
	}
	refuse(w, http.StatusNotFound, "not-found")
}

// saw remembers that a resource was there.
func (s *Sim) saw(name string) {
	s.mu.Lock()
	s.seen[name] = true
	s.mu.Unlock()
}
