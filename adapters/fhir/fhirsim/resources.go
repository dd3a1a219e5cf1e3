package fhirsim

import (
	"fmt"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

const ukCore = "https://fhir.hl7.org.uk/StructureDefinition/"

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

// appointmentID is the id of a visit. A slot that is booked again by somebody
// else is another appointment.
func appointmentID(v surgery.Visit) string { return fmt.Sprintf("%d-%d", v.Slot, v.Person) }

// appointment shows a visit as UK Core does.
func appointment(v surgery.Visit) object {
	a := object{
		"resourceType": "Appointment",
		"id":           appointmentID(v),
		"meta": object{
			"versionId": strconv.Itoa(v.Version), "lastUpdated": instant(v.Changed),
			"profile": []string{ukCore + "UKCore-Appointment"},
		},
		"status":      statuses[v.Status],
		"description": "words that no text may hold",
		"start":       instant(v.Start),
		"end":         instant(v.Start.Add(time.Duration(v.Minutes) * time.Minute)),
		"participant": []object{
			{"actor": object{"reference": fmt.Sprintf("Patient/%d", v.Person)}, "status": "accepted"},
			{"actor": object{"reference": fmt.Sprintf("Location/%d", v.Site)}, "status": "accepted"},
			{"actor": object{"reference": "Practitioner/1"}, "status": "accepted"},
		},
	}
	if code, ok := channels[v.Mode]; ok {
		a["extension"] = []object{{
			"url":                  ukCore + "Extension-UKCore-DeliveryChannel",
			"valueCodeableConcept": coded("https://fhir.hl7.org.uk/CodeSystem/UKCore-DeliveryChannel", code),
		}}
	}
	return a
}

// instant writes a time as practices see it: by London's clock, with its offset.
func instant(t time.Time) string { return t.In(gateway.London()).Format(time.RFC3339) }

func coded(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

// patient shows a person as UK Core does. Who left carries the removal from
// registration that PDS uses; who declined, the preference for no telephone
// contact.
func patient(p surgery.Person) object {
	out := object{
		"resourceType": "Patient",
		"id":           strconv.Itoa(p.ID),
		"meta":         object{"versionId": strconv.FormatInt(p.Changed.UnixNano(), 36), "lastUpdated": instant(p.Changed)},
		"identifier":   []object{{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": p.NHSNumber}},
		"active":       true,
		"name":         []object{{"use": "official", "prefix": []string{p.Title}, "given": []string{p.Given}, "family": p.Family}},
		"birthDate":    p.Born.Format("2006-01-02"),
	}
	var reach []object
	if p.Home != "" {
		reach = append(reach, object{"system": "phone", "use": "home", "value": p.Home})
	}
	if p.Mobile != "" {
		reach = append(reach, object{"system": "phone", "use": "mobile", "value": p.Mobile})
	}
	if reach != nil {
		out["telecom"] = reach
	}
	if !p.Died.IsZero() {
		out["deceasedDateTime"] = p.Died.In(gateway.London()).Format("2006-01-02")
	}
	var exts []object
	if !p.Deducted.IsZero() {
		exts = append(exts, object{
			"url": "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration",
			"extension": []object{
				{"url": "removalFromRegistrationCode", "valueCodeableConcept": coded("https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode", "ORR")},
				{"url": "effectiveTime", "valuePeriod": object{"start": instant(p.Deducted)}},
			},
		})
	}
	if p.Declined {
		exts = append(exts, object{
			"url": ukCore + "Extension-UKCore-ContactPreference",
			"extension": []object{
				{"url": "PreferredContactMethod", "valueCodeableConcept": coded("https://fhir.hl7.org.uk/CodeSystem/UKCore-PreferredContactMethod", "8")},
			},
		})
	}
	if exts != nil {
		out["extension"] = exts
	}
	return out
}

// location shows a site.
func location(id string) object {
	return object{"resourceType": "Location", "id": id, "status": "active", "name": "Riverside Surgery"}
}
