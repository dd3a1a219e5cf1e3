package fhirsim

import (
	"fmt"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// statuses are R4's words.
var statuses = map[gateway.Status]string{
	gateway.StatusBooked:    "booked",
	gateway.StatusCancelled: "cancelled",
	gateway.StatusArrived:   "arrived",
	gateway.StatusFinished:  "fulfilled",
	gateway.StatusMissed:    "noshow",
	gateway.StatusNotBooked: "proposed",
	gateway.StatusUnknown:   "unheard-of",
}

var channels = map[gateway.Mode]string{
	gateway.ModeInPerson:  "In-person",
	gateway.ModeTelephone: "Telephone",
	gateway.ModeVideo:     "Video",
}

// appointment shows a visit. base is the server's own address, as the caller sees
// it.
func (s *Sim) appointment(v surgery.Visit, base string) object {
	d := s.speaks()
	status := "accepted"
	a := object{
		"resourceType": "Appointment",
		"id":           d.id(v),
		"meta":         object{"versionId": strconv.Itoa(v.Version), "lastUpdated": d.instant(v.Changed)},
		"status":       statuses[v.Status],
		"description":  "words that no text may hold",
		"start":        d.instant(v.Start),
		"end":          d.instant(v.Start.Add(time.Duration(v.Minutes) * time.Minute)),
	}
	d.shape(a, v)
	if v.Clinic != "" {
		a["serviceType"] = []object{{"text": v.Clinic}}
	}
	form := s.form(v)
	switch form {
	case Declined:
		status = "declined"
	case EnteredInError, NoShow, Waitlist:
		a["status"] = string(form)
	}
	a["participant"] = []object{
		{"actor": s.pointAt(a, v.Person, base), "status": status},
		{"actor": object{"reference": fmt.Sprintf("Location/%d", v.Site)}, "status": "accepted"},
		{"actor": object{"reference": "Practitioner/1"}, "status": "accepted"},
	}
	if s.Faults().Drift {
		drift(a)
	}
	return a
}

func coded(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

// patient shows a person.
func (s *Sim) patient(p surgery.Person) object {
	d := s.speaks()
	out := object{
		"resourceType": "Patient",
		"id":           strconv.Itoa(p.ID),
		"meta":         object{"versionId": strconv.FormatInt(p.Changed.UnixNano(), 36), "lastUpdated": d.instant(p.Changed)},
		"identifier":   []object{{"system": nhsNumber, "value": p.NHSNumber}},
		"active":       true,
		"name":         []object{{"use": "official", "prefix": []string{p.Title}, "given": []string{p.Given}, "family": p.Family}},
	}
	if !p.Born.IsZero() {
		out["birthDate"] = p.BornAs(time.DateOnly)
	}
	if p.Language != "" {
		out["communication"] = []object{{"language": coded("urn:ietf:bcp:47", p.Language)}}
	}
	var reach []object
	if p.Home != "" {
		reach = append(reach, object{"system": "phone", "use": "home", "value": p.Home})
	}
	if p.Mobile != "" {
		reach = append(reach, object{"system": "phone", "use": "mobile", "value": p.Mobile, "rank": 1})
	}
	if reach != nil {
		out["telecom"] = reach
	}
	if !p.Died.IsZero() {
		out["deceasedDateTime"] = p.Died.In(gateway.London()).Format("2006-01-02")
	}
	d.shapePatient(out, p)
	if s.Faults().Drift {
		driftPatient(out)
	}
	return out
}

const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"

// location shows a site.
func location(id string) object {
	return object{"resourceType": "Location", "id": id, "status": "active", "name": "Riverside Surgery"}
}
