package fhirshape

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

// appointmentOf decodes an Appointment with the given elements.
func appointmentOf(t *testing.T, elements string) *Appointment {
	t.Helper()
	var a Appointment
	if err := json.Unmarshal([]byte(`{"resourceType":"Appointment"`+elements+`}`), &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

func TestWhatCanOnlyMeanOneThingIsReadAllTheSame(t *testing.T) {
	const mobile = `{"system":"phone","use":"mobile","value":"07700 900601"}`
	for _, test := range []struct{ what, right, drifted string }{
		{"an object where a list belongs", `,"telecom":[` + mobile + `]`, `,"telecom":` + mobile},
		{"a null in a list", `,"telecom":[` + mobile + `]`, `,"telecom":[null,` + mobile + `,null]`},
		{"null for nothing", ``, `,"telecom":null,"name":null,"extension":null,"identifier":null,"meta":null,"link":null,"active":null,"deceasedBoolean":null`},
		{"an empty list for nothing", ``, `,"telecom":[],"name":[],"extension":[],"identifier":[],"meta":[],"link":[]`},
		{"a list of one where an object belongs", `,"meta":{"security":[{"code":"R"}]}`, `,"meta":[{"security":{"code":"R"}}]`},
		{"a rank as text", `,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","rank":1},{"system":"phone","use":"mobile","value":"07700 900602","rank":2}]`,
			`,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","rank":"1"},{"system":"phone","use":"mobile","value":"07700 900602","rank":"2"}]`},
		{"an NHS number as a number", `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]`, `,"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":9990000018}`},
		{"a code as a number", `,"extension":[` + nested(ukCore+"ContactPreference", "PreferredContactMethod", "8") + `]`,
			`,"extension":[{"url":"` + ukCore + `ContactPreference","extension":[{"url":"PreferredContactMethod","valueCodeableConcept":{"coding":[{"code":8}]}}]}]`},
		{"one coding where a list belongs", `,"extension":[` + nested(ukCore+"ContactPreference", "PreferredContactMethod", "8") + `]`,
			`,"extension":{"url":"` + ukCore + `ContactPreference","extension":{"url":"preferredContactMethod","valueCodeableConcept":{"coding":{"code":"8"}}}}`},
		{"a period as a list of one, its year as a number", `,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","period":{"end":"2025"}}]`,
			`,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","period":[{"end":2025}]}]`},
		{"a number of another use as a number", ``, `,"telecom":[{"system":"phone","use":"home","value":1632960001}]`},
	} {
		if diff := cmp.Diff(patientOf(t, test.right), patientOf(t, test.drifted), cmp.Comparer(func(a, b gateway.Patient) bool { return a == b })); diff != "" {
			t.Errorf("%s is read differently", test.what)
		}
	}
}

func TestWhatCouldMeanTwoThingsIsUnclear(t *testing.T) {
	for _, test := range []struct {
		what, elements string
		unclear        func(gateway.Patient) bool
	}{
		{"a telephone number without its zero", `,"telecom":[{"system":"phone","use":"mobile","value":7700900601}]`, noNumber},
		{"a number of an unreadable use", `,"telecom":[{"system":"phone","use":["mobile"],"value":"07700 900601"}]`, noNumber},
		{"a rank that is no order", `,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","rank":0}]`, noNumber},
		{"half a rank", `,"telecom":[{"system":"phone","use":"mobile","value":"07700 900601","rank":1.5}]`, noNumber},
		{"two metas", `,"meta":[{"security":[]},{"security":[]}]`, restricted},
		{"a tag that cannot be read", `,"meta":{"tag":"SUBSETTED"}`, restricted},
		{"an animal of STU3", `,"animal":{"species":{}}`, restricted},
		{"a death as a word", `,"deceasedBoolean":"false"`, func(p gateway.Patient) bool { return p.Deceased == gateway.FlagUnclear }},
		{"a death as a list", `,"deceasedDateTime":["2010"]`, func(p gateway.Patient) bool { return p.Deceased == gateway.FlagUnclear }},
		{"an extension without an address", `,"extension":[{"valueCode":"8"}]`, func(p gateway.Patient) bool {
			return p.Deceased == gateway.FlagUnclear && p.Declined == gateway.FlagUnclear
		}},
	} {
		if !test.unclear(patientOf(t, test.elements)) {
			t.Errorf("%s is not unclear", test.what)
		}
	}
}

func noNumber(p gateway.Patient) bool {
	return p.MobileKind == gateway.NumberUnclear && p.Mobile.IsZero()
}
func restricted(p gateway.Patient) bool { return p.Restricted == gateway.FlagUnclear }

func TestExtensionsOfEveryPublisherAndVersionAreReadAlike(t *testing.T) {
	for _, address := range []string{
		"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus",
		"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus|2.1.0",
		"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1",
		"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1|1.1.0",
	} {
		if got := patientOf(t, `,"extension":[`+nested(address, "deathNotificationStatus", "2")+`]`).Deceased; got != gateway.FlagYes {
			t.Errorf("%s is not read", address)
		}
	}
	for _, address := range []string{"https://example.org/NoDeathNotificationStatus", "https://example.org/DeathNotificationStatus/other", ""} {
		if got := patientOf(t, `,"extension":[`+nested(address, "deathNotificationStatus", "2")+`]`).Deceased; got == gateway.FlagYes {
			t.Errorf("%q is taken for it", address)
		}
	}
}

func TestAnNHSNumberThatIsNotVerifiedIsNotTaken(t *testing.T) {
	with := func(value string) string {
		return `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018","extension":[{
			"url":"https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-NHSNumberVerificationStatus-1",` + value + `}]}]`
	}
	code := func(c string) string { return with(`"valueCodeableConcept":{"coding":[{"code":"` + c + `"}]}`) }
	for elements, want := range map[string]bool{
		code("01"): true, code("number-present-and-verified"): true,
		code("02"): false, code("03"): false, code("number-present-but-not-traced"): false, code(""): false,
		with(`"valueCodeableConcept":{"text":"verified"}`): false, with(`"valueString":"01"`): false,
	} {
		if got := !patientOf(t, elements).NHSNumber.IsZero(); got != want {
			t.Errorf("%s: taken is %t", elements, got)
		}
	}
}

func TestWhereAReferenceLeads(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "fhir.example.org", Path: "/r4"}
	for text, want := range map[string]Pointer{
		`{"reference":"Patient/1"}`:                                                                 {Kind: "Patient", ID: "1"},
		`"Patient/1"`:                                                                               {Kind: "Patient", ID: "1"},
		`{"reference":"Patient/1/_history/3"}`:                                                      {Kind: "Patient", ID: "1"},
		`{"reference":"https://fhir.example.org/r4/Patient/1"}`:                                     {Kind: "Patient", ID: "1"},
		`{"reference":"https://FHIR.example.org:443/r4/Patient/1/_history/3"}`:                      {Kind: "Patient", ID: "1"},
		`{"reference":"https://fhir.example.org/stu3/Patient/1"}`:                                   {Kind: "Patient", URL: "https://fhir.example.org/stu3/Patient/1"},
		`{"reference":"http://fhir.example.org/r4/Patient/1"}`:                                      {Kind: "Patient", URL: "http://fhir.example.org/r4/Patient/1"},
		`{"reference":"https://fhir.example.org/r4/Patient/../1"}`:                                  {Kind: "..", URL: "https://fhir.example.org/r4/Patient/../1"},
		`{"reference":"urn:uuid:0F0E0d0c-0000-4000-8000-00000000000a"}`:                             {URL: "urn:uuid:0f0e0d0c-0000-4000-8000-00000000000a"},
		`{"reference":"urn:oid:1.2.3","type":"Location"}`:                                           {Kind: "Location", URL: "urn:oid:1.2.3"},
		`{"reference":"#p"}`:                                                                        {Contained: "p"},
		`{"type":"http://hl7.org/fhir/StructureDefinition/Patient","identifier":{"value":"7"}}`:     {Kind: "Patient", Identifier: Identifier{Value: Word{Value: "7"}}},
		`{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":9990000018}}`:          {Kind: "Patient", Identifier: Identifier{System: Word{Value: NHSNumber}, Value: Word{Value: "9990000018"}}},
		`{"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"1"},{"value":"2"}]}`: {},
		`{"display":"Ann"}`:           {},
		`{"reference":null}`:          {},
		`{"reference":7}`:             {},
		`{"reference":"Patient/a/b"}`: {},
	} {
		var r Reference
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, r.Point(base)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestAStartIsAMomentOrItsFlawIsSaid(t *testing.T) {
	for start, want := range map[string]string{
		`"2026-07-20T10:00:00+01:00"`: "2026-07-20T09:00:00Z", `"2026-07-20T10:00:00+0100"`: "2026-07-20T09:00:00Z",
		`"2026-07-20T10:00+01:00"`: "2026-07-20T09:00:00Z", `"2026-07-20T09:00Z"`: "2026-07-20T09:00:00Z",
		`"2026-07-20T09:00:00.999Z"`: "2026-07-20T09:00:00Z", `"2026-07-20T24:00:00Z"`: string(FlawStart),
		`"2026-07-20T10:00:00"`: string(FlawNoOffset), `1784538000`: string(FlawStart), `["2026-07-20T09:00:00Z"]`: string(FlawStart),
		`null`: string(FlawNoStart), `""`: string(FlawNoStart), `"20/07/2026 10:00"`: string(FlawStart),
	} {
		at, err := appointmentOf(t, `,"start":`+start).Begins()
		got := at.Format("2006-01-02T15:04:05Z07:00")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s is %q, want %q", start, got, want)
		}
	}
}

func TestABookedVisitThatSaysWhyItWasCalledOffIsHeld(t *testing.T) {
	for _, more := range []string{
		`,"cancelationReason":{"coding":[{"code":"pat"}]}`, `,"cancellationReason":{"text":"x"}`,
		`,"extension":[{"url":"https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1","valueString":"x"}]`,
	} {
		if got := appointmentOf(t, `,"status":"booked"`+more).Status(); got != gateway.StatusUnknown {
			t.Errorf("status %d with %s", got, more)
		}
		if got := appointmentOf(t, `,"status":"cancelled"`+more).Status(); got != gateway.StatusCancelled {
			t.Errorf("cancelled is %d with %s", got, more)
		}
	}
}

func TestWhatSTU3AndR4WriteDifferentlyIsReadAlike(t *testing.T) {
	const r4 = `,"id":"1","meta":{"versionId":"3"},"status":"booked","start":"2026-07-20T10:00:00+01:00","serviceCategory":[{"text":"x"}],
		"reasonCode":[{"text":"x"}],"cancelationReason":null,"participant":[{"actor":{"reference":"Patient/1","type":"Patient"},"required":"required","status":"accepted"}],
		"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeliveryChannel","valueCodeableConcept":{"coding":[{"code":"Telephone"}]}}]`
	const stu3 = `,"id":"1","meta":{"versionId":"3"},"status":"booked","start":"2026-07-20T10:00:00+01:00","serviceCategory":{"text":"x"},
		"reason":[{"text":"x"}],"indication":[{"reference":"Condition/1"}],"participant":[{"actor":{"reference":"Patient/1"},"required":"required","status":"accepted"}],
		"extension":[{"url":"https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel-2","valueCode":"Telephone"}]`
	base := &url.URL{Scheme: "https", Host: "x.example"}
	for _, elements := range []string{r4, stu3} {
		a := appointmentOf(t, elements)
		start, err := a.Begins()
		p := a.Participant.Items[0].Value
		if err != nil || start.Hour() != 9 || a.Status() != gateway.StatusBooked || a.Mode() != gateway.ModeTelephone || a.Version() != "3" ||
			!cmp.Equal(p.Actor.Value.Point(base), Pointer{Kind: "Patient", ID: "1"}) || p.Attendance(a.Status()) != gateway.StatusBooked {
			t.Errorf("start %v, status %d, mode %d, version %q, error %v", start, a.Status(), a.Mode(), a.Version(), err)
		}
	}
}

func TestWhoIsOnlyToldOfAVisitIsNotReminded(t *testing.T) {
	for participant, want := range map[string]gateway.Status{
		`{"required":"required","status":"accepted"}`:         gateway.StatusBooked,
		`{"required":"optional","status":"accepted"}`:         gateway.StatusBooked,
		`{"required":true,"status":"accepted"}`:               gateway.StatusBooked, // as R5 writes it
		`{"required":"information-only","status":"accepted"}`: gateway.StatusUnknown,
		`{"status":"declined"}`:                               gateway.StatusCancelled,
		`{"status":["accepted"]}`:                             gateway.StatusUnknown,
		`{}`:                                                  gateway.StatusBooked,
	} {
		var p Participant
		if err := json.Unmarshal([]byte(participant), &p); err != nil {
			t.Fatal(err)
		}
		if got := p.Attendance(gateway.StatusBooked); got != want {
			t.Errorf("%s: status %d, want %d", participant, got, want)
		}
	}
}

func TestThePlaceOfAnAppointment(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "x.example", Path: "/r4"}
	for elements, want := range map[string]string{
		`"participant":{"actor":{"reference":"Location/9"}}`:                                                                               "9",
		`"participant":[{"actor":{"reference":"https://x.example:443/r4/Location/9"}}]`:                                                    "9",
		`"participant":[{"actor":{"reference":"https://other.example/r4/Location/9"}}]`:                                                    "https://other.example/r4/Location/9",
		`"participant":[{"actor":[{"type":"Location","identifier":[{"value":"RFF"}]}]}]`:                                                   "RFF",
		`"participant":[{"actor":{"type":"Location","display":"Second floor"}}]`:                                                           "",
		`"participant":[{"actor":{"reference":"#l"}}],"contained":[{"resourceType":"Location","id":"l","identifier":[{"value":"RFF01"}]}]`: "RFF01",
		`"participant":[{"actor":{"reference":"#l"}}],"contained":{"resourceType":"Location","id":"l"}`:                                    "",
		`"participant":[{"actor":{"reference":"#l"}}]`:                                                                                     "",
	} {
		if got := appointmentOf(t, ","+elements).Site(base); got != want {
			t.Errorf("%s: %q, want %q", elements, got, want)
		}
	}
}
