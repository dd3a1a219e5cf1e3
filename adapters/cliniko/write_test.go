package cliniko_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/adapters/cliniko"
	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// changes keeps the bodies of what was to be changed.
type changes struct{ bodies []map[string]any }

func (c *changes) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			b, _ := io.ReadAll(r.Body)
			var m map[string]any
			_ = json.Unmarshal(b, &m)
			c.bodies = append(c.bodies, m)
			r.Body = io.NopCloser(strings.NewReader(string(b)))
		}
		next.ServeHTTP(w, r)
	})
}

func TestCancellingCancelsThisAppointmentOnly(t *testing.T) {
	var c changes
	s := play(t, nil, c.note)
	a, slot, person := s.one(t)
	other := s.diary.Book(surgery.Visit{Person: person, Start: monday.AddDate(0, 0, 8), Site: 5})
	if err := s.adapter.CancelAppointment(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if v, _ := s.diary.Visit(slot); v.Status != gateway.StatusCancelled {
		t.Error("it still stands")
	}
	if v, _ := s.diary.Visit(other); v.Status != gateway.StatusBooked {
		t.Error("another one is gone")
	}
	if len(c.bodies) != 1 || c.bodies[0]["cancellation_reason"] != 50.0 || c.bodies[0]["apply_to_repeats"] != false {
		t.Errorf("sent %v", c.bodies)
	}
}

func TestCancellingOneOfAClassLeavesTheOthers(t *testing.T) {
	s := play(t, func(c *cliniko.Config) { c.CancellationReason = 40 }, nil)
	slot, _ := s.book(monday.AddDate(0, 0, 7))
	other, _ := s.book(monday.AddDate(0, 0, 7))
	s.sim.Group(slot, other)
	feed := s.whole(t)
	if err := s.adapter.CancelAppointment(t.Context(), feed.Appointments[0]); err != nil {
		t.Fatal(err)
	}
	left := strings.Count(booked(s.whole(t)), "\n")
	if s.sim.Calls("PATCH attendees") != 1 || s.sim.Calls("PATCH individual_appointments") != 0 || left != 1 {
		t.Errorf("%d still come", left)
	}
}

func TestWhatIsNotAsItWasIsNotCancelled(t *testing.T) {
	for what, do := range map[string]func(s *stage, slot int){
		"moved": func(s *stage, slot int) { s.diary.Move(slot, monday.AddDate(0, 0, 6)) },
		"arrived": func(s *stage, slot int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusArrived })
		},
		"missed": func(s *stage, slot int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusMissed })
		},
		"begun":  func(s *stage, _ int) { s.clock.Advance(8 * 24 * time.Hour) },
		"unseen": func(s *stage, _ int) { s.sim.SetFaults(clinikosim.Faults{Status: 503}) },
		"denied": func(s *stage, _ int) { s.sim.SetFaults(clinikosim.Faults{Deny: true}) },
		"cached": func(s *stage, _ int) { s.sim.SetFaults(clinikosim.Faults{Cached: true}); s.clock.Advance(time.Hour) },
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, nil, nil)
			a, slot, _ := s.one(t)
			do(s, slot)
			if err := s.adapter.CancelAppointment(t.Context(), a); !errors.Is(err, gateway.ErrNotWritten) {
				t.Errorf("error %v", err)
			}
			if s.sim.Calls("PATCH individual_appointments") != 0 {
				t.Error("a change was tried")
			}
		})
	}
	s := play(t, nil, nil)
	if err := s.adapter.CancelAppointment(t.Context(), gateway.Appointment{ID: "88001-1"}); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("another system's id: %v", err)
	}
}

func TestWhatIsCancelledAlreadyIsDone(t *testing.T) {
	for what, do := range map[string]func(s *stage, slot, person int){
		"cancelled": func(s *stage, slot, _ int) { s.diary.Cancel(slot) },
		"removed":   func(s *stage, slot, _ int) { s.diary.Remove(slot) },
		"another patient's": func(s *stage, slot, _ int) {
			_, p := s.book(monday.AddDate(0, 0, 30))
			s.diary.Change(slot, func(v *surgery.Visit) { v.Person = p })
		},
	} {
		s := play(t, nil, nil)
		a, slot, person := s.one(t)
		do(s, slot, person)
		if err := s.adapter.CancelAppointment(t.Context(), a); err != nil || s.sim.Calls("PATCH individual_appointments") != 0 {
			t.Errorf("%s: error %v after %d tries", what, err, s.sim.Calls("PATCH individual_appointments"))
		}
	}
}

// failing breaks changes only, and lets everything be read.
func failing(status int, headers map[string]string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPatch {
				next.ServeHTTP(w, r)
				return
			}
			if status == 0 {
				next.ServeHTTP(discard{w.Header()}, r) // it happens, and nobody hears of it
				panic(http.ErrAbortHandler)
			}
			for k, v := range headers {
				w.Header().Set(k, v)
			}
			w.WriteHeader(status)
		})
	}
}

// discard throws an answer away.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)               {}

func TestAChangeIsTriedOnceAndWhatCameOfItIsToldHonestly(t *testing.T) {
	for what, c := range map[string]struct {
		status int
		not    bool // certainly not written
	}{
		"a server error": {500, false}, "a gateway's time-out": {504, false}, "a time-out": {408, false}, "a broken connection": {0, false}, "another place": {302, false},
		"not accepted": {422, true}, "not understood": {400, true}, "not there": {404, true}, "too many": {429, true}, "refused credentials": {401, true}, "no rights": {403, true},
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, nil, failing(c.status, nil))
			a, _, _ := s.one(t)
			for which, err := range map[string]error{
				"cancel": s.adapter.CancelAppointment(t.Context(), a), "prefer": s.adapter.WriteDeclined(t.Context(), a.Patient),
			} {
				if c.status == 429 && which == "prefer" && err != nil {
					continue // nothing is asked at all after the first refusal
				}
				if err == nil || errors.Is(err, gateway.ErrNotWritten) != c.not {
					t.Errorf("%s: %v", which, err)
				}
				if denied := c.status == 401 || c.status == 403; err != nil && errors.Is(err, gateway.ErrSourceDenied) != denied {
					t.Errorf("%s: denied is told wrongly: %v", which, err)
				}
			}
			tries := 0
			for _, r := range s.asked.Take() {
				tries += map[bool]int{true: 1}[r.Method == http.MethodPatch]
			}
			if tries > 2 {
				t.Errorf("%d tries for two changes", tries)
			}
		})
	}
}

func TestTextsAreTakenOutOfWhatThePatientChose(t *testing.T) {
	for _, newer := range []bool{false, true} {
		for _, c := range []struct {
			is, want string
			tries    int
		}{{"SMS & Email", "Email", 1}, {"SMS", "None", 1}, {"Email", "Email", 0}, {"None", "None", 0}} {
			var sent changes
			s := play(t, nil, sent.note)
			a, _, person := s.one(t)
			s.sim.SetFaults(clinikosim.Faults{Channels: newer})
			s.sim.SetReminderType(person, c.is)
			if err := s.adapter.WriteDeclined(t.Context(), a.Patient); err != nil {
				t.Fatalf("%s: %v", c.is, err)
			}
			s.later(time.Minute)
			if got := only(t, s.whole(t)); got.Patient.Declined != gateway.FlagYes {
				t.Errorf("%s: texts are still wanted", c.is)
			}
			field := map[bool]string{false: "reminder_type", true: "reminders_communication_channels"}[newer]
			if len(sent.bodies) != c.tries || c.tries == 1 && (len(sent.bodies[0]) != 1 || sent.bodies[0][field] == nil) {
				t.Errorf("%s: sent %v", c.is, sent.bodies)
			}
			if c.tries == 1 && !newer && sent.bodies[0][field] != c.want {
				t.Errorf("%s became %v, want %s", c.is, sent.bodies[0][field], c.want)
			}
		}
	}
}

func TestAChoiceThatIsNotUnderstoodIsNotWritten(t *testing.T) {
	s := play(t, nil, nil)
	a, _, person := s.one(t)
	s.sim.SetReminderType(person, "WhatsApp")
	if err := s.adapter.WriteDeclined(t.Context(), a.Patient); !errors.Is(err, gateway.ErrNotWritten) || s.sim.Calls("PATCH patients") != 0 {
		t.Errorf("error %v after %d tries", err, s.sim.Calls("PATCH patients"))
	}
	s.sim.DeletePerson(person)
	if err := s.adapter.WriteDeclined(t.Context(), a.Patient); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("a deleted patient: %v", err)
	}
	for _, id := range []gateway.PatientID{"", "../users", "1/archive", "x"} {
		if err := s.adapter.WriteDeclined(t.Context(), gateway.Patient{ID: id}); !errors.Is(err, gateway.ErrNotWritten) {
			t.Errorf("no patient's id: %v", err)
		}
	}
}

func TestAChangeThatTheAnswerDoesNotShowIsNotConfirmed(t *testing.T) {
	s := play(t, nil, nil)
	a, _, _ := s.one(t)
	s.sim.SetFaults(clinikosim.Faults{WriteIgnored: true})
	if err := s.adapter.WriteDeclined(t.Context(), a.Patient); err == nil || errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("error %v", err)
	}
	s.sim.SetFaults(clinikosim.Faults{WriteLost: true})
	if err := s.adapter.WriteDeclined(t.Context(), a.Patient); err == nil || errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("error %v", err)
	}
}
