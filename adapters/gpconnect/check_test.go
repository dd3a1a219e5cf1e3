package gpconnect_test

import (
	"errors"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/gpconnect"
	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

const (
	no      = gateway.FlagNo
	yes     = gateway.FlagYes
	unclear = gateway.FlagUnclear
)

func TestAVisitThatIsStillBookedIsLeftAsItIs(t *testing.T) {
	for _, match := range []string{"", "start", "id"} {
		s := play(t, func(c *gpconnect.Config) { c.Match = match })
		if s.check() != s.visit() {
			t.Errorf("match %q: the appointment was changed", match)
		}
		if n := s.sim.Asked(""); n != 2 {
			t.Errorf("match %q: %d requests, want 2", match, n)
		}
	}
}

func TestHowTheVisitStandsThere(t *testing.T) {
	again := func(s *stage, status gateway.Status, start time.Time) {
		s.diary.Book(surgery.Visit{Person: s.person, Start: start, Site: 5, Status: status})
	}
	for _, c := range []struct {
		what      string
		do        func(*stage)
		start, id gateway.Status
	}{
		{"cancelled", func(s *stage) { s.diary.Cancel(s.slot) }, gateway.StatusCancelled, gateway.StatusCancelled},
		{"arrived", func(s *stage) { s.change(gateway.StatusArrived) }, gateway.StatusArrived, gateway.StatusArrived},
		{"over", func(s *stage) { s.change(gateway.StatusFinished) }, gateway.StatusFinished, gateway.StatusFinished},
		{"missed", func(s *stage) { s.change(gateway.StatusMissed) }, gateway.StatusMissed, gateway.StatusMissed},
		{"pending", func(s *stage) { s.change(gateway.StatusNotBooked) }, gateway.StatusNotBooked, gateway.StatusNotBooked},
		{"moved the same day", func(s *stage) { s.diary.Move(s.slot, s.start.Add(time.Hour)) }, gateway.StatusUnknown, gateway.StatusUnknown},
		{"moved to another day", func(s *stage) { s.diary.Move(s.slot, s.start.AddDate(0, 0, 1)) }, gateway.StatusUnknown, gateway.StatusUnknown},
		{"not there any more", func(s *stage) { s.diary.Remove(s.slot) }, gateway.StatusUnknown, gateway.StatusUnknown},
		{"given to another patient", func(s *stage) {
			other := s.diary.Register(surgery.Person{Given: "Huw", Family: "Kerr", NHSNumber: "9990000131"})
			s.diary.Change(s.slot, func(v *surgery.Visit) { v.Person = other })
		}, gateway.StatusUnknown, gateway.StatusUnknown},
		{"cancelled, and booked again at the same time", func(s *stage) {
			s.diary.Cancel(s.slot)
			again(s, gateway.StatusBooked, s.start)
		}, gateway.StatusBooked, gateway.StatusCancelled},
		{"moved as the interface moves: cancelled, and another later", func(s *stage) {
			s.diary.Cancel(s.slot)
			again(s, gateway.StatusBooked, s.start.Add(2*time.Hour))
		}, gateway.StatusCancelled, gateway.StatusCancelled},
		{"booked twice", func(s *stage) { again(s, gateway.StatusBooked, s.start) }, gateway.StatusBooked, gateway.StatusBooked},
		{"cancelled, and missed once more", func(s *stage) {
			s.diary.Cancel(s.slot)
			again(s, gateway.StatusMissed, s.start)
		}, gateway.StatusUnknown, gateway.StatusCancelled},
	} {
		for match, want := range map[string]gateway.Status{"start": c.start, "id": c.id} {
			t.Run(c.what+"/"+match, func(t *testing.T) {
				s := play(t, func(p *gpconnect.Config) { p.Match = match })
				c.do(s)
				got := s.check()
				if got.Status != want || got.Start != s.start || got.ID != s.visit().ID {
					t.Errorf("status %d, want %d", got.Status, want)
				}
				laid, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{s.visit()})
				if err != nil || laid[0] != got {
					t.Errorf("the next read shows something else (error %v)", err)
				}
			})
		}
	}
}

func (s *stage) change(to gateway.Status) {
	s.diary.Change(s.slot, func(v *surgery.Visit) { v.Status = to })
}

func TestWhatThePracticeSaysOfThePatient(t *testing.T) {
	for what, c := range map[string]struct {
		do                         func(*surgery.Person)
		deceased, left, restricted gateway.Flag
	}{
		"died":                       {func(p *surgery.Person) { p.Died = monday.AddDate(0, 0, -1) }, yes, no, no},
		"no longer registered":       {func(p *surgery.Person) { p.Deducted = monday.AddDate(0, 0, -1) }, no, unclear, no},
		"known by another number":    {func(p *surgery.Person) { p.NHSNumber = "9990000131" }, no, no, unclear},
		"another number of the same": {func(p *surgery.Person) { p.Mobile = "07700 900299" }, no, no, no},
	} {
		s := play(t)
		s.diary.Edit(s.person, c.do)
		p := s.check().Patient
		if p.Deceased != c.deceased || p.Left != c.left || p.Restricted != c.restricted || p.Mobile != s.visit().Patient.Mobile {
			t.Errorf("%s: deceased %d, left %d, restricted %d", what, p.Deceased, p.Left, p.Restricted)
		}
	}
}

func TestAPatientWhoIsNotThereIsHeldAndNeverTakenForCancelled(t *testing.T) {
	s := play(t)
	s.sim.Hide(s.nhs)
	for _, noEntry := range []bool{false, true} {
		s.sim.SetFaults(gpconnectsim.Faults{NoEntry: noEntry})
		s.clock.Advance(time.Hour)
		if got := s.check(); got.Patient.Restricted != unclear || got.Status != gateway.StatusBooked {
			t.Errorf("restricted %d, status %d", got.Patient.Restricted, got.Status)
		}
	}
	for _, f := range []gpconnectsim.Faults{{Status: 404, Code: "PATIENT_NOT_FOUND"}, {Status: 403, Code: "NO_PATIENT_CONSENT"}, {Status: 400, Code: "INVALID_NHS_NUMBER"}} {
		s := play(t)
		s.sim.SetFaults(f)
		if got := s.check(); got.Patient.Restricted != unclear || got.Status != gateway.StatusBooked {
			t.Errorf("%s: restricted %d, status %d", f.Code, got.Patient.Restricted, got.Status)
		}
	}
}

func TestAboutAPatientWhoMayBeSensitiveNobodyIsAsked(t *testing.T) {
	for _, f := range []gateway.Flag{yes, unclear} {
		s := play(t)
		a := s.visit()
		a.Patient.Restricted = f
		got, err := s.adapter.Check(t.Context(), a)
		if err != nil || got != a {
			t.Errorf("changed (error %v)", err)
		}
		if err := s.adapter.CancelAppointment(t.Context(), a); !errors.Is(err, gateway.ErrNotWritten) {
			t.Errorf("cancel: %v", err)
		}
		if n := s.sim.Asked(""); n != 0 {
			t.Errorf("asked %d times", n)
		}
	}
}

func TestWithoutAnNHSNumberNobodyCanBeAsked(t *testing.T) {
	for _, c := range []struct {
		nhs      string
		required bool
		want     gateway.Flag
	}{{"", false, no}, {"", true, unclear}, {"9990000019", false, unclear}} {
		s := play(t, func(p *gpconnect.Config) { p.Required = c.required })
		a := s.visit()
		a.Patient.NHSNumber = gateway.NewNHSNumber(c.nhs)
		got, err := s.adapter.Check(t.Context(), a)
		if err != nil || got.Patient.Restricted != c.want || s.sim.Asked("") != 0 {
			t.Errorf("restricted %d, want %d (error %v)", got.Patient.Restricted, c.want, err)
		}
	}
}

func TestTheDayAskedForIsThatOfLondon(t *testing.T) {
	for what, start := range map[string]time.Time{
		"summer, before one at night": time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC), // 2 July in London
		"winter":                      time.Date(2026, 12, 1, 23, 30, 0, 0, time.UTC),
		"the hour that stands twice":  time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), // the second half past one
		"and its first half":          time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
	} {
		s := playAt(t, start.AddDate(0, 0, -1), start)
		if s.check() != s.visit() {
			t.Errorf("%s: the visit was not found", what)
		}
	}
}

func TestTheTwoHalvesPastOneInOctoberAreTwoTimes(t *testing.T) {
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	s := playAt(t, first.AddDate(0, 0, -1), first)
	s.diary.Move(s.slot, first.Add(time.Hour))
	if got := s.check(); got.Status != gateway.StatusUnknown {
		t.Errorf("a visit an hour later, at the same digits, was taken for it: status %d", got.Status)
	}
}

func TestWhatGPConnectDoesNotAnswerIsAnErrorAndPrintsNothingPrivate(t *testing.T) {
	for _, f := range []gpconnectsim.Faults{
		{Status: 500, Code: "INTERNAL_SERVER_ERROR"}, {Status: 503}, {Status: 404}, {Status: 404, Code: "ORGANISATION_NOT_FOUND"},
		{Status: 400, Code: "BAD_REQUEST"}, {Status: 422, Code: "INVALID_PARAMETER"}, {Status: 403, Code: "NO_ORGANISATION_CONSENT"},
		{Status: 403, Code: "ACCESS DENIED"}, {Status: 501, Code: "NOT_IMPLEMENTED"}, {Status: 302}, {Status: 200},
		{BadGateways: 9}, {BrokenProxy: true}, {Truncate: true}, {Page: true},
	} {
		s := play(t)
		s.sim.SetFaults(f)
		got, err := s.adapter.Check(t.Context(), s.visit())
		if err == nil || got != (gateway.Appointment{}) {
			t.Errorf("%+v: error %v", f, err)
			continue
		}
		adaptertest.AssertQuiet(t, s.secrets(), err.Error())
		if denied := f.Status == 403 || f.BrokenProxy; denied != errors.Is(err, gateway.ErrSourceDenied) {
			t.Errorf("%+v: whether we were refused is told wrongly: %v", f, err)
		}
	}
}

func TestATransientErrorOfTheProxyIsTriedOnceMore(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(gpconnectsim.Faults{BadGateways: 1})
	if s.check() != s.visit() || s.sim.Asked("") != 3 {
		t.Errorf("%d requests, want 3", s.sim.Asked(""))
	}
}

func TestAStartThatCannotBeReadIsNotTheVisit(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(gpconnectsim.Faults{Start: adaptertest.Canary})
	if got := s.check(); got.Status != gateway.StatusUnknown {
		t.Errorf("status %d", got.Status)
	}
}

func TestAnAnswerOutOfACacheCountsAsNone(t *testing.T) {
	s := play(t)
	s.sim.SetFaults(gpconnectsim.Faults{Cached: true})
	s.check()
	s.diary.Cancel(s.slot)
	s.clock.Advance(time.Hour)
	if _, err := s.adapter.Check(t.Context(), s.visit()); !errors.Is(err, outbound.ErrOld) {
		t.Errorf("error %v", err)
	}
}

func TestAnAnswerSparesAskingForTwoMinutes(t *testing.T) {
	s := play(t)
	s.check()
	s.diary.Cancel(s.slot)
	s.clock.Advance(2*time.Minute - time.Second)
	if s.check() != s.visit() || s.sim.Asked("") != 2 {
		t.Error("asked again within two minutes")
	}
	s.clock.Advance(time.Second)
	if s.check().Status != gateway.StatusCancelled {
		t.Error("the cancellation was not seen")
	}
	moved := s.visit()
	moved.Start = moved.Start.AddDate(0, 0, 1)
	if laid, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{moved}); err != nil || laid[0] != moved {
		t.Errorf("what was said of one start counts for another (error %v)", err)
	}
}

func TestTheProofAsksAboutNoPatient(t *testing.T) {
	s := play(t)
	r, err := s.adapter.Prove(t.Context())
	if err != nil || !r.Theirs.Equal(monday) || s.sim.Asked("read:metadata-1") != 1 || s.sim.Asked("") != 1 {
		t.Errorf("its clock shows %v (error %v)", r.Theirs, err)
	}
	s.sim.SetFaults(gpconnectsim.Faults{Page: true})
	if _, err := s.adapter.Prove(t.Context()); err == nil {
		t.Error("a page was taken for GP Connect")
	}
}
