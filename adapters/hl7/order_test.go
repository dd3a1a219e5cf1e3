package hl7_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

const (
	booked    = gateway.StatusBooked
	cancelled = gateway.StatusCancelled
	unclear   = gateway.StatusUnknown
)

func TestAMoveThatArrivesBeforeItsBookingStands(t *testing.T) {
	t.Parallel()
	s := tell(t)
	moved := s.say(2, "SIU^S13", sch("88001", tuesday11), pid("1001", first))
	s.is(booked, "24 Nov 11:00")
	late := s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", second))
	s.took("AA AA", moved, late)
	s.is(booked, "24 Nov 11:00")
	if a := s.only(); a.Patient.Mobile != gateway.NewPhone("+447700900101") {
		t.Error("the older message's number took the newer one's place")
	}
}

func TestALateBookingDoesNotBringACancelledVisitBack(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.took("AA AA", s.say(5, "SIU^S15", "SCH||88001^PAS\r"), s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first)))
	s.is(cancelled, "23 Nov 10:00")
}

func TestABookingAfterACancellingBooksAgain(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	before := s.only()
	s.say(2, "SIU^S15", "SCH||88001^PAS\r")
	s.is(cancelled, "23 Nov 10:00")
	s.say(3, "SIU^S12", sch("88001", tuesday11), pid("1001", first))
	s.is(booked, "24 Nov 11:00")
	if s.only().ID != before.ID {
		t.Error("booked again, it is another appointment")
	}
}

func TestOfABookingAndACancellingOfOneTimeNobodyKnowsWhichLasts(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S15", "SCH||88001^PAS\r")
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.is(unclear, "23 Nov 10:00")
	s.say(2, "SIU^S13", sch("88001", tuesday11))
	s.is(booked, "24 Nov 11:00")
	s.say(2, "SIU^S15", "SCH||88001^PAS\r")
	s.is(cancelled, "24 Nov 11:00")
}

func TestACopyOfAnOlderMessageOfTheSameMinuteChangesNothing(t *testing.T) {
	t.Parallel()
	s := tell(t)
	at := ten.Add(time.Minute)
	move := handAt(at, "SIU^S13", sch("88001", monday10)+pid("1001", first))
	s.raw(move)
	s.raw(handAt(at, "SIU^S13", sch("88001", tuesday11)+pid("1001", second)))
	s.took("AA", s.raw(move))
	s.is(booked, "24 Nov 11:00")
	if s.only().Patient.Mobile != gateway.NewPhone("+447700900102") {
		t.Error("the copy brought the old number back")
	}
}

func TestAControlIDThatBeginsAgainHidesNoCancelling(t *testing.T) {
	t.Parallel()
	s := tell(t)
	head := "MSH|^~\\&|PAS|RSIM1|B|T|20261116100100||SIU^S12|1|P|2.4\r"
	s.raw(head + sch("88001", monday10) + pid("1001", first))
	s.raw("MSH|^~\\&|PAS|RSIM1|B|T|20261116100200||SIU^S15|1|P|2.4\r" + "SCH||88001^PAS\r")
	s.is(cancelled, "23 Nov 10:00")
}

func TestAChangeWithoutAStatusDoesNotBookACancelledVisit(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.say(2, "SIU^S15", "SCH||88001^PAS\r")
	s.say(3, "SIU^S14", sch("88001", monday10))
	s.is(unclear, "23 Nov 10:00")
	s.say(4, "SIU^S13", sch("88001", tuesday11))
	s.is(booked, "24 Nov 11:00")
}

// It may have been cancelled before anybody listened.
func TestAChangeWithoutAStatusOfAVisitThatIsNotKnownBooksNothing(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(2, "SIU^S14", sch("88001", monday10), pid("1001", first))
	s.is(unclear, "23 Nov 10:00")
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first)) // its booking, late
	s.is(booked, "23 Nov 10:00")
}

// fixed writes a message whose control id is always the same.
func fixed(minute int, event, rest string) string {
	at := ten.Add(time.Duration(minute) * time.Minute)
	return "MSH|^~\\&|PAS|RSIM1|B|T|" + stampOf(at) + "||" + event + "|1|P|2.4\r" + rest
}

func TestTheSameWordsAtALaterTimeAreNotTakenForACopy(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.clock.Set(ten.Add(time.Hour))
	cancel := "SCH||88001^PAS\r"
	s.raw(fixed(1, "SIU^S12", sch("88001", monday10)+pid("1001", first)))
	s.raw(fixed(2, "SIU^S15", cancel))
	s.raw(fixed(2, "SIU^S15", cancel))
	s.raw(fixed(3, "SIU^S15", cancel))
	s.is(cancelled, "23 Nov 10:00")
	s.raw(fixed(4, "SIU^S13", sch("88001", tuesday11)))
	s.is(booked, "24 Nov 11:00")
	s.raw(fixed(5, "SIU^S13", sch("88001", tuesday11)))
	s.is(booked, "24 Nov 11:00")
	s.raw(fixed(2, "SIU^S15", cancel))
	s.is(booked, "24 Nov 11:00") // a true copy
	s.raw(fixed(6, "SIU^S15", cancel))
	s.is(unclear, "24 Nov 11:00")
	s.raw(fixed(7, "SIU^S13", sch("88001", monday10)))
	s.is(booked, "23 Nov 10:00")
	s.raw(fixed(8, "SIU^S13", sch("88001", tuesday11)))
	s.is(unclear, "23 Nov 10:00") // moved back again, or not
}

func TestAPatientWhoIsTakenOutAgainInTheSameWordsIsOut(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.clock.Set(ten.Add(time.Hour))
	s.raw(fixed(1, "SIU^S12", sch("88001", monday10)+pid("1001", first)))
	out, in := pid("1001", ""), pid("1001", first)
	s.raw(fixed(2, "ADT^A29", out))
	s.raw(fixed(3, "ADT^A28", in))
	s.raw(fixed(2, "ADT^A29", out))
	if s.only().Patient.Left != gateway.FlagNo {
		t.Error("a copy took the patient out")
	}
	s.raw(fixed(4, "ADT^A29", out))
	if s.only().Patient.Left != gateway.FlagYes {
		t.Error("taken out again, and still texted")
	}
}

// The sender's clock was ahead for a while, by less than what counts as now.
func TestACancellingAfterABookingFromTheFutureIsNotOverlooked(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.raw(handAt(ten.Add(5*time.Hour), "SIU^S12", sch("88001", monday10)+pid("1001", first)))
	s.is(booked, "23 Nov 10:00")
	s.say(1, "SIU^S15", "SCH||88001^PAS\r")
	s.is(unclear, "23 Nov 10:00")
	s.clock.Set(ten.Add(6 * time.Hour))
	s.raw(handAt(ten.Add(6*time.Hour), "SIU^S13", sch("88001", tuesday11)))
	s.is(booked, "24 Nov 11:00")
}

func TestACancellingFromAClockThatWasLostCounts(t *testing.T) {
	t.Parallel()
	for _, year := range []string{"1840", "1900", "1970", "1999"} {
		s := tell(t)
		s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
		s.raw("MSH|^~\\&|PAS|RSIM1|B|T|" + year + "0101000000||SIU^S15|1|P|2.4\rSCH||88001^PAS\r")
		s.is(cancelled, "23 Nov 10:00")
	}
}

func TestEveryOrderOfMessagesTellsTheSame(t *testing.T) {
	t.Parallel()
	steps := []struct {
		minute int
		event  string
		rest   string
	}{
		{1, "SIU^S12", sch("88001", monday10) + pid("1001", first)},
		{2, "SIU^S15", "SCH||88001^PAS\r"},
		{3, "SIU^S13", sch("88001", tuesday11) + pid("1001", "")},
		{4, "ADT^A31", pid("1001", second)},
	}
	permute(4, func(order []int) {
		s := tell(t)
		s.clock.Set(ten.Add(time.Hour))
		for _, i := range order {
			at := ten.Add(time.Duration(steps[i].minute) * time.Minute)
			s.took("AA", s.raw(handAt(at, steps[i].event, steps[i].rest)))
		}
		s.is(booked, "24 Nov 11:00")
		if s.only().Patient.Mobile != gateway.NewPhone("+447700900102") {
			t.Errorf("in the order %v the newest number is lost", order)
		}
		_ = s.line.Close()
	})
}

// permute calls do with every order of n things.
func permute(n int, do func([]int)) {
	var walk func(chosen []int)
	walk = func(chosen []int) {
		if len(chosen) == n {
			do(chosen)
			return
		}
	next:
		for i := range n {
			for _, c := range chosen {
				if c == i {
					continue next
				}
			}
			walk(append(chosen[:len(chosen):len(chosen)], i))
		}
	}
	walk(nil)
}

func TestAMessageFromTheFutureDoesNotOutliveItsCorrection(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.raw(handAt(ten.AddDate(36, 0, 0), "SIU^S12", sch("88001", monday10)+pid("1001", first)))
	s.say(5, "SIU^S15", "SCH||88001^PAS\r")
	s.is(cancelled, "23 Nov 10:00")
}

func TestTheDiaryIsAsOldAsWhatTheSenderTells(t *testing.T) {
	t.Parallel()
	s := tell(t)
	if f := s.feed(); f.Complete || !f.AsOf.IsZero() {
		t.Error("complete although nothing was ever heard")
	}
	s.say(0, "SIU^S12", sch("88001", monday10), pid("1001", first))
	a := s.only()
	for _, c := range []struct {
		what       string
		come, said time.Duration
		asOf       time.Duration
	}{
		{"a message said a minute ago is of now", 10 * time.Minute, 9 * time.Minute, 10 * time.Minute},
		{"one out of a queue of this morning does not make it newer", 5 * time.Hour, 3 * time.Hour, 3 * time.Hour},
		{"one by a clock that is ahead is of now", 5*time.Hour + time.Minute, 6 * time.Hour, 5*time.Hour + time.Minute},
		{"an older one does not make it older", 5*time.Hour + 2*time.Minute, 10 * time.Minute, 5*time.Hour + time.Minute},
	} {
		s.clock.Set(ten.Add(c.come))
		s.raw(handAt(ten.Add(c.said), "SIU^S23", "SCH||1\r"))
		if f := s.feed(); !f.AsOf.Equal(ten.Add(c.asOf)) || !f.Complete {
			t.Errorf("%s: it is as of %v", c.what, f.AsOf)
		}
	}
	if _, err := s.Adapter.Reread(t.Context(), a); err != nil {
		t.Errorf("looked at again: %v", err)
	}
	s.clock.Advance(2*time.Hour + time.Minute)
	if _, err := s.Adapter.Reread(t.Context(), a); err == nil {
		t.Error("looked at again after more than two hours of silence")
	}
}
