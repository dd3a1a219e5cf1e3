package fhir_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestAnUnchangedVisitIsNotSentAgainButItsPatientIs(t *testing.T) {
	s := play(t, nil)
	_, person, a := s.one(t)
	s.clock.Advance(time.Minute)
	s.diary.Edit(person, func(p *surgery.Person) { p.Mobile = "07700 900777" })
	now, err := s.adapter.Reread(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	want := a
	want.Patient.Mobile = gateway.NewPhone("+447700900777")
	if now != want {
		t.Error("not the same visit with the new number")
	}
}

func TestAVisitLookedAtAgain(t *testing.T) {
	for _, test := range []struct {
		what   string
		change func(s *stage, slot, person int)
		status gateway.Status
	}{
		{"moved", func(s *stage, slot, _ int) { s.diary.Move(slot, monday.AddDate(0, 0, 8)) }, gateway.StatusBooked},
		{"cancelled", func(s *stage, slot, _ int) { s.diary.Cancel(slot) }, gateway.StatusCancelled},
		{"deleted", func(s *stage, slot, _ int) { s.diary.Remove(slot) }, gateway.StatusCancelled},
		{"arrived", func(s *stage, slot, _ int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusArrived })
		}, gateway.StatusArrived},
		{"in a state that nobody has heard of", func(s *stage, slot, _ int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusUnknown })
		}, gateway.StatusUnknown},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, nil)
			slot, person, a := s.one(t)
			test.change(s, slot, person)
			now, err := s.adapter.Reread(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if now.Status != test.status || now.ID != a.ID || now.Patient.ID != a.Patient.ID {
				t.Errorf("status %d, want %d", now.Status, test.status)
			}
			if moved := !now.Start.Equal(a.Start); moved != (test.what == "moved") {
				t.Errorf("start is %v", now.Start)
			}
		})
	}
}

func TestAServerThatCannotTellHoldsTheText(t *testing.T) {
	for _, test := range []struct {
		what   string
		faults fhirsim.Faults
	}{
		{"server error", fhirsim.Faults{Status: 503}},
		{"half an answer", fhirsim.Faults{Truncate: true}},
		{"a log-in page", fhirsim.Faults{HTML: true}},
		{"credentials refused", fhirsim.Faults{Status: 401}},
		{"access refused", fhirsim.Faults{Status: 403}},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, nil)
			_, _, a := s.one(t)
			s.sim.SetFaults(test.faults)
			now, err := s.adapter.Reread(t.Context(), a)
			if err == nil || now != (gateway.Appointment{}) {
				t.Error("an answer although nothing was learnt")
			}
			if denied := test.faults.Status == 401 || test.faults.Status == 403; errors.Is(err, gateway.ErrSourceDenied) != denied {
				t.Errorf("got %v", err)
			}
			adaptertest.AssertQuiet(t, append(adaptertest.Secrets(s.diary), string(a.ID)), err)
		})
	}
}

func TestAGroupVisitIsLookedAtUnderItsAppointment(t *testing.T) {
	shelf := shelf{"/r4/Appointment": group("accepted"), "/r4/Appointment/77": one(group("accepted"))}
	addPeople(shelf)
	a := shelved(t, shelf)
	feed, err := a.Read(t.Context(), fortnight)
	if err != nil || len(feed.Appointments) != 2 {
		t.Fatalf("%d appointments, error %v", len(feed.Appointments), err)
	}
	second := feed.Appointments[1]
	if now, err := a.Reread(t.Context(), second); err != nil || now != second {
		t.Errorf("not the same visit; error %v", err)
	}
	shelf["/r4/Appointment/77"] = one(group("declined"))
	if now, err := a.Reread(t.Context(), second); err != nil || now.Status != gateway.StatusCancelled || now.ID != second.ID {
		t.Errorf("a visit that was declined has status %d; error %v", now.Status, err)
	}
	delete(shelf, "/r4/Appointment/77")
	if now, err := a.Reread(t.Context(), second); err != nil || now.Status != gateway.StatusCancelled {
		t.Errorf("a group that is gone has status %d; error %v", now.Status, err)
	}
}

func TestAPatientWhoIsGoneHoldsTheText(t *testing.T) {
	shelf := shelf{"/r4/Appointment": group("accepted"), "/r4/Appointment/77": one(group("accepted"))}
	addPeople(shelf)
	a := shelved(t, shelf)
	feed, err := a.Read(t.Context(), fortnight)
	if err != nil || len(feed.Appointments) != 2 {
		t.Fatalf("%d appointments, error %v", len(feed.Appointments), err)
	}
	delete(shelf, "/r4/Patient/p1")
	if _, err := a.Reread(t.Context(), feed.Appointments[0]); err == nil {
		t.Error("no error although the patient's record is gone")
	}
}

// unchanged answers 304 for appointments and leaves the rest to the shelf.
type unchanged struct{ shelf }

// ServeHTTP answers one request.
func (u unchanged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("If-None-Match") == `W/"4"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	u.shelf.ServeHTTP(w, r)
}

func TestASensitiveAppointmentStaysSensitiveWhenItIsUnchanged(t *testing.T) {
	s := shelf{"/r4/Appointment": bundle(visit("5", `{"actor":{"reference":"Patient/p1"},"status":"accepted"}`, `,"meta":{"versionId":"4","security":[{"code":"R"}]}`))}
	addPeople(s)
	a := shelved(t, unchanged{s})
	feed, err := a.Read(t.Context(), fortnight)
	if err != nil || len(feed.Appointments) != 1 {
		t.Fatalf("%d appointments, error %v", len(feed.Appointments), err)
	}
	if now, err := a.Reread(t.Context(), feed.Appointments[0]); err != nil || now != feed.Appointments[0] || now.Patient.Restricted != gateway.FlagYes {
		t.Errorf("restricted %d, error %v", now.Patient.Restricted, err)
	}
}

func TestAnAnswerAboutAnotherAppointmentHoldsTheText(t *testing.T) {
	s := shelf{"/r4/Appointment": group("accepted"), "/r4/Appointment/77": strings.Replace(one(group("accepted")), `"id":"77"`, `"id":"78"`, 1)}
	addPeople(s)
	a := shelved(t, s)
	feed, err := a.Read(t.Context(), fortnight)
	if err != nil || len(feed.Appointments) != 2 {
		t.Fatalf("%d appointments, error %v", len(feed.Appointments), err)
	}
	if _, err := a.Reread(t.Context(), feed.Appointments[0]); err == nil {
		t.Error("no error")
	}
}
