package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"

	"bellman/gateway"
)

const (
	readyEach   = 2 // idle connections to every gateway
	mostCarried = 8 // connections that an agent carries at the same time
	beatsMissed = 3 // then a gateway counts as gone
)

// AgentOptions says what an agent carries where.
type AgentOptions struct {
	Gateways []string // host:port of every replica's agents' door
	Local    string   // the socket on this PC
	Cert     tls.Certificate
	CA       *x509.CertPool
	Clock    gateway.Clock // by which certificates are judged
	Log      *slog.Logger
	Timing   Timing
}

// Agent is the side of the relay on a practice's PC. It opens nothing but the one
// local socket, and that only when the gateway asks.
type Agent struct {
	o       AgentOptions
	tls     *tls.Config
	carried chan struct{}
	ending  seldom // of its certificate
}

// ReadBundle reads the three files of an agent.
func ReadBundle(cert, key, ca []byte) (tls.Certificate, *x509.CertPool, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, nil, errors.New("the certificate and its key cannot be read, or do not fit each other")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return tls.Certificate{}, nil, errors.New("the authority's certificate cannot be read")
	}
	if _, ok := practiceOf(pair.Leaf); !ok {
		return tls.Certificate{}, nil, errors.New("the certificate is not one of an agent")
	}
	return pair, pool, nil
}

// NewAgent makes an agent. It dials once Run is called.
func NewAgent(o AgentOptions) *Agent {
	o.Timing = o.Timing.withDefaults()
	return &Agent{o: o, carried: make(chan struct{}, mostCarried), tls: &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{o.Cert}, RootCAs: o.CA, ServerName: serverName, Time: o.Clock.Now,
	}}
}

// Run keeps connections ready until ctx ends, and waits for what is carried.
func (a *Agent) Run(ctx context.Context) {
	a.o.Log.Info("at work", "local", a.o.Local, "gateways", len(a.o.Gateways))
	var work sync.WaitGroup
	defer work.Wait()
	for _, address := range a.o.Gateways {
		for range readyEach {
			work.Go(func() { a.stand(ctx, address, &work) })
		}
	}
}

// stand keeps one connection to one gateway ready, again and again.
func (a *Agent) stand(ctx context.Context, address string, work *sync.WaitGroup) {
	pause, told := a.o.Timing.Retry, ""
	for ctx.Err() == nil {
		if days, soon := a.ending.ends(a.o.Cert.Leaf.NotAfter, a.o.Clock.Now()); soon {
			a.o.Log.Warn("this PC's certificate ends soon: make a new one with bellman agent new on the gateway", "days", days)
		}
		conn, err := a.connect(ctx, address)
		if err == nil {
			if told != "connected" {
				told = "connected"
				a.o.Log.Info("connected to the gateway", "gateway", address)
			}
			pause = a.o.Timing.Retry
			if err = a.wait(ctx, conn); err == nil {
				a.serve(ctx, conn, work)
				continue
			}
			_ = conn.Close()
		}
		if ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			a.o.Log.Warn("not connected to the gateway; trying again", "gateway", address, "error", err)
		}
		// Spread, so that a gateway that was started anew is not dialled by all at once.
		if !gateway.Wait(ctx, pause/2+rand.N(pause)) { //nolint:gosec // no secret depends on it
			return
		}
		pause = min(2*pause, a.o.Timing.RetryMost)
	}
}

var (
	errUnreachable = errors.New("the gateway cannot be reached: see to its address, and that this PC may dial out to it")
	errImpostor    = errors.New("what answers is not the gateway of this installation: its certificate is another's")
	errNotLetIn    = errors.New("the gateway ends the connection at once: this PC's certificate is not, or no longer, taken there")
	errGone        = errors.New("the connection to the gateway ended")
)

// connect dials a gateway and waits for its first heartbeat, which says that it has
// let us in: a refused certificate shows no earlier.
func (a *Agent) connect(ctx context.Context, address string) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, a.o.Timing.Handshake)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(limited, "tcp", address)
	if err != nil {
		return nil, errUnreachable
	}
	conn := tls.Client(raw, a.tls)
	if err := conn.HandshakeContext(limited); err != nil {
		_ = raw.Close()
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return nil, errImpostor
		}
		return nil, errUnreachable
	}
	err = within(ctx, conn, a.o.Timing.Handshake, func() error {
		if got, err := one(conn); err != nil || got != beatAsk {
			return errNotLetIn
		}
		_, err := conn.Write([]byte{beatAnswer})
		return err
	})
	if err != nil {
		_ = conn.Close()
		return nil, errNotLetIn
	}
	return conn, nil
}

// wait answers heartbeats until the gateway wants the socket. A gateway that has
// gone without a word is noticed by its silence.
func (a *Agent) wait(ctx context.Context, conn net.Conn) error {
	for {
		var got byte
		err := within(ctx, conn, beatsMissed*a.o.Timing.Beat, func() (err error) {
			if got, err = one(conn); err == nil && got == beatAsk {
				_, err = conn.Write([]byte{beatAnswer})
			}
			return err
		})
		switch {
		case err != nil:
			return errGone
		case got == begin:
			return nil
		case got != beatAsk:
			return errPeer
		}
	}
}

// serve opens the local socket and carries it, beside the standing connections.
func (a *Agent) serve(ctx context.Context, conn net.Conn, work *sync.WaitGroup) {
	select {
	case a.carried <- struct{}{}:
	default:
		_ = a.answer(ctx, conn, busy)
		_ = conn.Close()
		return
	}
	work.Go(func() {
		defer func() { <-a.carried }()
		local, err := a.open(ctx)
		if err != nil {
			a.o.Log.Warn("the local socket cannot be reached: is SystmOne open, and somebody logged on?", "local", a.o.Local)
			_ = a.answer(ctx, conn, unopened)
			_ = conn.Close()
			return
		}
		if a.answer(ctx, conn, opened) != nil {
			_ = conn.Close()
			_ = local.Close()
			return
		}
		carry(ctx, conn, local, a.o.Timing.Quiet)
	})
}

func (a *Agent) open(ctx context.Context) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, a.o.Timing.Start*2/3)
	defer cancel()
	return new(net.Dialer).DialContext(limited, "tcp", a.o.Local)
}

func (a *Agent) answer(ctx context.Context, conn net.Conn, word byte) error {
	return within(ctx, conn, a.o.Timing.Answer, func() error {
		_, err := conn.Write([]byte{word})
		return err
	})
}
