package fhirsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

func start(t *testing.T) (*surgery.Diary, []surgery.Case, string) {
	t.Helper()
	clock := gateway.ClockFunc(func() time.Time { return monday })
	d := surgery.New(clock)
	cases := surgery.Forty(d, monday, 7)
	server := httptest.NewServer(fhirsim.New(d, clock))
	t.Cleanup(server.Close)
	return d, cases, server.URL
}

// ask carries out one request and gives status and body.
func ask(t *testing.T, method, address, contentType, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

const form = "application/x-www-form-urlencoded"

func TestAPersonPlaysTheReceptionistWithCurl(t *testing.T) {
	d, cases, base := start(t)
	slot := cases[12].Slot
	person, _ := d.Visit(slot)
	at := base + "/sim/visits/" + strconv.Itoa(slot)
	for _, step := range []struct {
		path, contentType, body string
		status                  int
		holds                   func() bool
	}{
		{at + "/move", form, url.Values{"start": {"2026-11-24T09:00:00Z"}}.Encode(), 204, func() bool {
			v, _ := d.Visit(slot)
			return v.Start.Equal(time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC))
		}},
		{at + "/move", form, "start=tomorrow", 400, func() bool { return true }},
		{at + "/cancel", form, "", 204, func() bool { v, _ := d.Visit(slot); return v.Status == gateway.StatusCancelled }},
		{base + "/sim/visits/1/remove", form, "", 400, func() bool { return true }},
		{base + "/sim/visits/1/cancel", form, "", 400, func() bool { return true }},
		{base + "/sim/people/" + strconv.Itoa(person.Person), form, "mobile=07700+900999&died=yes", 204, func() bool {
			p, _ := d.Person(person.Person)
			return p.Mobile == "07700 900999" && p.Died.Equal(monday) && p.Deducted.IsZero()
		}},
		{base + "/sim/people/" + strconv.Itoa(person.Person), form, "died=&deducted=2026-11-01&declined=yes", 204, func() bool {
			p, _ := d.Person(person.Person)
			return p.Died.IsZero() && p.Deducted.Format(time.DateOnly) == "2026-11-01" && p.Declined
		}},
		{base + "/sim/people/7", form, "died=yes", 400, func() bool { return true }},
		{base + "/sim/faults", "application/json", `{"fail_page":2}`, 200, func() bool { return true }},
		{base + "/sim/faults", "application/json", `{"fail_pages":2}`, 400, func() bool { return true }},
	} {
		if status, _, body := ask(t, http.MethodPost, step.path, step.contentType, step.body); status != step.status || !step.holds() {
			t.Errorf("%s: status %d, want %d: %s", step.path, status, step.status, body)
		}
	}
	_, _, faults := ask(t, http.MethodGet, base+"/sim/faults", "", "")
	if !strings.Contains(faults, `"fail_page":2`) {
		t.Errorf("faults are %s", faults)
	}
	_, _, visits := ask(t, http.MethodGet, base+"/sim/visits", "", "")
	var list []any
	if err := json.Unmarshal([]byte(visits), &list); err != nil || len(list) != len(cases) {
		t.Errorf("%d visits listed, error %v", len(list), err)
	}
}

type page struct {
	Total int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		Resource struct{ ResourceType, ID string }
		Search   struct{ Mode string }
	}
}

func search(t *testing.T, address string, header ...string) (int, page) {
	t.Helper()
	status, _, body := ask(t, http.MethodGet, address, "", "", header...)
	var p page
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	return status, p
}

func TestEveryVisitStandsOnExactlyOnePage(t *testing.T) {
	_, cases, base := start(t)
	seen := map[string]int{}
	next, pages := base+"/fhir/Appointment?date=ge2026-11-23&date=lt2026-11-24&_count=15&_include=Appointment:patient", 0
	for next != "" {
		_, p := search(t, next)
		if p.Total != len(cases) {
			t.Errorf("page %d counts %d", pages, p.Total)
		}
		pages++
		next = ""
		for _, l := range p.Link {
			if l.Relation == "next" {
				next = l.URL
			}
		}
		for _, e := range p.Entry {
			if e.Search.Mode == "match" {
				seen[e.Resource.ID]++
			}
		}
	}
	if len(seen) != len(cases) || pages != 3 {
		t.Errorf("%d visits on %d pages", len(seen), pages)
	}
	for _, n := range seen {
		if n != 1 {
			t.Errorf("a visit stands on %d pages", n)
		}
	}
}

func TestSearchParametersNarrow(t *testing.T) {
	d, cases, base := start(t)
	d.Cancel(cases[0].Slot)
	v, _ := d.Visit(cases[1].Slot)
	for query, want := range map[string]int{
		"date=2026-11-23": len(cases), "date=eq2026-11-24": 0, "date=gt2026-11-23": 0, "date=le2026-11-23": len(cases),
		"date=ge2026-11-23T09:10:00Z&date=lt2026-11-23T09:30:00Z": 2,
		"status=cancelled": 1, "status=booked,cancelled": len(cases), "patient=" + strconv.Itoa(v.Person): 1,
		"patient=Patient/" + strconv.Itoa(v.Person): 1, "location=5": len(cases), "location=6": 0,
	} {
		if _, p := search(t, base+"/fhir/Appointment?"+query); p.Total != want {
			t.Errorf("%s: %d, want %d", query, p.Total, want)
		}
	}
	if status, _ := search(t, base+"/fhir/Appointment?date=yesterday"); status != http.StatusBadRequest {
		t.Errorf("a bad date answers %d", status)
	}
	if status, _ := search(t, base+"/fhir/Appointment?colour=red", "Prefer", "handling=strict"); status != http.StatusBadRequest {
		t.Errorf("strict handling of an unknown parameter answers %d", status)
	}
	_, p := search(t, base+"/fhir/Appointment?colour=red&_count=1")
	if last := p.Entry[len(p.Entry)-1]; last.Resource.ResourceType != "OperationOutcome" || last.Search.Mode != "outcome" {
		t.Error("an unknown parameter is ignored without a word")
	}
}

func TestReadsCarryTagsAndRememberWhatWasThere(t *testing.T) {
	d, cases, base := start(t)
	v, _ := d.Visit(cases[0].Slot)
	at := base + "/fhir/Appointment/" + strconv.Itoa(v.Slot) + "-" + strconv.Itoa(v.Person)
	status, header, _ := ask(t, http.MethodGet, at, "", "")
	if status != 200 || header.Get("ETag") != `W/"1"` {
		t.Errorf("status %d, tag %s", status, header.Get("ETag"))
	}
	if status, _, _ := ask(t, http.MethodGet, at, "", "", "If-None-Match", `W/"1"`); status != http.StatusNotModified {
		t.Errorf("unchanged answers %d", status)
	}
	d.Cancel(v.Slot)
	if status, _, body := ask(t, http.MethodGet, at, "", "", "If-None-Match", `W/"1"`); status != 200 || !strings.Contains(body, `"cancelled"`) {
		t.Errorf("cancelled answers %d", status)
	}
	d.Remove(v.Slot)
	if status, _, _ := ask(t, http.MethodGet, at, "", ""); status != http.StatusGone {
		t.Errorf("removed answers %d", status)
	}
	if status, _, _ := ask(t, http.MethodGet, base+"/fhir/Appointment/1-1", "", ""); status != http.StatusNotFound {
		t.Errorf("one that never was answers %d", status)
	}
}
