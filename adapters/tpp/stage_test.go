package tpp_test

import (
	"context"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Made-up credentials, in letters that no error of ours would hold by chance.
const (
	apiKey   = "XQAPIKEY-0001"
	device   = "00aa11bb22cc33dd"
	practice = "A81001"
)

// monday is an ordinary working morning in winter.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// stage is an adapter joined over TCP to a simulator that shows a diary.
type stage struct {
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *tppsim.Sim
	shelf   *gatewaytest.Shelf
	adapter *tpp.Adapter
	span    gateway.Span
}

func newSim(t *testing.T, d *surgery.Diary, clock gateway.Clock) *tppsim.Sim {
	t.Helper()
	sim := tppsim.New(d, tppsim.Options{Clock: clock, APIKey: apiKey, Organisation: practice, Devices: []string{device}})
	t.Cleanup(sim.Close)
	return sim
}

// join gives an adapter that reads a simulator, with a new shelf unless edit gives
// another.
func join(t *testing.T, sim *tppsim.Sim, clock gateway.Clock, edit func(*tpp.Config, *gateway.Surroundings)) *tpp.Adapter {
	t.Helper()
	address, err := sim.Start()
	if err != nil {
		t.Fatal(err)
	}
	c := configFor(address)
	env := gateway.Surroundings{Clock: clock, Trial: true, Practice: practice, Shelf: gatewaytest.NewShelf()}
	if edit != nil {
		edit(&c, &env)
	}
	a, err := tpp.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return a
}

func configFor(address string) tpp.Config {
	return tpp.Config{
		Address: address, APIKey: gateway.NewSecret(apiKey), DeviceID: gateway.NewSecret(device),
		PaceMS: 1, AnswerWithin: 5 * time.Second, DetailsAge: time.Second,
	}
}

// play sets a stage.
func play(t *testing.T, edit func(*tpp.Config, *gateway.Surroundings)) *stage {
	t.Helper()
	s := &stage{clock: gatewaytest.NewClock(monday), shelf: gatewaytest.NewShelf(), span: gateway.Span{From: monday, To: monday.AddDate(0, 0, 30)}}
	s.diary = surgery.New(s.clock)
	s.sim = newSim(t, s.diary, s.clock)
	s.adapter = join(t, s.sim, s.clock, func(c *tpp.Config, env *gateway.Surroundings) {
		env.Shelf, c.AnswerWithin = s.shelf, time.Second // many tests wait for silence
		if edit != nil {
			edit(c, env)
		}
	})
	return s
}

func (s *stage) try(t *testing.T) (gateway.Feed, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return s.adapter.Read(ctx, s.span)
}

func (s *stage) read(t *testing.T) gateway.Feed {
	t.Helper()
	feed, err := s.try(t)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// book registers an invented patient and books a visit.
func (s *stage) book(start time.Time) (slot, person int) {
	person = s.diary.Register(surgery.Person{
		Title: "Ms", Given: "Efua", Family: "Kerr", NHSNumber: []string{"9990000018", "9990000026", "9990000034", "9990000042"}[len(s.diary.People())%4],
		Mobile: "07700 900501", Born: time.Date(1960, time.May, 4, 0, 0, 0, 0, time.UTC),
	})
	return s.diary.Book(surgery.Visit{Person: person, Start: start, Site: 5, Mode: gateway.ModeTelephone}), person
}

// one books one ordinary patient a week ahead and reads the diary.
func (s *stage) one(t *testing.T) (a gateway.Appointment, slot, person int) {
	t.Helper()
	slot, person = s.book(monday.AddDate(0, 0, 7))
	return s.only(t), slot, person
}

// only reads the one visit there is.
func (s *stage) only(t *testing.T) gateway.Appointment {
	t.Helper()
	feed := s.read(t)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
		t.Fatalf("%d appointments and %d unreadable, want 1 and 0; notes %q", len(feed.Appointments), len(feed.Unreadable), feed.Notes)
	}
	return feed.Appointments[0]
}
