package inbox_test

import (
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

// family gives two visits each of three patients who have the first one's phone.
func family() []gateway.Appointment {
	var out []gateway.Appointment
	for n := 1; n <= 3; n++ {
		a := person(n)
		a.Patient.Mobile = gateway.NewPhone(phone(1))
		a.Start = a.Start.Add(time.Duration(n) * 10 * time.Minute)
		again := a
		again.ID, again.Start = a.ID+"-again", a.Start.AddDate(0, 0, 1)
		out = append(out, a, again)
	}
	return out
}

// allStand compares where all reminders of some visits stand.
func (s *stage) allStand(visits []gateway.Appointment, want gateway.State, why gateway.Reason) {
	s.t.Helper()
	for _, a := range visits {
		s.stands(s.id(riverside, a), want, why)
	}
}

// named gives the patients of the open tasks of a kind.
func (s *stage) named(kind gateway.TaskKind) []gateway.PatientID {
	s.t.Helper()
	var out []gateway.PatientID
	for _, x := range must(s.memory.OpenTasksOf(s.t.Context(), riverside, kind)) {
		out = append(out, x.Facts.Appointment.Patient.ID)
	}
	slices.Sort(out)
	return out
}

func TestSTOPOnASharedPhoneIsForEveryoneOnItAndNamesEach(t *testing.T) {
	s := newStage(t)
	all := family()
	everyone := []gateway.PatientID{person(1).Patient.ID, person(2).Patient.ID, person(3).Patient.ID}
	s.booked(riverside, append(all, person(4))...)
	s.stop(1)
	s.allStand(all, gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, person(4)), gateway.Queued, gateway.None)
	if got := s.named(gateway.TaskOptOut); !slices.Equal(got, everyone) {
		t.Errorf("tasks name %v", got)
	}
	s.booked(riverside) // no read brings them back
	s.allStand(all, gateway.Withdrawn, gateway.OptedOut)

	s.clock.Advance(time.Minute)
	s.says(1, fromRiverside, "START")
	s.booked(riverside)
	s.allStand(all, gateway.Queued, gateway.None)
	if got := s.named(gateway.TaskOptOut); len(got) != 0 {
		t.Errorf("%d are to be recorded as opted out, and want texts", len(got))
	}
	for _, x := range must(s.memory.Tasks(t.Context(), riverside)) {
		if x.By != gateway.ByThePatient {
			t.Errorf("closed by %q", x.By)
		}
	}
}

func TestWhatStaffRecordedForASharedPhoneOnlyStaffUndo(t *testing.T) {
	s := newStage(t)
	all, ctx := family(), t.Context()
	s.booked(riverside, all...)
	s.stop(1) // and then one of them rings
	o := gateway.OptOut{Practice: riverside, Number: gateway.NewPhone(phone(1)), Since: s.clock.Now(), By: gateway.OutByStaff, Who: "Jo Bloggs"}
	if err := s.memory.AddOptOut(ctx, o); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	s.says(1, fromRiverside, "START")
	s.booked(riverside)
	s.allStand(all, gateway.Withdrawn, gateway.OptedOut)
	if got := s.named(gateway.TaskOptIn); len(got) != 3 {
		t.Errorf("%d tasks tell that the patient asks for texts", len(got))
	}
	o.Since = s.clock.Now()
	if err := s.memory.OptIn(ctx, o); err != nil {
		t.Fatal(err)
	}
	s.booked(riverside)
	s.allStand(all, gateway.Queued, gateway.None)
}

func TestSTARTNeverOverridesWhatTheClinicalSystemSays(t *testing.T) {
	s := newStage(t)
	all := family()
	for i := range all {
		if all[i].Patient.ID == person(2).Patient.ID {
			all[i].Patient.Declined = gateway.FlagYes
		}
	}
	declined, others := all[2:4], []gateway.Appointment{all[0], all[1], all[4], all[5]}
	s.booked(riverside, all...)
	s.allStand(declined, gateway.Withdrawn, gateway.Declined)
	s.says(1, fromRiverside, "START") // there was nothing to lift
	s.booked(riverside)
	s.allStand(declined, gateway.Withdrawn, gateway.Declined)
	if got := s.named(gateway.TaskOptIn); !slices.Equal(got, []gateway.PatientID{person(2).Patient.ID}) {
		t.Errorf("asked to look at %v", got)
	}
	for range 2 {
		s.clock.Advance(time.Minute)
		s.stop(1)
		s.allStand(others, gateway.Withdrawn, gateway.OptedOut)
		s.clock.Advance(time.Minute)
		s.says(1, fromRiverside, "START")
		s.booked(riverside)
	}
	s.allStand(others, gateway.Queued, gateway.None)
	s.allStand(declined, gateway.Withdrawn, gateway.Declined)
	s.come(monday.Add(time.Hour)) // all that is due is sent
	s.sendAll()
	if n := len(s.sim.Phones()[phone(1)]); n == 0 {
		t.Error("nobody of the others was texted")
	}
	for _, a := range declined {
		s.stands(s.id(riverside, a), gateway.Withdrawn, gateway.Declined)
	}
}

func TestAnOldSTARTAsksNobodyForAnything(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.closeDoor()
	s.writes(1, "START")
	s.clock.Advance(time.Minute)
	o := gateway.OptOut{Practice: riverside, Number: gateway.NewPhone(phone(1)), Since: s.clock.Now(), By: gateway.OutByStaff}
	if err := s.memory.AddOptOut(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	s.catchUp()
	if got := s.named(gateway.TaskOptIn); len(got) != 0 || s.optedOut(riverside, 1) != gateway.OutByStaff {
		t.Errorf("%d tasks; opted out by %q", len(got), s.optedOut(riverside, 1))
	}
}
