package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestAnAppointmentIsCancelledInTheClinicalSystemOnlyWhereSomebodyApprovedIt(t *testing.T) {
	t.Parallel()
	s := newScene(t, "emis", london(time.October, 19, 8, 30))
	s.do("keys", "new")
	p := s.booked(london(time.October, 28, 9, 0), 1)[0]
	v := s.serve()
	v.read()
	if got := s.writes(p, "CANCEL "+s.planned()[p.slot].code(t)); strings.Contains(got, "cancelled") || v.metric("bellman_cancellations_total") != 0 {
		t.Errorf("a text was looked at as if it might cancel: %q", got)
	}
	cancel := []string{"cancel", "--practice", scenePractice, "--appointment", fmt.Sprint(p.slot)}
	if code, _, says := s.run(append(cancel, "--yes", "--by", "Jo Field")...); code != exitFail || !strings.Contains(says, "nobody at A81001 has approved it") {
		t.Errorf("without an approver it ends with %d: %s", code, says)
	}
	s.edit(`    poll: "@every 1s"`, `    poll: "@every 1s"
    writes: {cancellations: "A. Manager"}`)
	if out := s.do(cancel...); !strings.Contains(out, "would cancel the appointment of") {
		t.Errorf("without --yes it says %q", out)
	}
	if code, _, _ := s.run(append(cancel, "--yes")...); code != exitUsage {
		t.Errorf("with nobody's name it ends with %d", code)
	}
	if visit, _ := s.diary.Visit(p.slot); visit.Status != gateway.StatusBooked {
		t.Fatal("it was cancelled too early")
	}
	if out := s.do(append(cancel, "--yes", "--by", "Jo Field")...); !strings.Contains(out, "is cancelled in emis") {
		t.Errorf("it says %q", out)
	}
	if visit, _ := s.diary.Visit(p.slot); visit.Status != gateway.StatusCancelled {
		t.Error("it is not cancelled")
	}
	v.await("its reminders are withdrawn", func() string {
		for _, r := range s.stands(p) {
			if !strings.Contains(r, "withdrawn") {
				return r
			}
		}
		return ""
	})
	if code, _, says := s.run(append(cancel, "--yes", "--by", "Jo Field")...); code != exitFail {
		t.Errorf("a second time it ends with %d: %s", code, says)
	}
	v.stop()
}

func TestAnApprovalOfWhatASystemCannotDoIsAMistakeInTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 19, 8, 30))
	s.do("keys", "new")
	s.edit(`    poll: "@every 1s"`, `    poll: "@every 1s"
    writes: {opt_outs: "A. Manager", cancellations: "A. Manager"}`)
	code, _, says := s.run("pull", "--practice", scenePractice)
	for _, want := range []string{"practices[0].writes.opt_outs: cannot be", "practices[0].writes.cancellations: cannot be"} {
		if code != exitUsage || !strings.Contains(says, want) {
			t.Errorf("it ends with %d and does not say %q: %s", code, want, says)
		}
	}
}

func TestASTOPIsATaskUntilAPersonHasSeenToTheClinicalSystem(t *testing.T) {
	t.Parallel()
	s := newScene(t, "emis", london(time.October, 19, 8, 30))
	s.do("keys", "new")
	p := s.booked(london(time.October, 28, 9, 0), 1)[0]
	v := s.serve()
	v.read()
	s.twilio.Reply(t.Context(), p.number, sceneSender, "please stop texting me")
	if n := v.metric("bellman_tasks_open", `kind="record_opt_out"`); n != 1 {
		t.Errorf("%v tasks", n)
	}
	if out := s.do("tasks"); !strings.Contains(out, "see that the clinical system says so") {
		t.Errorf("reception reads %q", out)
	}
	v.stop()
}
