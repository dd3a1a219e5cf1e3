package hl7_test

import (
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/hl7"
	"bellman/gateway"
)

func TestAMessageThatCannotBeUnderstoodIsRefusedAndListed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, body, code string }{
		{"HTML", "<html><body>XQCANARY</body></html>", "AR"},
		{"nothing", "", "AR"},
		{"another kind", "MSH|^~\\&|PAS|RSIM1|B|T|20261116100100||ORU^R01|1|P|2.4\rPID|1||XQCANARY\r", "AR"},
		{"another event", "MSH|^~\\&|PAS|RSIM1|B|T|20261116100100||SIU^XQCANARY|1|P|2.4\r", "AR"},
		{"version 3", "MSH|^~\\&|PAS|RSIM1|B|T|20261116100100||SIU^S12|1|P|3.0\r", "AR"},
		{"delimiters that stand for each other", "MSH||||PAS|RSIM1|XQCANARY\r", "AR"},
		{"no id of the appointment", handAt(ten, "SIU^S12", "SCH|XQCANARY|||||||||||^^^"+monday10+"\r"+pid("1001", first)), "AR"},
		{"no patient", handAt(ten, "ADT^A31", "EVN|A31\r"), "AR"},
		{"a patient without an id", handAt(ten, "ADT^A31", "PID|1||||XQCANARY^Efua\r"), "AR"},
		{"two patients", handAt(ten, "ADT^A31", pid("1001", first)+pid("2002", first)), "AR"},
		{"a merge of nobody", handAt(ten, "ADT^A40", pid("1001", first)), "AR"},
		{"UTF-16", "M\x00S\x00H\x00|\x00", "AR"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88009", tuesday11), pid("1009", second))
			answer, m := s.exchange(c.body)
			msa, _ := m.Segment("MSA")
			if got := msa.Field(1).Part().Text(); got != c.code {
				t.Errorf("the answer is %s, want %s", got, c.code)
			}
			f := s.feed()
			if len(f.Unreadable) != 1 || f.Unreadable[0].Where == "" || f.Unreadable[0].Why == "" || len(f.Appointments) != 1 {
				t.Errorf("%d appointments, unreadable: %v", len(f.Appointments), f.Unreadable)
			}
			body := strings.SplitN(answer, "\r", 2)
			adaptertest.AssertQuiet(t, []string{"XQCANARY"}, f, body[len(body)-1])
			s.exchange(c.body)
			if f := s.feed(); len(f.Unreadable) != 1 {
				t.Errorf("sent twice, it is listed %d times", len(f.Unreadable))
			}
			s.clock.Advance(73 * time.Hour)
			if f := s.feed(); len(f.Unreadable) != 0 {
				t.Error("it is listed for ever")
			}
		})
	}
}

func TestGarbageAboutAnAppointmentMakesItUnclearAndNotStale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, garbage string }{
		{"a start that is no time", sch("88001", "XQCANARY")},
		{"a day without a time", sch("88001", "20261124")},
		{"31 November", sch("88001", "202611311000")},
		{"no start", "SCH||88001^PAS\r"},
		{"two patients", sch("88001", tuesday11) + pid("1001", first) + pid("2002", second)},
		{"a patient without an id", sch("88001", tuesday11) + "PID|1||||Kerr^Efua\r"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
			s.took("AR", s.say(2, "SIU^S13", c.garbage))
			s.is(unclear, "23 Nov 10:00")
			if f := s.feed(); len(f.Unreadable) != 1 || !strings.Contains(f.Unreadable[0].Where, "88001") {
				t.Errorf("unreadable: %v", f.Unreadable)
			}
			adaptertest.AssertQuiet(t, []string{"XQCANARY"}, s.feed())
			s.say(1, "SIU^S14", sch("88001", monday10))
			s.is(unclear, "23 Nov 10:00") // an older message mends nothing
			s.say(3, "SIU^S13", sch("88001", tuesday11))
			s.is(booked, "24 Nov 11:00")
			if f := s.feed(); len(f.Unreadable) != 0 {
				t.Errorf("mended, and still listed: %v", f.Unreadable)
			}
		})
	}
}

// What could not be understood may have cancelled the visit, or moved it.
func TestOnlyWhatSaysWhetherAndWhenSettlesGarbage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, event, words string
		want               gateway.Status
	}{
		{"a change that does not say whether", "SIU^S14", sch("88001", tuesday11), unclear},
		{"a change that does not say when", "SIU^S14", "SCH||88001^PAS|||||||||||||||||||||||BOOKED\r", unclear},
		{"a change that says both", "SIU^S14", "SCH||88001^PAS|||||||||^^^" + tuesday11 + "||||||||||||||BOOKED\r", booked},
		{"a cancelling", "SIU^S15", "SCH||88001^PAS\r", cancelled},
	} {
		s := tell(t)
		s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
		s.say(2, "SIU^S13", sch("88001", "soon"))
		s.say(3, c.event, c.words)
		if got := s.only().Status; got != c.want {
			t.Errorf("%s: status %d, want %d", c.what, got, c.want)
		}
	}
}

func TestOldGarbageDoesNotUnsettleWhatWasToldSince(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(5, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.took("AR", s.say(1, "SIU^S12", sch("88001", "soon")))
	s.is(booked, "23 Nov 10:00")
}

func TestAMessageBeyondTheLimitIsRefusedAndItsAppointmentUnclear(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.took("AR", s.say(2, "SIU^S13", sch("88001", tuesday11), pid("1001", second), "OBX|1|ED|||"+strings.Repeat("A", 2<<20)+"\r"))
	s.is(unclear, "23 Nov 10:00")
	s.took("AA", s.say(3, "SIU^S13", sch("88001", tuesday11)))
	s.is(booked, "24 Nov 11:00")
}

func TestAnAppointmentIsListedUntilItIsKnownWhoseAndWhen(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.took("AA", s.say(2, "SIU^S13", sch("88001", tuesday11)))
	if f := s.feed(); len(f.Appointments) != 0 || len(f.Unreadable) != 1 {
		t.Errorf("%d appointments, unreadable: %v", len(f.Appointments), f.Unreadable)
	}
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.is(booked, "24 Nov 11:00")
	if f := s.feed(); len(f.Unreadable) != 0 {
		t.Errorf("unreadable: %v", f.Unreadable)
	}
	s.say(3, "SIU^S15", "SCH||77007^PAS\r")
	if f := s.feed(); len(f.Unreadable) != 0 {
		t.Error("a cancelling of what was never told is no trouble")
	}
}

func TestASenderThatStopsAtARefusalIsAcceptedWhereTheSectionSaysSo(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Refuse = hl7.RefuseAA
	s := tellWith(t, c)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.took("AA AA", s.raw("<html>"), s.say(2, "SIU^S13", sch("88001", "soon")))
	s.is(unclear, "23 Nov 10:00")
	if f := s.feed(); len(f.Unreadable) != 2 {
		t.Errorf("unreadable: %v", f.Unreadable)
	}
}

func TestWordsForTheStatus(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]gateway.Status{
		"Booked": booked, "BOOKED^Booked^HL70278": booked, "Overbook": booked, "": booked, `""`: booked,
		"Started": gateway.StatusArrived, "Complete": gateway.StatusFinished, "Noshow": gateway.StatusMissed,
		"Cancelled": cancelled, "Dc": cancelled, "Deleted": cancelled, "Pending": gateway.StatusNotBooked,
		"Waitlist": gateway.StatusNotBooked, "Blocked": gateway.StatusNotBooked, "Confirmed": unclear, "XYZ": unclear,
	} {
		s := tell(t)
		s.say(1, "SIU^S12", "SCH||88001^PAS|||||||||^^^"+monday10+"||||||||||||||"+word+"\r", pid("1001", first))
		if got := s.only().Status; got != want {
			t.Errorf("%s: status %d, want %d", word, got, want)
		}
		s.say(2, "SIU^S15", "SCH||88001^PAS|||||||||^^^"+monday10+"||||||||||||||"+word+"\r")
		if got := s.only().Status; got != cancelled {
			t.Errorf("cancelled with the word %s: status %d", word, got)
		}
	}
}
