package scheduler

import (
	"context"

	"bellman/gateway"
)

// settle closes the tasks to record an opt-out that the diary shows as recorded by
// now. Nobody's word is needed for that, and before that nobody's word is enough: an
// opt-out that does not stand in the clinical system is forgotten with us. What cannot
// be closed is looked at again by the next complete read.
func (s *Scheduler) settle(ctx context.Context, p gateway.ODS, feed gateway.Feed) {
	if !feed.Complete {
		return
	}
	tasks, err := s.o.Memory.OpenTasksOf(ctx, p, gateway.TaskOptOut)
	if err != nil {
		s.o.Log.Warn("look for opt-outs that stand in the clinical system by now", "practice", p, "error", err)
		return
	}
	for _, t := range tasks {
		if t.Damaged || !recorded(feed.Appointments, t.Facts.Appointment) {
			continue
		}
		note := gateway.NewText("it says that the patient wants no texts")
		if _, err := s.o.Memory.CloseTask(ctx, t.ID, s.o.Clock.Now(), gateway.ByTheSystem, note); err != nil {
			s.o.Log.Warn("close the task of an opt-out that stands in the clinical system", "task", t.ID.String(), "error", err)
		}
	}
}

// recorded reports whether a diary says in each of a patient's visits that they want
// no texts. Whose patient the source does not name is told by the visit itself.
func recorded(diary []gateway.Appointment, about gateway.Appointment) bool {
	found := false
	for _, a := range diary {
		same := a.Patient.ID == about.Patient.ID
		if about.Patient.ID == "" {
			same = a.Identity() == about.Identity()
		}
		if !same {
			continue
		}
		if a.Patient.Declined != gateway.FlagYes {
			return false
		}
		found = true
	}
	return found
}
