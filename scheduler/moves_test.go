package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// shifted gives appointments at other starts.
func shifted(as []gateway.Appointment, by time.Duration) []gateway.Appointment {
	out := make([]gateway.Appointment, len(as))
	for i, a := range as {
		a.Start = a.Start.Add(by)
		out[i] = a
	}
	return out
}

func (s *stage) release() {
	s.t.Helper()
	f := must(s.store.Feed(s.t.Context(), s.surgery.ODS))
	f.Released = true
	if err := s.store.SetFeed(s.t.Context(), s.surgery.ODS, f); err != nil {
		s.t.Fatal(err)
	}
}

func TestADiaryWhoseClockIsWrongTextsNeitherTheOldNorTheNewStart(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	s.diary.book(shifted(as, time.Hour)...)
	for _, at := range []time.Time{friday.Add(15 * time.Minute), monday, monday.Add(time.Hour)} {
		s.come(at) // however often it says the same
		s.all(as, gateway.Held, gateway.ManyMoves)
		s.send()
	}
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts", n)
	}
	if n := s.metric("bellman_feed_suspects", "moved"); n != 12 {
		t.Errorf("%v moves are told to wait", n)
	}
	s.diary.book(as...) // the clock is set right
	s.read()
	s.send()
	if n := len(s.phones.sent); n != 12 {
		t.Errorf("%d of 12 texts once the clock is right", n)
	}
}

func TestAWrongClockIsNotBelievedWhenTheOldStartsHavePassed(t *testing.T) {
	s := newStage(t)
	s.rules(hours)
	as := s.many(12)
	wrong := shifted(as, time.Hour)
	s.diary.book(wrong...)
	for at := monday; at.Before(wrong[0].Start); at = at.Add(20 * time.Minute) {
		s.come(at)
		s.send()
	}
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts", n)
	}
	for _, a := range as {
		s.stands(a, hours, gateway.Withdrawn, gateway.TooLate)
	}
}

func TestAPersonCanLetMovesThatAreAllAlikeThrough(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	is := shifted(as, 24*time.Hour) // the whole clinic, to Wednesday
	s.booked(is...)
	s.come(monday.Add(25 * time.Hour)) // Tuesday, an hour after their texts were due
	s.all(as, gateway.Withdrawn, gateway.TooLate)
	s.release()
	s.read()
	s.all(is, gateway.Queued, gateway.None) // since they were first seen in time
	s.send()
	if n := len(s.phones.sent); n != 12 {
		t.Errorf("%d of 12 texts", n)
	}
	if f := must(s.store.Feed(t.Context(), riverside)); len(f.Moving) != 0 || f.Released {
		t.Error("something still waits, or the release holds for later reads as well")
	}
}

func TestMovesThatAreNotAlikeAreBelievedTheSecondTime(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	is := make([]gateway.Appointment, len(as)) // a clinician is ill: all over the next days
	for i, a := range as {
		is[i] = shifted([]gateway.Appointment{a}, time.Duration(i+1)*24*time.Hour/3)[0]
	}
	s.booked(is...)
	s.all(as, gateway.Held, gateway.ManyMoves)
	s.clock.Advance(15 * time.Minute)
	s.read()
	s.all(as, gateway.Withdrawn, gateway.Moved)
	s.all(is, gateway.Queued, gateway.None)
}

func TestTheSameDataReadTwiceAgreeWithThemselvesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		happens  func(*stage, []gateway.Appointment)
		held     gateway.Reason
		accepted gateway.Reason
	}{
		"moves": {func(s *stage, as []gateway.Appointment) {
			for i, a := range as {
				s.diary.book(shifted([]gateway.Appointment{a}, time.Duration(i+1)*8*time.Hour)...)
			}
		}, gateway.ManyMoves, gateway.Moved},
		"withdrawals": {func(s *stage, as []gateway.Appointment) { s.diary.drop(as...) }, gateway.ManyWithdrawals, gateway.Gone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			as := s.many(12)
			c.happens(s, as)
			for _, whole := range []bool{true, false, true} { // one export, read at three polls
				s.clock.Advance(15 * time.Minute)
				s.diary.age += 15 * time.Minute
				s.diary.complete = whole || c.held == gateway.ManyWithdrawals
				s.read()
				s.all(as, gateway.Held, c.held)
			}
			s.clock.Advance(15 * time.Minute) // and another export
			s.read()
			s.all(as, gateway.Withdrawn, c.accepted)
		})
	}
}

func TestAFewMovesGoThroughAtOnce(t *testing.T) {
	s := newStage(t)
	as := s.many(20)
	is := shifted(as[:5], time.Hour)
	s.booked(is...)
	s.all(is, gateway.Queued, gateway.None)
	s.all(as[:5], gateway.Withdrawn, gateway.Moved)
}

func TestAWrongClockThatALookAtOneVisitFoundFirstIsHeldAsWell(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	s.clock.Advance(5 * time.Minute)
	wrong := shifted(as, time.Hour)
	if err := s.sched.Refresh(t.Context(), s.surgery.Practice, wrong[0]); err != nil {
		t.Fatal(err)
	}
	s.stands(wrong[0], day, gateway.Queued, gateway.None)
	s.diary.book(wrong...)
	for range 2 {
		s.clock.Advance(15 * time.Minute)
		s.read()
		s.stands(wrong[0], day, gateway.Held, gateway.ManyMoves)
	}
	s.diary.book(as...)
	s.read()
	s.all(as, gateway.Queued, gateway.None)
}

func TestAnIncompleteReadBelievesNoMove(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	s.booked(shifted(as, time.Hour)...)
	s.diary.complete = false
	s.diary.drop(as[:6]...)
	s.read()
	s.all(as[:6], gateway.Held, gateway.NotConfirmed)
	s.all(as[6:], gateway.Held, gateway.ManyMoves)
	s.diary.complete = true
	s.booked(shifted(as, time.Hour)...)
	s.all(as, gateway.Held, gateway.ManyMoves)
}
