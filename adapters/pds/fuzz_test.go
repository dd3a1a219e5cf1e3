package pds

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/outbound"
)

const askedFor = "9990000018"

var today = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// FuzzRecord holds the reading of PDS' answers to this: it never panics, never
// repeats what stood there, never speaks of another patient, says dead where a date
// of death stands, and what is laid over an appointment never makes a text more
// likely. What is remembered says the same as what was read.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Patient","id":"9990000018","meta":{"security":[{"code":"U"}]},"telecom":[{"system":"phone","use":"mobile","value":"07700 900123","period":{"start":"2020-01-01"}}]}`,
		`{"resourceType":"Patient","id":"9990000018","meta":{"security":[{"code":"R"}]}}`,
		`{"resourceType":"Patient","id":"9990000131","meta":{"security":[{"code":"U"}]}}`,
		`{"resourceType":"Patient","id":9990000018,"meta":{},"deceasedDateTime":"2010-10"}`,
		`{"resourceType":"Patient","id":"9990000018","extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus","extension":[{"url":"deathNotificationStatus","valueCodeableConcept":{"coding":[{"code":"1"}]}}]}]}`,
		`{"resourceType":"Patient","id":"9990000018","extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration","extension":[{"url":"removalFromRegistrationCode","valueCodeableConcept":{"coding":[{"code":"SCT"}]}},{"url":"effectiveTime","valuePeriod":{"start":"2020-01-01T00:00:00+00:00"}}]}]}`,
		`{"resourceType":"Patient","id":"9990000018","generalPractitioner":[{"identifier":{"value":"A81001","period":{"start":"x"}}}],"telecom":{"use":"mobile","value":7}}`,
		`{"resourceType":"OperationOutcome","issue":[{"details":{"coding":[{"code":"RESOURCE_NOT_FOUND"}]}}]}`,
		`[]`, `null`, `{"resourceType":"Patient"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, rule := range []string{numberAgree, numberPDS, numberFeed} {
			a := &Adapter{config: Config{Number: rule, RegisteredWith: []string{"A81001"}}, env: gateway.Surroundings{Trial: true}}
			truth, err := a.read(body, askedFor, today)
			if err != nil {
				if !errors.Is(err, errNotPatient) && !errors.Is(err, errNoID) {
					t.Fatal("an error in other words than ours")
				}
				continue
			}
			a.hold(t, body, truth)
			knowsNobody(&outbound.Response{Status: 404, Body: body})
		}
	})
}

// hold checks what was made of an answer.
func (a *Adapter) hold(t *testing.T, body []byte, is truth) {
	t.Helper()
	ap := gatewaytest.Person(1)
	laid := a.lay(ap, is)
	kept, err := json.Marshal(is)
	var again truth
	if err != nil || json.Unmarshal(kept, &again) != nil || a.lay(ap, again) != laid {
		t.Fatal("what is remembered says something else")
	}
	if a.lay(laid, is).Patient.Restricted != laid.Patient.Restricted {
		t.Fatal("laid twice it says something else")
	}
	p := laid.Patient
	switch {
	case is.Unusable && p.Restricted == gateway.FlagNo:
		t.Fatal("a record that cannot be used holds nothing up")
	case is.Restricted == gateway.FlagYes && !p.Mobile.IsZero():
		t.Fatal("a restricted patient's number is left")
	case a.config.Number != numberPDS && p.Mobile != ap.Patient.Mobile && !p.Mobile.IsZero():
		t.Fatal("another number appeared")
	case (p.MobileKind == gateway.NumberMobile) == p.Mobile.IsZero():
		t.Fatal("the number does not fit its kind")
	case laid.ID != ap.ID || laid.Status != ap.Status || !laid.Start.Equal(ap.Start):
		t.Fatal("more than the patient was touched")
	}
	if bytes.Count(bytes.ToLower(body), []byte("deceaseddatetime")) != 1 || bytes.Contains(body, []byte(`\u`)) || is.Unusable {
		return
	}
	var plain map[string]any
	if json.Unmarshal(body, &plain) == nil {
		if date, ok := plain["deceasedDateTime"].(string); ok && date != "" && is.Deceased == gateway.FlagNo {
			t.Fatal("a date of death went unnoticed")
		}
	}
}
