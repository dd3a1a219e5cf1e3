package hl7

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/adapters/hl7/mllp"
	"bellman/gateway"
)

// answerLimit is how long sending an answer may take.
const answerLimit = 10 * time.Second

// shakeLimit is how long a TLS handshake may take.
const shakeLimit = 10 * time.Second

// The reasons why practices cannot share a door.
var (
	errDoor  = errors.New("practices that share one listen must have the same allow, tls, limits and acknowledge")
	errWhose = errors.New("practices that share one listen must each say which messages are theirs: facility, with the same field and nothing twice")
)

// Listen implements gateway.Listener: it takes messages until ctx ends, and calls
// changed when something new is known. It fails when the address cannot be listened
// on.
func (a *Adapter) Listen(ctx context.Context, changed func()) error {
	d, err := NewDoor(a)
	if err != nil {
		return err
	}
	return d.Run(ctx, func(gateway.ODS) { changed() })
}

// Door is one address at which messages come in for one or several practices. It
// gives every message to each of them; what is not a practice's own by its facility
// is nothing to it.
type Door struct {
	practices []*Adapter
	config    Config
	allow     []netip.Prefix

	mu    sync.Mutex
	lines map[*line]bool
	at    net.Addr
	open  chan struct{}
}

// NewDoor makes the door of adapters whose sections have the same address. They must
// agree about who may come in.
func NewDoor(practices ...*Adapter) (*Door, error) {
	d := &Door{practices: practices, config: practices[0].config, lines: map[*line]bool{}, open: make(chan struct{})}
	for _, a := range practices {
		if a.terms() != d.practices[0].terms() {
			return nil, errDoor
		}
	}
	if !distinct(practices) {
		return nil, errWhose
	}
	for _, s := range d.config.Allow {
		p, err := prefix(s)
		if err != nil {
			return nil, err
		}
		d.allow = append(d.allow, p.Masked())
	}
	return d, nil
}

// terms are what a section says of the door itself.
func (a *Adapter) terms() string {
	return fmt.Sprint(a.config.Allow, a.config.TLS, a.config.Limits, a.config.Acknowledge)
}

// distinct reports whether every message about a visit can be at most one
// practice's. A patient of two would be texted twice.
func distinct(practices []*Adapter) bool {
	taken := map[string]bool{}
	for _, a := range practices {
		f := a.rules.facility
		if len(practices) > 1 && (len(f.is) == 0 || f.at != practices[0].rules.facility.at) {
			return false
		}
		for _, s := range slices.Compact(slices.Sorted(slices.Values(f.is))) {
			if taken[s] {
				return false
			}
			taken[s] = true
		}
	}
	return true
}

// Address gives where the door is once it is open; it waits for that, or for ctx.
func (d *Door) Address(ctx context.Context) (string, error) {
	select {
	case <-d.open:
		return d.at.String(), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Run takes messages until ctx ends. changed is called with each practice of which
// something new is known.
func (d *Door) Run(ctx context.Context, changed func(gateway.ODS)) error {
	secure, err := d.config.TLS.config()
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.practices[0].Door())
	if err != nil {
		return fmt.Errorf("listen for messages: the address %s cannot be had", d.practices[0].Door())
	}
	d.at = l.Addr()
	close(d.open)
	var working sync.WaitGroup
	defer working.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working.Go(func() { <-ctx.Done(); _ = l.Close(); d.hangUp() })
	for _, a := range d.practices {
		working.Go(func() { a.keepTidy(ctx) })
	}
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if !gateway.Wait(ctx, time.Second) { // out of files, most often
				return nil
			}
			continue
		}
		if !d.allowed(conn.RemoteAddr()) {
			_ = conn.Close()
			continue
		}
		if secure != nil {
			conn = tls.Server(conn, secure)
		}
		one := d.enter(conn)
		if ctx.Err() != nil {
			_ = conn.Close()
		}
		working.Go(func() {
			defer d.leave(one)
			d.converse(ctx, one, changed)
		})
	}
}

func (a *Adapter) keepTidy(ctx context.Context) {
	for gateway.Wait(ctx, tidyEvery) {
		_ = a.tidy(ctx) // what was not taken away now is next time
	}
}

func (d *Door) allowed(from net.Addr) bool {
	if len(d.allow) == 0 {
		return true
	}
	at, ok := from.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := at.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range d.allow {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// line is one connection.
type line struct {
	net.Conn
	heard int64 // counts up with every frame of any line; the smallest was silent for longest
	busy  bool
	limit *time.Timer
}

// within cuts the line when what it does now takes longer than a time.
func (l *line) within(d time.Duration) {
	l.atEase()
	l.limit = time.AfterFunc(d, func() { _ = l.Close() })
}

func (l *line) atEase() {
	if l.limit != nil {
		l.limit.Stop()
	}
}

// enter takes a connection in. When there are too many, the one that was silent for
// longest goes: hospitals' firewalls forget connections, and their engines open new
// ones without closing the old.
func (d *Door) enter(c net.Conn) *line {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := &line{Conn: c, heard: d.newest() + 1}
	d.lines[one] = true
	if len(d.lines) > d.config.Limits.Connections {
		var oldest *line
		for l := range d.lines {
			if !l.busy && l != one && (oldest == nil || l.heard < oldest.heard) {
				oldest = l
			}
		}
		if oldest == nil {
			oldest = one // all others are in the middle of a message
		}
		delete(d.lines, oldest)
		_ = oldest.Close()
	}
	return one
}

func (d *Door) newest() int64 {
	var n int64
	for l := range d.lines {
		n = max(n, l.heard)
	}
	return n
}

func (d *Door) leave(l *line) {
	l.atEase()
	_ = l.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lines, l)
}

func (d *Door) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for l := range d.lines {
		_ = l.SetReadDeadline(time.Unix(1, 0)) // what is being answered is answered
	}
}

func (d *Door) working(l *line, busy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.busy = busy; busy {
		l.heard = d.newest() + 1
	}
}

// converse takes the messages of one connection, one after another, and answers
// each. What ends it, a panic among that, ends no other.
func (d *Door) converse(ctx context.Context, l *line, changed func(gateway.ODS)) {
	defer func() { _ = recover() }() // the sender sends again what was not answered
	if t, ok := l.Conn.(*tls.Conn); ok {
		shake, cancel := context.WithTimeout(ctx, shakeLimit)
		err := t.HandshakeContext(shake)
		cancel()
		if err != nil {
			return
		}
	}
	r := mllp.NewReader(l, d.config.Limits.Message)
	r.Begun = func() {
		d.working(l, true)
		l.within(d.config.Limits.Time)
	}
	for {
		f, err := r.Next()
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) || l.busy {
				d.half(1)
			}
			return
		}
		l.atEase()
		d.half(f.Halves)
		answer, ok := d.take(ctx, f, changed)
		if !ok {
			return
		}
		if len(answer) > 0 {
			l.within(answerLimit)
			if mllp.Write(l, answer) != nil {
				return
			}
			l.atEase()
		}
		d.working(l, false)
		if ctx.Err() != nil {
			return
		}
	}
}

func (d *Door) half(n int) {
	if n == 0 {
		return
	}
	for _, a := range d.practices {
		a.mu.Lock()
		a.halves += n
		a.mu.Unlock()
	}
}

// take gives a message to every practice and makes one answer of theirs: it is kept
// only when all have kept it. It reports false when the sender does not wait for an
// answer, and the message could not be kept: the line is cut then, which is all that
// is left to say.
func (d *Door) take(ctx context.Context, f mllp.Frame, changed func(gateway.ODS)) ([]byte, bool) {
	ctx = context.WithoutCancel(ctx) // a message that is being kept is kept
	var m *message.Message
	worst := receipt{what: answerRefused}
	failed, kept := false, false
	for _, a := range d.practices {
		parsed, got := a.receive(ctx, f.Body, f.Cut)
		m = parsed
		if got.changed {
			changed(a.practice)
		}
		switch got.what {
		case answerFailed:
			failed, worst = true, got
		case answerKept:
			kept = true
		case answerRefused:
			if !failed {
				worst = got
			}
		}
	}
	if kept && !failed {
		worst = receipt{what: answerKept}
	}
	answer := d.practices[0].reply(m, worst.what, worst.why, d.practices[0].clock.Now())
	return answer, len(answer) > 0 || worst.what != answerFailed
}
