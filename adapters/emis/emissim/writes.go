package emissim

import (
	"net/http"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// book is BookAppointment, a GET with a side effect: it puts a patient into a
// slot that was called off.
func (s *Sim) book(c call) (any, *refusal) {
	q := c.r.URL.Query()
	slot, okSlot := number(q, "slotId")
	patient, okPatient := number(q, "patientNumber")
	if !okSlot || !okPatient || q.Get("reason") == "" || q.Get("bookedBy") == "" {
		return nil, badRequest("slotId, patientNumber, reason or bookedBy is missing")
	}
	v, known := s.diary.Visit(slot)
	if _, registered := s.diary.Person(patient); !known || !registered {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "Slot or patient not found"}
	}
	if v.Status != gateway.StatusCancelled {
		return nil, badRequest("the slot is not free")
	}
	v.Person, v.Status = patient, gateway.StatusBooked
	s.diary.Book(v)
	return bookedAnswer(v, q.Get("reason")), nil
}

// cancel is CancelAppointment, a GET with a side effect: it takes the patient out
// of the slot.
func (s *Sim) cancel(c call) (any, *refusal) {
	slot, okSlot := number(c.r.URL.Query(), "slotId")
	patient, okPatient := number(c.r.URL.Query(), "patientNumber")
	if !okSlot || !okPatient {
		return nil, badRequest("slotId or patientNumber is missing")
	}
	v, known := s.diary.Visit(slot)
	if !known || v.Person != patient || v.Status != gateway.StatusBooked {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "The patient is not booked there"}
	}
	s.diary.Cancel(slot)
	return bookedAnswer(v, ""), nil
}

func bookedAnswer(v surgery.Visit, reason string) bookedAppointmentAnswer {
	var a bookedAppointmentAnswer
	l := v.Start.In(gateway.London())
	a.Information.SessionID, a.Information.SlotID = sessionID, int64(v.Slot)
	a.Information.Start = l.Format(dateFormat + " " + timeFormat)
	a.Information.End = l.Add(time.Duration(v.Minutes) * time.Minute).Format(dateFormat + " " + timeFormat)
	a.Information.Reason = reason
	a.Patient.Number = v.Person
	return a
}

// statusIDs are those that SetAppointmentStatus takes.
var statusIDs = map[int]gateway.Status{
	2:  gateway.StatusArrived,
	3:  gateway.StatusArrived, // sent in
	4:  gateway.StatusFinished,
	12: gateway.StatusArrived, // sent in quietly
}

// setStatus is SetAppointmentStatus.
func (s *Sim) setStatus(c call) (any, *refusal) {
	slot, okSlot := number(c.r.URL.Query(), "slotId")
	id, okID := number(c.r.URL.Query(), "statusId")
	status, known := statusIDs[id]
	if !okSlot || !okID || !known {
		return nil, badRequest("slotId or statusId is missing or unknown")
	}
	if !s.diary.Change(slot, func(v *surgery.Visit) { v.Status = status }) {
		return nil, &refusal{http.StatusNotFound, outcomeNothing, "Slot not found"}
	}
	return nil, nil
}
