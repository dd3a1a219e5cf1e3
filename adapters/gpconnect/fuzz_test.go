package gpconnect

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/outbound"
)

const canary = "XQCANARY"

// FuzzAnswers holds the reading of a provider's two lists to this: it never panics
// or hangs, never repeats what stood there, never makes a text more likely, and says
// booked only where the answer holds that patient, that start and the word.
func FuzzAnswers(f *testing.F) {
	patient := `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","id":"2","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}}]}`
	for _, seed := range []string{
		`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Appointment","id":"148","meta":{"versionId":"1"},"status":"booked","start":"2026-11-24T10:00:00+00:00","participant":[{"actor":{"reference":"Patient/2"},"status":"accepted"}]}}]}`,
		`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Appointment","id":"148","status":"cancelled","start":"2026-11-24T10:00:00Z","participant":[{"actor":{"reference":"Patient/2"}}]}}]}`,
		`{"resourceType":"Bundle","type":"searchset"}`, `{"resourceType":"Bundle","entry":[null,{},{"resource":{"resourceType":"Appointment"}}]}`,
		`{"resourceType":"OperationOutcome","issue":[{"code":"not-found","details":{"coding":[{"code":"NO_RECORD_FOUND"}]}}]}`,
		`{"resourceType":"Bundle","link":[{"relation":"next","url":"XQCANARY"}]}`, `[`, ``,
	} {
		f.Add([]byte(patient), []byte(seed), 200)
	}
	f.Add([]byte(`{"resourceType":"Bundle","type":"searchset","entry":[]}`), []byte(`XQCANARY`), 404)
	a := adapterAt(f, "https://gp.example.org/A81001/STU3/1/gpconnect")
	ap := gatewaytest.Person(1)
	f.Fuzz(func(t *testing.T, who, list []byte, code int) {
		quiet := func(err error) {
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Fatal("an error repeats what stood there")
			}
		}
		patients, err := a.listIn(&outbound.Response{Status: code, Body: who})
		quiet(err)
		found, errFound := patientIn(patients, "https://fhir.nhs.uk/Id/nhs-number|9990000018")
		quiet(errFound)
		is := truth{NoPatient: err != nil || errFound != nil || found == nil}
		visits, err := a.listIn(&outbound.Response{Status: 200, Body: list})
		quiet(err)
		if err != nil {
			return
		}
		if found != nil {
			is.Deceased, is.Left, is.Restricted = found.Deceased(ap.Start), found.Left(ap.Start), found.Restricted()
		}
		if !is.NoPatient {
			is.Status = together(a.visitsIn(visits, "2", ap))
		}
		laid := lay(ap, is)
		if laid.Patient.Mobile != ap.Patient.Mobile || laid.ID != ap.ID || !laid.Start.Equal(ap.Start) {
			t.Fatal("more than status and flags were touched")
		}
		if is.NoPatient && laid.Patient.Restricted == gateway.FlagNo {
			t.Fatal("a patient who is not there holds nothing up")
		}
		if is.Status == gateway.StatusBooked && !says(list) {
			t.Fatal("booked, and the answer does not say so")
		}
		kept, err := json.Marshal(is)
		var again truth
		if err != nil || json.Unmarshal(kept, &again) != nil || lay(ap, again) != laid {
			t.Fatal("what is remembered says something else")
		}
	})
}

// says looks for what a booked visit needs without understanding the answer.
func says(list []byte) bool {
	plain := strings.ToLower(string(list))
	return strings.Contains(plain, `\u`) || strings.Contains(plain, "booked") && strings.Contains(plain, "patient/2") &&
		(strings.Contains(plain, "2026-11-2") || strings.Contains(plain, "t"))
}

func adapterAt(tb testing.TB, url string) *Adapter {
	tb.Helper()
	c := Config{
		BaseURL: url, From: "200000000359", To: "918999198993", Agreement: "invented",
		JWT: JWT{
			Issuer: "https://texts.example.org", Device: Device{"a", "b", "c", "d"}, Organisation: Organisation{"A81001", "Riverside Surgery"},
			Practitioner: Practitioner{ID: "10019", Given: "Claire", Family: "Farrow", SDSUser: "111222333444", LocalSystem: "a", LocalID: "b"},
		},
	}
	a, err := New(c, gateway.Surroundings{Clock: gatewaytest.NewClock(gatewaytest.Friday), Trial: true, Shelf: gatewaytest.NewShelf()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.CloseIdle)
	return a
}

// FuzzCancelled holds the writing of a cancellation to this: what is sent is what was
// read, but for the status and one more extension.
func FuzzCancelled(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Appointment","id":"9","status":"booked","extension":[{"url":"a","valueCode":"b"}],"comment":"<&>","x":1.10}`,
		`{"status":"booked"}`, `{"extension":null}`, `{"extension":{}}`, `[]`, `{"a":{"b":[1,2,{"c":"\u2028"}]}}`,
	} {
		f.Add([]byte(seed), "a reason")
	}
	f.Fuzz(func(t *testing.T, body []byte, reason string) {
		if !utf8.ValidString(reason) {
			return // the configuration is
		}
		out, err := cancelled(body, reason)
		if err != nil {
			return
		}
		var was, is map[string]any
		if json.Unmarshal(body, &was) != nil || json.Unmarshal(out, &is) != nil {
			t.Fatal("what is sent cannot be read")
		}
		list, _ := is["extension"].([]any)
		old, _ := was["extension"].([]any)
		if is["status"] != "cancelled" || len(list) != len(old)+1 || !reflect.DeepEqual(list[:len(old)], append([]any{}, old...)) {
			t.Fatal("not cancelled, or another extension was touched")
		}
		added, _ := list[len(old)].(map[string]any)
		if added["url"] != cancellationReason || reason != added["valueString"] {
			t.Fatal("the reason is not there")
		}
		for _, m := range []map[string]any{was, is} {
			delete(m, "status")
			delete(m, "extension")
		}
		if !reflect.DeepEqual(was, is) {
			t.Fatal("something else was changed")
		}
	})
}
