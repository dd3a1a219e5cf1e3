package sender_test

import (
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/sender"
)

// morning books so many patients of a practice whose texts are all due by monday.
func (s *stage) morning(p gateway.ODS, from, n int) {
	s.t.Helper()
	for i := range n {
		a := person(from + i)
		a.ID += gateway.AppointmentID(p)
		s.diaries[p].book(a)
	}
}

func TestARequestToSlowDownIsObeyedByEveryTextOfTheAccount(t *testing.T) {
	s := newStage(t)
	s.morning(riverside, 0, 40)
	s.morning(hillside, 500, 40)
	s.come(friday)
	s.come(monday)
	if err := s.sim.Script(twiliosim.TooMany); err != nil { // Retry-After: 2
		t.Fatal(err)
	}
	r := s.start(func(o *sender.Options) { o.InFlight = 1 })
	r.quiet()
	if n := len(s.wire.all()); n != 1 {
		t.Errorf("%d requests, want the one that was told to wait", n)
	}
	if r.metric("bellman_provider_paused") != 1 || r.metric("bellman_provider_broken") != 0 {
		t.Error("the metrics do not tell of a pause, or of more")
	}
	s.clock.Advance(1999 * time.Millisecond)
	r.quiet()
	if n := len(s.wire.all()); n != 1 {
		t.Errorf("%d requests before the time was up", n)
	}
	s.clock.Advance(time.Second)
	r.quiet()
	s.clock.Advance(time.Minute)
	r.quiet()
	for n := range 40 {
		s.texts(phone(n), 1)
		s.texts(phone(500+n), 1)
	}
	if r.metric("bellman_provider_paused") != 0 {
		t.Error("the metric still tells of a pause")
	}
	s.explained()
}

func TestAProviderThatIsNotThereIsLeftAlone(t *testing.T) {
	const patients = 100
	s := newStage(t)
	s.morning(riverside, 0, patients)
	s.come(friday)
	s.come(monday)
	broken := s.start(func(o *sender.Options) { o.Provider = s.unreachable() })
	broken.quiet()
	if broken.metric("bellman_provider_broken") != 1 {
		t.Error("nobody is told")
	}
	tried := 0
	for n := range patients {
		tried += s.standing(s.id(riverside, visitAt(riverside, n), day)).Attempts
	}
	if tried < 10 || tried > 10+16 {
		t.Errorf("%d tries, want ten and what was in flight", tried)
	}
	broken.stop()
	s.come(monday.Add(10 * time.Minute))
	s.start().quiet()
	for n := range patients {
		s.texts(phone(n), 1)
	}
	s.explained()
}

// visitAt gives the n-th appointment of a morning.
func visitAt(p gateway.ODS, n int) gateway.Appointment {
	a := person(n)
	a.ID += gateway.AppointmentID(p)
	return a
}

func TestAProviderThatLosesEverythingIsLeftAloneBeforeAllTextsAreOfUnknownFate(t *testing.T) {
	const patients = 100
	s := newStage(t)
	s.morning(riverside, 0, patients)
	s.come(friday)
	s.come(monday)
	if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.Unavailable: 1}); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	r.quiet()
	if n := s.count(gateway.Unknown); n < 10 || n > 10+16 {
		t.Errorf("the fate of %d is unknown, want ten and what was in flight", n)
	}
	if err := s.sim.SetRates(nil); err != nil {
		t.Fatal(err)
	}
	lost := s.count(gateway.Unknown)
	s.clock.Advance(20 * time.Second)
	r.quiet()
	s.clock.Advance(time.Minute)
	r.quiet()
	if n := s.count(gateway.Accepted); n != patients-lost {
		t.Errorf("%d texts went once it works again, want %d", n, patients-lost)
	}
	if r.metric("bellman_provider_broken") != 0 {
		t.Error("the metric still tells of trouble")
	}
}

func TestAReceiptThatTellsOfASuspendedAccountStopsAllTextsForAWhile(t *testing.T) {
	for name, c := range map[string]struct {
		everywhere bool
		hillside   int
	}{
		"the account":         {true, 0},
		"one practice's only": {false, 20},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.morning(riverside, 0, 20)
			s.morning(hillside, 500, 20)
			s.come(friday)
			s.come(monday)
			r := s.ready()
			r.worker.Trouble(riverside, c.everywhere)
			r.run()
			r.quiet()
			if n := len(s.wire.all()); n != c.hillside {
				t.Errorf("%d requests, want %d", n, c.hillside)
			}
			if got, want := r.metric("bellman_sender_broken") == 1, !c.everywhere; got != want {
				t.Errorf("the metric tells of one sender: %t", got)
			}
			s.clock.Advance(16 * time.Second)
			r.quiet()
			s.clock.Advance(time.Minute)
			r.quiet()
			if n := len(s.wire.all()); n != 40 {
				t.Errorf("%d of 40 texts once it works again", n)
			}
			if r.metric("bellman_provider_broken")+r.metric("bellman_sender_broken") != 0 {
				t.Error("the metrics still tell of trouble")
			}
		})
	}
}
