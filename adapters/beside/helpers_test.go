package beside_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bellman/adapters/beside"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var friday = gatewaytest.Friday

// register is another system: it says of each patient whether they have died.
type register struct {
	mu    sync.Mutex
	dead  map[gateway.PatientID]gateway.Flag
	fail  error
	asked int
	while func() // what happens while somebody asks
}

type word struct{ Dead gateway.Flag }

func (r *register) ask(_ context.Context, a gateway.Appointment) (word, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.while != nil {
		r.while()
	}
	return word{r.dead[a.Patient.ID]}, r.fail
}

func (r *register) say(n int, f gateway.Flag) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead[gatewaytest.Person(n).Patient.ID] = f
}

func (r *register) goDown(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// questions gives how often it was asked since this was last looked at.
func (r *register) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.asked
	r.asked = 0
	return n
}

// stage is a register with a memory.
type stage struct {
	t      *testing.T
	clock  *gatewaytest.Clock
	shelf  *gatewaytest.Shelf
	other  *register
	memory *beside.Memory[word]
}

const (
	fresh = time.Hour
	cache = 24 * time.Hour
)

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: gatewaytest.NewClock(friday), shelf: gatewaytest.NewShelf(), other: &register{dead: map[gateway.PatientID]gateway.Flag{}}}
	s.memory = s.open()
	return s
}

// open makes another memory of the same shelf, as another process has one.
func (s *stage) open() *beside.Memory[word] {
	s.t.Helper()
	m, err := beside.NewMemory(beside.Options[word]{
		Name: "register", Shelf: s.shelf, Clock: s.clock, Fresh: fresh, Cache: cache, Ask: s.other.ask,
		Key: func(a gateway.Appointment) string { return string(a.Patient.ID) },
		Without: func(a gateway.Appointment) gateway.Appointment {
			a.Patient.Restricted = gateway.FlagUnclear
			return a
		},
		Lay: func(a gateway.Appointment, w word) gateway.Appointment {
			a.Patient.Deceased = max(a.Patient.Deceased, w.Dead)
			return a
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// check looks at a person in the moment of sending.
func (s *stage) check(n int) gateway.Flag {
	s.t.Helper()
	a, err := s.memory.Check(s.t.Context(), gatewaytest.Person(n))
	if err != nil {
		s.t.Fatal(err)
	}
	return a.Patient.Deceased
}

// recall is a read of the diary in which people are booked.
func (s *stage) recall(people ...int) (out []gateway.Flag, remark string) {
	s.t.Helper()
	var of []gateway.Appointment
	for _, n := range people {
		of = append(of, gatewaytest.Person(n))
	}
	laid, remark, err := s.memory.Recall(s.t.Context(), of)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range laid {
		out = append(out, a.Patient.Deceased)
	}
	return out, remark
}

// flag looks at one person in a read.
func (s *stage) flag(n int) gateway.Flag {
	s.t.Helper()
	out, _ := s.recall(n)
	return out[0]
}

// asked checks how often the register was asked since this was last looked at.
func (s *stage) asked(want int) {
	s.t.Helper()
	if n := s.other.questions(); n != want {
		s.t.Errorf("asked %d times, want %d", n, want)
	}
}

var errDown = errors.New("the register does not answer")

// joined joins a source with checkers on a shelf that has heard of the first
// invented patient, who has no NHS number.
func joined(t *testing.T, source gateway.Source, checks []gateway.Checker) gateway.Source {
	t.Helper()
	shelf := gatewaytest.NewShelf()
	known := gateway.Kept{Key: "beside/" + string(gatewaytest.Person(1).Patient.ID), Value: []byte(`{"read":"2026-11-20"}`)}
	if err := shelf.Put(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	j, err := beside.Join(source, checks, gateway.Surroundings{Clock: gatewaytest.NewClock(friday), Shelf: shelf})
	if err != nil {
		t.Fatal(err)
	}
	return j
}
