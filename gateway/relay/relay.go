// Package relay carries a socket that exists only on a practice's own PC to the
// gateway. The PC's side, the agent, dials out, since practice firewalls let nothing
// in, and keeps a connection or two ready over TLS in which both sides show
// certificates of this installation's own authority. The gateway's side, the door,
// takes one of them when an adapter wants the socket.
//
// An agent's certificate names the one practice that it may serve. What is carried
// is neither looked at nor kept nor logged.
//
// On an idle connection the door sends beatAsk and the agent answers beatAnswer. To
// begin, the door sends begin; the agent then opens the local socket and answers
// opened, unopened or busy. After opened there are only the socket's own bytes, until
// either side closes.
package relay

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
)

// The bytes on a connection before it carries anything.
const (
	beatAsk    = 'p'
	beatAnswer = 'P'
	begin      = 's'
	opened     = 'o'
	unopened   = 'x'
	busy       = 'b' // it carries as much as it may
	nobody     = 'n' // to another process of the gateway: no agent is there
)

// serverName is the name in the gateway's certificate. It is not the name of any
// host: agents may reach the gateway under several.
const serverName = "gateway.bellman.internal"

// Errors of Dial.
var (
	// ErrNoAgent means that no agent of the practice is connected.
	ErrNoAgent = errors.New("no agent of this practice is connected: is the practice's PC on, bellman agent running there, and the way to listen.agents open?")
	// ErrLocal means that the agent cannot reach the socket on its PC.
	ErrLocal = errors.New("the agent on the practice's PC cannot reach SystmOne's socket there: is SystmOne open, and somebody logged on?")

	errBusy  = errors.New("the agent carries as much as it may")
	errPeer  = errors.New("the other side of the relay did not keep to its protocol")
	errEnded = errors.New("the relay's connection ended")
)

// Timing is how long things may take. The zero value of a field stands for the
// default.
type Timing struct {
	Handshake time.Duration // TLS, both sides; 10 s
	Beat      time.Duration // between two heartbeats of an idle connection; 20 s
	Answer    time.Duration // to a heartbeat; 10 s
	Start     time.Duration // from begin to opened; 3 s
	Quiet     time.Duration // without a byte in either direction, while carrying; 12 h: a person may be asked to click
	Retry     time.Duration // the agent's first pause before it dials again; 1 s
	RetryMost time.Duration // its longest; 1 min
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		field    *time.Duration
		fallback time.Duration
	}{
		{&t.Handshake, 10 * time.Second}, {&t.Beat, 20 * time.Second}, {&t.Answer, 10 * time.Second}, {&t.Start, 3 * time.Second},
		{&t.Quiet, 12 * time.Hour}, {&t.Retry, time.Second}, {&t.RetryMost, time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.fallback
		}
	}
	return t
}

// seldom lets something be said once in a while that is true again and again. The
// zero value is ready.
type seldom struct {
	mu   sync.Mutex
	last time.Time
}

// due reports whether it was not said for so long, and takes it as said now.
func (s *seldom) due(now time.Time, pause time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() && now.Sub(s.last).Abs() < pause {
		return false
	}
	s.last = now
	return true
}

// renewalNotice is how long before its end people are told of a certificate.
const renewalNotice = 30 * 24 * time.Hour

// ends reports, once a day, that a certificate ends soon, and in how many days.
func (s *seldom) ends(until, now time.Time) (days int, soon bool) {
	left := until.Sub(now)
	return int(left.Hours() / 24), left < renewalNotice && s.due(now, 24*time.Hour)
}

// mostBytes bounds what one connection carries in one direction.
const mostBytes = 1 << 30

// The names in certificates.
const (
	practiceURN = "bellman:practice:"
	gatewayURN  = "bellman:gateway"
)

func urn(name string) *url.URL { return &url.URL{Scheme: "urn", Opaque: name} }

// practiceOf gives the practice that a certificate of an agent names. It must name
// one, and nothing else.
func practiceOf(c *x509.Certificate) (gateway.ODS, bool) {
	if len(c.URIs) != 1 || c.URIs[0].Scheme != "urn" {
		return "", false
	}
	code, ok := strings.CutPrefix(c.URIs[0].Opaque, practiceURN)
	return gateway.ODS(code), ok && gateway.ValidODS(code)
}

func ofGateway(c *x509.Certificate) bool {
	return len(c.URIs) == 1 && c.URIs[0].Scheme == "urn" && c.URIs[0].Opaque == gatewayURN
}

// past is a deadline that ends every wait on a connection at once.
var past = time.Unix(1, 0)

// within does something with a connection that may take only so long, and reports
// why it failed in words of ours.
func within(ctx context.Context, conn net.Conn, d time.Duration, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	err := do()
	if !stop() { // the deadline stands, or will in a moment
		return errEnded
	}
	return err
}

// exchange sends one byte and waits for one.
func exchange(conn net.Conn, send byte) (byte, error) {
	if _, err := conn.Write([]byte{send}); err != nil {
		return 0, errEnded
	}
	return one(conn)
}

func one(conn net.Conn) (byte, error) {
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return 0, errEnded
	}
	return b[0], nil
}

// carry copies bytes both ways until either side ends, nothing comes for quiet, too
// much has come, or ctx ends. Both are closed then.
func carry(ctx context.Context, a, b net.Conn, quiet time.Duration) {
	var once sync.Once
	end := func() { once.Do(func() { _ = a.Close(); _ = b.Close() }) }
	defer end()
	defer context.AfterFunc(ctx, end)()
	idle := time.AfterFunc(quiet, end)
	defer idle.Stop()
	var left [2]atomic.Int64
	var both sync.WaitGroup
	for i, way := range [][2]net.Conn{{a, b}, {b, a}} {
		left[i].Store(mostBytes)
		both.Go(func() {
			defer end()
			buffer := make([]byte, 32<<10)
			for {
				n, err := way[0].Read(buffer)
				if n > 0 {
					idle.Reset(quiet)
					if left[i].Add(-int64(n)) < 0 {
						return
					}
					if _, err := way[1].Write(buffer[:n]); err != nil {
						return
					}
				}
				if err != nil {
					return
				}
			}
		})
	}
	both.Wait()
}
