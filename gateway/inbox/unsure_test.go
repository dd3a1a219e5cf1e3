package inbox_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestWhatLooksLikeSTOPIsSuppressedUntilAPersonHasReadIt(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2))
	got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "Sotp")
	if len(got.Texts) != 1 || !strings.Contains(got.Texts[0], "will send no more texts to this number") {
		t.Errorf("answered with %d texts", len(got.Texts))
	}
	if by := s.optedOut(riverside, 1); by != gateway.OutByUnsure {
		t.Errorf("opted out by %q", by)
	}
	s.stands(s.id(riverside, person(1)), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, person(2)), gateway.Queued, gateway.None)
	if all := s.replies(riverside); len(all) != 1 || all[0].Kind != gateway.ReplyUnsure {
		t.Error("it is not kept for a person")
	}
	if n := len(must(s.memory.Tasks(t.Context(), riverside))); n != 0 {
		t.Errorf("%d tasks, although nobody has decided yet", n)
	}
	if s.metric("bellman_replies_total", "other") != 1 || s.metric("bellman_optouts_added_total", "unsure") != 1 {
		t.Error("it is not counted")
	}
	s.emptied()
	if by := s.optedOut(riverside, 1); by != gateway.OutByUnsure {
		t.Errorf("after a flush opted out by %q", by)
	}
	s.post("/twilio/inbound", text(1, fromRiverside, "START", sid(7)))
	if by := s.optedOut(riverside, 1); by != "" {
		t.Errorf("START does not lift it: opted out by %q", by)
	}
}

func TestAPlainSTOPAfterWhatOnlyLookedLikeOneIsThePatientsWish(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.post("/twilio/inbound", text(1, fromRiverside, "stop mate", sid(1)))
	s.clock.Advance(time.Minute)
	s.post("/twilio/inbound", text(1, fromRiverside, "STOP", sid(2)))
	s.opened(map[gateway.TaskKind]int{gateway.TaskOptOut: 1})
	for range 2 {
		o, _, err := s.memory.Store.OptedOut(t.Context(), riverside, gateway.NewPhone(phone(1)))
		if err != nil || o.By != gateway.OutByPatient || !o.Since.Equal(friday) {
			t.Errorf("opted out by %q since %v, %v", o.By, o.Since, err)
		}
		s.emptied()
	}
	s.post("/twilio/inbound", text(1, fromRiverside, "sotp", sid(3)))
	if by := s.optedOut(riverside, 1); by != gateway.OutByPatient {
		t.Errorf("then opted out by %q", by)
	}
}

// opened looks how many tasks of each kind are open at Riverside.
func (s *stage) opened(want map[gateway.TaskKind]int) {
	s.t.Helper()
	got, _, err := s.memory.OpenTasks(s.t.Context(), riverside)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, k := range gateway.TaskKinds {
		if got[k] != want[k] {
			s.t.Errorf("%d tasks %s, want %d", got[k], k, want[k])
		}
	}
}

func TestAWrongNumberGetsNothingMoreAndIsATaskForEachPatient(t *testing.T) {
	s := newStage(t)
	child, declined := person(2), person(3) // three with one telephone
	child.Patient.Mobile, declined.Patient.Mobile = gateway.NewPhone(phone(1)), gateway.NewPhone(phone(1))
	declined.Patient.Declined = gateway.FlagYes
	s.booked(riverside, person(1), child, declined, person(4))
	s.booked(hillside, person(1))
	got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "Sorry, you have the wrong number")
	if len(got.Texts) != 1 || !strings.Contains(got.Texts[0], "will send no more texts to this number") {
		t.Errorf("answered with %d texts", len(got.Texts))
	}
	if strings.Contains(got.Texts[0], "START") || strings.Contains(got.Texts[0], "appointment") {
		t.Error("a stranger is offered START, or told of appointments")
	}
	if by := s.optedOut(riverside, 1); by != gateway.OutByWrongNumber || s.optedOut(hillside, 1) != "" {
		t.Errorf("opted out by %q, or of the other practice as well", by)
	}
	s.stands(s.id(riverside, person(1)), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, child), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, person(4)), gateway.Queued, gateway.None)
	s.opened(map[gateway.TaskKind]int{gateway.TaskWrongNumber: 3})
	s.sim.Reply(t.Context(), phone(1), fromRiverside, "not me")
	s.opened(map[gateway.TaskKind]int{gateway.TaskWrongNumber: 3})
	if n := s.metric("bellman_optouts_added_total", "wrong_number"); n != 1 {
		t.Errorf("%v are counted", n)
	}
}

func TestOnlyStaffLiftWhatAStrangerSaid(t *testing.T) {
	for name, first := range map[string]string{"alone": "", "after a STOP": "STOP", "after what looks like one": "stop mate"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.booked(riverside, person(1))
			said := []string{first, "wrong number", "START", "UNSTOP", "YES", "STOP", "START"}
			for i, words := range said {
				if words == "" {
					continue
				}
				got := s.post("/twilio/inbound", text(1, fromRiverside, words, sid(i)))
				if i > 1 && strings.Contains(got.body, "about appointments again") {
					t.Errorf("%s is promised texts", words)
				}
				if i > 0 && strings.Contains(got.body, "START") {
					t.Errorf("after %s START is offered, which lifts nothing", words)
				}
				if by := s.optedOut(riverside, 1); i > 0 && by != gateway.OutByWrongNumber {
					t.Errorf("after %s opted out by %q", words, by)
				}
			}
			s.emptied()
			s.post("/twilio/inbound", text(1, fromRiverside, "START", sid(20)))
			if by := s.optedOut(riverside, 1); by != gateway.OutByWrongNumber {
				t.Errorf("after a flush opted out by %q", by)
			}
			s.clock.Advance(time.Hour)
			if err := s.memory.RemoveOptOut(t.Context(), riverside, gateway.NewPhone(phone(1)), s.clock.Now(), gateway.OutByStaff); err != nil {
				t.Fatal(err)
			}
			s.emptied()
			s.catchUp() // reads the same texts again in the provider's list
			if by := s.optedOut(riverside, 1); by != "" {
				t.Errorf("staff lifted it, and it is opted out by %q again", by)
			}
		})
	}
}

func TestASTOPOfAStrangerIsNotToldToTheClinicalSystem(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.post("/twilio/inbound", text(1, fromRiverside, "I'm not Sarah", sid(1)))
	s.post("/twilio/inbound", text(1, fromRiverside, "STOP", sid(2)))
	s.opened(map[gateway.TaskKind]int{gateway.TaskWrongNumber: 1})
}

func TestWhatIsCaughtUpOfWrongNumbersAndWhatLooksLikeSTOPCountsTheSame(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2), person(3))
	s.closeDoor()
	s.writes(1, "wrong number")
	s.writes(2, "stpo")
	s.writes(3, "stpo", "START")
	s.catchUp()
	for n, want := range map[int]string{1: gateway.OutByWrongNumber, 2: gateway.OutByUnsure, 3: ""} {
		if by := s.optedOut(riverside, n); by != want {
			t.Errorf("patient %d: opted out by %q, want %q", n, by, want)
		}
	}
	s.stands(s.id(riverside, person(1)), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, person(2)), gateway.Withdrawn, gateway.OptedOut)
	s.opened(map[gateway.TaskKind]int{gateway.TaskWrongNumber: 1})
}
