package fhir_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// alone is a stage whose server sends no patients along, with the patients asked
// for in a way.
func alone(t *testing.T, way string) (*stage, *gatewaytest.Shelf) {
	t.Helper()
	s, shelf := play(t, smallPages), gatewaytest.NewShelf()
	s.sim.SetFaults(fhirsim.Faults{NoInclude: true})
	s.adapter = joinWith(t, s.server.URL+fhirsim.Base, gateway.Surroundings{Clock: s.clock, Trial: true, Shelf: shelf}, func(c *fhir.Config) {
		smallPages(c)
		c.Patients = way
	})
	return s, shelf
}

// asked says how many requests for patients a read cost, in lists and alone.
func asked(s *stage) (lists, single int) {
	for _, p := range s.diary.People() {
		single += s.sim.Calls(fhirsim.Base + "/Patient/" + strconv.Itoa(p.ID))
	}
	return s.sim.Calls(fhirsim.Base + "/Patient/_search"), single
}

func TestPatientsInListsTellTheSameAsOneByOne(t *testing.T) {
	want := map[int64]gateway.Appointment{}
	for _, way := range []string{"each", "batch", "changed"} {
		s, _ := alone(t, way)
		cases := surgery.Forty(s.diary, monday, 7)
		for range 2 {
			feed := s.read(t)
			if len(feed.Appointments) != len(cases) || !feed.Complete || len(feed.Notes) != 0 {
				t.Errorf("%s: %d appointments, complete %t, notes %q", way, len(feed.Appointments), feed.Complete, feed.Notes)
			}
			if len(want) == 0 {
				want = byStart(feed)
			}
			for start, a := range byStart(feed) {
				if a != want[start] {
					t.Errorf("%s: the visit at %v differs", way, a.Start)
				}
			}
		}
		lists, single := asked(s)
		if way == "each" && (lists != 0 || single != 80) || way != "each" && (lists != 2 || single != 0) {
			t.Errorf("%s: %d lists and %d patients alone for two reads", way, lists, single)
		}
	}
}

func TestOnlyPatientsThatChangedAreToldAgain(t *testing.T) {
	s, _ := alone(t, "changed")
	cases := surgery.Forty(s.diary, monday, 7)
	s.clock.Advance(time.Hour) // or all would have changed just before they are told
	s.read(t)
	s.clock.Advance(time.Hour)
	v, _ := s.diary.Visit(cases[20].Slot)
	s.diary.Edit(v.Person, func(p *surgery.Person) { p.Mobile = "07700 900998" })
	s.diary.Edit(1013, func(p *surgery.Person) { p.Died = s.clock.Now() })
	told := map[string]int{}
	s.between(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &tally{ResponseWriter: w}
		s.sim.ServeHTTP(rec, r)
		told[r.URL.Path] += strings.Count(string(rec.body), `"resourceType":"Patient"`)
	}))
	feed := s.read(t)
	if n := told[fhirsim.Base+"/Patient/_search"]; n != 2 {
		t.Errorf("%d patients were told again, want the 2 that changed", n)
	}
	seen := 0
	for _, a := range feed.Appointments {
		switch {
		case a.Patient.Mobile == gateway.NewPhone("+447700900998"), a.Patient.ID == "1013" && a.Patient.Deceased == gateway.FlagYes:
			seen++
		}
	}
	if seen != 2 || len(feed.Appointments) != len(cases) {
		t.Errorf("%d of 2 changes are seen, %d appointments", seen, len(feed.Appointments))
	}
	s.clock.Advance(12 * time.Hour)
	s.read(t)
	if n := told[fhirsim.Base+"/Patient/_search"]; n < 40 {
		t.Errorf("after half a day %d patients were told anew, want all", n-2)
	}
}

// tally keeps what is written.
type tally struct {
	http.ResponseWriter
	body []byte
}

// Write passes on and keeps.
func (t *tally) Write(b []byte) (int, error) {
	t.body = append(t.body, b...)
	return t.ResponseWriter.Write(b)
}

func TestAServerThatTakesNoListsIsAskedOneByOne(t *testing.T) {
	for _, way := range []string{"batch", "changed"} {
		s, _ := alone(t, way)
		cases := surgery.Forty(s.diary, monday, 7)
		s.sim.SetFaults(fhirsim.Faults{NoInclude: true, NoBatch: true})
		feed := s.read(t)
		if len(feed.Appointments) != len(cases) || len(feed.Unreadable) != 0 || !slices.Equal(feed.Notes, []string{"the clinical system does not give whole lists of patients; those that are missing were asked for one by one"}) {
			t.Errorf("%s: %d appointments, unreadable %v, notes %q", way, len(feed.Appointments), feed.Unreadable, feed.Notes)
		}
	}
}

func TestAShelfThatFailsOrForgetsCostsNoTruth(t *testing.T) {
	s, shelf := alone(t, "changed")
	surgery.Forty(s.diary, monday, 7)
	s.read(t)
	shelf.Fail(errors.New("out of reach"))
	feed, err := s.adapter.Read(t.Context(), s.span)
	if err == nil || feed.Complete {
		t.Error("a read goes on without knowing what it remembers")
	}
	shelf.Fail(nil)
	if err := shelf.Each(t.Context(), "patient/", func(k gateway.Kept) error {
		return shelf.Put(t.Context(), gateway.Kept{Key: k.Key, Value: []byte(`{"told":"2026-11-16T09:00:00Z","resource":{"id":"7"}}`), Seen: k.Seen})
	}); err != nil {
		t.Fatal(err)
	}
	if feed := s.read(t); len(feed.Appointments) != 41 || feed.Appointments[20].Patient.Mobile.IsZero() {
		t.Error("what is remembered wrongly is believed")
	}
}

func TestWhatIsRememberedHoldsNoMoreThanIsRead(t *testing.T) {
	s, shelf := alone(t, "changed")
	surgery.Forty(s.diary, monday, 7)
	s.read(t)
	var all []byte
	if err := shelf.Each(t.Context(), "", func(k gateway.Kept) error { all = append(all, k.Value...); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Error("nothing is remembered")
	}
	kept := string(all)
	for _, p := range s.diary.People() {
		child := gateway.NewBirth(p.Born.Date()).AgeOn(monday) != gateway.AgeAdult
		if strings.Contains(kept, p.Born.Format(time.DateOnly)) != child {
			t.Errorf("of somebody born in %d a date of birth is remembered: %t", p.Born.Year(), !child)
		}
	}
	adaptertest.AssertQuiet(t, adaptertest.Secrets(s.diary), s.adapter)
}

func TestRememberingNeedsAShelf(t *testing.T) {
	_, err := fhir.New(fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "none"}, Patients: "changed"}, gateway.Surroundings{Clock: gatewaytest.NewClock(monday)})
	if err == nil {
		t.Error("no error")
	}
}
