package cliniko_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// questions shortens requests to "individual_appointments cancelled_at:* updated",
// in their order.
func questions(all []*http.Request) []string {
	var out []string
	for _, r := range all {
		word := strings.TrimPrefix(r.URL.Path, "/v1/")
		for _, q := range r.URL.Query()["q[]"] {
			field, _, _ := strings.Cut(q, ":")
			switch {
			case strings.HasSuffix(q, ":*"), strings.HasSuffix(q, ":?"):
				word += " " + q
			case field == "starts_at" && strings.Contains(q, "<"):
			default:
				word += " " + field
			}
		}
		if r.URL.Query().Get("per_page") == "1" {
			word += " count"
		}
		out = append(out, word)
	}
	return out
}

func TestWhatIsAskedInAFullReadAndAfterIt(t *testing.T) {
	s := play(t, nil, nil)
	s.book(monday.AddDate(0, 0, 7))
	in := s.diary.Book(surgery.Visit{Person: 1001, Start: monday.AddDate(0, 0, 8), Site: 5})
	s.sim.Group(in)
	s.whole(t)
	full := questions(s.asked.Take())
	s.later(5 * time.Minute)
	s.whole(t)
	changes := questions(s.asked.Take())
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"everything", full, []string{
			"individual_appointments starts_at cancelled_at:*", "individual_appointments starts_at archived_at:?", "individual_appointments starts_at deleted_at:?",
			"group_appointments starts_at", "group_appointments starts_at archived_at:?", "group_appointments starts_at deleted_at:?",
			"attendees booking_id cancelled_at:*", "patients id archived_at:*", "businesses archived_at:*", "appointment_types archived_at:*",
		}},
		{"what changed", changes, []string{
			"individual_appointments updated_at cancelled_at:*", "individual_appointments updated_at archived_at:*", "individual_appointments updated_at deleted_at:*",
			"group_appointments updated_at archived_at:*", "group_appointments updated_at deleted_at:*",
			"attendees updated_at cancelled_at:*", "attendees updated_at archived_at:*", "attendees updated_at deleted_at:*",
			"patients updated_at archived_at:*",
			"individual_appointments starts_at count", "group_appointments starts_at count", "attendees booking_id count",
		}},
	} {
		if strings.Join(c.got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: asked\n%s", c.what, strings.Join(c.got, "\n"))
		}
	}
}

func TestEveryRequestIsSignedNamedAndCounted(t *testing.T) {
	s := play(t, nil, nil)
	s.book(monday.AddDate(0, 0, 7))
	turns := 0
	s.adapter = adapterFor(t, s.config, gateway.Surroundings{Clock: s.clock, Trial: true, Shelf: s.shelf, Turn: func(ctx contextType) error {
		turns++
		return nil
	}})
	a := only(t, s.whole(t))
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := s.adapter.CancelAppointment(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if turns != s.sim.Requests() || turns == 0 {
		t.Errorf("%d requests, and %d were counted before", s.sim.Requests(), turns)
	}
	for _, r := range s.asked.Take() {
		user, password, _ := r.BasicAuth()
		if user != apiKey || password != "" || r.UserAgent() != userAgent || r.Header.Get("Accept") != "application/json" {
			t.Errorf("%s is not signed, or does not say who asks", r.URL.Path)
		}
	}
}

func TestABoundOnRequestsEndsTheRead(t *testing.T) {
	s := play(t, nil, nil)
	full := errors.New("no more requests")
	s.adapter = adapterFor(t, s.config, gateway.Surroundings{Clock: s.clock, Trial: true, Shelf: s.shelf, Turn: func(contextType) error { return full }})
	if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, full) || s.sim.Requests() != 0 {
		t.Errorf("error %v after %d requests", err, s.sim.Requests())
	}
}

func TestEverythingIsReadAgain(t *testing.T) {
	for what, c := range map[string]struct {
		do   func(t *testing.T, s *stage)
		full bool
	}{
		"not after five minutes":                   {func(_ *testing.T, s *stage) { s.later(5 * time.Minute) }, false},
		"not after a new start of the program":     {func(t *testing.T, s *stage) { s.later(5 * time.Minute); s.join(t) }, false},
		"after six hours":                          {func(_ *testing.T, s *stage) { s.later(6 * time.Hour) }, true},
		"when the clock was set back":              {func(_ *testing.T, s *stage) { s.later(-time.Minute) }, true},
		"when more days are asked for":             {func(_ *testing.T, s *stage) { s.span.To = s.span.To.AddDate(0, 0, 7) }, true},
		"when what was remembered is gone":         {func(t *testing.T, s *stage) { s.forget(t) }, true},
		"when what was remembered is of a version": {func(t *testing.T, s *stage) { s.damage(t, "cliniko/state", `{"version":99}`) }, true},
		"when what was remembered is damaged":      {func(t *testing.T, s *stage) { s.damageAll(t, `{"individuals":7}`) }, true},
		"when a record was deleted without a trace": {func(_ *testing.T, s *stage) {
			s.later(time.Minute)
			s.diary.Remove(88001)
		}, true},
		"when one was deleted without a trace and another was booked": {func(_ *testing.T, s *stage) {
			s.later(time.Minute)
			s.diary.Remove(88001)
			s.book(monday.AddDate(0, 0, 9))
		}, true},
		"when a class was deleted without a trace": {func(_ *testing.T, s *stage) {
			s.later(time.Minute)
			s.diary.Remove(88003)
		}, true},
		"when more changed than fits on a page": {func(_ *testing.T, s *stage) {
			s.later(10 * time.Minute)
			s.sim.SetFaults(clinikosim.Faults{PageSize: 1})
			s.diary.Move(88001, monday.AddDate(0, 0, 6))
			s.diary.Move(88002, monday.AddDate(0, 0, 5))
			s.later(10 * time.Second)
		}, true},
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, nil, nil)
			for i := range 3 {
				s.book(monday.AddDate(0, 0, 7+i))
			}
			s.sim.Group(88003)
			s.whole(t)
			s.asked.Take()
			c.do(t, s)
			feed := s.whole(t)
			want := 0
			for _, v := range s.diary.Visits() {
				want += map[bool]int{true: 1}[s.span.Has(v.Start)]
			}
			if len(feed.Appointments) != want {
				t.Errorf("%d appointments, want %d", len(feed.Appointments), want)
			}
			full := strings.Contains(strings.Join(questions(s.asked.Take()), "\n"), "individual_appointments starts_at cancelled_at:*")
			if full != c.full {
				t.Errorf("everything was read: %t", full)
			}
		})
	}
}

func TestChangesAreSeenWhateverTheyAre(t *testing.T) {
	for what, do := range map[string]func(s *stage, slot, person int){
		"moved":                       func(s *stage, slot, _ int) { s.diary.Move(slot, monday.AddDate(0, 0, 3)) },
		"cancelled":                   func(s *stage, slot, _ int) { s.diary.Cancel(slot) },
		"archived":                    func(s *stage, slot, _ int) { s.sim.Archive(slot) },
		"deleted":                     func(s *stage, slot, _ int) { s.sim.Delete(slot) },
		"archived and then cancelled": func(s *stage, slot, _ int) { s.sim.Archive(slot); s.diary.Cancel(slot) },
		"missed": func(s *stage, slot, _ int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusMissed })
		},
		"reminded by Cliniko": func(s *stage, slot, _ int) { s.sim.Remind(slot) },
		"a patient's number": func(s *stage, _, person int) {
			s.diary.Edit(person, func(p *surgery.Person) { p.Mobile = "07700 900777" })
		},
		"a patient's choice": func(s *stage, _, person int) { s.sim.SetReminderType(person, "Email") },
		"a patient archived": func(s *stage, _, person int) {
			s.diary.Edit(person, func(p *surgery.Person) { p.Deducted = s.clock.Now() })
		},
		"a patient merged": func(s *stage, _, person int) { s.sim.MergePerson(person) },
		"another patient's now": func(s *stage, slot, _ int) {
			_, other := s.book(monday.AddDate(0, 0, 60))
			s.diary.Change(slot, func(v *surgery.Visit) { v.Person = other })
		},
		"a new one":                      func(s *stage, _, _ int) { s.book(monday.AddDate(0, 0, 4)) },
		"one that moved into the days":   func(s *stage, _, _ int) { s.diary.Move(88002, monday.AddDate(0, 0, 4)) },
		"a class moved into the days":    func(s *stage, _, _ int) { s.diary.Move(88003, monday.AddDate(0, 0, 4)) },
		"one that moved out of the days": func(s *stage, slot, _ int) { s.diary.Move(slot, monday.AddDate(0, 0, 50)) },
		"the same second as the read":    func(s *stage, slot, _ int) { s.later(-time.Minute); s.diary.Cancel(slot) },
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, nil, nil)
			slot, person := s.book(monday.AddDate(0, 0, 7))
			s.book(monday.AddDate(0, 0, 40))
			s.book(monday.AddDate(0, 0, 41))
			s.sim.Group(88003)
			s.whole(t)
			s.later(time.Minute)
			do(s, slot, person)
			byChanges := s.whole(t)
			s.forget(t)
			byAll := s.whole(t)
			if got, want := booked(byChanges), booked(byAll); got != want {
				t.Errorf("by what changed:\n%swhole:\n%s", got, want)
			}
		})
	}
}

func TestOfTheLastClassThatLeavesTheDaysNothingStays(t *testing.T) {
	s := play(t, nil, nil)
	slot, _ := s.book(monday.AddDate(0, 0, 7))
	s.sim.Group(slot)
	only(t, s.whole(t))
	s.later(time.Minute)
	s.diary.Move(slot, monday.AddDate(0, 0, 50))
	if feed := s.whole(t); len(feed.Appointments) != 0 {
		t.Errorf("%d appointments", len(feed.Appointments))
	}
}

// booked writes down what of a feed bears on texts: those expected, and why not to
// text them. It holds our ids only.
func booked(f gateway.Feed) string {
	out := ""
	for _, a := range f.Appointments {
		if a.Status != gateway.StatusCancelled {
			out += fmt.Sprintln(a.ID, a.Start, a.Status, a.Reminded, a.Patient.MobileKind, a.Patient.Mobile.LastThree(), a.Patient.Left, a.Patient.Declined)
		}
	}
	return out
}

func TestTheMarkOfWhatIsLeftOutMayHideIt(t *testing.T) {
	s := play(t, nil, nil)
	slot, _ := s.book(monday.AddDate(0, 0, 7))
	s.sim.Archive(slot)
	s.sim.SetFaults(clinikosim.Faults{MarkHides: true})
	if feed := s.whole(t); booked(feed) != "" {
		t.Error("what is archived is booked")
	}
}

func TestRecordsOfAnOlderShapeReadTheSame(t *testing.T) {
	s := play(t, nil, nil)
	surgery.Forty(s.diary, monday, 7)
	now := booked(s.whole(t))
	s.forget(t)
	s.sim.SetFaults(clinikosim.Faults{OldShapes: true})
	if then := booked(s.whole(t)); then != now {
		t.Error("ids as numbers and empty texts for null read differently")
	}
	s.forget(t)
	s.sim.SetFaults(clinikosim.Faults{NoNormalized: true, Channels: true})
	if newer := booked(s.whole(t)); newer != now {
		t.Error("records of a newer shape read differently")
	}
}

func TestAServersClockMayDiffer(t *testing.T) {
	for _, ahead := range []time.Duration{-90 * time.Second, 0, time.Hour} {
		s := play(t, nil, nil)
		theirs := gateway.ClockFunc(func() time.Time { return s.clock.Now().Add(ahead) })
		s.diary = surgery.New(theirs)
		s.sim = clinikosim.New(s.diary, clinikosim.Options{Clock: theirs, Key: apiKey})
		s.config.BaseURL = serve(t, s.sim) + "/v1"
		s.join(t)
		slot, _ := s.book(monday.AddDate(0, 0, 7))
		s.whole(t)
		s.later(5 * time.Minute)
		s.whole(t)
		s.diary.Cancel(slot)
		s.later(time.Minute)
		if feed := s.whole(t); booked(feed) != "" || !feed.AsOf.Equal(s.clock.Now()) {
			t.Errorf("their clock is %v ahead: a cancellation was missed, or the read is as of %v", ahead, feed.AsOf)
		}
	}
}

func TestAShelfThatFailsIsAnErrorBeforeAnythingIsAsked(t *testing.T) {
	s := play(t, nil, nil)
	gone := errors.New("redis is away")
	s.shelf.Fail(gone)
	if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, gone) || s.sim.Requests() != 0 {
		t.Errorf("error %v after %d requests", err, s.sim.Requests())
	}
}

func TestAnErrorHoldsHostAndStatusOnly(t *testing.T) {
	for _, f := range []clinikosim.Faults{{Status: 500}, {Status: 404}, {Status: 400}, {Status: 503}, {Truncate: true}, {Page: true}, {Deny: true}, {Status: 403}} {
		s := play(t, nil, nil)
		a, _, _ := s.one(t)
		s.forget(t)
		s.sim.SetFaults(f)
		_, err := s.adapter.Read(t.Context(), s.span)
		_, again := s.adapter.Reread(t.Context(), a)
		if err == nil || again == nil && f.Status != 404 {
			t.Fatalf("no error with %+v", f)
		}
		cancelErr := s.adapter.CancelAppointment(t.Context(), a)
		writeErr := s.adapter.WriteDeclined(t.Context(), a.Patient)
		adaptertest.AssertQuiet(t, append(secrets(s), "1390726237", "1390710863", "starts_at", "v1/", "Simulated fault"), err, again, cancelErr, writeErr)
		if denied := f.Deny || f.Status == 403; denied != errors.Is(err, gateway.ErrSourceDenied) {
			t.Errorf("denied or not is told wrongly: %v", err)
		}
	}
}

func TestAnEmptySpanIsAnErrorAndAsksNothing(t *testing.T) {
	s := play(t, nil, nil)
	if _, err := s.adapter.Read(t.Context(), gateway.Span{From: monday, To: monday}); err == nil || s.sim.Requests() != 0 {
		t.Error("no error, or Cliniko was asked")
	}
}

func TestADiaryOfHundredsIsReadInAFewRequests(t *testing.T) {
	s := play(t, nil, nil)
	for i := range 300 {
		s.book(monday.Add(time.Duration(i+1) * time.Hour))
	}
	s.clock.Advance(10 * time.Minute)
	if feed := s.whole(t); len(feed.Appointments) != 300 {
		t.Errorf("%d appointments", len(feed.Appointments))
	}
	if n := s.sim.Requests(); n > 25 {
		t.Errorf("%d requests", n)
	}
	s.asked.Take()
	s.later(5 * time.Minute)
	s.whole(t)
	if n := len(s.asked.Take()); n > 9 {
		t.Errorf("%d requests for what changed", n)
	}
}
