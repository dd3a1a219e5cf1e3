package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

// many books n visits.
func (s *stage) many(n int) []gateway.Appointment {
	s.t.Helper()
	var out []gateway.Appointment
	for i := range n {
		out = append(out, person(i+1))
	}
	s.booked(out...)
	s.told()
	return out
}

func (s *stage) all(as []gateway.Appointment, want gateway.State, why gateway.Reason) {
	s.t.Helper()
	for _, a := range as {
		s.stands(a, day, want, why)
	}
}

func TestAnUnusualNumberOfWithdrawalsWaitsForASecondRead(t *testing.T) {
	s := newStage(t)
	as := s.many(17)
	s.diary.drop(as[:6]...) // six of seventeen: more than five, more than a third
	s.read()
	s.all(as[:6], gateway.Held, gateway.ManyWithdrawals)
	s.all(as[6:], gateway.Queued, gateway.None)
	f := must(s.store.Feed(t.Context(), riverside))
	if len(f.Missing) != 6 {
		t.Errorf("%d wait for a second read", len(f.Missing))
	}
	s.come(monday) // the second read agrees
	s.all(as[:6], gateway.Withdrawn, gateway.Gone)
	s.send()
	for i := range as {
		if got, want := s.phones.to(number(i+1)), 1; i < 6 && got != 0 || i >= 6 && got != want {
			t.Errorf("visit %d: %d texts", i, got)
		}
	}
}

func TestTheSenderHoldsWhatWaitsForASecondRead(t *testing.T) {
	s := newStage(t)
	as := s.many(9)
	s.come(monday.Add(-1))
	s.diary.drop(as[:6]...)
	s.come(monday)
	s.send()
	s.all(as[:6], gateway.Held, gateway.ManyWithdrawals)
	if n := len(s.phones.sent); n != 3 {
		t.Errorf("%d texts left, want 3", n)
	}
}

func TestASecondReadThatDisagreesRestores(t *testing.T) {
	s := newStage(t)
	as := s.many(9)
	s.diary.drop(as...)
	s.read()
	s.all(as, gateway.Held, gateway.ManyWithdrawals)
	s.booked(as...)
	s.all(as, gateway.Queued, gateway.None)
	s.diary.drop(as...) // and vanish again: that is another first read
	s.read()
	s.all(as, gateway.Held, gateway.ManyWithdrawals)
}

func TestTheBrakeKnowsWhatIsUsual(t *testing.T) {
	for name, c := range map[string]struct{ all, gone int }{
		"five are few, whatever the share": {6, 5},
		"a third is no unusual share":      {18, 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			as := s.many(c.all)
			s.diary.drop(as[:c.gone]...)
			s.read()
			s.all(as[:c.gone], gateway.Withdrawn, gateway.Gone)
		})
	}
}

func TestTheBrakeIsForEveryReasonThatTheDiaryGives(t *testing.T) {
	s := newStage(t)
	as := s.many(8)
	changed := make([]gateway.Appointment, len(as))
	for i, a := range as {
		switch i % 4 {
		case 0:
			a.Status = gateway.StatusCancelled
		case 1:
			a.Patient.Deceased = gateway.FlagYes
		case 2:
			a.Patient.Left = gateway.FlagYes
		case 3:
			a.Patient.Mobile, a.Patient.MobileKind = gateway.Phone{}, gateway.NumberMissing
		}
		changed[i] = a
	}
	s.booked(changed...)
	s.all(as, gateway.Held, gateway.ManyWithdrawals)
	// Whoever is said to be cancelled or dead is not texted meanwhile.
	s.clock.Set(monday)
	s.send()
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts", n)
	}
	s.read()
	for i, why := range []gateway.Reason{gateway.Cancelled, gateway.Deceased, gateway.LeftPractice, gateway.NoMobile} {
		s.stands(as[i], day, gateway.Withdrawn, why)
	}
}

func TestAPersonCanLetTheWithdrawalsThrough(t *testing.T) {
	s := newStage(t)
	as := s.many(20)
	s.diary.drop(as[:6]...)
	s.diary.drop(as[6:10]...)
	s.read()
	s.all(as[:10], gateway.Held, gateway.ManyWithdrawals)
	s.diary.drop(as[10:]...) // and even more meanwhile
	f := must(s.store.Feed(t.Context(), riverside))
	f.Released = true
	if err := s.store.SetFeed(t.Context(), riverside, f); err != nil {
		t.Fatal(err)
	}
	s.diary.complete = false // the read after it is not complete, and uses nothing up
	s.read()
	s.diary.complete = true
	s.read()
	s.all(as, gateway.Withdrawn, gateway.Gone)
	if f := must(s.store.Feed(t.Context(), riverside)); f.Released || len(f.Missing) != 0 {
		t.Error("the release holds for later reads as well")
	}
}

func TestAnIncompleteReadNeitherAgreesNorDisagrees(t *testing.T) {
	s := newStage(t)
	as := s.many(9)
	s.diary.drop(as...)
	s.read()
	s.diary.complete = false
	s.diary.book(as[0])
	s.read()
	s.stands(as[0], day, gateway.Queued, gateway.None)
	s.all(as[1:], gateway.Held, gateway.NotConfirmed)
	s.diary.complete = true
	s.clock.Advance(15 * time.Minute)
	s.read()
	s.all(as[1:], gateway.Withdrawn, gateway.Gone)
}

func TestTwoSchedulersReadAPracticeOnce(t *testing.T) {
	s := newStage(t)
	s.diary.book(person(1))
	other := s.newScheduler(newRegistry(), s.surgery)
	s.diary.reading = func() {
		s.diary.reading = nil
		if err := other.Tick(t.Context(), s.surgery); err != nil {
			t.Error(err)
		}
		if err := s.sched.Tick(t.Context(), s.surgery); err != nil { // nor does the same one
			t.Error(err)
		}
	}
	s.read()
	if s.diary.reads != 1 {
		t.Errorf("read %d times", s.diary.reads)
	}
	s.stands(person(1), day, gateway.Queued, gateway.None)
	if err := other.Tick(t.Context(), s.surgery); err != nil || s.diary.reads != 2 {
		t.Errorf("the right to read was not given back: %d reads, %v", s.diary.reads, err)
	}
}

func TestAReplicaThatLostItsRightWritesNothing(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	other := storetest.OpenAt(t, s.address, s.place)
	s.diary.reading = func() { // paused for long; another has taken over
		s.diary.reading = nil
		if err := s.raw.Del(t.Context(), storetest.Key(riverside, "lock")).Err(); err != nil {
			t.Error(err)
		}
		if token, err := other.Lock(t.Context(), riverside, "another", time.Hour); err != nil || token == 0 {
			t.Errorf("token %d, %v", token, err)
		}
	}
	s.diary.drop(person(1))
	before := must(s.store.Feed(t.Context(), riverside))
	s.clock.Advance(15 * time.Minute)
	s.read()
	s.stands(person(1), day, gateway.Queued, gateway.None)
	if after := must(s.store.Feed(t.Context(), riverside)); !after.AsOf.Equal(before.AsOf) {
		t.Error("the feed counts as fresh")
	}
	reads := s.diary.reads
	s.read() // the other one still has it
	if s.diary.reads != reads {
		t.Error("read under another's right")
	}
}

func TestAReplicaThatDoesNotReadTellsTheAgeAllTheSame(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.metrics = newRegistry()
	fresh := s.newScheduler(s.metrics, s.surgery) // has just been started
	if age := s.metric("bellman_feed_age_seconds"); age != -1 {
		t.Errorf("before its first look it tells %v", age)
	}
	s.clock.Advance(20 * time.Minute)
	s.diary.fails = errDown
	if err := fresh.Tick(t.Context(), s.surgery); err == nil {
		t.Error("nobody is told")
	}
	if age := s.metric("bellman_feed_age_seconds"); age != 1200 {
		t.Errorf("the feed is told to be %v seconds old", age)
	}
}
