package relay_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bellman/gateway/gatewaytest"
	"bellman/gateway/relay"
)

func TestStrangersAreNotLetIn(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "")
	stranger, err := relay.NewAuthority(filepath.Join(t.TempDir(), "other.pem"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	lost, err := s.authority.Issue(riverside, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	expired, err := s.authority.Issue(riverside, time.Now().AddDate(-3, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	d, at, _ := s.openDoor("127.0.0.1:0", func(o *relay.Options) { o.Refuse = []string{" 00" + strings.ToUpper(lost.Serial) + " "} })
	s.startAgent(stranger, riverside, local.address, at)
	s.startAgent(s.authority, "C83003", local.address, at) // a practice that is not here
	s.runAgent(lost, lost.CA, local.address, at)           // a PC that was stolen
	s.runAgent(expired, expired.CA, local.address, at)
	if c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).Dial("tcp", at); err == nil { //nolint:gosec // that is the point
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("somebody without a certificate is spoken to")
		}
		_ = c.Close()
	}
	gatewaytest.Await(t, "the agents are told that they are not let in", func() bool { return strings.Count(s.log.String(), "ends the connection at once") >= 4 })
	if n := d.Idle(riverside); n != 0 {
		t.Errorf("%d connections of strangers wait for work", n)
	}
	if _, err := dial(t, d, riverside); !errors.Is(err, relay.ErrNoAgent) {
		t.Errorf("a stranger serves: %v", err)
	}
	if local.opened.Load() != 0 {
		t.Error("a stranger's socket was opened")
	}
}

// The door stands in the internet: whoever knocks there must not fill the log.
func TestStrangersWhoKnockAgainAndAgainAreLoggedOnce(t *testing.T) {
	s := newStage(t)
	_, at := s.door()
	for range 20 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.ReadAll(c) // until it is closed: counted then
		_ = c.Close()
	}
	gatewaytest.Await(t, "the log says so", func() bool { return strings.Contains(s.log.String(), "was not let in") })
	if n := strings.Count(s.log.String(), "was not let in"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
}

func TestBothSidesSayOnceADayThatACertificateEndsSoon(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	d, at := s.door()
	b, err := s.authority.Issue(riverside, time.Now().AddDate(-2, 0, 10))
	if err != nil {
		t.Fatal(err)
	}
	s.runAgent(b, b.CA, local.address, at)
	for range 5 { // each takes a connection, and brings a new one
		reached(t, d, riverside, "riverside ")
	}
	for _, words := range []string{"an agent's certificate ends soon", "this PC's certificate ends soon"} {
		if n := strings.Count(s.log.String(), words); n != 1 {
			t.Errorf("%q is logged %d times, want once", words, n)
		}
	}
}

func TestAnAgentTrustsItsOwnGatewayOnly(t *testing.T) {
	s, other := newStage(t), newStage(t)
	local := newEcho(t, "")
	_, at := other.door()
	s.startAgent(s.authority, riverside, local.address, at)
	gatewaytest.Await(t, "the agent notices the impostor", func() bool { return strings.Contains(s.log.String(), "not the gateway of this installation") })
}

// Who has stolen one agent's certificate cannot play the gateway to others with it.
func TestAnAgentsCertificateDoesNotMakeAGateway(t *testing.T) {
	s := newStage(t)
	b, err := s.authority.Issue(hillside, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, _, err := relay.ReadBundle(b.Cert, b.Key, b.CA)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = c.Write([]byte("ps")); _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	local := newEcho(t, "")
	s.startAgent(s.authority, riverside, local.address, l.Addr().String())
	gatewaytest.Await(t, "the agent notices the impostor", func() bool { return strings.Contains(s.log.String(), "not the gateway of this installation") })
	if local.opened.Load() != 0 {
		t.Error("the local socket was opened for an impostor")
	}
}

func TestConnectionsThatSayNothingKeepNobodyOut(t *testing.T) {
	s := newStage(t)
	s.timing.Handshake = time.Second
	local := newEcho(t, "riverside ")
	d, at := s.door()
	var silent []net.Conn
	for range 40 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Write([]byte{0x16, 0x03}) // the beginning of a handshake
		silent = append(silent, c)
	}
	s.startAgent(s.authority, riverside, local.address, at)
	reached(t, d, riverside, "riverside ")
	for _, c := range silent {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(c); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			t.Fatal("a connection without a handshake is kept")
		}
	}
}

func TestMoreSilentConnectionsThanTheDoorHandlesAreClosedAtOnce(t *testing.T) {
	s := newStage(t)
	s.timing.Handshake = 30 * time.Second
	_, at := s.door()
	closed := 0
	var all []net.Conn
	for range 80 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all[64:] {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err != nil && !isTimeout(err) {
			closed++
		}
	}
	for _, c := range all {
		_ = c.Close()
	}
	if closed != 16 {
		t.Errorf("%d of 16 connections too many were closed", closed)
	}
}
