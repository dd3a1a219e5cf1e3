package hl7_test

import (
	"strings"
	"testing"
	"time"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/message"
	"bellman/adapters/hl7/mllp"
)

func TestTheAnswerSpeaksTheSendersLanguage(t *testing.T) {
	t.Parallel()
	s := tell(t)
	for _, c := range []struct{ what, sent, want string }{
		{
			"2.4, with a structure", "MSH|^~\\&|PAS|RSIM1^X|BELL|TEXTS|20261116100100||SIU^S12^SIU_S12|ID77|P|2.4\r",
			"MSH|^~\\&|BELL|TEXTS|PAS|RSIM1^X|20261116100000+0000||ACK^S12^ACK|ID77|P|2.4\rMSA|AA|ID77\r",
		},
		{
			"2.3, without", "MSH|^~\\&|PAS|RSIM1|||20261116100100||SIU^S12|ID78|P|2.3\r",
			"MSH|^~\\&|||PAS|RSIM1|20261116100000+0000||ACK^S12|ID78|P|2.3\rMSA|AA|ID78\r",
		},
		{
			"other delimiters", "MSH#*%!@#PAS#RSIM1#BELL#TEXTS#20261116100100##SIU*S12#ID79#P#2.5\r",
			"MSH#*%!@#BELL#TEXTS#PAS#RSIM1#20261116100000+0000##ACK*S12#ID79#P#2.5\rMSA#AA#ID79\r",
		},
	} {
		body := sch("88001", monday10) + pid("1001", first)
		if strings.HasPrefix(c.sent, "MSH#") {
			body = strings.NewReplacer("|", "#", "^", "*").Replace(body)
		}
		if got, _ := s.exchange(c.sent + body); got != c.want {
			t.Errorf("%s: the answer is %q, want %q", c.what, got, c.want)
		}
	}
}

func TestEnhancedModeAsksForWhatItWants(t *testing.T) {
	t.Parallel()
	const nothing = ""
	for _, c := range []struct {
		accept, application  string
		kept, refused, fails string
		original             bool
	}{
		{"", "", "AA", "AR", "AE", false},
		{"AL", "NE", "CA", "CR", "CE", false},
		{"AL", "AL", "CA", "CR", "CE", false},
		{"AL", "", "CA", "CR", "CE", false},
		{"NE", "AL", "AA", "AR", "AE", false},
		{"ER", "NE", nothing, "CR", "CE", false},
		{"SU", "NE", "CA", nothing, nothing, false},
		{"NE", "NE", nothing, nothing, nothing, false},
		{"AL", "NE", "AA", "AR", "AE", true},
	} {
		t.Run(strings.Trim("MSH-15 "+c.accept+" and MSH-16 "+c.application, " "), func(t *testing.T) {
			t.Parallel()
			section := simConfig()
			if c.original {
				section.Acknowledge = hl7.AckOriginal
			}
			s := tellWith(t, section)
			ask := func(event, rest string) string {
				head, _, _ := strings.Cut(handAt(ten, event, ""), "\r")
				return head + "|||" + c.accept + "|" + c.application + "\r" + rest
			}
			s.answers("kept", ask("SIU^S12", sch("88001", monday10)+pid("1001", first)), c.kept)
			s.answers("refused", ask("ORU^R01", ""), c.refused)
			s.shelf.tear(tornFails)
			s.answers("not kept", ask("SIU^S13", sch("88001", tuesday11)), c.fails)
			s.shelf.tear("")
			s.is(booked, "23 Nov 10:00")
		})
	}
}

// answers sends a message on a line of its own and checks the code of the answer;
// "" means that nothing is said before the line is closed or another message answered.
func (s *story) answers(what, body, want string) {
	s.t.Helper()
	line := s.dial()
	back := mllp.NewReader(line, 1<<20)
	for _, m := range []string{body, handAt(ten, "SIU^S23", "SCH||1\r")} {
		_ = mllp.Write(line, []byte(m)) // the line may be cut already
	}
	got := ""
	if f, err := back.Next(); err == nil {
		m, err := message.Parse(f.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		msa, _ := m.Segment("MSA")
		first, _ := message.Parse([]byte(body))
		if msa.Field(2).Part().Text() == first.Header().Field(10).Part().Text() {
			got = msa.Field(1).Part().Text()
		}
	}
	if got != want {
		s.t.Errorf("a message that is %s is answered %q, want %q", what, got, want)
	}
	_ = line.Close()
}

func TestNothingIsAcknowledgedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	s := tell(t)
	keeping, goOn := make(chan struct{}), make(chan struct{})
	s.shelf.mu.Lock()
	s.shelf.wait = func() {
		select {
		case keeping <- struct{}{}:
			<-goOn
		case <-goOn:
		}
	}
	s.shelf.mu.Unlock()
	line := s.dial()
	if err := mllp.Write(line, []byte(handAt(ten, "SIU^S12", sch("88001", monday10)+pid("1001", first)))); err != nil {
		t.Fatal(err)
	}
	<-keeping
	_ = line.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := line.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Error("answered while it was being kept")
	}
	close(goOn)
	_ = line.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := mllp.NewReader(line, 1<<20).Next(); err != nil {
		t.Errorf("kept, and not answered: %v", err)
	}
}

func TestWhatCouldNotBeKeptIsSentAgainUntilItIs(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.shelf.tear(tornFails)
	m := handAt(ten, "SIU^S12", sch("88001", monday10)+pid("1001", first))
	s.took("AE AE", s.raw(m), s.raw("<html>"))
	s.shelf.tear("")
	s.took("AA", s.raw(m))
	s.is(booked, "23 Nov 10:00")
}

func TestMessagesForTrainingAreRefusedInLiveModeOnly(t *testing.T) {
	t.Parallel()
	training := strings.Replace(handAt(ten, "SIU^S12", sch("88001", monday10)+pid("1001", first)), "|P|2.4", "|T|2.4", 1)
	s := tell(t)
	s.took("AA", s.raw(training))
	live := tellLive(t)
	live.took("AR", live.raw(training))
	if f := live.feed(); len(f.Appointments) != 0 {
		t.Error("an appointment for training is in the diary")
	}
}
