package fhirsim

import (
	"encoding/json"
	"fmt"
	"strconv"

	"bellman/adapters/surgery"
)

// drift writes an appointment as servers do that were built by hand: what it says
// stays the same, the kinds of JSON do not.
func drift(a object) {
	a["meta"] = []any{a["meta"]}
	a["meta"].([]any)[0].(object)["versionId"] = figure(a["meta"].([]any)[0].(object)["versionId"])
	if exts, ok := a["extension"].([]object); ok && len(exts) == 1 {
		a["extension"] = exts[0]
	}
	list := []any{nil}
	for _, p := range a["participant"].([]object) {
		p["actor"] = []any{p["actor"]}
		list = append(list, p)
	}
	a["participant"] = list
	a["basedOn"] = []object{{"identifier": []object{{"value": "1"}, {"value": "2"}}}}
	a["modifierExtension"], a["implicitRules"] = nil, nil
}

// driftPatient does the same to a patient.
func driftPatient(p object) {
	p["id"] = figure(p["id"])
	p["name"] = p["name"].([]object)[0]
	p["link"], p["deceasedBoolean"] = []any{}, nil
	for _, i := range p["identifier"].([]object) {
		i["value"] = figure(i["value"])
	}
	if reach, ok := p["telecom"].([]object); ok {
		list := []any{nil}
		for _, t := range reach {
			if n, ok := t["rank"].(int); ok {
				t["rank"] = strconv.Itoa(n)
			}
			list = append(list, t)
		}
		p["telecom"] = list
	}
}

// figure is a text of figures as a JSON number; another text stays what it is.
func figure(v any) any {
	text, _ := v.(string)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && fmt.Sprint(n) == text {
		return json.Number(text)
	}
	return v
}

// pointAt names a patient in the way that the faults ask for. A contained one is
// put into the appointment.
func (s *Sim) pointAt(a object, person int, base string) object {
	plain := fmt.Sprintf("Patient/%d", person)
	switch s.Faults().References {
	case "versioned":
		return object{"reference": plain + "/_history/3"}
	case "absolute":
		return object{"reference": base + "/" + plain + "/_history/3"}
	case "urn":
		return object{"reference": urn(person)}
	case "logical":
		p, _ := s.look().Person(person)
		return object{"type": "Patient", "identifier": object{"system": nhsNumber, "value": p.NHSNumber}}
	case "contained":
		if p, ok := s.look().Person(person); ok {
			who := s.patient(p)
			who["id"] = "p"
			delete(who, "meta")
			inside, _ := a["contained"].([]object)
			a["contained"] = append(inside, who)
		}
		return object{"reference": "#p"}
	}
	return object{"reference": plain}
}

// urn is a person's address in bundles that name everything by a urn.
func urn(person int) string {
	return fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", person)
}

// fullURL is where an entry of a bundle says that a patient stands.
func (s *Sim) fullURL(base string, p surgery.Person) string {
	if s.Faults().References == "urn" {
		return urn(p.ID)
	}
	return base + "/Patient/" + strconv.Itoa(p.ID)
}
