package tpp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// aged sets a stage on which details are asked for again after so long.
func aged(t *testing.T, age time.Duration, perRead int) *stage {
	t.Helper()
	return play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.DetailsAge, c.DetailsPerRead = age, perRead })
}

func TestAPatientIsAskedForOnceADay(t *testing.T) {
	s := aged(t, 24*time.Hour, 60)
	s.one(t)
	for range 3 {
		s.clock.Advance(time.Hour)
		s.read(t)
	}
	if n := s.sim.Calls("GetPatientRecord"); n != 1 {
		t.Errorf("asked %d times in three hours", n)
	}
	s.adapter = join(t, s.sim, s.clock, func(c *tpp.Config, env *gateway.Surroundings) { c.DetailsAge, env.Shelf = 24*time.Hour, s.shelf })
	if a := s.only(t); a.Patient.MobileKind != gateway.NumberMobile || s.sim.Calls("GetPatientRecord") != 1 {
		t.Error("after a restart the details are not known, or were asked for again")
	}
	s.clock.Advance(24 * time.Hour)
	s.read(t)
	if n := s.sim.Calls("GetPatientRecord"); n != 2 {
		t.Errorf("asked %d times in two days", n)
	}
}

func TestAChangedNumberIsSeenInTheMomentOfSendingAndKept(t *testing.T) {
	s := aged(t, 24*time.Hour, 60)
	a, _, person := s.one(t)
	s.diary.Edit(person, func(p *surgery.Person) { p.Mobile = "07700 900777" })
	if still := s.only(t); still.Patient.Mobile != a.Patient.Mobile {
		t.Fatal("asked for again within a day")
	}
	again, err := s.adapter.Reread(t.Context(), a)
	if want := gateway.NewPhone("+447700900777"); err != nil || again.Patient.Mobile != want {
		t.Fatalf("the look does not show the new number: %v", err)
	}
	if next := s.only(t); next.Patient != again.Patient {
		t.Error("the next read goes back to the old number")
	}
	s.diary.Edit(person, func(p *surgery.Person) { p.Mobile = "" })
	if again, err = s.adapter.Reread(t.Context(), a); err != nil || again.Patient.MobileKind != gateway.NumberMissing {
		t.Errorf("a number taken away is still there: %v", err)
	}
}

func TestThoseWhoseVisitsAreNearestAreAskedForFirstAndTheRestWaits(t *testing.T) {
	s := aged(t, 24*time.Hour, 1)
	s.book(monday.AddDate(0, 0, 9))
	s.book(monday.AddDate(0, 0, 2))
	feed := s.read(t)
	if !feed.Complete || len(feed.Appointments) != 2 || len(feed.Notes) != 1 || !strings.Contains(feed.Notes[0], "1 appointments wait") {
		t.Fatalf("complete: %t, %d appointments, notes %q", feed.Complete, len(feed.Appointments), feed.Notes)
	}
	for i, a := range feed.Appointments {
		near := a.Start.Equal(monday.AddDate(0, 0, 2))
		if known := a.Patient.MobileKind == gateway.NumberMobile; known != near {
			t.Errorf("visit %d: near %t, known %t", i, near, known)
		}
		if !near && (a.Patient.Declined != gateway.FlagUnclear || a.Patient.Deceased != gateway.FlagUnclear || a.Patient.Left != gateway.FlagUnclear || !a.Patient.Mobile.IsZero()) {
			t.Error("something is taken for known of a patient who was not asked for")
		}
	}
	for _, a := range s.read(t).Appointments {
		if a.Patient.MobileKind != gateway.NumberMobile {
			t.Error("the second read did not go on")
		}
	}
}

func TestDetailsOlderThanAWeekCountAsUnknown(t *testing.T) {
	s := aged(t, 24*time.Hour, 1)
	s.book(monday.AddDate(0, 0, 10))
	s.read(t)
	s.clock.Advance(8 * 24 * time.Hour)
	s.book(s.clock.Now().AddDate(0, 0, 1)) // unknown, and nearer: takes the one question of this read
	s.span.From, s.span.To = s.clock.Now(), s.clock.Now().AddDate(0, 0, 14)
	for _, a := range s.read(t).Appointments {
		if far := a.Start.Equal(monday.AddDate(0, 0, 10)); far == (a.Patient.MobileKind == gateway.NumberMobile) {
			t.Errorf("far: %t, kind %d", far, a.Patient.MobileKind)
		}
	}
}

// A request whose patient SystmOne does not understand asks for whichever record is
// open on that PC.
func TestTheRecordOfAnotherPatientIsNeverTaken(t *testing.T) {
	s := play(t, nil)
	s.book(monday.AddDate(0, 0, 1)) // the one whose record is open
	a := s.only(t)
	_, second := s.book(monday.AddDate(0, 0, 2))
	s.diary.Edit(second, func(p *surgery.Person) { p.Mobile = "07700 900502" })
	s.sim.SetFaults(tppsim.Faults{OpenRecord: true})
	for _, b := range s.read(t).Appointments {
		if b.ID != a.ID && (b.Patient.MobileKind != gateway.NumberUnclear || b.Patient.Declined == gateway.FlagNo) {
			t.Error("another patient's details were taken")
		}
	}
	s.sim.SetFaults(tppsim.Faults{})
	var b gateway.Appointment
	for _, b = range s.read(t).Appointments {
		if b.ID != a.ID {
			break
		}
	}
	s.sim.SetFaults(tppsim.Faults{OpenRecord: true})
	if _, err := s.adapter.Reread(t.Context(), b); err == nil {
		t.Error("a look took another patient's details")
	}
}

func TestConsentIsReadInItsThreeStates(t *testing.T) {
	for _, c := range []struct {
		words, notRecorded string
		faults             tppsim.Faults
		want               gateway.Flag
	}{
		{"Yes", "", tppsim.Faults{}, gateway.FlagNo},
		{"No", "", tppsim.Faults{}, gateway.FlagYes},
		{"No", tpp.ConsentSend, tppsim.Faults{}, gateway.FlagYes},
		{"", "", tppsim.Faults{}, gateway.FlagUnclear},
		{"", tpp.ConsentHold, tppsim.Faults{}, gateway.FlagUnclear},
		{"", tpp.ConsentSend, tppsim.Faults{}, gateway.FlagNo},
		{"Maybe", tpp.ConsentSend, tppsim.Faults{}, gateway.FlagUnclear},
		{"Yes", tpp.ConsentSend, tppsim.Faults{NoConsent: true}, gateway.FlagUnclear},
	} {
		s := play(t, func(config *tpp.Config, _ *gateway.Surroundings) { config.ConsentNotRecorded = c.notRecorded })
		_, person := s.book(monday.AddDate(0, 0, 7))
		s.sim.SetConsent(person, c.words)
		s.sim.SetFaults(c.faults)
		a := s.only(t)
		if a.Patient.Declined != c.want {
			t.Errorf("SMSConsent %q, not recorded means %q: declined %d, want %d", c.words, c.notRecorded, a.Patient.Declined, c.want)
		}
		if again, err := s.adapter.Reread(t.Context(), a); err != nil || again.Patient.Declined != c.want {
			t.Errorf("SMSConsent %q in a look: declined %d, error %v", c.words, again.Patient.Declined, err)
		}
	}
}

func TestADateOfDeathThatIsNoDateIsUnclear(t *testing.T) {
	for words, want := range map[string]gateway.Flag{
		"2026-11-15": gateway.FlagYes, "2026-11-16T00:00:00.0Z": gateway.FlagYes, "2026-11-17": gateway.FlagUnclear,
		"2026": gateway.FlagUnclear, "15/11/2026": gateway.FlagUnclear, "yes": gateway.FlagUnclear,
	} {
		s := play(t, nil)
		_, person := s.book(monday.AddDate(0, 0, 7))
		s.diary.Edit(person, func(p *surgery.Person) { p.Died = monday.AddDate(0, 0, -1) })
		s.sim.SetFaults(tppsim.Faults{DeathWords: words})
		if a := s.only(t); a.Patient.Deceased != want {
			t.Errorf("DateOfDeath %q: %d, want %d", words, a.Patient.Deceased, want)
		}
	}
}

func TestPatientsWithoutAnNHSNumber(t *testing.T) {
	s := play(t, nil)
	_, person := s.book(monday.AddDate(0, 0, 7))
	s.sim.SetPseudo(person)
	if a := s.only(t); a.Patient.MobileKind != gateway.NumberMobile || !a.Patient.NHSNumber.IsZero() {
		t.Error("a patient with a pseudo number is not known")
	}
	s = play(t, nil)
	_, person = s.book(monday.AddDate(0, 0, 7))
	s.sim.SetPseudo(person)
	s.sim.SetFaults(tppsim.Faults{RefusePseudo: true})
	if a := s.only(t); a.Patient.MobileKind != gateway.NumberUnclear || a.Patient.Declined != gateway.FlagUnclear {
		t.Error("a patient who cannot be asked for counts as known")
	}
}

func TestAPatientWithoutAnIdentifierIsUnreadableAndStopsNobody(t *testing.T) {
	s := play(t, nil)
	s.book(monday.AddDate(0, 0, 7))
	s.book(monday.AddDate(0, 0, 7).Add(time.Hour))
	s.sim.SetFaults(tppsim.Faults{NoIdentifier: true})
	feed := s.read(t)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 1 {
		t.Errorf("%d appointments, %d unreadable", len(feed.Appointments), len(feed.Unreadable))
	}
}

func TestBothSpellingsOfTheNHSNumberAreUnderstood(t *testing.T) {
	s := play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.NHSNumberElement = tpp.ElementSchemas })
	if a, _, _ := s.one(t); a.Patient.MobileKind != gateway.NumberMobile {
		t.Error("the patient is not known")
	}
}

// A read of two weeks takes longer than two clocks may be apart.
func TestDetailsAskedForLateInASlowReadAreBelieved(t *testing.T) {
	var clock *gatewaytest.Clock
	s := play(t, func(_ *tpp.Config, env *gateway.Surroundings) {
		env.Turn = func(context.Context) error { clock.Advance(7 * time.Second); return nil }
	})
	clock = s.clock
	if a, _, _ := s.one(t); a.Patient.MobileKind != gateway.NumberMobile || a.Patient.Declined != gateway.FlagNo {
		t.Error("details that this very read asked for count as unknown")
	}
}

// Texts leave while the diary is read. The one patient who is looked at just then
// must not cost the read all the others.
func TestALookDuringAReadCostsNobodysDetails(t *testing.T) {
	var turn func()
	s := play(t, func(c *tpp.Config, env *gateway.Surroundings) {
		c.DetailsAge = 24 * time.Hour
		env.Turn = func(context.Context) error {
			if turn != nil {
				turn()
			}
			return nil
		}
	})
	s.book(monday.AddDate(0, 0, 7))
	s.book(monday.AddDate(0, 0, 8))
	first := s.read(t).Appointments[0]
	s.clock.Advance(25 * time.Hour)
	sender := join(t, s.sim, s.clock, func(_ *tpp.Config, env *gateway.Surroundings) { env.Shelf = s.shelf })
	asked := s.sim.Calls("GetPatientRecord")
	turn = func() { // once the read has looked what is kept, and has asked for one
		if s.sim.Calls("GetPatientRecord") == asked {
			return
		}
		turn = nil
		if _, err := sender.Reread(t.Context(), first); err != nil {
			t.Error(err)
		}
	}
	s.read(t)
	asked = s.sim.Calls("GetPatientRecord")
	if s.read(t); s.sim.Calls("GetPatientRecord") != asked {
		t.Error("what the read had asked for was not kept")
	}
}

func TestThoseWhomSystmOneDoesNotGiveTakeNobodysTurn(t *testing.T) {
	s := aged(t, 24*time.Hour, 1)
	_, person := s.book(monday.AddDate(0, 0, 2))
	s.sim.SetPseudo(person)
	s.sim.SetFaults(tppsim.Faults{RefusePseudo: true})
	s.book(monday.AddDate(0, 0, 9))
	s.read(t)
	for _, a := range s.read(t).Appointments {
		if near := a.Start.Equal(monday.AddDate(0, 0, 2)); near == (a.Patient.MobileKind == gateway.NumberMobile) {
			t.Errorf("near: %t, kind %d", near, a.Patient.MobileKind)
		}
	}
	s.sim.SetFaults(tppsim.Faults{})
	for _, a := range s.read(t).Appointments {
		if a.Patient.MobileKind != gateway.NumberMobile {
			t.Error("who was refused is not asked for again")
		}
	}
}

// kept counts the patients whose details are kept.
func (s *stage) kept(t *testing.T) (n int) {
	t.Helper()
	_ = s.shelf.Each(t.Context(), "patient/", func(gateway.Kept) error { n++; return nil })
	return n
}

func TestDetailsFromAFutureThatWasNoneAreClearedAway(t *testing.T) {
	s := aged(t, 24*time.Hour, 60)
	_, slot, _ := s.one(t)
	s.diary.Remove(slot)
	s.clock.Set(monday.AddDate(-1, 0, 0)) // our clock was a year ahead
	s.span.From, s.span.To = s.clock.Now(), s.clock.Now().AddDate(0, 0, 14)
	s.read(t)
	if s.kept(t) != 0 {
		t.Error("still kept, for a year and more")
	}
}

func TestDetailsOfThoseWhoAreGoneAreClearedAway(t *testing.T) {
	s := aged(t, 24*time.Hour, 60)
	_, slot, _ := s.one(t)
	s.diary.Remove(slot)
	s.clock.Advance(10 * 24 * time.Hour)
	s.span.From, s.span.To = s.clock.Now(), s.clock.Now().AddDate(0, 0, 14)
	s.read(t)
	if s.kept(t) != 1 {
		t.Fatal("gone after ten days")
	}
	s.clock.Advance(10 * 24 * time.Hour)
	s.span.From, s.span.To = s.clock.Now(), s.clock.Now().AddDate(0, 0, 14)
	s.read(t)
	if s.kept(t) != 0 {
		t.Error("still kept after twenty days")
	}
}
