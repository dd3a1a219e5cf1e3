package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

// guest gives the n-th of many appointments far ahead, of patients who share numbers.
func guest(n int) gateway.Appointment {
	a := person(n%900 + 1)
	a.ID = gateway.AppointmentID(person(n).ID + "-g")
	a.Patient.ID += "g"
	a.Site = string(a.ID) // apart from others, so that no two are one visit
	a.Start = tuesday.AddDate(0, 0, 10)
	return a
}

// bookings books so many new ones, numbered from first, and reads.
func (s *stage) bookings(first, n int) []gateway.Appointment {
	s.t.Helper()
	out := make([]gateway.Appointment, n)
	for i := range out {
		out[i] = guest(first + i)
	}
	s.booked(out...)
	return out
}

// aWeek lets a practice be known: its first read, and a week of so many new
// bookings a day.
func (s *stage) aWeek(perDay int) {
	s.t.Helper()
	s.clock.Set(friday.AddDate(0, 0, -14))
	s.many(10)
	for d := range 8 {
		s.clock.Set(friday.AddDate(0, 0, d-10))
		s.bookings(10_000+d*1000, perDay)
	}
	s.clock.Set(friday)
	s.read()
	s.told()
}

func TestFarMoreNewRemindersThanUsualWaitForAPerson(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	few := s.bookings(30_000, 100) // busier than ever, and not unusual
	s.all(few, gateway.Queued, gateway.None)
	flood := s.bookings(40_000, 21) // but 121 on one day are more than half again as many as 80
	s.all(flood, gateway.Held, gateway.ManyNew)
	s.all(few, gateway.Queued, gateway.None)
	if told := s.told(); told[gateway.ManyNew] != 21 || len(told) != 1 {
		t.Errorf("moves: %v", told)
	}
	if n := s.metric("bellman_feed_suspects", "new"); n != 21 {
		t.Errorf("%v new ones are told to wait", n)
	}
	s.clock.Advance(15 * time.Minute)
	after := s.bookings(50_000, 3)[:3] // nobody knows whether they belong to it
	s.all(flood, gateway.Held, gateway.ManyNew)
	s.all(after, gateway.Held, gateway.ManyNew)
	s.release()
	s.read()
	s.all(flood, gateway.Queued, gateway.None)
	s.all(after, gateway.Queued, gateway.None)
	if f := must(s.store.Feed(t.Context(), riverside)); f.New != 0 || f.Released {
		t.Errorf("%d still wait", f.New)
	}
}

func TestNothingThatWasQueuedIsDelayedByAFlood(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	s.bookings(40_000, 200)
	s.come(monday)
	s.send()
	if n := len(s.phones.sent); n != 10 {
		t.Errorf("%d of the 10 texts that were due left", n)
	}
}

func TestWhatIsUnusualIsLearntFirst(t *testing.T) {
	for name, c := range map[string]struct{ perDay, at int }{
		"a small practice is never unusual": {3, 90},
		"a large one is so by its own norm": {200, 290},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.aWeek(c.perDay)
			s.all(s.bookings(40_000, c.at), gateway.Queued, gateway.None)
		})
	}
	t.Run("the first reads bring what they like", func(t *testing.T) {
		s := newStage(t)
		s.all(s.bookings(40_000, 400), gateway.Queued, gateway.None)
		s.clock.Advance(time.Hour)
		s.all(s.bookings(50_000, 400), gateway.Queued, gateway.None)
	})
}

func TestAFloodThatGoesAwayIsForgotten(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	flood := s.bookings(40_000, 300)
	s.all(flood, gateway.Held, gateway.ManyNew)
	s.diary.drop(flood...)
	own := s.bookings(50_000, 5)
	s.all(flood, gateway.Withdrawn, gateway.Gone) // at once: nobody had believed in them
	s.all(own, gateway.Queued, gateway.None)
	if f := must(s.store.Feed(t.Context(), riverside)); f.New != 0 || len(f.Missing) != 0 {
		t.Errorf("%d new and %d missing still wait", f.New, len(f.Missing))
	}
}

func TestAFloodAfterAChangeOfTheRulesIsExplained(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	flood := s.bookings(40_000, 300)
	s.all(flood, gateway.Held, gateway.ManyNew)
	s.rules(week, day)
	s.read()
	s.all(flood, gateway.Queued, gateway.None)
}

func TestMoreDaysReadAtOnceAreNoFlood(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	s.diary.covers = &gateway.Span{From: friday, To: tuesday.AddDate(0, 0, 8)} // as the section said so far
	s.read()
	s.diary.covers = nil // and now says more
	s.all(s.bookings(40_000, 300), gateway.Queued, gateway.None)
}

func TestWhatGatheredWhileTheDiaryWasAwayIsNoFlood(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	s.clock.Set(friday.AddDate(0, 0, 4))
	s.all(s.bookings(40_000, 400), gateway.Queued, gateway.None) // four days of a hundred
}

func TestAnIncompleteReadFreesNoFlood(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	flood := s.bookings(40_000, 300)
	s.diary.complete = false
	s.diary.drop(flood[:100]...)
	s.read()
	s.diary.complete = true
	s.booked(flood...)
	s.all(flood, gateway.Held, gateway.ManyNew)
}

func TestAFloodWaitsForAPersonWhateverElseHoldsItMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]func(*stage, []gateway.Appointment){
		"the diary is too old for a while": func(s *stage, _ []gateway.Appointment) { s.diary.age = 2 * time.Hour },
		"a status is not understood": func(s *stage, flood []gateway.Appointment) {
			for _, a := range flood {
				a.Status = gateway.StatusUnknown
				s.diary.book(a)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.aWeek(80)
			flood := s.bookings(40_000, 300)
			meanwhile(s, flood)
			s.clock.Advance(3 * time.Hour)
			s.read()
			s.all(flood, gateway.Held, gateway.ManyNew)
			s.diary.age = 0
			s.booked(flood...)
			s.all(flood, gateway.Held, gateway.ManyNew)
			s.release()
			s.read()
			s.all(flood, gateway.Queued, gateway.None)
		})
	}
}

func TestAFloodOfAnOldDiaryIsOneOnceTheDiaryIsFresh(t *testing.T) {
	s := newStage(t)
	s.aWeek(80)
	s.clock.Advance(3 * time.Hour)
	s.diary.age = 2 * time.Hour
	flood := s.bookings(40_000, 300)
	s.diary.age = 0
	s.read()
	s.all(flood, gateway.Held, gateway.ManyNew)
}

func TestAnotherPracticesDiaryIsNotTextedHoweverOftenItIsRead(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	s.diary.drop(as...)
	theirs := s.bookings(60_000, 20)
	for i := range theirs {
		theirs[i].Start = tuesday
	}
	s.diary.book(theirs...)
	for _, at := range []time.Time{monday.Add(-time.Hour), monday, monday.Add(15 * time.Minute)} {
		s.come(at)
		s.send()
	}
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts to another practice's patients", n)
	}
	s.diary.drop(theirs...)
	s.booked(as...)
	s.send()
	if n := len(s.phones.sent); n != 12 {
		t.Errorf("%d of our own 12 were texted once the diary was ours again", n)
	}
}

func TestAColumnTurnedRoundTextsNobodyWhoSaidNo(t *testing.T) {
	s := newStage(t)
	as := make([]gateway.Appointment, 20)
	for i := range as {
		as[i] = person(i + 1)
		if i >= 15 {
			as[i].Patient.Declined = gateway.FlagYes
		}
	}
	s.booked(as...)
	turned := make([]gateway.Appointment, 20)
	for i, a := range as {
		a.Patient.Declined = map[gateway.Flag]gateway.Flag{gateway.FlagYes: gateway.FlagNo, gateway.FlagNo: gateway.FlagYes}[a.Patient.Declined]
		turned[i] = a
	}
	s.diary.book(turned...)
	for _, at := range []time.Time{monday.Add(-time.Hour), monday} {
		s.come(at)
		s.send()
	}
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts to patients who said no", n)
	}
	s.booked(as...)
	s.send()
	for i := range as {
		if got := s.phones.to(number(i + 1)); (got == 1) != (i < 15) {
			t.Errorf("patient %d got %d texts once the column was right", i+1, got)
		}
	}
}
