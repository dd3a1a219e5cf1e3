package tpp_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestNoAnswerIsNeverAnEmptyDiary(t *testing.T) {
	s := play(t, nil)
	a, _, _ := s.one(t)
	s.sim.SetFaults(tppsim.Faults{Silent: true})
	if feed, err := s.try(t); err == nil || feed.Complete || len(feed.Appointments) != 0 {
		t.Errorf("complete: %t, error %v", feed.Complete, err)
	}
	if again, err := s.adapter.Reread(t.Context(), a); err == nil || again != (gateway.Appointment{}) {
		t.Errorf("a look at silence: %v", err)
	}
}

func TestRequestsThatVanishAreAskedAgain(t *testing.T) {
	s := play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.Window = 5 })
	s.book(monday.AddDate(0, 0, 3))
	s.sim.SetFaults(tppsim.Faults{DropEvery: 4})
	if feed := s.read(t); !feed.Complete || len(feed.Appointments) != 1 || s.sim.Dropped() == 0 {
		t.Errorf("complete: %t, %d appointments, %d requests dropped", feed.Complete, len(feed.Appointments), s.sim.Dropped())
	}
}

func TestAReadThatLacksADayIsNotCompleteAndSpeaksForTheDaysBefore(t *testing.T) {
	s := play(t, nil)
	s.book(monday.AddDate(0, 0, 1))
	s.book(monday.AddDate(0, 0, 8))
	s.sim.SetFaults(tppsim.Faults{ErrorAfter: 5}) // Monday to Friday
	feed := s.read(t)
	if feed.Complete || len(feed.Appointments) != 1 || len(feed.Notes) == 0 {
		t.Errorf("complete: %t, %d appointments, notes %q", feed.Complete, len(feed.Appointments), feed.Notes)
	}
	if want := time.Date(2026, time.November, 21, 0, 0, 0, 0, time.UTC); !feed.Covers.To.Equal(want) || !feed.Covers.From.Equal(monday) {
		t.Errorf("speaks for the days until %v, want %v", feed.Covers.To, want)
	}
	s.sim.SetFaults(tppsim.Faults{SilentAfter: 8}) // the PC is switched off in the middle
	if feed, err := s.try(t); err == nil && feed.Complete {
		t.Error("complete without half of the days")
	}
}

func TestTheFirstDayMustBeRead(t *testing.T) {
	s := play(t, nil)
	s.book(monday.AddDate(0, 0, 1))
	s.sim.SetFaults(tppsim.Faults{Refuse: true})
	feed, err := s.try(t)
	if err == nil || errors.Is(err, gateway.ErrSourceDenied) || len(feed.Appointments) != 0 {
		t.Errorf("a refused question: %v", err)
	}
	if n := s.sim.Calls("GetDiary"); n != 1 {
		t.Errorf("an error that is permanent was asked for %d times", n)
	}
}

func TestAnswersToOtherQuestionsAreNotTaken(t *testing.T) {
	s := play(t, nil)
	s.book(monday.AddDate(0, 0, 1))
	s.sim.SetFaults(tppsim.Faults{WrongUID: true})
	if _, err := s.try(t); err == nil {
		t.Error("took an answer to another question")
	}
}

func TestTheReadKeepsToThePaceSoThatNothingIsDropped(t *testing.T) {
	s := play(t, nil)
	sim := tppsim.New(s.diary, tppsim.Options{Clock: s.clock, APIKey: apiKey, Organisation: practice, Devices: []string{device}, Throttle: 40 * time.Millisecond})
	t.Cleanup(sim.Close)
	var turns atomic.Int32
	s.adapter = join(t, sim, s.clock, func(c *tpp.Config, env *gateway.Surroundings) {
		c.PaceMS = 70
		env.Turn = func(context.Context) error { turns.Add(1); return nil }
	})
	s.book(monday.AddDate(0, 0, 3))
	began := time.Now()
	s.read(t)
	if sim.Dropped() != 0 {
		t.Errorf("%d requests were dropped", sim.Dropped())
	}
	asked := sim.Calls("GetDiary") + sim.Calls("GetOrganisationMetaData") + sim.Calls("GetPatientRecord")
	if asked != 15+2+1 || int(turns.Load()) != asked {
		t.Errorf("%d requests, %d turns; want fifteen days, two looks at the organisation and one patient", asked, turns.Load())
	}
	if took := time.Since(began); took < time.Duration(asked-1)*70*time.Millisecond {
		t.Errorf("%d requests in %v", asked, took)
	}
}

// Many texts fall due at once, and each look needs two answers. A look that has one
// is finished before another begins, so that some are in time instead of none.
func TestLooksAreFinishedOneByOne(t *testing.T) {
	s := play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.PaceMS = 50 })
	a, _, _ := s.one(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var done atomic.Int32
	var looks sync.WaitGroup
	for range 60 {
		looks.Go(func() {
			if got, err := s.adapter.Reread(ctx, a); err == nil && got.Status == gateway.StatusBooked {
				done.Add(1)
			}
		})
	}
	looks.Wait()
	if n := done.Load(); n < 4 {
		t.Errorf("%d of 60 looks were finished in time for sixty requests", n)
	}
}

func TestALookGoesBeforeARead(t *testing.T) {
	s := play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.PaceMS = 100 })
	a, _, _ := s.one(t)
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = s.adapter.Read(t.Context(), s.span) })
	asked := func() int { return s.sim.Calls("GetDiary") + s.sim.Calls("GetPatientRecord") }
	was := asked()
	gatewaytest.Await(t, "the read is under way", func() bool { return asked() > was })
	was = asked()
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Error(err)
	}
	if n := asked() - was; n > 5 {
		t.Errorf("%d requests were made until the look's two were answered", n)
	}
	reading.Wait()
}

// A patient and the text provider wait for a cancellation: in the middle of a read it
// is slowed down by one request and no more, not by one before each of its own.
func TestACancellationGoesBeforeARead(t *testing.T) {
	s := play(t, func(c *tpp.Config, _ *gateway.Surroundings) { c.PaceMS = 50 })
	a, slot, _ := s.one(t)
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = s.adapter.Read(t.Context(), s.span) })
	asked := func() int {
		return s.sim.Calls("GetDiary") + s.sim.Calls("GetPatientRecord") + s.sim.Calls("GetOrganisationMetaData") + s.sim.Calls("UpdatePatientRecord")
	}
	was := asked()
	gatewaytest.Await(t, "the read is under way", func() bool { return asked() > was })
	was = asked()
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Error(err)
	}
	if err := s.adapter.CancelAppointment(t.Context(), a); err != nil {
		t.Error(err)
	}
	if n := asked() - was; n > 2+3+2 {
		t.Errorf("%d requests were made until the five of a look and a cancellation were answered", n)
	}
	reading.Wait()
	if visit, _ := s.diary.Visit(slot); visit.Status != gateway.StatusCancelled {
		t.Error("it is not cancelled")
	}
}

func TestSystmOneOfAnotherOrganisationTeachesNothing(t *testing.T) {
	s := play(t, nil)
	a, slot, _ := s.one(t)
	s.sim.SetFaults(tppsim.Faults{OtherSite: true})
	if feed, err := s.try(t); !errors.Is(err, tpp.ErrOrganisation) || feed.Complete {
		t.Errorf("read: %v", err)
	}
	s.diary.Remove(slot)
	if again, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, tpp.ErrOrganisation) {
		t.Errorf("a look into another's diary: status %d, error %v", again.Status, err)
	}
	if err := s.adapter.CancelAppointment(t.Context(), a); !errors.Is(err, gateway.ErrNotWritten) || s.sim.Calls("UpdatePatientRecord") != 0 {
		t.Errorf("a change in another's diary: %v", err)
	}
}

// Staff who work for several organisations log on to another, and back.
func TestAVisitIsGoneOnlyWhereItIsAbsentFromThisPracticesOwnDiary(t *testing.T) {
	var turns int
	back := func() {}
	s := play(t, func(_ *tpp.Config, env *gateway.Surroundings) {
		env.Turn = func(context.Context) error {
			if turns++; turns == 2 {
				back()
			}
			return nil
		}
	})
	a, slot, _ := s.one(t)
	turns = 0
	s.diary.Cancel(slot) // the diary that is shown lacks it
	back = func() { s.diary.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusBooked }) }
	if again, err := s.adapter.Reread(t.Context(), a); err != nil || again.Status != gateway.StatusBooked {
		t.Errorf("after a look into another's diary: status %d, error %v", again.Status, err)
	}
	back, turns = func() {}, 0
	s.diary.Cancel(slot)
	if again, err := s.adapter.Reread(t.Context(), a); err != nil || again.Status != gateway.StatusCancelled || turns != 3 {
		t.Errorf("cancelled: status %d, error %v, %d requests", again.Status, err, turns)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	clock := play(t, nil).clock
	a, err := tpp.New(configFor("127.0.0.1:1"), gateway.Surroundings{Clock: clock, Trial: true, Practice: practice, Shelf: play(t, nil).shelf})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Read(t.Context(), gateway.Span{From: monday, To: monday.AddDate(0, 0, 7)})
	if err == nil || !strings.Contains(err.Error(), "somebody logged on") {
		t.Errorf("nobody listens: %v", err)
	}
	s := play(t, nil)
	s.span.To = monday.AddDate(0, 0, -1)
	if _, err := s.try(t); err == nil {
		t.Error("a span in the past was read")
	}
}
