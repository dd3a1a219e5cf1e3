package relay_test

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellman/gateway/gatewaytest"
)

// road is a network between agent and gateway that can be frozen: connections stay
// up and carry nothing, as behind a firewall that has forgotten them.
type road struct {
	address string
	frozen  atomic.Bool
	to      string
}

func newRoad(t *testing.T, to string) *road {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &road{address: l.Addr().String(), to: to}
	done := make(chan struct{})
	t.Cleanup(func() { close(done); _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", r.to)
			if err != nil {
				_ = in.Close()
				continue
			}
			t.Cleanup(func() { _ = in.Close(); _ = out.Close() })
			dead := &atomic.Bool{}
			go r.lane(in, out, dead)
			go r.lane(out, in, dead)
		}
	}()
	return r
}

// lane carries one way. A connection that is there while the road freezes is dead
// for good, and neither end hears of the other's closing.
func (r *road) lane(from, to net.Conn, dead *atomic.Bool) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if r.frozen.Load() {
			dead.Store(true)
		}
		if dead.Load() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func TestDeadConnectionsAreNoticedOnBothSides(t *testing.T) {
	s := newStage(t)
	s.timing.Beat, s.timing.Answer = 50*time.Millisecond, 200*time.Millisecond
	local := newEcho(t, "riverside ")
	d, at := s.door()
	r := newRoad(t, at)
	s.startAgent(s.authority, riverside, local.address, r.address)
	reached(t, d, riverside, "riverside ")
	r.frozen.Store(true)
	gatewaytest.Await(t, "the door notices that its connections are dead", func() bool { return d.Idle(riverside) == 0 })
	gatewaytest.Await(t, "the agent notices", func() bool { return strings.Contains(s.log.String(), "not connected to the gateway") })
	r.frozen.Store(false)
	reached(t, d, riverside, "riverside ")
}
