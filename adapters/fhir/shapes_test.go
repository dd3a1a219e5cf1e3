package fhir_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// byStart gives a feed's appointments without what a way of naming patients changes:
// their ids.
func byStart(f gateway.Feed) map[int64]gateway.Appointment {
	out := map[int64]gateway.Appointment{}
	for _, a := range f.Appointments {
		a.Patient.ID = ""
		out[a.Start.Unix()] = a
	}
	return out
}

func TestEveryWayToNameThePatientsOfADiaryTellsTheSame(t *testing.T) {
	for _, dialect := range []fhirsim.Dialect{fhirsim.R4, fhirsim.STU3} {
		s := play(t, smallPages)
		s.sim.Speak(dialect)
		cases := surgery.Forty(s.diary, monday, 7)
		want := byStart(s.read(t))
		for _, way := range []string{"versioned", "absolute", "urn", "logical", "contained"} {
			for _, drift := range []bool{false, true} {
				s.sim.SetFaults(fhirsim.Faults{References: way, Drift: drift})
				feed := s.read(t)
				if !feed.Complete || len(feed.Unreadable) != 0 || len(feed.Notes) != 0 || len(feed.Appointments) != len(cases) {
					t.Errorf("%s, %s: %d appointments, unreadable %v, notes %q", dialect, way, len(feed.Appointments), feed.Unreadable, feed.Notes)
				}
				for start, a := range byStart(feed) {
					if a != want[start] {
						t.Errorf("%s, %s, drifting %t: the visit at %v differs", dialect, way, drift, a.Start)
					}
				}
			}
		}
	}
}

func TestAPatientWhoCannotBeAskedForAgainHoldsTheText(t *testing.T) {
	for way, held := range map[string]bool{"versioned": false, "absolute": false, "logical": false, "contained": false, "urn": true} {
		s := play(t, nil)
		s.sim.SetFaults(fhirsim.Faults{References: way})
		_, _, a := s.one(t)
		now, err := s.adapter.Reread(t.Context(), a)
		if (err != nil) != held {
			t.Errorf("%s: error %v", way, err)
		}
		if err == nil && now != a {
			t.Errorf("%s: not the same visit", way)
		}
	}
}

func TestLinksToFurtherPagesOfEveryKindAreFollowed(t *testing.T) {
	for _, form := range []string{"", "relative", "path"} {
		s := play(t, smallPages)
		cases := surgery.Forty(s.diary, monday, 7)
		s.sim.SetFaults(fhirsim.Faults{NextForm: form})
		if feed := s.read(t); len(feed.Appointments) != len(cases) || !feed.Complete {
			t.Errorf("%q: %d appointments, complete %t", form, len(feed.Appointments), feed.Complete)
		}
	}
	s := play(t, smallPages)
	surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(fhirsim.Faults{NextForm: "self"})
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a last page that links to itself: %v", err)
	}
}

func TestACountOrAWarningThatContradictsTheAnswerMakesItIncomplete(t *testing.T) {
	for _, test := range []struct {
		what     string
		faults   fhirsim.Faults
		complete bool
	}{
		{"more are counted than come", fhirsim.Faults{TotalOff: 1}, false},
		{"fewer are counted than come", fhirsim.Faults{TotalOff: -1}, true},
		{"an error beside the answer", fhirsim.Faults{Outcome: "error processing"}, false},
		{"a part out of reach", fhirsim.Faults{Outcome: "warning incomplete"}, false},
		{"a remark", fhirsim.Faults{Outcome: "information informational"}, true},
	} {
		s := play(t, smallPages)
		cases := surgery.Forty(s.diary, monday, 7)
		s.sim.SetFaults(test.faults)
		if feed := s.read(t); len(feed.Appointments) != len(cases) || feed.Complete != test.complete {
			t.Errorf("%s: %d appointments, complete %t", test.what, len(feed.Appointments), feed.Complete)
		}
	}
}

func TestAVisitCalledOffInAnyFormIsNotBookedWhenItIsLookedAtAgain(t *testing.T) {
	for _, dialect := range []fhirsim.Dialect{fhirsim.R4, fhirsim.STU3, fhirsim.Millennium} {
		for _, form := range fhirsim.Forms {
			s := play(t, nil)
			s.sim.Speak(dialect)
			if dialect == fhirsim.Millennium {
				s.adapter = join(t, s.server.URL+fhirsim.Base, s.clock, byLocation)
			}
			slot, _, a := s.one(t)
			if !s.sim.CallOff(slot, form) {
				t.Fatalf("%s cannot be shown", form)
			}
			now, err := s.adapter.Reread(t.Context(), a)
			if err != nil || now.Status == gateway.StatusBooked || now.Status == gateway.StatusUnknown || !now.Start.Equal(a.Start) {
				t.Errorf("%s, %s: status %d, error %v", dialect, form, now.Status, err)
			}
		}
	}
}

func TestEveryRequestTakesItsTurn(t *testing.T) {
	var turns, requests atomic.Int64
	private, public := webKeys(t, "ES384", "k1")
	clock := gatewaytest.NewClock(monday)
	diary := surgery.New(clock)
	surgery.Forty(diary, monday, 7)
	sim := fhirsim.New(diary, clock)
	sim.RequireSMART(fhirsim.Client{ID: "bellman", Algorithm: "ES384", JWKS: keySet(t, public)})
	sim.SetFaults(fhirsim.Faults{NoInclude: true})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a, err := fhir.New(fhir.Config{BaseURL: server.URL + fhirsim.Base, Auth: fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{
		ClientID: "bellman", PrivateKey: private.secret(t),
	}}}, gateway.Surroundings{Clock: clock, Trial: true, Turn: turnCounter(&turns)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	feed, err := a.Read(t.Context(), gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Reread(t.Context(), feed.Appointments[0]); err != nil {
		t.Fatal(err)
	}
	// Two for the token, one page, forty patients, and the look before sending.
	if turns.Load() != requests.Load() || requests.Load() != 2+1+40+2 {
		t.Errorf("%d turns, %d requests", turns.Load(), requests.Load())
	}
}

func TestNothingIsAskedWithoutATurn(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	a, err := fhir.New(fhir.Config{BaseURL: server.URL, Auth: fhir.Auth{Type: "none"}}, gateway.Surroundings{
		Clock: gatewaytest.NewClock(monday), Trial: true, Turn: func(context.Context) error { return context.Canceled },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(t.Context(), fortnight); err == nil || requests.Load() != 0 {
		t.Errorf("error %v, %d requests", err, requests.Load())
	}
}

func TestMillenniumIsAskedForManyPlacesInSeveralSearches(t *testing.T) {
	var asked []string
	places := make([]string, 45)
	for i := range places {
		places[i] = strconv.Itoa(100 + i)
	}
	fail := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("location"))
		if len(q) != 3 || len(q["date"]) != 2 || q.Get("_count") != "100" || len(q["location"]) != 1 {
			t.Errorf("asked for %v", q)
		}
		if fail != "" && strings.Contains(q.Get("location"), fail) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(bundle(visit(strings.ReplaceAll(q.Get("location"), ",", "")[:3], `{"actor":{"reference":"#p"},"status":"accepted"}`, `,"contained":[{"resourceType":"Patient","id":"p"}]`),
			visit("7", `{"actor":{"reference":"#p"},"status":"accepted"}`, `,"contained":[{"resourceType":"Patient","id":"p"}]`))))
	}))
	t.Cleanup(server.Close)
	a := join(t, server.URL, gatewaytest.NewClock(monday), func(c *fhir.Config) { c.Server, c.Locations = "millennium", places })
	feed, err := a.Read(t.Context(), fortnight)
	if err != nil || !feed.Complete {
		t.Fatal(err, feed.Complete)
	}
	want := []string{strings.Join(places[:20], ","), strings.Join(places[20:40], ","), strings.Join(places[40:], ",")}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, v := range feed.Appointments {
		ids = append(ids, string(v.ID))
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"100", "120", "140", "7"}, ids); diff != "" {
		t.Errorf("a visit at two places counts once: %s", diff)
	}
	fail = "140"
	if feed, err := a.Read(t.Context(), fortnight); err == nil || len(feed.Appointments) != 0 {
		t.Error("a search that fails leaves half a diary")
	}
}

func TestWhatMayBeAskedForIsChecked(t *testing.T) {
	base := fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "none"}}
	for _, test := range []struct {
		what string
		edit func(*fhir.Config)
		want []string
	}{
		{"places of any server", func(c *fhir.Config) { c.Locations = []string{"1", "a-b.C"} }, nil},
		{"clinicians of Millennium", func(c *fhir.Config) { c.Server, c.Practitioners = "millennium", []string{"1"} }, nil},
		{"Millennium without either", func(c *fhir.Config) { c.Server = "millennium" }, []string{
			"locations: is missing: Millennium asks for locations or practitioners; the trust tells their ids",
		}},
		{"both", func(c *fhir.Config) { c.Locations, c.Practitioners = []string{"1"}, []string{"2"} }, []string{
			"practitioners: must not be given together with locations: a server that takes both would give only what fits both",
		}},
		{"a server of nobody", func(c *fhir.Config) { c.Server = "epic" }, []string{"server: must be standard or millennium"}},
		{"ids that are none", func(c *fhir.Config) { c.Locations = []string{"Location/1", "2,3", "4", "4"} }, []string{
			"locations[0]: is not an id of the server: letters, figures, - and . only, without the Location/ before it",
			"locations[1]: is not an id of the server: letters, figures, - and . only, without the Location/ before it",
			"locations[3]: stands there twice",
		}},
		{"in two places", func(c *fhir.Config) { c.Locations, c.Query = []string{"1"}, fhir.Query{"location": {"2"}} }, []string{"query.location: must stand in locations instead"}},
		{"a patient of Millennium", func(c *fhir.Config) {
			c.Server, c.Locations, c.Query = "millennium", []string{"1"}, fhir.Query{"patient": {"2"}}
		}, []string{"query.patient: is not taken by Millennium together with locations or practitioners; remove it"}},
	} {
		c := base
		test.edit(&c)
		var got []string
		for _, f := range c.Check(false) {
			got = append(got, f.Error())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.what, diff)
		}
	}
}

func turnCounter(n *atomic.Int64) func(context.Context) error {
	return func(context.Context) error { n.Add(1); return nil }
}
