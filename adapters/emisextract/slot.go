package emisextract

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// columnsSlots are those of Appointment_Slot that we need.
var columnsSlots = []string{
	"SlotGuid", "OrganisationGuid", "AppointmentDate", "AppointmentStartTime", "PatientGuid", "SendInTime", "LeftTime", "DidNotAttend",
	"SessionGuid", "Deleted",
}

// Where those columns stand in columnsSlots.
const (
	slotGuid = iota
	slotOrganisation
	slotDate
	slotTime
	slotPatient
	slotSentIn
	slotLeft
	slotMissed
	slotSession
	slotDeleted
)

// slotRow keeps who is booked into a slot that is not over. Slots that are over or
// empty cost next to nothing, unless they are known.
func (t *intake) slotRow(ctx context.Context, r *extract.Rows, at []int) error {
	id, ok := parseGUID(r.Bytes(at[slotGuid]))
	_, known := t.slots[id]
	day := r.Bytes(at[slotDate])
	switch {
	case !ok && r.Problem() == "" && t.foreign(r.Bytes(at[slotOrganisation])):
		return nil
	case !ok:
		t.unsure(r, cmp.Or(r.Problem(), "SlotGuid is not a GUID"))
		return nil
	case r.Problem() != "":
		return t.badSlot(ctx, r, id, known, r.Problem())
	case t.foreign(r.Bytes(at[slotOrganisation])):
		return nil
	case !known && (isDay(day) && string(day) < t.since || len(r.Bytes(at[slotPatient])) == 0 || r.Is(at[slotDeleted], "true")):
		return nil
	}
	row, deleted, problem := slotOf(r, at)
	if problem != "" {
		return t.badSlot(ctx, r, id, true, problem)
	}
	t.slots[id] = struct{}{}
	return t.change(ctx, keySlot, id, edit(func(s *slot, _ bool) bool {
		s.take(row, deleted)
		return true
	}))
}

// badSlot notes that the last row about a slot could not be read: nobody is texted
// for it until a later row can. Of a slot that nobody knows only the place is noted.
func (t *intake) badSlot(ctx context.Context, r *extract.Rows, id guid, known bool, problem string) error {
	if !known {
		t.unread(r, problem)
		return nil
	}
	t.slots[id] = struct{}{}
	at := place{t.where(r), problem}
	return t.change(ctx, keySlot, id, edit(func(s *slot, _ bool) bool {
		s.Bad, s.Until = &at, later(s.Until, t.later())
		return true
	}))
}

// slotOf reads one slot. It gives the problem of one that cannot be read. Of a
// deleted one nothing more is read: the rest may be blank.
func slotOf(r *extract.Rows, at []int) (row slot, deleted bool, problem string) {
	switch truthOf(r.Bytes(at[slotDeleted])) {
	case saidTrue:
		return slot{}, true, ""
	case saidUnclear:
		return slot{}, false, "Deleted is neither true nor false"
	case saidFalse, saidNothing:
	}
	row.Day, row.Time = r.Text(at[slotDate]), r.Text(at[slotTime])
	if _, err := time.Parse(time.DateOnly, row.Day); err != nil {
		return slot{}, false, "AppointmentDate is not a date such as 2027-03-29"
	}
	if _, err := clockTime(row.Time); err != nil {
		return slot{}, false, "AppointmentStartTime is not a time such as 09:10:00"
	}
	if who := r.Bytes(at[slotPatient]); len(who) > 0 {
		id, ok := parseGUID(who)
		if !ok {
			return slot{}, false, "PatientGuid is not a GUID"
		}
		row.Patient = id.String()
	}
	if id, ok := parseGUID(r.Bytes(at[slotSession])); ok {
		row.Session = id.String()
	}
	row.Status = slotStatus(r, at)
	return row, false, ""
}

// clockTime reads HH:mm:ss, or HH:mm.
func clockTime(s string) (time.Time, error) {
	if len(s) == len("15:04") {
		s += ":00"
	}
	return time.Parse(time.TimeOnly, s)
}

// slotStatus derives where a booked visit stands, as the table has no status.
func slotStatus(r *extract.Rows, at []int) gateway.Status {
	switch missed := truthOf(r.Bytes(at[slotMissed])); {
	case missed == saidTrue:
		return gateway.StatusMissed
	case missed == saidUnclear:
		return gateway.StatusUnknown
	case len(r.Bytes(at[slotLeft])) > 0:
		return gateway.StatusFinished
	case len(r.Bytes(at[slotSentIn])) > 0:
		return gateway.StatusArrived
	}
	return gateway.StatusBooked
}

// take lays a newer row over a slot. Who was booked and is not any more was called
// off: EMIS says it in no other way.
func (s *slot) take(row slot, deleted bool) {
	was := s.visit
	if s.Bad = nil; deleted {
		s.Patient = ""
	} else {
		s.visit, s.Session, s.Status = row.visit, row.Session, row.Status
	}
	if was.Patient != "" && was.Patient != s.Patient {
		s.Off = append(s.Off, was)
	}
	s.Off = slices.DeleteFunc(s.Off, func(v visit) bool { return v.Patient == s.Patient })
	s.Off = s.Off[max(0, len(s.Off)-mostOff):]
	s.Until = s.Day
	for _, v := range s.Off {
		s.Until = later(s.Until, v.Day)
	}
}

func later(a, b string) string { return max(a, b) }
