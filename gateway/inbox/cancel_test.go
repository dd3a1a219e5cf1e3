package inbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/inbox"
)

func TestACANCELWithItsCodeFreesTheVisitAndThePatientIsTold(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a, person(2))
	got := s.asks(1, "CANCEL "+codeOf(a))
	want := "Your appointment with Smith & Jones' Surgery on Tuesday 24 November at 10am is cancelled, as you asked. " +
		"If you did not ask for this, or want another time, call 01632 960001."
	if len(got.Texts) != 1 || got.Texts[0] != want {
		t.Errorf("answered with %q", got.Texts)
	}
	if n := s.slots.times(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.stands(s.id(riverside, a), gateway.Withdrawn, gateway.Cancelled)
	s.stands(s.id(riverside, person(2)), gateway.Queued, gateway.None)
	gatewaytest.Await(t, "the reply is closed", func() bool { return !s.waits(got.MessageID) })
	if steps := s.ends(a); steps != "asked cancelled" {
		t.Errorf("the story tells %q", steps)
	}
	if len(s.audited) != 1 || s.audited[0] != s.id(riverside, a).Ref.String() {
		t.Errorf("the audit trail says %v", s.audited)
	}
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelDone: 1})

	s.left(s.asks(1, "CANCEL "+codeOf(a)), 1) // once more: there is nothing to cancel
}

func TestAfterACancellationNoTextGoesAndNobodyIsAskedToTellThePatient(t *testing.T) {
	s := newCancelStage(t)
	a, week := person(1), gateway.Rule{}
	a.Start = a.Start.AddDate(0, 0, 7)
	for i := range s.surgs {
		week, _ = gateway.ParseRule("7d")
		s.surgs[i].Policy.Rules = []gateway.Rule{week, day}
	}
	s.shows(a)
	s.come(monday.AddDate(0, 0, 1)) // a week before
	s.sendAll()
	id := s.id(riverside, a)
	if id.Rule = week; s.standing(id).State != gateway.Accepted && s.standing(id).State != gateway.Delivered {
		t.Fatalf("the first text is %s", s.standing(id).State)
	}
	got := s.asks(1, "cancel "+codeOf(a))
	if len(got.Texts) != 1 || s.slots.times() != 1 {
		t.Fatalf("%d answers, asked %d times", len(got.Texts), s.slots.times())
	}
	a.Status = gateway.StatusCancelled
	for range 2 { // the diary shows it, and later does not show it at all
		s.booked(riverside, a)
		delete(s.visits[riverside], a.ID)
	}
	s.come(a.Start.AddDate(0, 0, -1))
	s.sendAll()
	tasks := must(s.memory.Tasks(t.Context(), riverside))
	if len(tasks) != 1 || tasks[0].ID.Kind != gateway.TaskCancelled || tasks[0].Open() || tasks[0].By != "bellman" {
		t.Errorf("%d tasks, want one that is closed", len(tasks))
	}
	for _, text := range s.sim.Phone(phone(1)) {
		if !text.Answer && text.At.After(monday.AddDate(0, 0, 2)) {
			t.Error("a text went about a visit that is cancelled")
		}
	}
}

func TestWhateverIsNotPlainFreesNothingAndWaitsForAPerson(t *testing.T) {
	a, child := person(1), person(2)
	child.Patient.Mobile = a.Patient.Mobile
	right := "CANCEL " + codeOf(a)
	nothing := func(*cancelStage) {}
	for _, c := range []struct {
		what  string
		words string
		set   func(*cancelStage)
		end   gateway.CancelEnd
	}{
		{"no code", "please cancel", nothing, gateway.CancelOtherWords},
		{"more words", "cancel my appointment " + codeOf(a), nothing, gateway.CancelOtherWords},
		{"a question", "cancel " + codeOf(a) + "?", nothing, gateway.CancelOtherWords},
		{"another visit's code", "CANCEL " + codeOf(person(3)), nothing, gateway.CancelNoVisit},
		{"the code of the time before it was moved", right, func(s *cancelStage) {
			is := a
			is.Start = a.Start.Add(time.Hour)
			s.shows(is)
		}, gateway.CancelNoVisit},
		{"two visits that one text spoke for", right, func(s *cancelStage) {
			second := a
			second.ID, second.Start = "88900", a.Start.Add(30*time.Minute)
			s.shows(second)
		}, gateway.CancelSeveral},
		{"too near", right, func(s *cancelStage) { s.clock.Set(a.Start.Add(time.Minute - enough)) }, gateway.CancelTooNear},
		{"it was moved a moment ago", right, func(s *cancelStage) {
			is := a
			is.Start = a.Start.Add(time.Hour)
			s.slots.change(is)
		}, gateway.CancelChanged},
		{"it was cancelled a moment ago", right, func(s *cancelStage) {
			is := a
			is.Status = gateway.StatusCancelled
			s.slots.change(is)
		}, gateway.CancelChanged},
		{"the patient has another number since", right, func(s *cancelStage) {
			is := a
			is.Patient.Mobile = gateway.NewPhone(phone(9))
			s.slots.change(is)
		}, gateway.CancelChanged},
		{"the clinical system does not answer", right, func(s *cancelStage) {
			s.slots.looked = func() error { return errors.New("no answer") }
		}, gateway.CancelChanged},
		{"the clinical system breaks down", right, func(s *cancelStage) {
			s.slots.looked = func() error { panic("it broke") }
		}, gateway.CancelChanged},
		{"its record is written anew while it is looked at", right, func(s *cancelStage) {
			s.slots.looked = func() error {
				is := a
				is.Site = "6"
				return s.sched.Refresh(s.t.Context(), s.practice(riverside), is)
			}
		}, gateway.CancelChanged},
		{"the number has opted out", right, func(s *cancelStage) { s.stop(1) }, gateway.CancelOptedOut},
		{"the diary says that it is cancelled", right, func(s *cancelStage) {
			is := a
			is.Status = gateway.StatusCancelled
			s.booked(riverside, is)
		}, gateway.CancelInDoubt},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newCancelStage(t)
			s.shows(a, child)
			c.set(s)
			s.left(s.asks(1, c.words), 0)
			s.outcomes(map[gateway.CancelEnd]int{c.end: 1})
			if len(s.audited) != 0 || s.ends(a) != "" {
				t.Error("something was written down as tried")
			}
		})
	}
}

func TestTwoPatientsOnOneNumberWhoseCodesAreAlikeAreLeftToPeople(t *testing.T) {
	s := newCancelStage(t)
	a, twin := person(1), person(2)
	for n := 0; codeOf(twin) != codeOf(a); n++ {
		twin.ID = gateway.AppointmentID(fmt.Sprint("77", n))
		twin.Start = a.Start.Add(time.Duration(n) * time.Minute)
	}
	twin.Patient.Mobile = a.Patient.Mobile
	s.shows(a, twin)
	s.left(s.asks(1, "CANCEL "+codeOf(a)), 0)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelSeveral: 1})
}

func TestOfTwoPatientsOnOneNumberTheOneWhoseCodeItIsIsFreed(t *testing.T) {
	s := newCancelStage(t)
	a, child := person(1), person(2)
	child.Patient.Mobile = a.Patient.Mobile
	s.shows(a, child)
	s.asks(1, "CANCEL "+codeOf(child))
	if !slices.Equal(s.slots.asked, []gateway.AppointmentID{child.ID}) {
		t.Errorf("asked about %d visits", len(s.slots.asked))
	}
	s.stands(s.id(riverside, a), gateway.Queued, gateway.None)
}

func TestAPracticeThatHasNotSwitchedItOnFreesNothing(t *testing.T) {
	s := newCancelStage(t, func(o *inbox.Options) { o.Cancels.Systems = nil })
	s.shows(person(1))
	s.left(s.asks(1, "CANCEL "+codeOf(person(1))), 0)
	s.outcomes(nil)
}

func TestACANCELThatIsFoundInTheProvidersListFreesNothing(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	s.closeDoor()
	s.writes(1, "CANCEL "+codeOf(a))
	s.openDoor()
	s.catchUp()
	all := s.replies(riverside)
	if len(all) != 1 || !all[0].Open() || s.slots.times() != 0 {
		t.Fatalf("%d replies, asked %d times", len(all), s.slots.times())
	}
	// Nor does it when it comes to the door after all.
	got := s.post(inbox.InboundPath, text(1, fromRiverside, "CANCEL "+codeOf(a), all[0].MessageID))
	if got.status != http.StatusOK || strings.Contains(got.body, "Message") || s.slots.times() != 0 {
		t.Errorf("answered %d with %q, asked %d times", got.status, got.body, s.slots.times())
	}
}

func TestWhatTheClinicalSystemDidNotConfirmIsTriedOnceAndLeftToPeople(t *testing.T) {
	for end, fail := range map[gateway.CancelEnd]error{
		gateway.CancelNotWritten: gateway.ErrNotWritten,
		gateway.CancelUnclear:    errors.New("no answer in time"),
	} {
		t.Run(end.String(), func(t *testing.T) {
			s := newCancelStage(t)
			a := person(1)
			s.slots.fail = fail
			s.shows(a)
			first := s.asks(1, "CANCEL "+codeOf(a))
			s.stands(s.id(riverside, a), gateway.Queued, gateway.None)
			if steps := s.ends(a); steps != "asked "+end.String() {
				t.Errorf("the story tells %q", steps)
			}
			s.slots.fail = nil
			second, third := s.asks(1, "CANCEL "+codeOf(a)), s.asks(1, "CANCEL "+codeOf(a))
			if s.left(third, 1); len(third.Texts) != 0 {
				t.Error("the third time is answered, too")
			}
			if end == gateway.CancelNotWritten {
				s.left(first, 1)
				first = second
			} else if s.left(second, 1); len(second.Texts) != 0 {
				t.Error("the same is said twice")
			}
			s.unsure(first, 1)
			s.outcomes(map[gateway.CancelEnd]int{end: 1, gateway.CancelAgain: 2})
		})
	}
}

func TestACrashAfterTheAttemptWasWrittenDownNeverLeadsToAnother(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	s.begun = func() error { return errCut } // nothing after it happens
	got := s.asks(1, "CANCEL "+codeOf(a))
	s.begun = nil
	next := s.newInbox(func(o *inbox.Options) { o.Cancels, o.Practices = s.options.Cancels, s.options.Practices })
	for _, id := range []string{got.MessageID, sid(7)} {
		m := gateway.Inbound{MessageID: id, From: gateway.NewPhone(phone(1)), To: fromRiverside, Text: gateway.NewText("CANCEL " + codeOf(a))}
		text, err := next.Take(t.Context(), s.options.Practices[slices.IndexFunc(s.options.Practices, func(p gateway.Practice) bool { return p.ODS == riverside })], m)
		// The same message again is not answered; another gets the truth.
		want := ""
		if id != got.MessageID {
			want = unsure
		}
		if err != nil || !strings.Contains(text.Reveal(), want) || want == "" && !text.IsZero() {
			t.Errorf("%q, %v", text.Reveal(), err)
		}
	}
	if n := s.slots.times(); n != 0 {
		t.Errorf("asked %d times", n)
	}
	if steps := s.ends(a); steps != "asked" {
		t.Errorf("the story tells %q", steps)
	}
	s.left(got, 0)
}

func TestTwoReplicasAskOnce(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a)
	other := s.newInbox(func(o *inbox.Options) { o.Cancels, o.Practices = s.options.Cancels, s.options.Practices })
	p := s.options.Practices[slices.IndexFunc(s.options.Practices, func(p gateway.Practice) bool { return p.ODS == riverside })]
	var mu sync.Mutex
	var all sync.WaitGroup
	told := 0
	for i := range 8 {
		in := []*inbox.Inbox{s.in, other}[i%2]
		all.Go(func() {
			m := gateway.Inbound{MessageID: sid(100 + i/4), From: gateway.NewPhone(phone(1)), To: fromRiverside, Text: gateway.NewText("CANCEL " + codeOf(a))}
			text, err := in.Take(t.Context(), p, m)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(text.Reveal(), "is cancelled") {
				told++
			}
		})
	}
	all.Wait()
	if n := s.slots.times(); n != 1 || told != 1 {
		t.Errorf("asked %d times, told %d times", n, told)
	}
}

func TestAfterAWrongCodeTheNumberFreesNothingForADay(t *testing.T) {
	s := newCancelStage(t)
	a := person(1)
	s.shows(a, person(2))
	s.left(s.asks(1, "CANCEL 0000"), 0)
	s.left(s.asks(1, "CANCEL "+codeOf(a)), 0)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelNoVisit: 1, gateway.CancelGuessed: 1})
	if s.asks(2, "CANCEL "+codeOf(person(2))); s.slots.times() != 1 {
		t.Error("another number pays for it")
	}
}

func TestWithoutALineInTheAuditTrailNothingIsAsked(t *testing.T) {
	s := newCancelStage(t)
	s.fails = errors.New("the disk is full")
	s.shows(person(1))
	s.left(s.asks(1, "CANCEL "+codeOf(person(1))), 0)
	if steps := s.ends(person(1)); steps != "asked not_written" {
		t.Errorf("the story tells %q", steps)
	}
}

func TestAClinicalSystemThatHangsDoesNotKeepTheProviderWaiting(t *testing.T) {
	s := newCancelStage(t)
	s.slots.slow = make(chan struct{})
	s.shows(person(1))
	begun := time.Now()
	got := s.asks(1, "CANCEL "+codeOf(person(1)))
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("answered after %v", took)
	}
	s.unsure(got, 1)
	s.outcomes(map[gateway.CancelEnd]int{gateway.CancelUnclear: 1})
}

// TestWhatTellsOfACancellationLeavesNoOtherTextInDoubt: it goes to the number in the
// very time in which a text of unknown fate may have.
func TestWhatTellsOfACancellationLeavesNoOtherTextInDoubt(t *testing.T) {
	s := newCancelStage(t)
	a, b := person(1), person(1)
	b.ID, b.Start = "88900", a.Start.AddDate(0, 0, 7)
	s.shows(a, b)
	s.come(monday)
	id := s.id(riverside, a)
	s.claimed(id)
	s.move(gateway.Change{ID: id, To: gateway.Unknown, Reason: gateway.UnknownOutcome})
	if got := s.asks(1, "CANCEL "+codeOf(b)); len(got.Texts) != 1 || s.slots.times() != 1 {
		t.Fatalf("%d answers, asked %d times", len(got.Texts), s.slots.times())
	}
	s.come(monday.Add(2 * settle))
	s.reconcile()
	s.stands(id, gateway.Queued, gateway.None)
}
