package hl7sim

import (
	"slices"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// look compares the diary with what was told of it, and puts what is new into the
// queue: patients first, so that a death is told before the visit that follows it.
func (s *Sim) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Silent {
		return
	}
	s.lookAtPeople()
	now := map[int]bool{}
	for _, v := range s.diary.Visits() {
		now[v.Slot] = true
		was, told := s.visits[v.Slot]
		p, ok := s.diary.Person(s.stands(v.Person))
		if !ok || told && was.Version == v.Version {
			continue
		}
		if s.first == 0 {
			s.first = v.Slot
		}
		s.visits[v.Slot], s.people[p.ID] = v, p
		s.tellVisit(trigger(was, told, v), v, p, told)
		if !told && !p.Deducted.IsZero() {
			s.tellPerson("A29", p)
		}
	}
	s.lookForGone(now)
}

func (s *Sim) stands(person int) int {
	for range len(s.merged) {
		if into, ok := s.merged[person]; ok {
			person = into
		}
	}
	return person
}

func (s *Sim) lookAtPeople() {
	for _, p := range s.diary.People() {
		was, told := s.people[p.ID]
		if !told || was == p {
			continue
		}
		s.people[p.ID] = p
		event := "A31"
		switch {
		case was.Deducted.IsZero() && !p.Deducted.IsZero():
			event = "A29"
		case !was.Deducted.IsZero() && p.Deducted.IsZero():
			event = "A28"
		}
		s.tellPerson(event, p)
	}
}

// lookForGone tells of visits that are in the diary no longer (S17).
func (s *Sim) lookForGone(now map[int]bool) {
	var gone []int
	for slot := range s.visits {
		if !now[slot] {
			gone = append(gone, slot)
		}
	}
	slices.Sort(gone)
	for _, slot := range gone {
		v := s.visits[slot]
		p := s.people[s.stands(v.Person)]
		delete(s.visits, slot)
		v.Status = gateway.StatusCancelled
		s.tellVisit("S17", v, p, true)
	}
}

// trigger gives the event by which a hospital tells how a visit changed.
func trigger(was surgery.Visit, told bool, is surgery.Visit) string {
	switch {
	case is.Status == gateway.StatusCancelled:
		return "S15"
	case is.Status == gateway.StatusMissed:
		return "S26"
	case !told || was.Person != is.Person:
		return "S12"
	case !was.Start.Equal(is.Start):
		return "S13"
	}
	return "S14"
}

// statusWords are the words of table 0278.
var statusWords = map[gateway.Status]string{
	gateway.StatusBooked: "Booked", gateway.StatusCancelled: "Cancelled", gateway.StatusArrived: "Started",
	gateway.StatusFinished: "Complete", gateway.StatusMissed: "Noshow", gateway.StatusNotBooked: "Blocked",
}

// Modes are the simulated hospital's own words in SCH-8 for how patient and
// clinician meet.
var Modes = map[gateway.Mode]string{
	gateway.ModeInPerson: "FTF", gateway.ModeTelephone: "TEL", gateway.ModeVideo: "VID", gateway.ModeHomeVisit: "HOME",
}

func (s *Sim) tellVisit(event string, v surgery.Visit, p surgery.Person, told bool) {
	w := s.writer()
	sch, pid := w.sch(v, s.startOf(w, v), event), w.pid(p)
	if s.faults.OnlyID && event == "S15" && told {
		s.enqueue(w.message("SIU", event, "SIU_S12", w.segment("SCH", fields{2: w.slot(v.Slot)})))
		return
	}
	segments := []string{sch, pid, w.wishes(p), w.pv1(v), w.segment("RGS", fields{1: "1", 2: "A"}), w.ais(v), w.ail(v)}
	if s.faults.PatientFirst {
		segments[0], segments[1] = pid, sch
	}
	s.enqueue(w.message("SIU", event, "SIU_S12", segments...))
}

// startOf gives the start as it is written; that of the visit told first may be
// another by a fault.
func (s *Sim) startOf(w writer, v surgery.Visit) string {
	if s.faults.FirstStart != "" && v.Slot == s.first {
		return s.faults.FirstStart
	}
	return w.time(v.Start)
}

func (s *Sim) tellPerson(event string, p surgery.Person) {
	w := s.writer()
	s.enqueue(w.message("ADT", event, "ADT_A05", w.evn(event), w.pid(p), w.wishes(p)))
}

func (s *Sim) enqueue(control string, body []byte) {
	s.queue = append(s.queue, outgoing{control, body})
}
