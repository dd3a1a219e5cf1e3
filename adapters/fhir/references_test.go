package fhir_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

func replaceBase(body, base string) string { return strings.ReplaceAll(body, "{base}", base) }

const ann = `{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}],
	"name":[{"use":"usual","given":["Ann"]}],"telecom":[{"system":"phone","use":"mobile","value":"07700 900601"}]}`

const bilal = `{"resourceType":"Patient","id":"p2","telecom":[{"system":"sms","use":"mobile","value":"07700 900602"}]}`

func addPeople(s shelf) { s["/r4/Patient/p1"], s["/r4/Patient/p2"] = ann, bilal }

// bundle wraps entries.
func bundle(entries ...string) string {
	return `{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Join(entries, ",") + `]}`
}

// visit is an appointment with the given participants and further elements.
func visit(id, participants, more string) string {
	return fmt.Sprintf(`{"fullUrl":"{base}/Appointment/%[1]s","search":{"mode":"match"},"resource":{"resourceType":"Appointment","id":%[1]q,
		"status":"booked","start":"2026-11-20T09:00:00Z","participant":[%s]%s}}`, id, participants, more)
}

// one gives the first resource of a bundle.
func one(b string) string {
	from := strings.Index(b, `"resource":`) + len(`"resource":`)
	return b[from : len(b)-len(`}]}`)]
}

// group is an appointment of two patients, the second of whom has a status.
func group(status string) string {
	return bundle(visit("77", `{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Location/9"},"status":"accepted"},
		{"actor":{"reference":"Patient/p2"},"status":"`+status+`"}`, ""))
}

func TestEveryWayToPointToAPatient(t *testing.T) {
	annAt := func(fullURL string) string { return `{"fullUrl":"` + fullURL + `","resource":` + ann + `}` }
	const participant = `{"actor":%s,"status":"accepted"}`
	impostor := strings.Replace(annAt("https://other.example/Patient/p1"), "900601", "900699", 1)
	for _, test := range []struct {
		what, actor string
		included    string
		more        string
		shelf       shelf
		id          gateway.PatientID
		why         string
	}{
		{what: "relative, included", actor: `{"reference":"Patient/p1"}`, included: annAt("{base}/Patient/p1"), id: "p1"},
		{what: "relative, of a version", actor: `{"reference":"Patient/p1/_history/3"}`, included: annAt("{base}/Patient/p1"), id: "p1"},
		{what: "relative, asked for", actor: `{"reference":"Patient/p1"}`, shelf: shelf{"/r4/Patient/p1": ann}, id: "p1"},
		{what: "relative, nowhere", actor: `{"reference":"Patient/p1"}`, why: "patient record not available"},
		{what: "relative, answering to another id", actor: `{"reference":"Patient/p7"}`, shelf: shelf{"/r4/Patient/p7": ann}, why: "patient record not available: it answers to another id"},
		{what: "absolute, included", actor: `{"reference":"{base}/Patient/p1"}`, included: annAt("{base}/Patient/p1"), id: "p1"},
		{what: "absolute, asked for", actor: `{"reference":"{base}/Patient/p1"}`, shelf: shelf{"/r4/Patient/p1": ann}, id: "p1"},
		{what: "absolute, of another server, included", actor: `{"reference":"https://other.example/Patient/p1"}`, included: annAt("https://other.example/Patient/p1"), id: "https://other.example/Patient/p1"},
		{what: "absolute, of another server, not included", actor: `{"reference":"https://other.example/Patient/p1"}`, shelf: shelf{"/r4/Patient/p1": ann}, why: "patient record not available"},
		{what: "urn, included", actor: `{"reference":"urn:uuid:0f0e"}`, included: annAt("urn:uuid:0f0e"), id: "urn:uuid:0f0e"},
		{what: "urn, not included", actor: `{"reference":"urn:uuid:0f0e","type":"Patient"}`, why: "patient record not available"},
		{what: "urn, not included and of no type", actor: `{"reference":"urn:uuid:0f0e"}`, why: "the participant is not in the answer and does not say what it is"},
		{what: "contained", actor: `{"reference":"#c"}`, more: `,"contained":[` + strings.Replace(ann, `"p1"`, `"c"`, 1) + `]`, id: "5#c"},
		{what: "contained, but nothing there", actor: `{"reference":"#c","type":"Patient"}`, why: "patient record not available"},
		{what: "identifier, included", actor: `{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}}`, included: annAt("{base}/Patient/p1"), id: "p1"},
		{what: "identifier in a list of one", actor: `{"type":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}]}`, included: annAt("{base}/Patient/p1"), id: "p1"},
		{what: "identifier, searched for", actor: `{"type":"Patient","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}}`, shelf: shelf{"/r4/Patient/_search": bundle(annAt("{base}/Patient/p1"))}, id: "p1"},
		{what: "identifier, answered with somebody else", actor: `{"type":"Patient","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}}`, shelf: shelf{"/r4/Patient/_search": bundle(annAt("{base}/Patient/p1"))}, why: "patient record not available"},
		{what: "identifier, nowhere", actor: `{"type":"Patient","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}}`, why: "patient record not available"},
		{what: "words only", actor: `{"type":"Patient","display":"Ann"}`, why: "the patient is named in words only"},
		{what: "words only, of no type", actor: `{"display":"Ann"}`, why: "the patient is named in words only"},
		{what: "no patient", actor: `{"reference":"Practitioner/1"}`, why: "no participant is a patient"},
		{what: "an id that climbs out of its folder", actor: `{"reference":"Patient/.."}`, why: "the patient is named in words only"},
		{what: "two patients of one id", actor: `{"reference":"Patient/p1"}`, included: impostor + "," + annAt("{base}/Patient/p1"), shelf: shelf{"/r4/Patient/p1": ann}, id: "p1"},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := shelf{}
			for path, body := range test.shelf {
				s[path] = body
			}
			entries := []string{visit("5", fmt.Sprintf(participant, test.actor), test.more)}
			if test.included != "" {
				entries = append(entries, test.included)
			}
			s["/r4/Appointment"] = bundle(entries...)
			feed, err := shelved(t, s).Read(t.Context(), fortnight)
			if err != nil {
				t.Fatal(err)
			}
			if test.why != "" {
				if diff := cmp.Diff([]gateway.Unreadable{{Where: "page 1, entry 1", Why: test.why}}, feed.Unreadable); diff != "" || len(feed.Appointments) != 0 {
					t.Error(diff)
				}
				return
			}
			if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
				t.Fatalf("%d appointments, unreadable %v", len(feed.Appointments), feed.Unreadable)
			}
			a := feed.Appointments[0]
			if a.ID != "5" || a.Patient.ID != test.id || a.Patient.Mobile != gateway.NewPhone("+447700900601") || a.Patient.NHSNumber != gateway.NewNHSNumber("9990000018") {
				t.Errorf("appointment %q of patient %q", a.ID, a.Patient.ID)
			}
		})
	}
}

func TestAGroupIsOneVisitForEachPatient(t *testing.T) {
	for _, test := range []struct {
		second string
		status gateway.Status
	}{{"accepted", gateway.StatusBooked}, {"tentative", gateway.StatusBooked}, {"declined", gateway.StatusCancelled}, {"unheard-of", gateway.StatusUnknown}} {
		t.Run(test.second, func(t *testing.T) {
			s := shelf{"/r4/Appointment": group(test.second)}
			addPeople(s)
			feed, err := shelved(t, s).Read(t.Context(), fortnight)
			if err != nil || len(feed.Unreadable) != 0 {
				t.Fatal(err, feed.Unreadable)
			}
			got := map[gateway.AppointmentID]gateway.Status{}
			for _, a := range feed.Appointments {
				got[a.ID] = a.Status
			}
			want := map[gateway.AppointmentID]gateway.Status{"77-p1": gateway.StatusBooked, "77-p2": test.status}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAGroupVisitThatMeetsAnotherIdIsNotTaken(t *testing.T) {
	s := shelf{"/r4/Appointment": bundle(
		visit("77-p1", `{"actor":{"reference":"Patient/p2"},"status":"accepted"}`, ""),
		strings.TrimSuffix(strings.TrimPrefix(group("accepted"), `{"resourceType":"Bundle","type":"searchset","entry":[`), "]}"),
	)}
	addPeople(s)
	feed, err := shelved(t, s).Read(t.Context(), fortnight)
	if err != nil || len(feed.Appointments) != 1 || feed.Appointments[0].ID != "77-p2" || len(feed.Unreadable) != 2 {
		t.Errorf("%d appointments, %d unreadable, error %v", len(feed.Appointments), len(feed.Unreadable), err)
	}
}

func TestWhatAnAppointmentSaysOfItself(t *testing.T) {
	const patient = `{"actor":{"reference":"Patient/p1"},"status":"accepted"}`
	channel := func(address, value string) string { return `,"extension":[{"url":"` + address + `",` + value + `}]` }
	uk := "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeliveryChannel"
	gpc := "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel-2"
	pca := "https://fhir.nhs.uk/StructureDefinition/Extension-Consultation-Medium"
	for _, test := range []struct {
		what         string
		participants string
		more         string
		check        func(gateway.Appointment) bool
	}{
		{"UK Core by telephone", "", channel(uk, `"valueCodeableConcept":{"coding":[{"code":"Telephone"}]}`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeTelephone }},
		{"GP Connect by video", "", channel(gpc, `"valueCode":"Video"`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeVideo }},
		{"GP Connect at home", "", channel(gpc, `"valueCode":"Visit"`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeHomeVisit }},
		{"aggregator face to face", "", channel(pca, `"valueCode":"FACE_TO_FACE"`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeInPerson }},
		{"a channel of the future", "", channel(uk, `"valueCode":"Hologram"`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeUnknown }},
		{"a channel of the wrong kind", "", channel(uk, `"valueCode":7`), func(a gateway.Appointment) bool { return a.Mode == gateway.ModeUnknown }},
		{"extensions of the wrong kind", "", `,"extension":"none"`, func(a gateway.Appointment) bool {
			return a.Mode == gateway.ModeUnknown && a.Status == gateway.StatusBooked
		}},
		{"a version", "", `,"meta":{"versionId":"12"}`, func(a gateway.Appointment) bool { return a.Version == "12" }},
		{"a sensitive appointment", "", `,"meta":{"security":[{"code":"R"}]}`, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagYes }},
		{"a meta that cannot be read", "", `,"meta":{"security":"R"}`, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagUnclear }},
		{"an element that may change everything", "", `,"modifierExtension":[{"url":"x"}]`, func(a gateway.Appointment) bool { return a.Status == gateway.StatusUnknown }},
		{"rules that we do not know", "", `,"implicitRules":"http://x"`, func(a gateway.Appointment) bool { return a.Status == gateway.StatusUnknown }},
		{"a list of identifiers where one is allowed", "", `,"basedOn":[{"identifier":[{"value":"1"},{"value":"2"}]}]`, func(a gateway.Appointment) bool { return a.Status == gateway.StatusBooked }},
		{"a place by reference", patient + `,{"actor":{"reference":"Location/9"},"status":"accepted"}`, "", func(a gateway.Appointment) bool { return a.Site == "9" }},
		{"a place by code, another in words", patient + `,{"actor":{"type":"Location","display":"Second floor"}},{"actor":{"type":"Location","identifier":{"value":"RFF"}}}`, "", func(a gateway.Appointment) bool { return a.Site == "RFF" }},
		{"a place in words", patient + `,{"actor":{"type":"Location","display":"Second floor"}}`, "", func(a gateway.Appointment) bool { return a.Site == "" }},
		{"the same patient twice", patient + "," + patient, "", func(a gateway.Appointment) bool { return a.ID == "5" && a.Status == gateway.StatusBooked }},
		{"the same patient, coming and not coming", patient + `,{"actor":{"reference":"Patient/p1"},"status":"declined"}`, "", func(a gateway.Appointment) bool { return a.ID == "5" && a.Status == gateway.StatusUnknown }},
		{"a participant of the wrong kind beside a good one", `"nobody",` + patient, "", func(a gateway.Appointment) bool { return a.ID == "5" }},
	} {
		t.Run(test.what, func(t *testing.T) {
			participants := test.participants
			if participants == "" {
				participants = patient
			}
			s := shelf{"/r4/Appointment": bundle(visit("5", participants, test.more))}
			addPeople(s)
			feed, err := shelved(t, s).Read(t.Context(), fortnight)
			if err != nil || len(feed.Appointments) != 1 {
				t.Fatalf("%d appointments, unreadable %v, error %v", len(feed.Appointments), feed.Unreadable, err)
			}
			if a := feed.Appointments[0]; !test.check(a) {
				t.Errorf("id %q site %q mode %d status %d restricted %d", a.ID, a.Site, a.Mode, a.Status, a.Patient.Restricted)
			}
		})
	}
}

func TestStatusesAndStarts(t *testing.T) {
	for _, test := range []struct {
		status, start string
		want          gateway.Status
		why           string // of an unreadable record
		left          bool   // out, without a word
	}{
		{status: "booked", start: "2026-11-20T09:00:00Z", want: gateway.StatusBooked},
		{status: "booked", start: "2026-11-20T10:00:00.250+01:00", want: gateway.StatusBooked},
		{status: "cancelled", start: "2026-11-20T09:00:00Z", want: gateway.StatusCancelled},
		{status: "entered-in-error", start: "2026-11-20T09:00:00Z", want: gateway.StatusNotBooked},
		{status: "noshow", start: "2026-11-20T09:00:00Z", want: gateway.StatusMissed},
		{status: "arrived", start: "2026-11-20T09:00:00Z", want: gateway.StatusArrived},
		{status: "checked-in", start: "2026-11-20T09:00:00Z", want: gateway.StatusArrived},
		{status: "fulfilled", start: "2026-11-20T09:00:00Z", want: gateway.StatusFinished},
		{status: "proposed", start: "2026-11-20T09:00:00Z", want: gateway.StatusNotBooked},
		{status: "pending", start: "2026-11-20T09:00:00Z", want: gateway.StatusNotBooked},
		{status: "waitlist", start: "2026-11-20T09:00:00Z", want: gateway.StatusNotBooked},
		{status: "Booked", start: "2026-11-20T09:00:00Z", want: gateway.StatusUnknown},
		{status: "", start: "2026-11-20T09:00:00Z", want: gateway.StatusUnknown},
		{status: "cancelled", start: "", left: true},
		{status: "proposed", start: "", left: true},
		{status: "booked", start: "", why: "there is no start"},
		{status: "booked", start: "2026-11-20T09:00:00", why: "start has no offset from UTC, so its moment is not known"},
		{status: "booked", start: "2026-11-20", why: "start has no offset from UTC, so its moment is not known"},
		{status: "booked", start: "20/11/2026 09:00", why: "start is not a moment in time"},
		{status: "booked", start: "2026-02-30T09:00:00Z", why: "start is not a moment in time"},
		{status: "booked", start: "2026-11-30T10:00:00Z", left: true}, // the first moment outside
	} {
		t.Run(test.status+" at "+test.start, func(t *testing.T) {
			body := visit("5", `{"actor":{"reference":"Patient/p1"},"status":"accepted"}`, "")
			body = strings.Replace(body, `"status":"booked"`, `"status":"`+test.status+`"`, 1)
			body = strings.Replace(body, "2026-11-20T09:00:00Z", test.start, 1)
			s := shelf{"/r4/Appointment": bundle(body)}
			addPeople(s)
			feed, err := shelved(t, s).Read(t.Context(), fortnight)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.left:
				if len(feed.Appointments)+len(feed.Unreadable) != 0 {
					t.Error("not left out")
				}
			case test.why != "":
				if len(feed.Unreadable) != 1 || feed.Unreadable[0].Why != test.why || len(feed.Appointments) != 0 {
					t.Errorf("%d appointments, unreadable %v", len(feed.Appointments), feed.Unreadable)
				}
			default:
				if len(feed.Appointments) != 1 || feed.Appointments[0].Status != test.want || !feed.Appointments[0].Start.Equal(monday.AddDate(0, 0, 4).Add(-1*3600e9)) {
					t.Errorf("appointments %v, unreadable %v", feed.Appointments, feed.Unreadable)
				}
			}
		})
	}
}
