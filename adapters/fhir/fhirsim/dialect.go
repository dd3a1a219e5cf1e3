package fhirsim

import (
	"fmt"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Dialect is the kind of server that is played.
type Dialect string

// The dialects.
const (
	// R4 is a server of the UK Core profiles, the zero value's.
	R4 Dialect = ""
	// STU3 is a server of the CareConnect profiles, with the extensions that GP
	// Connect adds to them.
	STU3 Dialect = "stu3"
	// Millennium is Oracle Health Millennium as its public pages describe it: R4
	// with site codes, UTC with milliseconds, and a search that demands its
	// parameters. What those pages do not name it refuses.
	Millennium Dialect = "millennium"
)

// Speak makes the server one of another dialect. It is for the time before the
// first request.
func (s *Sim) Speak(d Dialect) {
	s.mu.Lock()
	s.dialect = d
	s.mu.Unlock()
}

func (s *Sim) speaks() Dialect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialect
}

// id is the id of a visit. A slot that is booked again by somebody else is another
// appointment. Millennium's ids are figures.
func (d Dialect) id(v surgery.Visit) string {
	if d == Millennium {
		return fmt.Sprintf("%d%04d", v.Slot, v.Person)
	}
	return fmt.Sprintf("%d-%d", v.Slot, v.Person)
}

// instant writes a time as practices see it, by London's clock with its offset;
// Millennium as UTC with milliseconds.
func (d Dialect) instant(t time.Time) string {
	if d == Millennium {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.In(gateway.London()).Format(time.RFC3339)
}

// The addresses of extensions.
const (
	ukCore      = "https://fhir.hl7.org.uk/StructureDefinition/"
	careConnect = "https://fhir.hl7.org.uk/STU3/StructureDefinition/"
	gpConnect   = "https://fhir.nhs.uk/STU3/StructureDefinition/"
	cerner      = "https://fhir-ehr.cerner.com/r4/StructureDefinition/"
)

// shape adds to an appointment what this dialect writes in its own way.
func (d Dialect) shape(a object, v surgery.Visit) {
	switch d {
	case STU3:
		a["meta"].(object)["profile"] = []string{careConnect + "CareConnect-Appointment-1"}
		a["contained"] = []object{{"resourceType": "Organization", "id": "1", "name": "Riverside Surgery"}}
		exts := []object{{"url": gpConnect + "Extension-GPConnect-BookingOrganisation-1", "valueReference": object{"reference": "#1"}}}
		if code, ok := channels[v.Mode]; ok {
			exts = append(exts, object{"url": gpConnect + "Extension-GPConnect-DeliveryChannel-2", "valueCode": code})
		}
		if v.Status == gateway.StatusCancelled {
			exts = append(exts, object{"url": gpConnect + "Extension-GPConnect-AppointmentCancellationReason-1", "valueString": "words that no text may hold"})
		}
		a["extension"] = exts
		a["serviceCategory"] = object{"text": "words that no text may hold"}
		a["reason"] = []object{{"text": "words that no text may hold"}}
		a["created"] = d.instant(v.Changed)
	case Millennium:
		a["extension"] = []object{
			{"url": cerner + "is-cancelable", "valueBoolean": v.Status == gateway.StatusBooked},
			{"url": cerner + "is-reschedulable", "valueBoolean": v.Status == gateway.StatusBooked},
		}
		a["serviceType"] = []object{{"coding": []object{{"system": "https://fhir.cerner.com/site/codeSet/14249", "code": "4047611", "userSelected": true}}}}
		if v.Status == gateway.StatusCancelled {
			a["cancelationReason"] = object{"coding": []object{{"system": "https://fhir.cerner.com/site/codeSet/14229", "code": "0", "userSelected": true}}}
		}
	default:
		a["meta"].(object)["profile"] = []string{ukCore + "UKCore-Appointment"}
		if code, ok := channels[v.Mode]; ok {
			a["extension"] = []object{{
				"url":                  ukCore + "Extension-UKCore-DeliveryChannel",
				"valueCodeableConcept": coded("https://fhir.hl7.org.uk/CodeSystem/UKCore-DeliveryChannel", code),
			}}
		}
		a["serviceCategory"] = []object{{"text": "words that no text may hold"}}
		a["reasonCode"] = []object{{"text": "words that no text may hold"}}
		if v.Status == gateway.StatusCancelled {
			a["cancelationReason"] = object{"text": "words that no text may hold"}
		}
	}
}

// shapePatient adds to a patient what this dialect writes in its own way. Only R4
// says who has left, with the removal of PDS, and who declined, with the preference
// for no telephone contact; the others have no place for it.
func (d Dialect) shapePatient(out object, p surgery.Person) {
	switch d {
	case STU3:
		out["meta"].(object)["profile"] = []string{careConnect + "CareConnect-Patient-1"}
		out["identifier"].([]object)[0]["extension"] = []object{{
			"url":                  careConnect + "Extension-CareConnect-NHSNumberVerificationStatus-1",
			"valueCodeableConcept": coded("https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1", "01"),
		}}
		if !p.Died.IsZero() {
			out["extension"] = []object{{
				"url": careConnect + "Extension-CareConnect-DeathNotificationStatus-1",
				"extension": []object{{
					"url":                  "deathNotificationStatus",
					"valueCodeableConcept": coded("https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-DeathNotificationStatus-1", "2"),
				}},
			}}
		}
	case Millennium:
		out["identifier"] = append([]object{{"system": "urn:oid:2.16.840.1.113883.6.1000", "value": strconv.Itoa(900000 + p.ID)}}, out["identifier"].([]object)...)
	default:
		var exts []object
		if !p.Deducted.IsZero() {
			exts = append(exts, object{
				"url": "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration",
				"extension": []object{
					{"url": "removalFromRegistrationCode", "valueCodeableConcept": coded("https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode", "ORR")},
					{"url": "effectiveTime", "valuePeriod": object{"start": d.instant(p.Deducted)}},
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
	}
}
