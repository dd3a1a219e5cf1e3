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
}

func (w *writer) WriteDeclined(_ context.Context, p gateway.Patient) error {
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
	if got := s.sim.Reply(s.t.Context(), phone(n), fromRiverside, "please stop texting me"); got.Status != http.StatusOK {
		s.t.Fatalf("answered %d", got.Status)
	}
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
	s := newStage(t, func(o *inbox.Options) { o.Writers = map[gateway.ODS]gateway.PreferenceWriter{riverside: w} })
	s.run()
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
			s := newStage(t, func(o *inbox.Options) { o.Writers = map[gateway.ODS]gateway.PreferenceWriter{riverside: w} })
			s.run()
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
