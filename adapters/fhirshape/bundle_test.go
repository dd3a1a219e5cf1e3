package fhirshape

import (
	"slices"
	"testing"
)

func TestABundleThatDriftsIsReadAsFarAsItIsClear(t *testing.T) {
	b, err := ReadBundle([]byte(`{"resourceType":"Bundle","type":"searchset","total":"12","link":{"relation":"next","url":"?p=2"},"entry":[
		{"resource":[{"resourceType":"Appointment","id":148}],"search":[{"mode":"match"}]},
		{"fullUrl":"https://x.example/Patient/7/_history/2","resource":{"resourceType":"Patient","id":7}},
		{"resource":{"resourceType":"Location","id":"9"}},
		{"resource":{"resourceType":"Appointment","id":"149"},"search":{"mode":"include"}},
		{"resource":{"resourceType":"Appointment","id":"150","participant":7}},
		{"resource":[{"resourceType":"Appointment"},{"resourceType":"Appointment"}]},
		{"resource":{"resourceType":"OperationOutcome","issue":{"severity":"warning","code":"not-supported"}},"search":{"mode":"outcome"}},
		null]}`))
	if err != nil {
		t.Fatal(err)
	}
	if b.Total != 12 || b.Next != "?p=2" || b.Partial || len(b.Notes) != 1 {
		t.Errorf("total %d, next %q, partial %t, notes %q", b.Total, b.Next, b.Partial, b.Notes)
	}
	var got []string
	for _, e := range b.Entries {
		switch {
		case e.Appointment != nil:
			got = append(got, "appointment "+e.Appointment.ID.Value)
		case e.Patient != nil:
			got = append(got, "patient "+e.Patient.ID.Value+" at "+e.FullURL)
		case e.Why != "":
			got = append(got, string(e.Why))
		default:
			got = append(got, e.Kind)
		}
	}
	want := []string{"appointment 148", "patient 7 at https://x.example/Patient/7", "Location", string(FlawKind), string(FlawNoResource), string(FlawNoResource)}
	if !slices.Equal(got, want) {
		t.Errorf("entries %q", got)
	}
}

func TestACodeIsTakenFromAnErrorAndItsProseIsNot(t *testing.T) {
	const body = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found","diagnostics":"XQCANARY",
		"details":{"coding":[{"system":"x","code":"PATIENT_NOT_FOUND","display":"XQCANARY"}]}}]}`
	if got := IssueCode([]byte(body)); got != "not-found" {
		t.Errorf("issue code %q", got)
	}
	if got := DetailCodes([]byte(body)); !slices.Equal(got, []string{"PATIENT_NOT_FOUND"}) {
		t.Errorf("codes %q", got)
	}
	for _, odd := range []string{``, `{`, `[]`, `{"issue":7}`, `{"issue":[{"code":"XQCANARY","details":"x"}]}`, `{"issue":[{"severity":"error",}]}`} {
		if IssueCode([]byte(odd)) != "" || len(DetailCodes([]byte(odd))) != 0 {
			t.Errorf("a code is taken from %s", odd)
		}
	}
}
