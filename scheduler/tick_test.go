package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

func TestANewAppointmentIsPlannedAndAnUnchangedOneCostsNothing(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.stands(person(1), day, gateway.Queued, gateway.None)
	for range 3 {
		s.clock.Advance(15 * time.Minute)
		s.read()
	}
	s.silent()
	s.stands(person(1), day, gateway.Queued, gateway.None)
	if n := s.metric("bellman_appointments_read_total", "ok"); n != 4 {
		t.Errorf("%v were read", n)
	}
	if n := s.metric("bellman_feed_age_seconds"); n != 0 {
		t.Errorf("the feed is %v seconds old", n)
	}
	s.come(monday)
	s.send()
	s.texts(1, 1)
}

func TestAMovedAppointmentTakesItsReminderAlong(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	moved := person(1)
	moved.Start = tuesday.AddDate(0, 0, 2)
	s.booked(moved)
	s.stands(person(1), day, gateway.Withdrawn, gateway.Moved)
	s.stands(moved, day, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	s.texts(1, 0) // the old day
	s.come(monday.AddDate(0, 0, 2))
	s.send()
	s.texts(1, 1)
}

func TestWhatTheDiarySaysOfAVisitDecides(t *testing.T) {
	set := func(f func(*gateway.Appointment)) gateway.Appointment {
		a := person(1)
		f(&a)
		return a
	}
	for name, c := range map[string]struct {
		is   gateway.Appointment
		want gateway.State
		why  gateway.Reason
	}{
		"cancelled":          {set(func(a *gateway.Appointment) { a.Status = gateway.StatusCancelled }), gateway.Withdrawn, gateway.Cancelled},
		"deceased":           {set(func(a *gateway.Appointment) { a.Patient.Deceased = gateway.FlagYes }), gateway.Withdrawn, gateway.Deceased},
		"left":               {set(func(a *gateway.Appointment) { a.Patient.Left = gateway.FlagYes }), gateway.Withdrawn, gateway.LeftPractice},
		"said no to texts":   {set(func(a *gateway.Appointment) { a.Patient.Declined = gateway.FlagYes }), gateway.Withdrawn, gateway.Declined},
		"reminded elsewhere": {set(func(a *gateway.Appointment) { a.Reminded = gateway.FlagYes }), gateway.Withdrawn, gateway.SourceReminds},
		"unclear":            {set(func(a *gateway.Appointment) { a.Patient.Deceased = gateway.FlagUnclear }), gateway.Held, gateway.DeceasedUnclear},
		"of unknown status":  {set(func(a *gateway.Appointment) { a.Status = gateway.StatusUnknown }), gateway.Held, gateway.StatusUnclear},
		"without a number": {set(func(a *gateway.Appointment) {
			a.Patient.Mobile, a.Patient.MobileKind = gateway.Phone{}, gateway.NumberMissing
		}), gateway.Withdrawn, gateway.NoMobile},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.booked(person(1))
			s.booked(c.is)
			s.stands(person(1), day, c.want, c.why)
			if told := s.told(); told[c.why] != 1 || len(told) != 1 {
				t.Errorf("moves: %v", told)
			}
			s.read()
			s.silent()
			s.booked(person(1)) // and back
			s.stands(person(1), day, gateway.Queued, gateway.None)
			s.booked(c.is)
			s.come(monday)
			s.send()
			if n := len(s.phones.sent); n != 0 {
				t.Errorf("%d texts", n)
			}
		})
	}
}

func TestAChangedNumberIsTextedInsteadOfTheOld(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	is := person(1)
	is.Patient.Mobile = number(2)
	s.booked(is)
	s.come(monday)
	s.send()
	if s.phones.to(number(1)) != 0 || s.phones.to(number(2)) != 1 {
		t.Error("not the new number alone")
	}
}

func TestAGoneAppointmentIsWithdrawnAndQueuedWhenItReappears(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.diary.drop(person(1))
	s.read()
	s.stands(person(1), day, gateway.Withdrawn, gateway.Gone)
	s.stands(person(2), day, gateway.Queued, gateway.None)
	if told := s.told(); told[gateway.Gone] != 1 {
		t.Errorf("moves: %v", told)
	}
	s.read()
	s.silent()
	s.booked(person(1))
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.diary.drop(person(1))
	s.come(monday)
	s.send()
	if s.phones.to(number(1)) != 0 || s.phones.to(number(2)) != 1 {
		t.Error("who has no visit any more was texted, or who has one was not")
	}
}

func TestWhatWasWithheldForAReasonKeepsItWhenItGoes(t *testing.T) {
	cancelled := person(1)
	cancelled.Status = gateway.StatusCancelled
	s := newStage(t)
	s.booked(cancelled)
	s.told()
	s.diary.drop(cancelled)
	s.read()
	s.diary.complete = false
	s.read()
	s.stands(cancelled, day, gateway.Withdrawn, gateway.Cancelled)
	s.silent()
}

func TestAnIncompleteReadCancelsNobodyAndHoldsWhomItDoesNotShow(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.come(monday.Add(-time.Minute))
	s.diary.drop(person(1))
	s.diary.complete = false
	s.come(monday)
	s.stands(person(1), day, gateway.Held, gateway.NotConfirmed)
	s.stands(person(2), day, gateway.Queued, gateway.None)
	s.send()
	s.stands(person(1), day, gateway.Held, gateway.NotConfirmed)
	if s.phones.to(number(1)) != 0 || s.phones.to(number(2)) != 1 {
		t.Error("who was not confirmed was texted, or who was confirmed was not")
	}
	s.diary.book(person(1))
	s.diary.complete = true
	s.come(monday.Add(time.Minute))
	s.send()
	s.texts(1, 1)
}

func TestNobodyIsTextedOnIncompleteReadsAlone(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.come(monday.Add(-100 * time.Minute))
	s.diary.complete = false
	for at := monday.Add(-75 * time.Minute); !at.After(monday); at = at.Add(15 * time.Minute) {
		s.come(at)
	}
	if age := s.metric("bellman_feed_age_seconds"); age != 6000 {
		t.Errorf("the last complete read is told to be %v seconds ago, it is 6000", age)
	}
	s.send()
	s.stands(person(1), day, gateway.Held, gateway.FeedStale)
	if len(s.phones.sent) != 0 {
		t.Error("texted on a diary that was not read whole for too long")
	}
}

func TestAnUnreadableRecordHoldsWhomTheReadDoesNotShow(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.diary.drop(person(1)) // its row may be the one that could not be read
	s.diary.unreadable = []gateway.Unreadable{{Where: "line 2", Why: "start is not a date"}}
	s.read()
	s.stands(person(1), day, gateway.Held, gateway.NotConfirmed)
	s.stands(person(2), day, gateway.Queued, gateway.None)
	if n := s.metric("bellman_appointments_read_total", "unreadable"); n != 1 {
		t.Errorf("%v are counted as unreadable", n)
	}
	s.diary.unreadable = nil
	s.read()
	s.stands(person(1), day, gateway.Withdrawn, gateway.Gone)
}

func TestAReadThatSpeaksForFewerDaysConfirmsNobodyBeyondThem(t *testing.T) {
	s := newStage(t)
	far := person(2)
	far.Start = tuesday.AddDate(0, 0, 7)
	s.booked(person(1), far)
	s.diary.drop(person(1), far)
	s.diary.covers = &gateway.Span{From: friday, To: tuesday.AddDate(0, 0, 1)}
	s.read()
	s.stands(person(1), day, gateway.Withdrawn, gateway.Gone)
	s.stands(far, day, gateway.Held, gateway.NotConfirmed)
}

func TestAFailedReadChangesNothingAndTheFeedGrowsOld(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.diary.drop(person(1))
	s.diary.fails = errDown
	for range 3 {
		s.clock.Advance(10 * time.Minute)
		if err := s.sched.Tick(t.Context(), s.surgery); err == nil {
			t.Error("nobody is told")
		}
	}
	s.stands(person(1), day, gateway.Queued, gateway.None)
	if age := s.metric("bellman_feed_age_seconds"); age != 1800 {
		t.Errorf("the feed is told to be %v seconds old", age)
	}
	if n := s.metric("bellman_feed_failures_total"); n != 3 {
		t.Errorf("%v failures are counted", n)
	}
	s.diary.fails = nil
	s.read()
	s.stands(person(1), day, gateway.Withdrawn, gateway.Gone)
}

func TestABookedLateReminderIsNotOwed(t *testing.T) {
	s := newStage(t)
	s.rules(day, hours)
	s.clock.Set(monday.Add(time.Minute))
	s.booked(person(1))
	s.stands(person(1), day, gateway.Withdrawn, gateway.BookedLate)
	s.stands(person(1), hours, gateway.Queued, gateway.None)
	s.send()
	if len(s.phones.sent) != 0 {
		t.Error("texted late")
	}
	now := person(2)
	s.surgery.Policy.SendBookedLate = true
	s.booked(now)
	s.send()
	if s.phones.to(number(2)) != 1 {
		t.Error("not texted at once although the practice wants it")
	}
}

func TestOneRowTwiceIsOneAppointment(t *testing.T) {
	s := newStage(t)
	s.diary.rows = []gateway.Appointment{person(1), person(1), person(1)}
	s.read()
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	s.texts(1, 1)
}

func TestRowsThatDisagreeAreHeldWhateverTheirOrder(t *testing.T) {
	cancelled, begun := person(1), person(1)
	cancelled.Status = gateway.StatusCancelled
	begun.Start = friday.Add(-time.Hour)
	for name, rows := range map[string][]gateway.Appointment{
		"booked, cancelled":         {person(1), cancelled},
		"cancelled, booked":         {cancelled, person(1)},
		"booked, cancelled, booked": {person(1), cancelled, person(1)},
		"begun, still to come":      {begun, person(1)},
		"still to come, begun":      {person(1), begun},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.diary.rows = rows
			s.read()
			s.stands(person(1), day, gateway.Held, gateway.StatusUnclear)
		})
	}
}

func TestADoubtfulFirstVisitSpeaksForNoOther(t *testing.T) {
	s := newStage(t)
	first, second := person(1), person(1)
	second.ID, second.Start = "88900", tuesday.Add(30*time.Minute)
	other := first
	other.Status = gateway.StatusCancelled
	s.diary.rows = []gateway.Appointment{first, other, second}
	s.read()
	s.stands(first, day, gateway.Held, gateway.StatusUnclear)
	s.stands(second, day, gateway.Queued, gateway.None)
}

func TestALostPlaceInTheQueueIsNamedAndPutBack(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	id := s.id(person(1), day)
	b := id.Key()
	member := string(b[:11]) + string(riverside)
	due := storetest.ShardKey(riverside, "due")
	if n := must(s.raw.ZRem(t.Context(), due, member).Result()); n != 1 {
		t.Fatalf("%d members were there", n)
	}
	s.read()
	if at := must(s.raw.ZScore(t.Context(), due, member).Result()); time.UnixMilli(int64(at)).UTC() != day.Due(tuesday) {
		t.Errorf("it is due at %v", time.UnixMilli(int64(at)).UTC())
	}
	if !strings.Contains(s.log.String(), id.String()) || !strings.Contains(s.log.String(), "due_lost") {
		t.Error("the log does not name it")
	}
}

func TestWhatCannotBeExplainedIsCountedUntilAReadExplainsIt(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	ref := s.id(person(1), day).Ref
	record := []byte(must(s.raw.HGet(t.Context(), storetest.Key(riverside, "a"), string(ref[:])).Result()))
	record[50] ^= 1
	s.raw.HSet(t.Context(), storetest.Key(riverside, "a"), string(ref[:]), record)
	s.diary.fails = errDown
	for range 2 {
		if err := s.sched.Tick(t.Context(), s.surgery); err == nil {
			t.Error("the read did not fail")
		}
		if n := s.metric("bellman_unexplained"); n != 1 {
			t.Errorf("%v cannot be explained, want 1", n)
		}
	}
	s.diary.fails = nil
	s.read()
	s.stands(person(1), day, gateway.Queued, gateway.None)
}

func TestADamagedRecordThatNoDiaryShowsIsForgotten(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	ref := s.id(person(1), day).Ref
	s.raw.HSet(t.Context(), storetest.Key(riverside, "a"), string(ref[:]), "1")
	s.diary.drop(person(1))
	s.clock.Advance(time.Minute)
	s.read()
	if all := must(s.store.Appointments(t.Context(), riverside)); len(all) != 1 {
		t.Errorf("%d appointments are kept, want the one that is whole", len(all))
	}
}

func TestTheBooksAreBalancedAlsoWhenTheDiaryCannotBeRead(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.raw.Del(t.Context(), storetest.Key(riverside, "n"), storetest.ShardKey(riverside, "due"))
	s.diary.fails = errDown
	_ = s.sched.Tick(t.Context(), s.surgery)
	s.sound()
}
