package tpp_test

import (
	"errors"
	"testing"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
)

// outcome says what a change should come to.
type outcome int

const (
	done   outcome = iota // confirmed
	undone                // certainly not made
	open                  // nobody knows
)

func (o outcome) is(err error) bool {
	switch o {
	case done:
		return err == nil
	case undone:
		return errors.Is(err, gateway.ErrNotWritten)
	default:
		return err != nil && !errors.Is(err, gateway.ErrNotWritten)
	}
}

func TestAWishForNoTextsIsWrittenOnce(t *testing.T) {
	for _, c := range []struct {
		what    string
		faults  tppsim.Faults
		before  func(s *stage, person int)
		want    outcome
		updates int
		no      bool // SMSConsent afterwards
	}{
		{"all is well", tppsim.Faults{}, nil, done, 1, true},
		{"nothing was recorded before", tppsim.Faults{}, func(s *stage, p int) { s.sim.SetConsent(p, "") }, done, 1, true},
		{"it says No already", tppsim.Faults{}, func(s *stage, p int) { s.diary.Edit(p, func(p *surgery.Person) { p.Declined = true }) }, done, 0, true},
		{"the record is open", tppsim.Faults{RecordOpen: true}, nil, undone, 1, false},
		{"the change waits for Save", tppsim.Faults{SavesLater: true}, nil, open, 1, false},
		{"the answer is lost", tppsim.Faults{LosesAnswer: true}, nil, done, 1, true},
		{"the change is lost", tppsim.Faults{LosesChange: true}, nil, open, 1, false},
		{"SystmOne is silent", tppsim.Faults{Silent: true}, nil, undone, 0, false},
		{"SystmOne is another's", tppsim.Faults{OtherSite: true}, nil, undone, 0, false},
		{"another record would be changed", tppsim.Faults{OpenRecord: true}, nil, undone, 0, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := play(t, nil)
			s.book(gateway.Later(monday, monday.AddDate(0, 0, 3))) // whose record is open on the screen
			slot, person := s.book(monday.AddDate(0, 0, 7))
			if c.before != nil {
				c.before(s, person)
			}
			a := s.at(t, slot)
			s.sim.SetFaults(c.faults)
			if err := s.adapter.WriteDeclined(t.Context(), a.Patient); !c.want.is(err) {
				t.Errorf("comes to %v", err)
			}
			s.sim.SetFaults(tppsim.Faults{})
			if n := s.sim.Calls("UpdatePatientRecord"); n != c.updates {
				t.Errorf("asked for %d times, want %d", n, c.updates)
			}
			if p, _ := s.diary.Person(person); p.Declined != c.no {
				t.Errorf("SMSConsent is No: %t, want %t", p.Declined, c.no)
			}
			if now := s.at(t, slot); (now.Patient.Declined == gateway.FlagYes) != c.no {
				t.Error("the next read does not see it")
			}
		})
	}
}

// at reads the visit in a slot.
func (s *stage) at(t *testing.T, slot int) gateway.Appointment {
	t.Helper()
	v, _ := s.diary.Visit(slot)
	for _, a := range s.read(t).Appointments {
		if a.Start.Equal(v.Start) {
			return a
		}
	}
	t.Fatal("the visit is not in the diary")
	return gateway.Appointment{}
}

func TestAPatientWhoCannotBeNamedIsNotChanged(t *testing.T) {
	s := play(t, nil)
	_, person := s.book(monday.AddDate(0, 0, 7))
	if err := s.adapter.WriteDeclined(t.Context(), gateway.Patient{ID: "4711"}); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("of whom nothing is known: %v", err)
	}
	s.sim.SetPseudo(person)
	a := s.only(t)
	if err := s.adapter.WriteDeclined(t.Context(), a.Patient); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("without an NHS number: %v", err)
	}
	if err := s.adapter.CancelAppointment(t.Context(), a); !errors.Is(err, gateway.ErrNotWritten) {
		t.Errorf("cancelled without an NHS number: %v", err)
	}
	if n := s.sim.Calls("UpdatePatientRecord"); n != 0 {
		t.Errorf("%d changes", n)
	}
}

func TestAnAppointmentIsCancelledOnce(t *testing.T) {
	const shows = true
	for _, c := range []struct {
		what      string
		faults    tppsim.Faults
		before    func(s *stage, slot int)
		want      outcome
		updates   int
		cancelled bool
	}{
		{"all is well", tppsim.Faults{}, nil, done, 1, true},
		{"cancelled visits stay in the diary", tppsim.Faults{ShowsGone: shows}, nil, done, 1, true},
		{"it is cancelled already", tppsim.Faults{ShowsGone: shows}, func(s *stage, slot int) { s.diary.Cancel(slot) }, done, 0, true},
		{"it has gone", tppsim.Faults{}, func(s *stage, slot int) { s.diary.Cancel(slot) }, undone, 0, true},
		{"the patient has arrived", tppsim.Faults{}, func(s *stage, slot int) { s.sim.SetStatus(slot, "Arrived") }, undone, 0, false},
		{"it was moved", tppsim.Faults{}, func(s *stage, slot int) { s.diary.Move(slot, monday.AddDate(0, 0, 8)) }, undone, 0, false},
		{"it was moved by a little", tppsim.Faults{}, func(s *stage, slot int) { s.diary.Move(slot, monday.AddDate(0, 0, 7).Add(600e9)) }, undone, 0, false},
		{"another has the slot now", tppsim.Faults{}, func(s *stage, slot int) {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Person-- })
		}, undone, 0, false},
		{"the record is open", tppsim.Faults{RecordOpen: true}, nil, undone, 1, false},
		{"the answer is lost", tppsim.Faults{LosesAnswer: true}, nil, done, 1, true},
		{"the answer is lost, and cancelled visits stay", tppsim.Faults{LosesAnswer: true, ShowsGone: shows}, nil, done, 1, true},
		{"the change is lost", tppsim.Faults{LosesChange: true}, nil, open, 1, false},
		{"the change waits for Save", tppsim.Faults{SavesLater: true}, nil, open, 1, false},
		{"SystmOne is silent", tppsim.Faults{Silent: true}, nil, undone, 0, false},
		{"the diary has no ids", tppsim.Faults{NoUID: true}, nil, undone, 0, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := play(t, nil)
			s.book(monday.AddDate(0, 0, 3))
			slot, _ := s.book(monday.AddDate(0, 0, 7))
			if c.faults.NoUID {
				s.sim.SetFaults(c.faults)
			}
			a := s.at(t, slot)
			if c.before != nil {
				c.before(s, slot)
			}
			s.sim.SetFaults(c.faults)
			if err := s.adapter.CancelAppointment(t.Context(), a); !c.want.is(err) {
				t.Errorf("comes to %v", err)
			}
			if n := s.sim.Calls("UpdatePatientRecord"); n != c.updates {
				t.Errorf("asked for %d times, want %d", n, c.updates)
			}
			if v, _ := s.diary.Visit(slot); (v.Status == gateway.StatusCancelled) != c.cancelled {
				t.Errorf("cancelled: %t, want %t", v.Status == gateway.StatusCancelled, c.cancelled)
			}
		})
	}
}
