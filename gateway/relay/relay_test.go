package relay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/relay"
)

// clock is the machine's own.
var clock = gateway.ClockFunc(time.Now)

// quick is a relay's timing for tests.
var quick = relay.Timing{
	Handshake: 2 * time.Second, Beat: 100 * time.Millisecond, Answer: 500 * time.Millisecond, Start: time.Second,
	Retry: 20 * time.Millisecond, RetryMost: 100 * time.Millisecond,
}

const riverside, hillside = gatewaytest.Riverside, gatewaytest.Hillside

// stage is a gateway's authority, with its log.
type stage struct {
	t         *testing.T
	authority *relay.Authority
	log       *gatewaytest.Log
	timing    relay.Timing
}

func newStage(t *testing.T) *stage {
	t.Helper()
	a, err := relay.NewAuthority(filepath.Join(t.TempDir(), "ca.pem"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, authority: a, log: &gatewaytest.Log{}, timing: quick}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// openDoor opens a door at an address, and gives what closes it.
func (s *stage) openDoor(address string, edit func(*relay.Options)) (d *relay.Door, at string, end func()) {
	s.t.Helper()
	o := relay.Options{Authority: s.authority, Practices: []gateway.ODS{riverside, hillside}, Clock: clock, Log: s.log.Logger(), Timing: s.timing}
	if edit != nil {
		edit(&o)
	}
	d, err := relay.NewDoor(o)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { d.Serve(ctx, l) })
	end = sync.OnceFunc(func() { cancel(); serving.Wait() })
	s.t.Cleanup(end)
	return d, l.Addr().String(), end
}

func (s *stage) door() (*relay.Door, string) {
	d, at, _ := s.openDoor("127.0.0.1:0", nil)
	return d, at
}

// startAgent runs an agent of a practice, and gives what ends it.
func (s *stage) startAgent(a *relay.Authority, practice gateway.ODS, local string, gateways ...string) (end func()) {
	s.t.Helper()
	b, err := a.Issue(practice, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.runAgent(b, s.authorityPEM(), local, gateways...)
}

func (s *stage) authorityPEM() []byte {
	b, err := s.authority.Issue(riverside, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return b.CA
}

func (s *stage) runAgent(b relay.Bundle, ca []byte, local string, gateways ...string) (end func()) {
	s.t.Helper()
	cert, pool, err := relay.ReadBundle(b.Cert, b.Key, ca)
	if err != nil {
		s.t.Fatal(err)
	}
	agent := relay.NewAgent(relay.AgentOptions{Gateways: gateways, Local: local, Cert: cert, CA: pool, Clock: clock, Log: s.log.Logger(), Timing: s.timing})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { agent.Run(ctx) })
	end = sync.OnceFunc(func() { cancel(); running.Wait() })
	s.t.Cleanup(end)
	return end
}

// echo is a local socket that says what it hears, after a word of its own.
type echo struct {
	address string
	opened  atomic.Int32
}

func newEcho(t *testing.T, word string) *echo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{address: l.Addr().String()}
	var work sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); work.Wait() })
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.opened.Add(1)
			work.Go(func() {
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, word)
				_, _ = io.Copy(c, c)
			})
		}
	})
	return e
}

func dial(t *testing.T, d *relay.Door, practice gateway.ODS) (net.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c, err := d.Dial(ctx, practice)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// speaks checks that a connection reaches the socket that says word, and back.
func speaks(t *testing.T, c net.Conn, word string) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, len(word))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != word {
		t.Fatalf("the far side is not the one that was asked for: %v", err)
	}
	out := []byte("a question, and its answer\n")
	if _, err := c.Write(out); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(out))
	if _, err := io.ReadFull(c, back); err != nil || !bytes.Equal(back, out) {
		t.Fatalf("what came back is not what was sent: %v", err)
	}
}

func reached(t *testing.T, d *relay.Door, practice gateway.ODS, word string) {
	t.Helper()
	c, err := dial(t, d, practice)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	speaks(t, c, word)
	_ = c.Close()
}

func TestTheSocketOnThePracticesPCIsReachedThroughItsAgent(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	d, at := s.door()
	s.startAgent(s.authority, riverside, local.address, at)
	gatewaytest.Await(t, "the agent stands ready", func() bool { return d.Idle(riverside) == 2 })
	if n := local.opened.Load(); n != 0 {
		t.Errorf("the local socket was opened %d times before anybody wanted it", n)
	}
	for range 5 {
		reached(t, d, riverside, "riverside ")
	}
	if n := local.opened.Load(); n != 5 {
		t.Errorf("the local socket was opened %d times, want 5", n)
	}
	gatewaytest.Await(t, "the agent stands ready again", func() bool { return d.Idle(riverside) == 2 })
}

func TestMegabytesArriveWhole(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "")
	d, at := s.door()
	s.startAgent(s.authority, riverside, local.address, at)
	c, err := dial(t, d, riverside)
	if err != nil {
		t.Fatal(err)
	}
	sent := make([]byte, 5<<20)
	_, _ = rand.Read(sent)
	go func() { _, _ = c.Write(sent) }()
	got := make([]byte, len(sent))
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("five megabytes did not come back whole: %v", err)
	}
}

func TestAnAgentNeverServesAnotherPractice(t *testing.T) {
	s := newStage(t)
	r, h := newEcho(t, "riverside "), newEcho(t, "hillside ")
	d, at := s.door()
	s.startAgent(s.authority, riverside, r.address, at)
	gatewaytest.Await(t, "the agent stands ready", func() bool { return d.Idle(riverside) > 0 })
	if _, err := dial(t, d, hillside); !errors.Is(err, relay.ErrNoAgent) {
		t.Errorf("with the other practice's agent alone: %v", err)
	}
	s.startAgent(s.authority, hillside, h.address, at)
	for range 3 {
		reached(t, d, hillside, "hillside ")
		reached(t, d, riverside, "riverside ")
	}
	if n := r.opened.Load(); n != 3 {
		t.Errorf("Riverside's socket was opened %d times, want 3", n)
	}
}

func TestAnAgentThatDiesInTheMiddleEndsTheConnection(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	d, at := s.door()
	end := s.startAgent(s.authority, riverside, local.address, at)
	c, err := dial(t, d, riverside)
	if err != nil {
		t.Fatal(err)
	}
	speaks(t, c, "riverside ")
	end()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection goes on without an agent: %v", err)
	}
	if _, err := dial(t, d, riverside); !errors.Is(err, relay.ErrNoAgent) {
		t.Errorf("after the agent's death: %v", err)
	}
	s.startAgent(s.authority, riverside, local.address, at)
	reached(t, d, riverside, "riverside ")
}

func TestAgentsComeBackAfterTheGatewayRestarts(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	d, at, end := s.openDoor("127.0.0.1:0", nil)
	s.startAgent(s.authority, riverside, local.address, at)
	reached(t, d, riverside, "riverside ")
	end()
	d, _, _ = s.openDoor(at, nil)
	reached(t, d, riverside, "riverside ")
}

func TestOneAgentServesTwoReplicas(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	first, at, end := s.openDoor("127.0.0.1:0", nil)
	second, at2 := s.door()
	s.startAgent(s.authority, riverside, local.address, at, at2)
	reached(t, first, riverside, "riverside ")
	reached(t, second, riverside, "riverside ")
	end()
	reached(t, second, riverside, "riverside ")
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func TestASocketThatIsNotThereIsSaidToBeSo(t *testing.T) {
	s := newStage(t)
	d, at := s.door()
	s.startAgent(s.authority, riverside, gatewaytest.FreeAddress(t), at)
	gatewaytest.Await(t, "the agent stands ready", func() bool { return d.Idle(riverside) == 2 })
	if _, err := dial(t, d, riverside); !errors.Is(err, relay.ErrLocal) {
		t.Errorf("with nobody logged on: %v", err)
	}
}

func TestNothingThatIsCarriedIsLogged(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "XQCANARY ")
	d, at := s.door()
	end := s.startAgent(s.authority, riverside, local.address, at)
	reached(t, d, riverside, "XQCANARY ")
	end()
	for _, word := range []string{"XQCANARY", "a question"} {
		if strings.Contains(s.log.String(), word) {
			t.Error("the log holds what was carried")
		}
	}
}

func TestAConnectionThatCarriesNothingForLongIsEnded(t *testing.T) {
	s := newStage(t)
	s.timing.Quiet = 300 * time.Millisecond
	local := newEcho(t, "riverside ")
	d, at := s.door()
	s.startAgent(s.authority, riverside, local.address, at)
	c, err := dial(t, d, riverside)
	if err != nil {
		t.Fatal(err)
	}
	speaks(t, c, "riverside ")
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("it goes on: %v", err)
	}
}

func TestMoreThanAnAgentCarriesWaitsItsTurn(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	d, at := s.door()
	s.startAgent(s.authority, riverside, local.address, at)
	var held []net.Conn
	for range 8 {
		c, err := dial(t, d, riverside)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := d.Dial(ctx, riverside); err == nil || errors.Is(err, relay.ErrLocal) {
		t.Errorf("the ninth: %v", err)
	}
	time.AfterFunc(200*time.Millisecond, func() { _ = held[0].Close() })
	reached(t, d, riverside, "riverside ")
}
