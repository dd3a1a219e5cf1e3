package fhir

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
)

func TestWhatIsNoSearchResultIsRefused(t *testing.T) {
	for _, body := range []string{
		``, `null`, `[]`, `"Bundle"`, `{}`, `<html></html>`,
		`{"resourceType":"Bundle","type":"searchset","entry":[`,
		`{"resourceType":"OperationOutcome","issue":[]}`,
		`{"resourceType":"Bundle","type":"history"}`,
		`{"resourceType":"Bundle","entry":{}}`,
		`{"resourceType":"Bundle","link":"next"}`,
		`{"resourceType":"Bundle","link":[{"relation":"next"}]}`,
		`{"resourceType":"Bundle","link":[{"relation":"next","url":"a"},{"relation":"next","url":"b"}]}`,
	} {
		if _, err := fhirshape.ReadBundle([]byte(body)); err == nil {
			t.Errorf("taken for a search result: %s", body)
		}
	}
}

func TestAnAnswerThatIsNotWholeProvesNoAbsence(t *testing.T) {
	const visits = `{"resource":{"resourceType":"Appointment","id":"1"}},{"resource":{"resourceType":"Appointment","id":"2"}}`
	outcome := func(severity, code string) string {
		return `,{"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"` + severity + `","code":"` + code + `","diagnostics":"XQCANARY"}]}}`
	}
	for _, test := range []struct {
		what, pages string
		complete    bool
		note        string
	}{
		{"no total", `{"resourceType":"Bundle","entry":[` + visits + `]}`, true, ""},
		{"the right total", `{"resourceType":"Bundle","total":2,"entry":[` + visits + `]}`, true, ""},
		{"a greater total", `{"resourceType":"Bundle","total":3,"entry":[` + visits + `]}`, false, "the clinical system counts 3 appointments and sent 2; the read counts as incomplete"},
		{"a smaller total", `{"resourceType":"Bundle","total":1,"entry":[` + visits + `]}`, true, ""},
		{"a total of the wrong kind", `{"resourceType":"Bundle","total":"many","entry":[` + visits + `]}`, true, ""},
		{"one told twice, so that one is missing", `{"resourceType":"Bundle","total":3,"entry":[` + visits + `,` + visits + `]}`, false, "the clinical system counts 3 appointments and sent 2; the read counts as incomplete"},
		{"a bad entry is one, too", `{"resourceType":"Bundle","total":3,"entry":[` + visits + `,7]}`, true, ""},
		{"a warning", `{"resourceType":"Bundle","entry":[` + visits + outcome("warning", "not-supported") + `]}`, true, "the clinical system sent a warning (not-supported): it may have ignored a search parameter"},
		{"a warning with a code of its own", `{"resourceType":"Bundle","entry":[` + visits + outcome("warning", "XQCANARY") + `]}`, true, "the clinical system sent a warning (unknown): it may have ignored a search parameter"},
		{"a remark", `{"resourceType":"Bundle","entry":[` + visits + outcome("information", "informational") + `]}`, true, ""},
		{"an error", `{"resourceType":"Bundle","entry":[` + visits + outcome("error", "processing") + `]}`, false, "the clinical system says that its answer is not whole (processing)"},
		{"a part of the data out of reach", `{"resourceType":"Bundle","entry":[` + visits + outcome("warning", "incomplete") + `]}`, false, "the clinical system says that its answer is not whole (incomplete)"},
		{"an outcome of the wrong kind", `{"resourceType":"Bundle","entry":[` + visits + `,{"resource":{"resourceType":"OperationOutcome","issue":"bad"}}]}`, false, "the clinical system sent a warning that cannot be read; the read counts as incomplete"},
	} {
		t.Run(test.what, func(t *testing.T) {
			pg, err := fhirshape.ReadBundle([]byte(test.pages))
			if err != nil {
				t.Fatal(err)
			}
			feed := gateway.Feed{Complete: true}
			judge(&feed, []fhirshape.Bundle{pg})
			var want []string
			if test.note != "" {
				want = []string{test.note}
			}
			if diff := cmp.Diff(want, feed.Notes); diff != "" || feed.Complete != test.complete {
				t.Errorf("complete %t, want %t; notes: %s", feed.Complete, test.complete, diff)
			}
		})
	}
}

func TestAVisitToldTwiceCountsAsItStandsLast(t *testing.T) {
	told := func(status string) fhirshape.Bundle {
		pg, err := fhirshape.ReadBundle([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Appointment","id":"1","status":"` + status + `",
			"start":"2026-11-20T09:00:00Z","participant":[{"actor":{"reference":"#p"},"status":"accepted"}],"contained":[{"resourceType":"Patient","id":"p"}]}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return pg
	}
	r := &reading{people: newPeople(&client{base: &url.URL{Scheme: "https", Host: "x.example"}}), now: monday}
	feed := gateway.Feed{Covers: gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)}}
	if err := r.fill(t.Context(), &feed, []fhirshape.Bundle{told("booked"), told("cancelled")}); err != nil {
		t.Fatal(err)
	}
	if len(feed.Appointments) != 1 || feed.Appointments[0].Status != gateway.StatusCancelled {
		t.Errorf("%d appointments", len(feed.Appointments))
	}
}

func TestWhichLinksAreFollowed(t *testing.T) {
	base, err := url.Parse("https://fhir.example.org/r4")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{base: base}
	for link, want := range map[string]string{
		"https://fhir.example.org/r4?_getpages=a%2Fb&x=1": "https://fhir.example.org/r4?_getpages=a%2Fb&x=1",
		"https://fhir.example.org:443/r4/Appointment?p=2": "https://fhir.example.org:443/r4/Appointment?p=2",
		"https://FHIR.example.org/r4/next/abc":            "https://FHIR.example.org/r4/next/abc",
		"Appointment?p=2":                                 "https://fhir.example.org/r4/Appointment?p=2",
		"/r4/Appointment?p=2":                             "https://fhir.example.org/r4/Appointment?p=2",
	} {
		if got, err := c.follow(link); err != nil || got.String() != want {
			t.Errorf("%s: %v, error %v", link, got, err)
		}
	}
	for _, link := range []string{
		"http://fhir.example.org/r4?p=2", "https://fhir.example.org:8443/r4?p=2", "https://evil.example/r4?p=2", "//evil.example/r4?p=2",
		"https://user@fhir.example.org/r4?p=2", "https://fhir.example.org@evil.example/r4", "https://fhir.example.org/r4x?p=2",
		"https://fhir.example.org/admin", "/admin", "https://fhir.example.org/r4/../admin", "https://fhir.example.org/r4/%2e%2e/admin",
		"https://fhir.example.org/r4/..%2fadmin", `https://fhir.example.org/r4/..\admin`, "../admin", "file:///etc/passwd", "gopher://fhir.example.org/r4",
		"javascript:alert(1)", "http://169.254.169.254/r4", "http://[::ffff:127.0.0.1]/r4", "https://fhir.example.org.evil.example/r4", "https://fhir.example.org///r4?p=2", "%", "https://fhir.example.org:/\n",
	} {
		if got, err := c.follow(link); err == nil {
			t.Errorf("followed: %q to %v", link, got)
		} else if strings.Contains(err.Error(), "evil") {
			t.Errorf("the error repeats the link: %v", err)
		}
	}
}

func TestTooManyPatientsInTroubleGiveUpTheRead(t *testing.T) {
	p := newPeople(&client{base: &url.URL{Host: "x.example"}})
	for n := range maxPatientFailures {
		if why, err := p.refused(answered(500)); err != nil || why != flawPatient {
			t.Fatalf("failure %d: %v, %v", n, why, err)
		}
	}
	if _, err := p.refused(answered(500)); err == nil {
		t.Error("the read goes on")
	}
	if why, err := p.refused(answered(403)); err != nil || why != flawPatient {
		t.Errorf("one forbidden patient: %v, %v", why, err)
	}
	if _, err := p.refused(answered(429)); err == nil {
		t.Error("a server that wants rest is taken for a missing patient")
	}
}

// FuzzBundle feeds the decoder whatever a server might send, and carries on with
// what it makes of it: nothing may panic, and nothing private may print.
func FuzzBundle(f *testing.F) {
	const good = `{"resourceType":"Bundle","type":"searchset","total":2,"link":[{"relation":"next","url":"?p=2"}],"entry":[
		{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Appointment","id":"1","status":"booked","start":"2026-11-20T09:00:00Z","meta":{"versionId":"3"},
		"contained":[{"resourceType":"Patient","id":"p","telecom":[{"system":"phone","use":"mobile","value":"07700 900123","rank":1}],"deceasedBoolean":false}],
		"participant":[{"actor":{"reference":"#p"},"status":"accepted"},{"actor":{"reference":"Location/5"}}]}},
		{"resource":{"resourceType":"Patient","id":"9","meta":{"security":[{"code":"R"}]},"extension":[{"url":"x/Extension-UKCore-ContactPreference","extension":[]}]}},
		{"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"not-supported"}]}}]}`
	f.Add([]byte(good))
	for _, cut := range []string{`"id":"1"`, `"booked"`, `"2026-11-20T09:00:00Z"`, `[{"code":"R"}]`, `"#p"`, `{"reference":"#p"}`, `"07700 900123"`, `2,"link"`} {
		f.Add([]byte(strings.Replace(good, cut, `null`, 1)))
		f.Add([]byte(strings.Replace(good, cut, `[{"a":[1]}]`, 1)))
	}
	f.Add([]byte(`{"resourceType":"Bundle","entry":[null,7,{},{"resource":null},{"resource":{"resourceType":"Appointment","participant":null}}]}`))
	base := &url.URL{Scheme: "https", Host: "x.example", Path: "/r4"}
	f.Fuzz(func(t *testing.T, body []byte) {
		pg, err := fhirshape.ReadBundle(body)
		if err != nil {
			return
		}
		r := &reading{people: newPeople(&client{base: base}), now: monday, trial: true}
		r.people.reads = maxPatientReads // ask nobody
		for _, e := range pg.Entries {
			if (e.Kind == "Appointment" && (e.Appointment != nil) == (e.Why != "")) || (e.Kind == "Patient") != (e.Patient != nil) {
				t.Fatal("an entry is not exactly one thing")
			}
			if e.Patient != nil {
				r.people.add(e.FullURL, e.Patient)
			}
		}
		feed := gateway.Feed{Covers: gateway.Span{From: monday, To: monday.AddDate(1, 0, 0)}, Complete: true}
		judge(&feed, []fhirshape.Bundle{pg})
		if err := r.fill(t.Context(), &feed, []fhirshape.Bundle{pg}); err != nil {
			t.Fatalf("a page that asks nobody gives up the read: %v", err)
		}
		for _, a := range feed.Appointments {
			if !feed.Covers.Has(a.Start) || a.ID == "" || a.Patient.ID == "" {
				t.Fatal("an appointment without id or patient, or out of the span")
			}
			if (a.Patient.MobileKind == gateway.NumberMobile) == a.Patient.Mobile.IsZero() {
				t.Fatal("kind and number do not agree")
			}
		}
		for _, u := range feed.Unreadable {
			if !strings.HasPrefix(u.Where, "page 1, entry ") || u.Why == "" {
				t.Fatal("an unreadable record without where and why")
			}
		}
	})
}

// FuzzFollow checks that no link leads off the server or out of the base path.
func FuzzFollow(f *testing.F) {
	for _, s := range []string{"?p=2", "/r4/x", "https://x.example/r4", "//y/r4", "/r4/../y", "/r4/%2e%2e/y", "x:y", "https://x.example/r4;/../../z"} {
		f.Add(s)
	}
	c := &client{base: &url.URL{Scheme: "https", Host: "x.example", Path: "/r4"}}
	f.Fuzz(func(t *testing.T, link string) {
		u, err := c.follow(link)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || !strings.EqualFold(again.Hostname(), "x.example") || again.Scheme != "https" || again.User != nil {
			t.Fatalf("leads to %v (%v)", again, err)
		}
		if p := again.Path; p != "/r4" && !strings.HasPrefix(p, "/r4/") {
			t.Fatalf("leads out of the base path: %s", fmt.Sprintf("%q", p))
		}
	})
}
