package adaptertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// rereading tests sources that can look at one appointment again.
func rereading(t *testing.T, s Subject) {
	t.Run("looked at again", func(t *testing.T) {
		if _, ok := empty(t, s, monday).wire.Source.(gateway.Rereader); !ok {
			t.Skip("this source cannot look at one appointment again")
		}
		rereadingChanges(t, s)
		rereadingFaults(t, s)
	})
}

func rereadingChanges(t *testing.T, s Subject) {
	tests := []struct {
		what   string
		change func(st *stage, slot int)
		check  func(t *testing.T, before, after gateway.Appointment)
	}{
		{"an unchanged visit is still booked", func(*stage, int) {}, func(t *testing.T, before, after gateway.Appointment) {
			if after.Status != gateway.StatusBooked || after.Patient != before.Patient {
				t.Error("not booked any more, or another patient's")
			}
		}},
		{"a cancelled visit is cancelled", func(st *stage, slot int) { st.diary.Cancel(slot) }, isCancelled},
		{"a removed visit is cancelled", func(st *stage, slot int) { st.diary.Remove(slot) }, isCancelled},
		{"a slot given to another patient is cancelled", func(st *stage, slot int) {
			other := st.visit(st.ordinary(1)).Person
			st.diary.Change(slot, func(v *surgery.Visit) { v.Person = other })
		}, isCancelled},
		{"a moved visit has its new time or is cancelled", func(st *stage, slot int) {
			st.diary.Move(slot, st.visit(slot).Start.Add(7*time.Hour))
		}, func(t *testing.T, before, after gateway.Appointment) {
			if after.Status == gateway.StatusBooked && !after.Start.Equal(before.Start.Add(7*time.Hour)) {
				t.Error("still booked at the old time")
			}
		}},
		{"a corrected number is seen", func(st *stage, slot int) {
			st.diary.Edit(st.visit(slot).Person, func(p *surgery.Person) { p.Mobile = "07700 900998" })
		}, func(t *testing.T, _, after gateway.Appointment) {
			if after.Patient.Mobile != gateway.NewPhone("+447700900998") {
				t.Error("the old number is still given")
			}
		}},
		{"a death is seen", func(st *stage, slot int) {
			st.diary.Edit(st.visit(slot).Person, func(p *surgery.Person) { p.Died = st.clock.Now().AddDate(0, 0, -1) })
		}, func(t *testing.T, _, after gateway.Appointment) {
			if s.Can.Deceased && after.Patient.Deceased != gateway.FlagYes {
				t.Error("the patient still counts as alive")
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			st := forty(t, s)
			again := st.wire.Source.(gateway.Rereader)
			slot := st.ordinary(0)
			before := st.only(st.read(), st.visit(slot).Start)
			st.clock.Advance(time.Minute)
			test.change(st, slot)
			after, err := st.reread(again, before)
			if err != nil {
				t.Fatalf("look again: %v", err)
			}
			if after.ID != before.ID {
				t.Error("the answer carries another id")
			}
			test.check(t, before, after)
		})
	}
}

func rereadingFaults(t *testing.T, s Subject) {
	for _, f := range []Fault{ServerError, Denied, Truncated, NotTheFormat} {
		t.Run(string(f)+" is an error", func(t *testing.T) {
			st := forty(t, s)
			again := st.wire.Source.(gateway.Rereader)
			before := st.only(st.read(), st.visit(st.ordinary(0)).Start)
			st.wreck(f)
			_, err := st.reread(again, before)
			if err == nil {
				t.Error("no error")
			}
			if f == Denied && !errors.Is(err, gateway.ErrSourceDenied) {
				t.Error("refused credentials are not reported as such")
			}
		})
	}
}

func isCancelled(t *testing.T, before, after gateway.Appointment) {
	t.Helper()
	if after.Status != gateway.StatusCancelled {
		t.Errorf("status %d, want cancelled", after.Status)
	}
	if !after.Start.Equal(before.Start) {
		t.Error("the start is not the one asked about")
	}
}

func (st *stage) reread(r gateway.Rereader, a gateway.Appointment) (gateway.Appointment, error) {
	ctx, cancel := context.WithTimeout(st.t.Context(), readTimeout)
	defer cancel()
	return r.Reread(ctx, a)
}
