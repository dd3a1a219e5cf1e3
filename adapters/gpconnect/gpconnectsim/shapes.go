package gpconnectsim

import (
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

const (
	profiles           = "https://fhir.nhs.uk/STU3/StructureDefinition/"
	cancellationReason = profiles + "Extension-GPConnect-AppointmentCancellationReason-1"
)

type object = map[string]any

// bundle writes the answer to a search. Nothing found is an empty list, or no list.
func bundle(found []object, f Faults) object {
	out := object{"resourceType": "Bundle", "type": "searchset"}
	entries := []object{}
	for _, r := range found {
		entries = append(entries, object{"resource": r})
	}
	if len(entries) > 0 || !f.NoEntry {
		out["entry"] = entries
	}
	return out
}

// patientOf writes a patient as a CareConnect-GPC-Patient-1.
func patientOf(p surgery.Person) object {
	telecom := []object{}
	if p.Home != "" {
		telecom = append(telecom, object{"system": "phone", "value": p.Home, "use": "home"})
	}
	if p.Mobile != "" {
		telecom = append(telecom, object{"system": "phone", "value": p.Mobile, "use": "mobile"})
	}
	out := object{
		"resourceType": "Patient", "id": strconv.Itoa(p.ID),
		"meta": object{"versionId": "1469448000000", "profile": []string{profiles + "CareConnect-GPC-Patient-1"}},
		"identifier": []object{{
			"system": "https://fhir.nhs.uk/Id/nhs-number", "value": p.NHSNumber,
			"extension": []object{{
				"url": profiles + "Extension-CareConnect-GPC-NHSNumberVerificationStatus-1",
				"valueCodeableConcept": object{"coding": []object{{
					"system": "https://fhir.nhs.uk/CareConnect-NHSNumberVerificationStatus-1", "code": "01", "display": "Number present and verified",
				}}},
			}},
		}},
		"active": p.Deducted.IsZero(),
		"name":   []object{{"use": "official", "text": p.Family + " " + p.Given, "family": p.Family, "given": []string{p.Given}, "prefix": []string{p.Title}}},
		"gender": "unknown", "birthDate": p.Born.Format(time.DateOnly), "telecom": telecom,
		"managingOrganization": object{"reference": "Organization/14"},
	}
	if !p.Died.IsZero() {
		out["deceasedDateTime"] = local(p.Died)
	}
	return out
}

// local writes a time as the providers do: London's, with its offset.
func local(t time.Time) string { return t.In(gateway.London()).Format("2006-01-02T15:04:05-07:00") }

// resource writes an appointment as a GPConnect-Appointment-1.
func (s *Sim) resource(v surgery.Visit, f Faults) object {
	exts := []object{
		{"url": profiles + "Extension-GPConnect-BookingOrganisation-1", "valueReference": object{"reference": "#1"}},
		{"url": profiles + "Extension-GPConnect-DeliveryChannel-2", "valueCode": channel(v.Mode)},
	}
	if v.Status == gateway.StatusCancelled {
		s.mu.Lock()
		why := s.why[v.Slot]
		s.mu.Unlock()
		if why == "" {
			why = "Simulated"
		}
		exts = append(exts, object{"url": cancellationReason, "valueString": why})
	}
	start := local(v.Start)
	if f.Start != "" {
		start = f.Start
	}
	return object{
		"resourceType": "Appointment", "id": strconv.Itoa(v.Slot),
		"meta": object{"versionId": strconv.Itoa(v.Version), "profile": []string{profiles + "GPConnect-Appointment-1"}},
		"contained": []object{{
			"resourceType": "Organization", "id": "1", "name": "Simulated Surgery",
			"meta":       object{"profile": []string{profiles + "CareConnect-GPC-Organization-1"}},
			"identifier": []object{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A81001"}},
			"type":       []object{{"coding": []object{{"system": "https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-OrganisationType-1", "code": "gp-practice"}}}},
			"telecom":    []object{{"system": "phone", "value": "01632 960001"}},
		}},
		"extension": exts, "status": statuses[v.Status],
		"serviceCategory": object{"text": "General GP Appointments"}, "serviceType": []object{{"text": "General GP Appointment"}},
		"description": "Simulated appointment", "start": start, "end": local(v.Start.Add(time.Duration(v.Minutes) * time.Minute)),
		"slot": []object{{"reference": "Slot/" + strconv.Itoa(v.Slot)}}, "created": local(v.Start.AddDate(0, -1, 0)),
		"participant": []object{
			{"actor": object{"reference": "Patient/" + strconv.Itoa(v.Person)}, "status": "accepted"},
			{"actor": object{"reference": "Location/" + strconv.Itoa(v.Site)}, "status": "accepted"},
		},
	}
}

func channel(m gateway.Mode) string {
	switch m {
	case gateway.ModeTelephone:
		return "Telephone"
	case gateway.ModeVideo:
		return "Video"
	case gateway.ModeHomeVisit:
		return "Visit"
	case gateway.ModeInPerson, gateway.ModeUnknown:
	}
	return "In-person"
}

// statuses are STU3's words.
var statuses = map[gateway.Status]string{
	gateway.StatusBooked: "booked", gateway.StatusCancelled: "cancelled", gateway.StatusArrived: "arrived",
	gateway.StatusFinished: "fulfilled", gateway.StatusMissed: "noshow", gateway.StatusNotBooked: "pending",
}
