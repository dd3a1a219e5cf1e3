package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"bellman/gateway"
)

// Bounds of a door.
const (
	mostHandshakes = 1024 // at the same time
	mostFromOne    = 64   // of them from one address
	mostIdle       = 16   // connections of one practice that wait for work
	throughWait    = 8 * time.Second
	localTries     = 3           // agents of one practice that may say that their socket is not there
	strangerNotice = time.Minute // at most so often the log says that somebody was not let in
)

// Options says whom a door lets in.
type Options struct {
	Authority *Authority
	Practices []gateway.ODS
	Refuse    []string // serial numbers of certificates that are not taken any more, hexadecimal
	Clock     gateway.Clock
	Log       *slog.Logger
	Timing    Timing
}

// Door is the gateway's side: it takes the agents' connections, and gives them out.
// It is safe for concurrent use.
type Door struct {
	o         Options
	tls       *tls.Config
	pools     map[gateway.ODS]*pool
	refuse    map[string]bool // plain serial numbers
	strangers seldom

	mu         sync.Mutex
	handshakes int
	from       map[string]int
}

// pool is one practice's idle connections. Each waits in a goroutine of its own for
// somebody who wants one.
type pool struct {
	wanted chan want
	idle   atomic.Int32
	ending seldom // of its agents' certificates
}

type want struct {
	ctx   context.Context //nolint:containedctx // of the one who waits for the answer
	reply chan given      // holds one
}

type given struct {
	conn net.Conn
	err  error
}

// NewDoor makes a door.
func NewDoor(o Options) (*Door, error) {
	o.Timing = o.Timing.withDefaults()
	cert, err := o.Authority.own(o.Clock.Now())
	if err != nil {
		return nil, err
	}
	d := &Door{o: o, pools: map[gateway.ODS]*pool{}, refuse: map[string]bool{}, from: map[string]int{}}
	for _, s := range o.Refuse {
		d.refuse[plainSerial(s)] = true
	}
	for _, p := range o.Practices {
		d.pools[p] = &pool{wanted: make(chan want)}
	}
	d.tls = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, Time: o.Clock.Now,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: o.Authority.pool(), SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error { return d.admits(s.PeerCertificates) },
	}
	return d, nil
}

var errNotAdmitted = errors.New("the certificate is not one that this door takes")

// admits looks at a certificate that the authority has signed.
func (d *Door) admits(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errNotAdmitted
	}
	if d.refuse[serialOf(chain[0])] {
		return errNotAdmitted
	}
	practice, ok := practiceOf(chain[0])
	if ofGateway(chain[0]) || ok && d.pools[practice] != nil {
		return nil
	}
	return errNotAdmitted
}

// Serve takes connections until ctx ends, and waits for all that came of them.
func (d *Door) Serve(ctx context.Context, l net.Listener) {
	var work sync.WaitGroup
	defer work.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	pause := d.o.Timing.Retry
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file handles, most likely: others give some back soon.
			if !gateway.Wait(ctx, pause) {
				return
			}
			continue
		}
		if !d.begins(conn) {
			_ = conn.Close()
			continue
		}
		work.Go(func() { d.receive(ctx, conn) })
	}
}

// begins counts a handshake, unless there are too many.
func (d *Door) begins(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	host := hostOf(conn)
	if d.handshakes >= mostHandshakes || d.from[host] >= mostFromOne {
		return false
	}
	d.handshakes++
	d.from[host]++
	return true
}

func (d *Door) begun(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	host := hostOf(conn)
	d.handshakes--
	if d.from[host]--; d.from[host] == 0 {
		delete(d.from, host)
	}
}

func hostOf(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return host
}

// receive takes one connection from its handshake to its end.
func (d *Door) receive(ctx context.Context, raw net.Conn) {
	conn := tls.Server(raw, d.tls)
	limited, cancel := context.WithTimeout(ctx, d.o.Timing.Handshake)
	err := conn.HandshakeContext(limited)
	cancel()
	d.begun(raw)
	if err != nil {
		_ = raw.Close()
		if d.strangers.due(d.o.Clock.Now(), strangerNotice) { // whoever wants may knock, and must not fill the log
			d.o.Log.Warn("somebody at the agents' door was not let in")
		}
		return
	}
	cert := conn.ConnectionState().PeerCertificates[0]
	if ofGateway(cert) {
		d.lend(ctx, conn)
		return
	}
	practice, _ := practiceOf(cert)
	p := d.pools[practice]
	if days, soon := p.ending.ends(cert.NotAfter, d.o.Clock.Now()); soon {
		d.o.Log.Warn("an agent's certificate ends soon: make a new one with bellman agent new", "practice", practice, "days", days)
	}
	if p.idle.Add(1) > mostIdle {
		p.idle.Add(-1)
		_ = conn.Close()
		return
	}
	d.keep(ctx, conn, p)
}

// keep holds an idle connection until it is wanted, dead, or no longer needed.
func (d *Door) keep(ctx context.Context, conn net.Conn, p *pool) {
	defer p.idle.Add(-1)
	if !d.beats(ctx, conn) { // at once: the agent knows then that it was let in
		return
	}
	beat := time.NewTimer(d.o.Timing.Beat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = conn.Close()
			return
		case w := <-p.wanted:
			err := d.start(w.ctx, conn)
			if err != nil {
				_ = conn.Close()
			}
			w.reply <- given{conn, err}
			return
		case <-beat.C:
			if !d.beats(ctx, conn) {
				return
			}
			beat.Reset(d.o.Timing.Beat)
		}
	}
}

// beats asks for one heartbeat. Where none comes, the connection is closed.
func (d *Door) beats(ctx context.Context, conn net.Conn) bool {
	err := within(ctx, conn, d.o.Timing.Answer, func() error {
		if got, err := exchange(conn, beatAsk); err != nil || got != beatAnswer {
			return errEnded
		}
		return nil
	})
	if err != nil {
		_ = conn.Close()
	}
	return err == nil
}

// start lets the agent open its local socket.
func (d *Door) start(ctx context.Context, conn net.Conn) error {
	return within(ctx, conn, d.o.Timing.Start, func() error {
		got, err := exchange(conn, begin)
		switch {
		case err != nil:
			return err
		case got == unopened:
			return ErrLocal
		case got == busy:
			return errBusy
		case got != opened:
			return errPeer
		}
		return nil
	})
}

// Dial gives a connection to the socket on a practice's PC. It waits for an agent
// as long as ctx allows; ErrNoAgent and ErrLocal say what a person has to see to.
func (d *Door) Dial(ctx context.Context, practice gateway.ODS) (net.Conn, error) {
	p := d.pools[practice]
	if p == nil {
		return nil, ErrNoAgent
	}
	for locals := 0; ; {
		w := want{ctx: ctx, reply: make(chan given, 1)}
		select {
		case p.wanted <- w:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrNoAgent, ctx.Err())
		}
		got := <-w.reply // start is bounded, and ends with ctx
		switch {
		case got.err == nil:
			return got.conn, nil
		case errors.Is(got.err, ErrLocal):
			if locals++; locals == localTries {
				return nil, ErrLocal
			}
		case errors.Is(got.err, errBusy) && gateway.Wait(ctx, d.o.Timing.Retry/10):
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %w", ErrNoAgent, ctx.Err())
		}
	}
}

// Idle says how many connections of a practice wait for work.
func (d *Door) Idle(practice gateway.ODS) int {
	if p := d.pools[practice]; p != nil {
		return int(p.idle.Load())
	}
	return 0
}
