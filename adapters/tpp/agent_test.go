package tpp_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/relay"
)

// relayed puts the relay, with real TLS, between an adapter and a socket. It gives
// the way there, and what switches the practice's PC off.
func relayed(t *testing.T, socket string) (dial func(context.Context) (net.Conn, error), off func()) {
	t.Helper()
	authority, err := relay.NewAuthority(filepath.Join(t.TempDir(), "ca.pem"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	log := &gatewaytest.Log{}
	log.Watch(t, apiKey, device)
	door, err := relay.NewDoor(relay.Options{Authority: authority, Practices: []gateway.ODS{practice}, Clock: gateway.ClockFunc(time.Now), Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run := func(do func(context.Context)) (end func()) {
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { do(ctx) })
		end = sync.OnceFunc(func() { cancel(); running.Wait() })
		t.Cleanup(end)
		return end
	}
	run(func(ctx context.Context) { door.Serve(ctx, l) })
	b, err := authority.Issue(practice, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, pool, err := relay.ReadBundle(b.Cert, b.Key, b.CA)
	if err != nil {
		t.Fatal(err)
	}
	agent := relay.NewAgent(relay.AgentOptions{
		Gateways: []string{l.Addr().String()}, Local: socket, Cert: cert, CA: pool, Clock: gateway.ClockFunc(time.Now), Log: log.Logger(),
		Timing: relay.Timing{Retry: 10 * time.Millisecond},
	})
	off = run(agent.Run)
	return func(ctx context.Context) (net.Conn, error) { return door.Dial(ctx, practice) }, off
}

func TestADiaryIsReadAndLookedAtThroughTheAgent(t *testing.T) {
	s := play(t, func(c *tpp.Config, env *gateway.Surroundings) {
		env.Dial, _ = relayed(t, c.Address)
		c.Address, c.AnswerWithin = "agent", 5*time.Second
	})
	surgery.Forty(s.diary, monday, 7)
	s.sim.SetFaults(tppsim.Faults{Multiline: true, Zone: true})
	feed := s.read(t)
	if !feed.Complete || len(feed.Appointments) != 41 || len(feed.Unreadable) != 0 || len(feed.Notes) != 0 {
		t.Fatalf("complete: %t, %d appointments, %d unreadable, notes %q", feed.Complete, len(feed.Appointments), len(feed.Unreadable), feed.Notes)
	}
	var looks sync.WaitGroup
	for _, a := range feed.Appointments[:16] {
		looks.Go(func() {
			if again, err := s.adapter.Reread(t.Context(), a); err != nil || again != a {
				t.Errorf("looked at again it is another: %v", err)
			}
		})
	}
	looks.Wait()
	s.sim.SetFaults(tppsim.Faults{Truncate: true})
	if _, err := s.try(t); err == nil {
		t.Error("answers that break off on the way are taken")
	}
}

func TestAPCThatIsSwitchedOffInTheMiddleOfAReadWithdrawsNothing(t *testing.T) {
	var off func()
	s := play(t, func(c *tpp.Config, env *gateway.Surroundings) {
		env.Dial, off = relayed(t, c.Address)
		c.Address, c.PaceMS = "agent", 100
	})
	s.book(monday.AddDate(0, 0, 1))
	s.book(monday.AddDate(0, 0, 9))
	if feed := s.read(t); !feed.Complete || len(feed.Appointments) != 2 {
		t.Fatalf("complete: %t, %d appointments", feed.Complete, len(feed.Appointments))
	}
	was := s.sim.Calls("GetDiary")
	go func() {
		for s.sim.Calls("GetDiary") < was+5 {
			time.Sleep(10 * time.Millisecond)
		}
		off()
	}()
	if feed, err := s.try(t); err == nil && (feed.Complete || feed.Covers.Has(monday.AddDate(0, 0, 9))) {
		t.Errorf("complete: %t, speaks until %v", feed.Complete, feed.Covers.To)
	}
	if _, err := s.try(t); !errors.Is(err, relay.ErrNoAgent) {
		t.Errorf("with the PC off: %v", err)
	}
}
