package fhir_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// everyDay texts at any hour of any day, so that only the facts decide.
var everyDay = gateway.Policy{
	Hours:      gateway.Hours{Days: [7]bool{true, true, true, true, true, true, true}, To: 24 * 60, BankHolidays: true},
	StaleAfter: time.Hour,
}

func TestTheFortyPatientsEndWithTheirReasons(t *testing.T) {
	s := play(t, smallPages)
	cases := surgery.Forty(s.diary, monday, 7)
	feed := s.read(t)
	if !feed.Complete || len(feed.Notes) != 0 || len(feed.Unreadable) != 0 {
		t.Errorf("complete %t, notes %q, unreadable %v", feed.Complete, feed.Notes, feed.Unreadable)
	}
	byID := map[gateway.AppointmentID]gateway.Appointment{}
	for _, a := range feed.Appointments {
		byID[a.ID] = a
	}
	if len(byID) != len(cases) || len(feed.Appointments) != len(cases) {
		t.Fatalf("%d appointments with %d ids, want %d", len(feed.Appointments), len(byID), len(cases))
	}
	merged := gateway.Merge(feed.Appointments)
	for _, c := range cases {
		v, _ := s.diary.Visit(c.Slot)
		p, _ := s.diary.Person(v.Person)
		a, ok := byID[gateway.AppointmentID(strconv.Itoa(c.Slot)+"-"+strconv.Itoa(v.Person))]
		if !ok {
			t.Errorf("%s: not read", c.What)
			continue
		}
		want := gateway.Appointment{
			ID: a.ID, Start: v.Start, Site: "5", Mode: v.Mode, Status: gateway.StatusBooked, Version: "1", Clinic: a.Clinic,
			Patient: gateway.Patient{
				ID: gateway.PatientID(strconv.Itoa(p.ID)), Name: gateway.NewName(p.Given), NHSNumber: gateway.NewNHSNumber(p.NHSNumber),
				Mobile: a.Patient.Mobile, MobileKind: a.Patient.MobileKind,
				Deceased: when(c.Why == gateway.Deceased), Left: when(c.Why == gateway.LeftPractice),
				Born: gateway.NewBirth(p.Born.Date()),
			},
		}
		if a != want {
			t.Errorf("%s: the facts differ (start %v, want %v)", c.What, a.Start, want.Start)
		}
		if digits := strings.ReplaceAll(p.Mobile, " ", ""); c.Why == gateway.None && a.Patient.Mobile != gateway.NewPhone("+447700900"+digits[len(digits)-3:]) {
			t.Errorf("%s: another number", c.What)
		}
		owed := gateway.Owed{Due: monday, SendAt: monday.Add(time.Hour), Until: a.Start.Add(-time.Hour)}
		_, spokenFor := merged[a.ID]
		got := everyDay.Decide(a, owed, gateway.England, gateway.Moment{Now: monday, FeedAsOf: feed.AsOf, Merged: spokenFor})
		if got.Reason != c.Why {
			t.Errorf("%s: reason %q, want %q", c.What, got.Reason, c.Why)
		}
	}
}

func when(yes bool) gateway.Flag {
	if yes {
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

func TestAPageThatCannotBeTrustedGivesNoFeed(t *testing.T) {
	for _, test := range []struct {
		what   string
		faults fhirsim.Faults
	}{
		{"a server error on the first page", fhirsim.Faults{FailPage: 1}},
		{"a server error in the middle", fhirsim.Faults{FailPage: 3}},
		{"a server error on the last page", fhirsim.Faults{FailPage: 5}},
		{"a connection that breaks off in the middle", fhirsim.Faults{TruncatePage: 2}},
		{"half a JSON text", fhirsim.Faults{CutPage: 2}},
		{"a next link to another host", fhirsim.Faults{ForeignNext: "http://127.0.0.1:1/fhir"}},
		{"a next link to another scheme", fhirsim.Faults{ForeignNext: "file:///etc/passwd"}},
		{"a next link beside the base", fhirsim.Faults{ForeignNext: "/admin"}},
		{"next links that go round in a circle", fhirsim.Faults{LoopNext: true}},
		{"a request to wait for an hour", fhirsim.Faults{RateLimit: 1, RetryAfter: "3600"}},
		{"requests to wait without end", fhirsim.Faults{RateLimit: 1000, RetryAfter: "0"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, smallPages)
			surgery.Forty(s.diary, monday, 7)
			s.sim.SetFaults(test.faults)
			feed, err := s.adapter.Read(t.Context(), s.span)
			if err == nil || feed.Complete || len(feed.Appointments) > 0 {
				t.Fatalf("error %v, complete %t, %d appointments", err, feed.Complete, len(feed.Appointments))
			}
			adaptertest.AssertQuiet(t, append(adaptertest.Secrets(s.diary), "_getpages", "Appointment?", "/etc/passwd"), err)
		})
	}
}

func TestNoConnectionGoesToTheHostOfAForgedLink(t *testing.T) {
	var calls atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(other.Close)
	s := play(t, smallPages)
	surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(fhirsim.Faults{ForeignNext: other.URL + fhirsim.Base})
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
		t.Error("no error")
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

func TestOneBadEntryStopsNobody(t *testing.T) {
	s := play(t, smallPages)
	cases := surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(fhirsim.Faults{BrokenEntry: true})
	feed := s.read(t)
	want := []gateway.Unreadable{{Where: "page 1, entry 1", Why: "the appointment has a field of the wrong kind"}}
	if diff := cmp.Diff(want, feed.Unreadable); diff != "" {
		t.Error(diff)
	}
	if len(feed.Appointments) != len(cases)-1 || !feed.Complete {
		t.Errorf("%d appointments, complete %t", len(feed.Appointments), feed.Complete)
	}
}

func TestAServerInNeedOfRestIsGivenIt(t *testing.T) {
	s := play(t, smallPages)
	cases := surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(fhirsim.Faults{RateLimit: 2, RetryAfter: "1"})
	begun := time.Now()
	if feed := s.read(t); len(feed.Appointments) != len(cases) || !feed.Complete {
		t.Errorf("%d appointments, complete %t", len(feed.Appointments), feed.Complete)
	}
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("asked again after %v although twice a second was asked for", took)
	}
}

func TestStoppingEndsAWaitForTheServer(t *testing.T) {
	s := play(t, nil)
	s.sim.SetFaults(fhirsim.Faults{RateLimit: 1, RetryAfter: "50"})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := s.adapter.Read(ctx, s.span); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestIgnoredDatesAreFilteredHereAndTold(t *testing.T) {
	s := play(t, nil)
	_, _, mine := s.one(t)
	s.diary.Book(surgery.Visit{Person: 1001, Start: monday.AddDate(0, 2, 0), Site: 5})
	s.diary.Book(surgery.Visit{Person: 1001, Start: monday.AddDate(-1, 0, 0), Site: 5})
	s.sim.SetFaults(fhirsim.Faults{IgnoreParameters: true})
	feed := s.read(t)
	if len(feed.Appointments) != 1 || feed.Appointments[0] != mine || !feed.Complete {
		t.Errorf("%d appointments, complete %t", len(feed.Appointments), feed.Complete)
	}
	want := []string{
		"the clinical system sent a warning (not-supported): it may have ignored a search parameter",
		"2 appointments outside the dates asked for were left out; the clinical system may ignore the date parameter",
	}
	if diff := cmp.Diff(want, feed.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestPatientsThatDoNotComeAlongAreAskedForOnce(t *testing.T) {
	s := play(t, smallPages)
	cases := surgery.Forty(s.diary, monday, 7)
	whole := s.read(t)
	s.sim.SetFaults(fhirsim.Faults{NoInclude: true})
	feed := s.read(t)
	if diff := cmp.Diff(len(whole.Appointments), len(feed.Appointments)); diff != "" || len(feed.Unreadable) != 0 {
		t.Errorf("appointments: %s, unreadable: %d", diff, len(feed.Unreadable))
	}
	for i := range feed.Appointments {
		if feed.Appointments[i] != whole.Appointments[i] {
			t.Errorf("appointment %d differs", i)
		}
	}
	v, _ := s.diary.Visit(cases[len(cases)-1].Slot) // the patient with two visits
	if n := s.sim.Calls(fhirsim.Base + "/Patient/" + strconv.Itoa(v.Person)); n != 1 {
		t.Errorf("a patient with two visits was asked for %d times", n)
	}
}

func TestAnEmptyAnswerIsAnEmptyDiary(t *testing.T) {
	s := play(t, nil)
	surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(fhirsim.Faults{Empty: true})
	if feed := s.read(t); len(feed.Appointments) != 0 || !feed.Complete {
		t.Errorf("%d appointments, complete %t", len(feed.Appointments), feed.Complete)
	}
}

func TestTheWindowLimitsWhatAReadSpeaksFor(t *testing.T) {
	s := play(t, func(c *fhir.Config) { c.Window = 5 })
	near := s.diary.Register(surgery.Person{Given: "Nia", Mobile: "07700 900502"})
	s.diary.Book(surgery.Visit{Person: near, Start: monday.AddDate(0, 0, 4), Site: 5})
	s.diary.Book(surgery.Visit{Person: near, Start: monday.AddDate(0, 0, 6), Site: 5})
	feed := s.read(t)
	if len(feed.Appointments) != 1 || !feed.Covers.To.Equal(monday.AddDate(0, 0, 5)) {
		t.Errorf("%d appointments, speaks until %v", len(feed.Appointments), feed.Covers.To)
	}
	_, err := s.adapter.Read(t.Context(), gateway.Span{From: monday.AddDate(0, 0, 6), To: monday.AddDate(0, 0, 9)})
	if err == nil {
		t.Error("a span beyond the window gives no error")
	}
}

func TestTheSearchAsksForInstantsAndIncludes(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"searchset","total":0}`))
	}))
	t.Cleanup(server.Close)
	a := join(t, server.URL+"/r4/", gatewaytest.NewClock(monday), func(c *fhir.Config) {
		c.Query = fhir.Query{"location": {"1,2"}, "_count": {""}}
	})
	summer := time.Date(2026, time.November, 17, 0, 30, 0, 0, time.FixedZone("", 3600))
	if _, err := a.Read(t.Context(), gateway.Span{From: summer, To: monday.AddDate(0, 0, 3)}); err != nil {
		t.Fatal(err)
	}
	r := asked.Load()
	want := map[string][]string{
		"date":     {"ge2026-11-16T23:30:00Z", "lt2026-11-19T10:00:00Z"},
		"_include": {"Appointment:patient", "Appointment:location"},
		"location": {"1,2"},
	}
	if diff := cmp.Diff(want, map[string][]string(r.URL.Query())); diff != "" {
		t.Error(diff)
	}
	if r.URL.Path != "/r4/Appointment" || r.Header.Get("Prefer") != "" {
		t.Errorf("path %q, Prefer %q", r.URL.Path, r.Header.Get("Prefer"))
	}
}
