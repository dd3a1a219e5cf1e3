package beside_test

import (
	"errors"
	"testing"
	"time"

	"bellman/adapters/beside"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	no      = gateway.FlagNo
	yes     = gateway.FlagYes
	unclear = gateway.FlagUnclear
)

func TestAReadAsksNobodyAboutPatientsOfWhomNothingIsKnown(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	if got := s.flag(1); got != no {
		t.Errorf("deceased is %d without anybody having asked", got)
	}
	s.asked(0)
}

func TestWhatWasLearntStaysUntilAnotherAnswerLiftsIt(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	if s.check(1) != yes {
		t.Fatal("the answer was not laid over the appointment")
	}
	s.other.questions()
	s.other.goDown(errDown)
	for range 60 { // a month of hours by halves of a day
		s.clock.Advance(12 * time.Hour)
		s.clock.Set(earlier(s.clock.Now(), gatewaytest.Tuesday.Add(-time.Minute)))
		if s.flag(1) != yes {
			t.Fatal("the patient came back to life")
		}
	}
	s.other.goDown(nil)
	s.other.say(1, no)
	if got := s.flag(1); got != no {
		t.Errorf("a mistake that was put right is still believed: %d", got)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func TestAReadAsksAnewAboutWhatChangesSomethingAndIsADayOld(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	s.check(1)
	s.check(2)
	s.asked(2)
	s.clock.Advance(cache - time.Second)
	s.recall(1, 2, 1)
	s.asked(0)
	s.clock.Advance(time.Second)
	s.recall(1, 2, 1) // the second is an old answer that changes nothing
	s.asked(1)
	s.recall(1, 2, 1)
	s.asked(0)
}

func TestWhatIsNotClearIsAskedAnewAfterAnHour(t *testing.T) {
	s := newStage(t)
	s.other.say(1, unclear)
	s.check(1)
	s.asked(1)
	s.clock.Advance(fresh - time.Second)
	s.flag(1)
	s.asked(0)
	s.clock.Advance(time.Second)
	s.other.say(1, no)
	if s.flag(1) != no {
		t.Error("what has become clear is still held")
	}
	s.asked(1)
}

func TestAReadAsksAnewAboutTenAtMostAndTheOldestFirst(t *testing.T) {
	s := newStage(t)
	var people []int
	for n := range 25 {
		s.other.say(n, yes)
		s.check(n)
		s.clock.Advance(time.Minute)
		people = append(people, n)
	}
	s.asked(25)
	s.clock.Advance(cache)
	for n := range 25 {
		s.other.say(n, no)
	}
	for _, want := range []int{10, 20, 25} {
		got, remark := s.recall(people...)
		for n, f := range got {
			if (f == no) != (n < want) {
				t.Errorf("person %d is %d once %d were asked for anew", n, f, want)
			}
		}
		if remark != "" {
			t.Error(remark)
		}
	}
	s.asked(25)
}

func TestAReadGoesOnWithTheOldAnswersWhenNewOnesCannotBeHad(t *testing.T) {
	s := newStage(t)
	for n := range 5 {
		s.other.say(n, yes)
		s.check(n)
	}
	s.asked(5)
	s.clock.Advance(cache)
	s.other.goDown(errDown)
	got, remark := s.recall(0, 1, 2, 3, 4)
	for n, f := range got {
		if f != yes {
			t.Errorf("person %d came back to life", n)
		}
	}
	if remark == "" {
		t.Error("nobody is told")
	}
	s.asked(1) // and not five times in vain
}

func TestInTheMomentOfSendingNoAnswerIsAnError(t *testing.T) {
	s := newStage(t)
	s.check(1)
	s.clock.Advance(fresh)
	s.other.goDown(errDown)
	if a, err := s.memory.Check(t.Context(), gatewaytest.Person(1)); !errors.Is(err, errDown) || a != (gateway.Appointment{}) {
		t.Errorf("error %v", err)
	}
	s.other.goDown(nil)
	s.shelf.Fail(errDown)
	if _, err := s.memory.Check(t.Context(), gatewaytest.Person(1)); !errors.Is(err, errDown) {
		t.Errorf("a broken shelf gives error %v", err)
	}
	if _, _, err := s.memory.Recall(t.Context(), []gateway.Appointment{gatewaytest.Person(1)}); !errors.Is(err, errDown) {
		t.Errorf("a read without what is remembered gives error %v", err)
	}
}

func TestOfTwoAnswersAtOnceTheNewerIsKept(t *testing.T) {
	s := newStage(t)
	second := s.open()
	s.other.say(1, yes)
	s.other.while = func() { // while the first asks, a second process asks and is answered
		s.other.while = nil
		s.clock.Advance(time.Second)
		s.other.mu.Unlock()
		if _, err := second.Check(t.Context(), gatewaytest.Person(1)); err != nil {
			t.Error(err)
		}
		s.other.mu.Lock()
		s.other.dead[gatewaytest.Person(1).Patient.ID] = no // so the first is told the older news last
	}
	if s.check(1) != no {
		t.Fatal("the stage is not set")
	}
	if s.flag(1) != yes {
		t.Error("the older answer took the newer one's place")
	}
}

func TestAnAppointmentWithoutAKeyIsTheSameInReadsAndInTheMomentOfSending(t *testing.T) {
	s := newStage(t)
	a := gatewaytest.Person(1)
	a.Patient.ID = ""
	checked, err := s.memory.Check(t.Context(), a)
	laid, _, errRecall := s.memory.Recall(t.Context(), []gateway.Appointment{a})
	if err != nil || errRecall != nil || checked != laid[0] || checked.Patient.Restricted != unclear {
		t.Errorf("restricted is %d and %d", checked.Patient.Restricted, laid[0].Patient.Restricted)
	}
	s.asked(0)
}

func TestWhatAnotherVersionWroteIsAskedForAnew(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	key := "register/" + string(gatewaytest.Person(1).Patient.ID)
	if err := s.shelf.Put(t.Context(), gateway.Kept{Key: key, Value: []byte(`{"asked": "yesterday"}`)}); err != nil {
		t.Fatal(err)
	}
	if s.flag(1) != no {
		t.Error("something was made of it")
	}
	if s.check(1) != yes || s.flag(1) != yes {
		t.Error("the new answer did not take its place")
	}
}

func TestAnswersThatNobodyNeedsAreForgotten(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	s.check(1)
	s.check(2)
	s.other.goDown(errDown)
	s.clock.Advance(cache + 14*24*time.Hour)
	a := gatewaytest.Person(1)
	a.Start = s.clock.Now().AddDate(0, 0, 3) // the first has booked again
	if _, _, err := s.memory.Recall(t.Context(), []gateway.Appointment{a}); err != nil {
		t.Fatal(err)
	}
	var left []string
	if err := s.shelf.Each(t.Context(), "", func(k gateway.Kept) error { left = append(left, k.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0] != "register/"+string(a.Patient.ID) {
		t.Errorf("%d answers are left", len(left))
	}
}

func TestAMemoryNeedsAShelf(t *testing.T) {
	if _, err := beside.NewMemory(beside.Options[word]{Name: "register"}); err == nil {
		t.Error("nothing would ever be remembered")
	}
}

func TestManyPatientsAreRememberedInOneRead(t *testing.T) {
	s := newStage(t)
	var people []int
	for n := range 2*gateway.ShelfBatch + 7 {
		people = append(people, n)
	}
	s.other.say(1003, yes)
	s.check(1003)
	got, _ := s.recall(people...)
	for n, f := range got {
		if (f == yes) != (n == 1003) {
			t.Errorf("person %d is %d", n, f)
		}
	}
}
