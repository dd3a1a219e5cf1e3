package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

// hourly books so many visits an hour apart, the first in two hours.
func (s *stage) hourly(n int) []gateway.Appointment {
	s.t.Helper()
	as := make([]gateway.Appointment, n)
	for i := range as {
		as[i] = person(i + 1)
		as[i].Start = friday.Add(time.Duration(i+2) * time.Hour)
	}
	s.booked(as...)
	return as
}

func TestAFrozenDiaryIsUnchangedHoweverItsRemindersFallDue(t *testing.T) {
	s := newStage(t)
	s.hourly(40)
	far := person(90) // in the frozen answer all the time, and in sight later
	far.Start = friday.AddDate(0, 0, 31)
	s.diary.covers = &gateway.Span{From: friday, To: friday.AddDate(0, 0, 30)}
	s.read()
	s.diary.covers = &gateway.Span{From: friday, To: friday.AddDate(0, 0, 32)}
	s.diary.book(far)
	for h := range 20 { // each is too late to be texted one after the other
		s.come(friday.Add(time.Duration(h+1) * time.Hour))
	}
	if got, want := s.metric("bellman_feed_unchanged_seconds"), (20 * time.Hour).Seconds(); got != want {
		t.Errorf("unchanged for %v seconds, want %v", got, want)
	}
}

func TestADiaryInWhichAnythingHappensIsNotUnchanged(t *testing.T) {
	for name, happens := range map[string]func(*stage, gateway.Appointment){
		"a visit is booked": func(s *stage, _ gateway.Appointment) {
			a := person(91)
			a.Start = friday.Add(30 * time.Hour)
			s.diary.book(a)
		},
		"one is moved":     func(s *stage, a gateway.Appointment) { a.Start = a.Start.Add(time.Hour); s.diary.book(a) },
		"one is cancelled": func(s *stage, a gateway.Appointment) { a.Status = gateway.StatusCancelled; s.diary.book(a) },
		"one is gone":      func(s *stage, a gateway.Appointment) { s.diary.drop(a) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.rules(hours)
			as := s.hourly(40)
			s.come(friday.Add(time.Hour))
			happens(s, as[35])
			s.come(friday.Add(2 * time.Hour))
			s.come(friday.Add(3 * time.Hour))
			if got := s.metric("bellman_feed_unchanged_seconds"); got != time.Hour.Seconds() {
				t.Errorf("unchanged for %v seconds, want an hour", got)
			}
		})
	}
}

func TestADiaryOfWhichNothingNeedBeKeptIsNoLoss(t *testing.T) {
	loss := "gone from Redis"
	t.Run("it shows visits that have begun only", func(t *testing.T) {
		s := newStage(t)
		a := person(1)
		a.Start = friday.Add(-time.Hour)
		s.booked(a)
		s.clock.Advance(15 * time.Minute)
		s.read()
		if strings.Contains(s.log.String(), loss) {
			t.Error("people are told of a loss")
		}
	})
	t.Run("all that it showed was over long ago when it was read again", func(t *testing.T) {
		s := newStage(t)
		s.booked(person(1))
		s.clock.Set(tuesday.Add(49 * time.Hour))
		if n := must(s.store.Sweep(t.Context(), riverside, s.clock.Now().Add(-48*time.Hour))); n != 1 {
			t.Fatalf("%d forgotten", n)
		}
		s.read()
		if strings.Contains(s.log.String(), loss) {
			t.Error("people are told of a loss")
		}
	})
	t.Run("but records that go before their time are one", func(t *testing.T) {
		s := newStage(t)
		s.booked(person(1))
		if err := s.raw.Del(t.Context(), storetest.Key(riverside, "a")).Err(); err != nil {
			t.Fatal(err)
		}
		s.clock.Set(tuesday.Add(47 * time.Hour))
		s.read()
		if !strings.Contains(s.log.String(), loss) {
			t.Error("nobody is told")
		}
	})
}
