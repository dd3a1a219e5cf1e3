package scheduler

import (
	"context"
	"slices"

	"bellman/gateway"
)

// discreet gives the rows of a read as they may be kept.
func (d Drafting) discreet() []gateway.Appointment {
	out := make([]gateway.Appointment, len(d.Feed.Appointments))
	for i, a := range d.Feed.Appointments {
		out[i] = d.Practice.Policy.Discreet(d.Diary.Outs(a).Clinics.Judge(a))
	}
	return out
}

// sharedNumbers gives the numbers that several patients have, among the visits of a
// read. Who has no visit in those days is not seen, and is not texted either.
func sharedNumbers(rows []gateway.Appointment) map[gateway.Phone]bool {
	first := make(map[gateway.Phone]gateway.PatientID, len(rows))
	out := map[gateway.Phone]bool{}
	for _, a := range rows {
		p := a.Patient
		if p.Mobile.IsZero() || p.ID == "" {
			continue
		}
		if who, known := first[p.Mobile]; !known {
			first[p.Mobile] = p.ID
		} else if who != p.ID {
			out[p.Mobile] = true
		}
	}
	return out
}

// shareWith decides again for those whose number a patient has of whom this read
// does not tell, though it does not prove either that they are no longer booked.
func (d Drafting) shareWith(entries []Drafted, absent []gateway.Facts) {
	if certain(d.Feed) || len(absent) == 0 {
		return
	}
	patients := make(map[gateway.Phone][]gateway.PatientID, len(absent))
	for _, f := range absent {
		p := f.Appointment.Patient
		patients[p.Mobile] = append(patients[p.Mobile], p.ID)
	}
	for i := range entries {
		f := entries[i].Facts
		if f.Shared || !slices.ContainsFunc(patients[f.Appointment.Patient.Mobile], others(f.Appointment)) {
			continue
		}
		f.Shared = true
		entries[i] = d.one(f)
	}
}

// sharedBesides reports whether another patient has the number of an appointment, as
// far as the diary knows.
func (s *Scheduler) sharedBesides(ctx context.Context, d gateway.Diary, a gateway.Appointment) (bool, error) {
	facts, err := s.o.Memory.Recall(ctx, d, d.Of(a.Patient.Mobile))
	if err != nil {
		return false, err
	}
	other := others(a)
	return slices.ContainsFunc(facts, func(f gateway.Facts) bool { return other(f.Appointment.Patient.ID) }), nil
}

// others says of a patient's id whether it is another's than that of a.
func others(a gateway.Appointment) func(gateway.PatientID) bool {
	return func(id gateway.PatientID) bool { return id != "" && a.Patient.ID != "" && id != a.Patient.ID }
}
