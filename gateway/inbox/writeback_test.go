package inbox_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
)

// writer is a clinical system that can be told that a patient wants no texts.
type writer struct {
	mu   sync.Mutex
	told []gateway.PatientID
	fail error
	slow chan struct{} // it answers when this is closed; nil: at once
}

func (w *writer) WriteDeclined(_ context.Context, p gateway.Patient) error {
	if w.slow != nil {
		<-w.slow
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, p.ID)
	return w.fail
}

func (w *writer) heard() []gateway.PatientID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(slices.Values(w.told))
}

// run lets the inbox work beside the test.
func (s *stage) run() {
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.in.Run(ctx) })
	s.t.Cleanup(func() { cancel(); running.Wait() })
}

func (s *stage) stop(n int) {
	s.t.Helper()
	s.says(n, fromRiverside, "please stop texting me")
}

func (s *stage) says(n int, to, words string) {
	s.t.Helper()
	if got := s.sim.Reply(s.t.Context(), phone(n), to, words); got.Status != http.StatusOK {
		s.t.Fatalf("answered %d", got.Status)
	}
}

// writing is a stage whose clinical systems may be told.
func writing(t *testing.T, w map[gateway.ODS]gateway.PreferenceWriter) *stage {
	t.Helper()
	s := newStage(t, func(o *inbox.Options) { o.Writers = w })
	s.run()
	return s
}

// toldOf waits until the clinical system was told of the last patient, and gives the
// patients whom it was told of in the order of their ids: what came before that was
// written before, or never is.
func (s *stage) toldOf(w *writer, last int) []gateway.PatientID {
	s.t.Helper()
	s.stop(last)
	s.await("the clinical system was told of the last", func() bool { return slices.Contains(w.heard(), person(last).Patient.ID) })
	return w.heard()
}

func (s *stage) openOptOuts() []gateway.Task {
	s.t.Helper()
	var out []gateway.Task
	for _, task := range must(s.memory.Tasks(s.t.Context(), riverside)) {
		if task.ID.Kind == gateway.TaskOptOut && task.Open() {
			out = append(out, task)
		}
	}
	return out
}

func TestASTOPIsATaskForEachPatientOnTheNumberWhereNothingMayBeWritten(t *testing.T) {
	s := newStage(t)
	child, second := person(2), person(1)
	child.Patient.Mobile = gateway.NewPhone(phone(1))
	second.ID, second.Start = "another", second.Start.AddDate(0, 0, 1)
	s.booked(riverside, person(1), second, child, person(3))
	s.stop(1)
	open := s.openOptOuts()
	if len(open) != 2 {
		t.Fatalf("%d tasks for two patients on one number", len(open))
	}
	who := []gateway.PatientID{open[0].Facts.Appointment.Patient.ID, open[1].Facts.Appointment.Patient.ID}
	if slices.Sort(who); !slices.Equal(who, []gateway.PatientID{person(1).Patient.ID, child.Patient.ID}) {
		t.Errorf("they name %d patients that are not the ones", len(who))
	}
}

func TestAPatientWhomTheClinicalSystemKnowsToHaveDeclinedIsNoTask(t *testing.T) {
	s := newStage(t)
	a := person(1)
	a.Patient.Declined = gateway.FlagYes
	s.booked(riverside, a)
	s.stop(1)
	if n := len(s.openOptOuts()); n != 0 {
		t.Errorf("%d tasks", n)
	}
}

func TestWithAnApproverASTOPIsWrittenOnceAndTheTaskIsClosed(t *testing.T) {
	w := &writer{}
	s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: w})
	s.booked(riverside, person(1))
	s.booked(hillside, person(2))
	s.stop(1)
	s.await("the clinical system was told and the task is closed", func() bool { return len(w.heard()) == 1 && len(s.openOptOuts()) == 0 })
	if got := w.heard(); got[0] != person(1).Patient.ID {
		t.Error("it was told of another patient")
	}
}

func TestAWriteThatFailedIsLeftToPeopleAndNeverTriedAgain(t *testing.T) {
	for _, c := range []struct {
		what string
		err  error
		says string
	}{
		{"certainly not written", gateway.ErrNotWritten, "was not told"},
		{"nobody knows", errors.New("no answer in time"), "it is not known"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := &writer{fail: c.err}
			s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: w})
			s.booked(riverside, person(1))
			s.stop(1)
			s.await("it was tried", func() bool { return strings.Contains(s.log.String(), c.says) })
			s.sim.Reply(t.Context(), phone(1), fromRiverside, "stop") // said twice
			s.booked(riverside, person(1))
			if len(s.openOptOuts()) != 1 || len(w.heard()) != 1 {
				t.Errorf("%d tasks, tried %d times", len(s.openOptOuts()), len(w.heard()))
			}
		})
	}
}

func TestASTOPAfterASTARTIsATaskAgain(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.stop(1)
	task := s.openOptOuts()[0]
	must(s.memory.CloseTask(t.Context(), task.ID, s.clock.Now(), "A. Manager", gateway.NewText("done")))
	s.clock.Advance(time.Hour)
	s.sim.Reply(t.Context(), phone(1), fromRiverside, "START")
	s.clock.Advance(time.Hour)
	s.stop(1)
	if n := len(s.openOptOuts()); n != 1 {
		t.Errorf("%d tasks", n)
	}
}

func TestOfTwoPatientsOnANumberOnlyTheOneWhoseTaskIsDoneGetsANewOne(t *testing.T) {
	s := newStage(t)
	child := person(2)
	child.Patient.Mobile = gateway.NewPhone(phone(1))
	s.booked(riverside, person(1), child)
	s.stop(1)
	before := s.openOptOuts()
	done := before[0]
	must(s.memory.CloseTask(t.Context(), done.ID, s.clock.Now(), "A. Manager", gateway.NewText("done")))
	s.clock.Advance(time.Hour)
	s.stop(1)
	after := s.openOptOuts()
	if len(after) != 2 {
		t.Fatalf("%d tasks", len(after))
	}
	for _, task := range after {
		if anew := task.ID == done.ID; task.Opened.After(done.Opened) != anew || task.Damaged {
			t.Errorf("a task of %v, anew: %t, damaged: %t", task.Opened, anew, task.Damaged)
		}
	}
}

func TestAClinicalSystemThatDoesNotAnswerHoldsUpItsOwnPracticeOnly(t *testing.T) {
	hung, well := &writer{slow: make(chan struct{})}, &writer{}
	s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: hung, hillside: well})
	t.Cleanup(func() { close(hung.slow) }) // before the inbox ends
	s.booked(riverside, person(1))
	s.booked(hillside, person(2))
	s.stop(1)
	s.says(2, fromHillside, "please stop texting me")
	s.await("the other clinical system was told", func() bool { return len(well.heard()) == 1 })
}

func TestASTOPThatIsSaidAgainIsNotWrittenAgainAndIsATask(t *testing.T) {
	w := &writer{}
	s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: w})
	s.booked(riverside, person(1), person(3))
	s.stop(1)
	s.await("it was written", func() bool { return len(w.heard()) == 1 && len(s.openOptOuts()) == 0 })
	s.clock.Advance(time.Minute) // the diary was not read since, and does not show it
	s.stop(1)
	if n := len(s.openOptOuts()); n != 1 {
		t.Errorf("%d tasks", n)
	}
	if got := s.toldOf(w, 3); len(got) != 2 {
		t.Errorf("the clinical system was told %d times of two patients", len(got))
	}
}

func TestAPatientWhoHasAnotherNumberByNowIsATaskAndNothingIsWritten(t *testing.T) {
	w := &writer{}
	s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: w})
	moved := person(1)
	s.booked(riverside, moved, person(3))
	s.come(monday)
	s.sendAll()
	moved.Patient.Mobile = gateway.NewPhone(phone(5))
	s.booked(riverside, moved)
	s.stop(1) // whoever has that number now
	if open := s.openOptOuts(); len(open) != 1 || open[0].Facts.Appointment.Patient.ID != moved.Patient.ID {
		t.Errorf("%d tasks, want one, about the patient who was texted there", len(open))
	}
	if got := s.toldOf(w, 3); len(got) != 1 {
		t.Error("the clinical system was told of a patient who has said nothing")
	}
}

func TestWhoSaysSTARTWhileTheSTOPWaitsToBeWrittenIsLeftToPeople(t *testing.T) {
	w := &writer{slow: make(chan struct{})}
	s := writing(t, map[gateway.ODS]gateway.PreferenceWriter{riverside: w})
	answer := sync.OnceFunc(func() { close(w.slow) })
	t.Cleanup(answer)
	s.booked(riverside, person(1), person(2), person(3))
	s.stop(1) // which the clinical system does not answer
	s.stop(2)
	s.clock.Advance(time.Minute)
	s.says(2, fromRiverside, "START")
	answer()
	if got := s.toldOf(w, 3); slices.Contains(got, person(2).Patient.ID) {
		t.Error("the clinical system was told of a patient who wants texts again")
	}
}
