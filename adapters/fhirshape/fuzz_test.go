package fhirshape

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// FuzzPatient reads whatever stands where a telecom, an extension or an identifier
// belongs: nothing may panic, kind and number must agree, and one object must say
// the same as a list of it.
func FuzzPatient(f *testing.F) {
	for _, s := range []string{
		`{"system":"phone","use":"mobile","value":"07700 900601","rank":"1","period":{"end":2025}}`, `{"use":7}`, `{"value":7700900601,"use":"mobile"}`,
		`{"url":"x/Extension-UKCore-ContactPreference|1","extension":{"url":"PreferredContactMethod","valueCodeableConcept":[{"coding":{"code":8}}]}}`,
		`{"url":"x/Extension-PDS-RemovalFromRegistration","extension":[{"url":"effectiveTime","valuePeriod":{"start":"2020"}}]}`,
		`{"system":"https://fhir.nhs.uk/Id/nhs-number","value":9990000018,"extension":{"url":"x-NHSNumberVerificationStatus-1","valueCode":"01"}}`,
		`{"use":"usual","given":["Ann"]}`, `null`, `[[]]`, `"x"`, `{"url":"-1|"}`,
	} {
		f.Add(s)
	}
	now := time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if !json.Valid([]byte(s)) {
			return
		}
		for _, element := range []string{"telecom", "extension", "identifier", "name", "link", "meta", "deceasedBoolean", "deceasedDateTime", "active"} {
			var once, listed Patient
			if json.Unmarshal([]byte(`{"`+element+`":`+s+`}`), &once) != nil || json.Unmarshal([]byte(`{"`+element+`":[`+s+`]}`), &listed) != nil {
				t.Fatalf("%s ends the reading of the patient", element)
			}
			p := once.AsPatient("p", now, true)
			if (p.MobileKind == gateway.NumberMobile) == p.Mobile.IsZero() {
				t.Fatal("kind and number do not agree")
			}
			if isObject([]byte(strings.TrimSpace(s))) && element[:3] != "dec" && element != "active" && p != listed.AsPatient("p", now, true) {
				t.Fatalf("one %s says something else than a list of one", element)
			}
		}
	})
}

// FuzzReference checks that what a reference gives as an id is safe in a path, and
// that it leads to one thing only.
func FuzzReference(f *testing.F) {
	for _, s := range []string{
		`"Patient/1"`, `{"reference":"Patient/1/_history/3"}`, `{"reference":"https://x.example/r4/Patient/1"}`, `{"reference":"urn:uuid:A"}`, `{"reference":"#p"}`,
		`{"type":"a/b","identifier":[{"value":7}]}`, `{"reference":"https://x.example:443/r4/Patient/../1"}`, `{"reference":"://"}`, `{"reference":["a"]}`,
	} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "x.example", Path: "/r4"}
	f.Fuzz(func(t *testing.T, s string) {
		var r Reference
		if json.Unmarshal([]byte(s), &r) != nil {
			return
		}
		p, ways := r.Point(base), 0
		for _, set := range []bool{p.ID != "", p.Contained != "", p.URL != "", p.Identifier.Value.Value != ""} {
			if set {
				ways++
			}
		}
		if ways > 1 || (ways == 0) != p.Words() {
			t.Fatalf("leads %d ways", ways)
		}
		if p.ID != "" && (!ValidID(p.ID) || strings.ContainsAny(p.ID, "/%?#")) {
			t.Fatalf("the id %q is not safe in a path", p.ID)
		}
	})
}

// FuzzReadBundle feeds the decoder whatever a server might send: an entry is one
// thing, and no note holds what stood in the answer.
func FuzzReadBundle(f *testing.F) {
	const good = `{"resourceType":"Bundle","type":"searchset","total":"2","link":{"relation":"next","url":"?p=2"},"entry":[
		{"fullUrl":"urn:uuid:A","resource":[{"resourceType":"Appointment","id":1,"status":"booked","start":"2026-11-20T09:00Z","participant":{"actor":"Patient/1"}}]},
		{"resource":{"resourceType":"Patient","id":"9"}},{"resource":{"resourceType":"OperationOutcome","issue":{"severity":"warning","code":"XQCANARY","diagnostics":"XQCANARY"}}}]}`
	f.Add([]byte(good))
	for _, cut := range []string{`"2"`, `"?p=2"`, `"booked"`, `{"actor":"Patient/1"}`, `"XQCANARY"`, `"Bundle"`} {
		f.Add([]byte(strings.Replace(good, cut, `null`, 1)))
		f.Add([]byte(strings.Replace(good, cut, `[{"a":[1]}]`, 1)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := ReadBundle(body)
		if err != nil {
			return
		}
		for _, note := range b.Notes {
			if strings.Contains(note, "XQCANARY") {
				t.Fatal("a note repeats what stood in the answer")
			}
		}
		for _, e := range b.Entries {
			if e.Kind == "" && e.Why == "" || e.Kind == "Appointment" && (e.Appointment != nil) == (e.Why != "") || (e.Kind == "Patient") != (e.Patient != nil) {
				t.Fatal("an entry is not exactly one thing")
			}
			if e.Appointment != nil {
				a := e.Appointment
				start, err := a.Begins()
				if (err == nil) == start.IsZero() && start.Year() != 1 {
					t.Fatal("a start with a flaw, or none without")
				}
				_, _, _, _ = a.Mode(), a.Status(), a.Site(&url.URL{Scheme: "https", Host: "x.example"}), a.Restricted()
			}
		}
	})
}

// FuzzStretch checks that every date that is read covers some time.
func FuzzStretch(f *testing.F) {
	for _, s := range []string{"2026", "2026-11", "2026-11-16", "2026-11-16T09:00:00Z", "2026-11-16T09:00+0100", "2026-03-29", "0000", "9999-12-31", "", "T"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if from, to, ok := Stretch(s); ok && !from.Before(to) {
			t.Fatalf("%q covers no time", s)
		}
	})
}
