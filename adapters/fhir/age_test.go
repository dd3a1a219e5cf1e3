package fhir_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// pages is a search of two pages, each with what it says of itself.
func pages(first, second string) shelf {
	page := func(own, link string) string {
		return `{"resourceType":"Bundle","type":"searchset"` + own + `,"link":[` + link + `]}`
	}
	return shelf{
		"/r4/Appointment": page(first, `{"relation":"next","url":"{base}/more"}`),
		"/r4/more":        page(second, ""),
	}
}

func TestTheDiaryIsAsOldAsItsOldestPageSays(t *testing.T) {
	for what, c := range map[string]struct {
		first, second string
		want          time.Duration // before the question
	}{
		"neither page says anything":             {"", "", 0},
		"both were put together now":             {`,"timestamp":"2026-11-16T10:00:00Z"`, `,"meta":{"lastUpdated":"2026-11-16T10:00:00Z"}`, 0},
		"the first was put together before":      {`,"meta":{"lastUpdated":"2026-11-16T07:00:00.000+00:00"}`, "", 3 * time.Hour},
		"the second was put together before":     {"", `,"timestamp":"2026-11-16T08:00:00+01:00"`, 3 * time.Hour},
		"one page has two words":                 {`,"timestamp":"2026-11-16T08:00:00Z","meta":{"lastUpdated":"2026-11-16T07:00:00Z"}`, "", 3 * time.Hour},
		"the clock of the server runs ahead":     {`,"timestamp":"2026-11-16T13:00:00Z"`, "", 0},
		"the clock of the server is a bit late":  {`,"timestamp":"2026-11-16T09:58:00Z"`, "", 0},
		"it is no moment, or the one of nothing": {`,"timestamp":7,"meta":"x"`, `,"timestamp":"0001-01-01T00:00:00Z","meta":{"lastUpdated":"2026-11-16"}`, 0},
	} {
		feed, err := shelved(t, pages(c.first, c.second)).Read(t.Context(), fortnight)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got := monday.Sub(feed.AsOf); got != c.want {
			t.Errorf("%s: %v old, want %v", what, got, c.want)
		}
		if told := len(feed.Notes) > 0; told != (c.want > 0) {
			t.Errorf("%s: the operator is told %q", what, feed.Notes)
		}
	}
}

// kept makes a cache that says of its answers for paths with a word in them that
// it has had them for ten minutes.
func kept(word string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, word) {
			w.Header().Set("Age", "600")
		}
		next.ServeHTTP(w, r)
	})
}

// between puts a handler between a stage's simulator and its adapter.
func (s *stage) between(t *testing.T, h http.Handler) {
	t.Helper()
	s.server.Config.Handler = h
}

func TestTheDiaryIsAsOldAsAPatientThatACacheKept(t *testing.T) {
	s := play(t, nil)
	s.one(t)
	s.sim.SetFaults(fhirsim.Faults{NoInclude: true})
	s.between(t, kept("/Patient/", s.sim))
	if feed, want := s.read(t), monday.Add(-10*time.Minute); !feed.AsOf.Equal(want) {
		t.Errorf("as of %v, want %v", feed.AsOf, want)
	}
}

func TestALookIntoACacheIsAnErrorWhicheverAnswerItKept(t *testing.T) {
	for _, word := range []string{"/Appointment/", "/Patient/"} {
		for what, change := range map[string]func(d *surgery.Diary, slot int){
			"unchanged": func(*surgery.Diary, int) {},
			"changed":   func(d *surgery.Diary, slot int) { d.Change(slot, func(*surgery.Visit) {}) },
		} {
			s := play(t, nil)
			slot, _, a := s.one(t)
			change(s.diary, slot)
			s.between(t, kept(word, s.sim))
			if again, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, outbound.ErrOld) || again != (gateway.Appointment{}) {
				t.Errorf("%s, kept for ten minutes, the visit %s: error %v", word, what, err)
			}
		}
	}
}

func TestAnOldWordThatNothingIsBookedDoesNotCancel(t *testing.T) {
	s := play(t, nil)
	slot, _, a := s.one(t)
	s.diary.Remove(slot)
	s.between(t, kept("/Appointment/", s.sim))
	if _, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, outbound.ErrOld) {
		t.Errorf("error %v", err)
	}
}

func TestAFrozenServerThatTellsItsDiaryAsNewCannotBeNoticed(t *testing.T) {
	s := play(t, nil)
	slot, _, _ := s.one(t)
	s.sim.SetFaults(fhirsim.Faults{Frozen: true})
	s.diary.Cancel(slot)
	s.clock.Advance(3 * time.Hour)
	feed := s.read(t)
	if len(feed.Appointments) != 1 || feed.Appointments[0].Status != gateway.StatusBooked || !feed.AsOf.Equal(s.clock.Now()) {
		t.Error("the frozen diary moved, or says that it is old")
	}
	s.sim.SetFaults(fhirsim.Faults{})
	if feed := s.read(t); feed.Appointments[0].Status != gateway.StatusCancelled {
		t.Error("the thawed diary is not the new one")
	}
}
