package gpconnectsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// find answers who has an NHS number here: nobody, or one.
func (s *Sim) find(w http.ResponseWriter, q url.Values, f Faults) {
	system, nhs, ok := strings.Cut(q.Get("identifier"), "|")
	switch {
	case !ok || len(q["identifier"]) != 1 || len(q) != 1:
		outcome(w, http.StatusUnprocessableEntity, "invalid", "INVALID_PARAMETER")
		return
	case system != "https://fhir.nhs.uk/Id/nhs-number":
		outcome(w, http.StatusBadRequest, "value", "INVALID_IDENTIFIER_SYSTEM")
		return
	case !gateway.NewNHSNumber(nhs).Valid():
		outcome(w, http.StatusBadRequest, "value", "INVALID_NHS_NUMBER")
		return
	}
	var found []object
	for _, p := range s.diary.People() {
		if p.NHSNumber == nhs && !s.isHidden(nhs) {
			found = append(found, patientOf(p))
		}
	}
	s.give(w, "find "+nhs, bundle(found, f), f)
}

func (s *Sim) isHidden(nhs string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden[nhs]
}

// person finds a patient by the logical id; a sensitive one is not there.
func (s *Sim) person(id string) (surgery.Person, bool) {
	n, err := strconv.Atoi(id)
	p, ok := s.diary.Person(n)
	return p, err == nil && ok && !s.isHidden(p.NHSNumber)
}

// list answers with all of a patient's appointments in days that are not past,
// whatever their status.
func (s *Sim) list(w http.ResponseWriter, id string, q url.Values, f Faults) {
	from, to, ok := s.days(q)
	if !ok {
		outcome(w, http.StatusUnprocessableEntity, "invalid", "INVALID_PARAMETER")
		return
	}
	p, ok := s.person(id)
	if !ok {
		outcome(w, http.StatusNotFound, "not-found", "PATIENT_NOT_FOUND")
		return
	}
	var found []object
	for _, v := range s.diary.Visits() {
		if day := dayOf(v.Start); v.Person == p.ID && day >= from && day <= to {
			found = append(found, s.resource(v, f))
		}
	}
	s.give(w, "list "+id+from+to, bundle(found, f), f)
}

// days reads the two dates of a question: one ge, one le, none with a time, none in
// the past.
func (s *Sim) days(q url.Values) (from, to string, ok bool) {
	for _, v := range q["start"] {
		prefix, day := v[:min(2, len(v))], v[min(2, len(v)):]
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return "", "", false
		}
		switch prefix {
		case "ge":
			from = day
		case "le":
			to = day
		}
	}
	return from, to, len(q["start"]) == 2 && len(q) == 1 && from != "" && to >= from && from >= dayOf(s.options.Clock.Now())
}

func dayOf(t time.Time) string { return t.In(gateway.London()).Format(time.DateOnly) }

// visit finds an appointment that is still to come.
func (s *Sim) visit(w http.ResponseWriter, id string) (surgery.Visit, bool) {
	n, err := strconv.Atoi(id)
	v, ok := s.diary.Visit(n)
	_, known := s.person(strconv.Itoa(v.Person))
	switch {
	case err != nil || !ok || !known:
		outcome(w, http.StatusNotFound, "not-found", "NO_RECORD_FOUND")
		return v, false
	case v.Start.Before(s.options.Clock.Now()):
		outcome(w, http.StatusUnprocessableEntity, "invalid", "INVALID_RESOURCE")
		return v, false
	}
	return v, true
}

func (s *Sim) read(w http.ResponseWriter, id string, f Faults) {
	if v, ok := s.visit(w, id); ok {
		w.Header().Set("ETag", `W/"`+strconv.Itoa(v.Version)+`"`)
		s.give(w, "read "+id, s.resource(v, f), f)
	}
}

// cancel carries out a cancellation as the rules want it: the version named, nothing
// changed but the status, and a reason.
func (s *Sim) cancel(w http.ResponseWriter, r *http.Request, id string, f Faults) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	v, ok := s.visit(w, id)
	if !ok {
		return
	}
	var is, was map[string]any
	b, errWas := json.Marshal(s.resource(v, f))
	if err != nil || errWas != nil || json.Unmarshal(body, &is) != nil || json.Unmarshal(b, &was) != nil {
		outcome(w, http.StatusBadRequest, "invalid", "BAD_REQUEST")
		return
	}
	why := takeReason(is)
	status := is["status"]
	is["status"] = was["status"]
	switch {
	case r.Header.Get("If-Match") != `W/"`+strconv.Itoa(v.Version)+`"`:
		outcome(w, http.StatusConflict, "conflict", "FHIR_CONSTRAINT_VIOLATION")
	case status != "cancelled" || !reflect.DeepEqual(is, was) || v.Status != gateway.StatusBooked:
		outcome(w, http.StatusUnprocessableEntity, "invalid", "INVALID_RESOURCE")
	case why == "":
		outcome(w, http.StatusUnprocessableEntity, "invalid", "INVALID_PARAMETER")
	default:
		if !f.ForgetCancel {
			s.mu.Lock()
			s.why[v.Slot] = why
			s.mu.Unlock()
			s.diary.Cancel(v.Slot)
		}
		if f.LoseAnswer || f.ForgetCancel {
			panic(http.ErrAbortHandler) // the connection breaks off without an answer
		}
		v, _ = s.diary.Visit(v.Slot)
		s.give(w, "cancel "+id, s.resource(v, f), f)
	}
}

// takeReason takes the reason of the cancellation out of a resource.
func takeReason(resource map[string]any) string {
	list, _ := resource["extension"].([]any)
	for i, e := range list {
		if ext, _ := e.(map[string]any); ext != nil && ext["url"] == cancellationReason {
			resource["extension"] = append(list[:i:i], list[i+1:]...)
			why, _ := ext["valueString"].(string)
			return strings.TrimSpace(why)
		}
	}
	return ""
}
