package cliniko_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// writing puts something else in place of every adult's date of birth.
func writing(raw string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				if k != "Content-Length" {
					w.Header()[k] = v
				}
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(strings.ReplaceAll(rec.Body.String(), `"date_of_birth":"1960-05-04"`, raw)))
		})
	}
}

func TestADateOfBirthIsADayOrUnclearAndStaysSoOnTheShelf(t *testing.T) {
	for raw, want := range map[string]gateway.AgeBand{
		`"date_of_birth":"1960-05-04"`: gateway.AgeAdult, `"date_of_birth":"2013-05-04"`: gateway.Age11To15, `"date_of_birth":"2009-11-24"`: gateway.Age16To17,
		`"date_of_birth":null`: gateway.AgeUnsaid, `"date_of_birth":""`: gateway.AgeUnsaid, `"nothing":1`: gateway.AgeUnsaid,
		`"date_of_birth":"2013"`: gateway.AgeUnclear, `"date_of_birth":20130504`: gateway.AgeUnclear, `"date_of_birth":{"y":1}`: gateway.AgeUnclear,
		`"date_of_birth":"2013-02-30"`: gateway.AgeUnclear, `"date_of_birth":"1900-01-01"`: gateway.AgeUnclear,
	} {
		s := play(t, nil, writing(raw))
		s.book(monday.AddDate(0, 0, 7))
		for _, when := range []string{"at once", "from the shelf", "by what changed"} {
			if when == "by what changed" {
				s.later(5 * time.Minute)
			}
			if when != "at once" {
				s.join(t)
			}
			a := s.whole(t).Appointments[0]
			if got := a.Patient.Born.AgeOn(a.Start); got != want {
				t.Errorf("%s, %s: band %d, want %d", raw, when, got, want)
			}
		}
	}
}

func TestTheDateOfBirthOfAnAdultIsNotKept(t *testing.T) {
	s := play(t, nil, nil)
	_, adult := s.book(monday.AddDate(0, 0, 7))
	_, child := s.book(monday.AddDate(0, 0, 8))
	s.diary.Edit(adult, func(p *surgery.Person) { p.Given = "Old" })
	s.diary.Edit(child, func(p *surgery.Person) { p.Born = time.Date(2013, time.May, 4, 0, 0, 0, 0, time.UTC) })
	s.whole(t)
	found := map[string]bool{}
	err := s.shelf.Each(t.Context(), "", func(k gateway.Kept) error {
		for _, date := range []string{"1960", "2013-05-04"} {
			found[date] = found[date] || bytes.Contains(k.Value, []byte(date))
		}
		return nil
	})
	if err != nil || found["1960"] || !found["2013-05-04"] {
		t.Errorf("on the shelf: %v, %v", found, err)
	}
}

func TestTheTypesNameIsTheClinic(t *testing.T) {
	s := play(t, nil, nil)
	slot, _ := s.book(monday.AddDate(0, 0, 7))
	for name, want := range map[string]gateway.ClinicClass{"": gateway.ClinicUnknown, "Sexual health": gateway.ClinicSensitive, "Pilates": gateway.ClinicUnknown} {
		s.diary.Change(slot, func(v *surgery.Visit) { v.Clinic = name })
		s.later(2 * time.Hour) // types are read once an hour
		a := s.whole(t).Appointments[0]
		again, err := s.adapter.Reread(t.Context(), a)
		for _, got := range []gateway.ClinicName{a.Clinic, again.Clinic} {
			if class := (gateway.Clinics{}).Class(got); err != nil || class != want {
				t.Errorf("%q: class %d, want %d (%v)", name, class, want, err)
			}
		}
	}
}
