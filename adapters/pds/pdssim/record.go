package pdssim

import (
	"cmp"
	"encoding/json"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Record is what PDS says of a person otherwise than the practice's diary. The zero
// value: the same.
type Record struct {
	NHSNumber string `json:"nhs_number,omitempty"` // under which the record stands now, when it was merged

	Label       string    `json:"label,omitempty"`       // confidentiality: U (also when empty), R, V, or "none" for no label
	Absent      bool      `json:"absent,omitempty"`      // there is no such record
	Invalidated bool      `json:"invalidated,omitempty"` // it was withdrawn
	Died        time.Time `json:"died,omitzero"`
	Death       string    `json:"death,omitempty"` // notice of death: 1 informal, 2 formal, U removed
	Alive       bool      `json:"alive,omitempty"` // although the practice has a death

	Exit     string    `json:"exit,omitempty"` // removal from registration: DEA EMB SCT NIT TRA ORR
	ExitFrom time.Time `json:"exit_from,omitzero"`
	ExitTo   time.Time `json:"exit_to,omitzero"`

	Born     string    `json:"born,omitempty"`     // date of birth, however coarse; none: PDS has none
	Practice string    `json:"practice,omitempty"` // ODS code of the patient's practice
	Contact  string    `json:"contact,omitempty"`  // preferred contact method, 1 to 8
	Times    string    `json:"times,omitempty"`    // preferred contact times
	Telecom  []Telecom `json:"telecom,omitempty"`  // nil: the mobile and home numbers of the diary

	person surgery.Person
}

// Telecom is one way to reach a person.
type Telecom struct {
	Use   string    `json:"use"` // home, work, temp, mobile
	Value string    `json:"value"`
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"`
}

// about gives what PDS says under an NHS number. It reports false when nobody has it.
func (s *Sim) about(nhs string) (Record, bool) {
	s.mu.Lock()
	r := s.records[nhs]
	s.mu.Unlock()
	for _, p := range s.diary.People() {
		if p.NHSNumber != nhs {
			continue
		}
		r.person = p
		if r.NHSNumber == "" {
			r.NHSNumber = nhs
		}
		if r.Died.IsZero() && !r.Alive {
			r.Died = p.Died
		}
		if r.Telecom == nil {
			r.Telecom = telecomOf(p)
		}
		return r, true
	}
	return r, false
}

func telecomOf(p surgery.Person) []Telecom {
	var out []Telecom
	if p.Home != "" {
		out = append(out, Telecom{Use: "home", Value: p.Home})
	}
	if p.Mobile != "" {
		out = append(out, Telecom{Use: "mobile", Value: p.Mobile})
	}
	return out
}

// The addresses of the profiles that PDS uses.
const (
	ukCore  = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
	ukCodes = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"
)

type object = map[string]any

func concept(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

// resource writes a record as PDS does. A restricted one has no ways to reach the
// person and no practice.
func resource(r Record, f Faults) []byte {
	restricted := r.Label == "R" || r.Label == "V"
	out := object{
		"resourceType": "Patient", "id": r.NHSNumber,
		"identifier": []object{{
			"system": "https://fhir.nhs.uk/Id/nhs-number", "value": r.NHSNumber,
			"extension": []object{{
				"url":                  ukCore + "NHSNumberVerificationStatus",
				"valueCodeableConcept": concept(ukCodes+"NHSNumberVerificationStatus", "01"),
			}},
		}},
		"meta": meta(r.Label),
		"name": []object{{
			"id": "123", "use": "usual", "given": []string{r.person.Given}, "family": r.person.Family, "prefix": []string{r.person.Title},
			"period": object{"start": "2001-02-03"},
		}},
		"gender": "unknown",
	}
	if born := cmp.Or(r.Born, r.person.BornAs(time.DateOnly)); born != "" && born != "none" {
		out["birthDate"] = born
	}
	if died := r.Died; !died.IsZero() {
		out["deceasedDateTime"] = stamp(died)
	}
	if exts := extensions(r); len(exts) > 0 {
		out["extension"] = exts
	}
	if !restricted {
		out["telecom"] = telecoms(r.Telecom)
		if r.Practice != "" {
			out["generalPractitioner"] = []object{{"id": "254406A3", "type": "Organization", "identifier": object{
				"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": r.Practice, "period": object{"start": "2024-01-01"},
			}}}
		}
	}
	if f.Canary != "" {
		out["telecom"] = []object{{"system": "phone", "use": "mobile", "value": f.Canary, "period": object{"start": f.Canary}}}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil // nothing in it can fail to be written
	}
	return body
}

func meta(label string) object {
	m := object{"versionId": "2"}
	switch label {
	case "none":
		return m
	case "":
		label = "U"
	}
	m["security"] = []object{{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": label}}
	return m
}

func telecoms(all []Telecom) []object {
	out := make([]object, 0, len(all))
	for _, t := range all {
		period := object{"start": "2020-01-01"}
		if !t.From.IsZero() {
			period["start"] = day(t.From)
		}
		if !t.To.IsZero() {
			period["end"] = day(t.To)
		}
		out = append(out, object{"id": "789", "period": period, "system": "phone", "value": t.Value, "use": t.Use})
	}
	return out
}

// extensions writes notice of death, contact preference and removal.
func extensions(r Record) []object {
	var out []object
	notice := r.Death
	if notice == "" && !r.Died.IsZero() {
		notice = "2"
	}
	if notice != "" {
		out = append(out, object{"url": ukCore + "DeathNotificationStatus", "extension": []object{
			{"url": "deathNotificationStatus", "valueCodeableConcept": concept(ukCodes+"DeathNotificationStatus", notice)},
			{"url": "systemEffectiveDate", "valueDateTime": stamp(r.Died)},
		}})
	}
	var wishes []object
	if r.Contact != "" {
		wishes = append(wishes, object{"url": "PreferredContactMethod", "valueCodeableConcept": concept(ukCodes+"PreferredContactMethod", r.Contact)})
	}
	if r.Times != "" {
		wishes = append(wishes, object{"url": "PreferredContactTimes", "valueString": r.Times})
	}
	if len(wishes) > 0 {
		out = append(out, object{"url": ukCore + "ContactPreference", "extension": wishes})
	}
	if r.Exit != "" {
		period := object{"start": stamp(r.ExitFrom)}
		if !r.ExitTo.IsZero() {
			period["end"] = stamp(r.ExitTo)
		}
		out = append(out, object{"url": "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration", "extension": []object{
			{"url": "removalFromRegistrationCode", "valueCodeableConcept": concept("https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode", r.Exit)},
			{"url": "effectiveTime", "valuePeriod": period},
		}})
	}
	return out
}

func stamp(t time.Time) string { return t.In(gateway.London()).Format("2006-01-02T15:04:05-07:00") }

func day(t time.Time) string { return t.In(gateway.London()).Format(time.DateOnly) }
