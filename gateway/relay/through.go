package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"bellman/gateway"
)

// ErrNoDoor means that no process of the gateway holds the agents' door.
var ErrNoDoor = errors.New("nobody answers at listen.agents: the agents' connections are held by bellman serve; start it")

// Through reaches the socket on a practice's PC by the door of another process of
// this installation at an address. Who has the authority's file may do so.
func Through(ctx context.Context, address string, a *Authority, clock gateway.Clock, practice gateway.ODS) (net.Conn, error) {
	own, err := a.own(clock.Now())
	if err != nil {
		return nil, err
	}
	dialer := &tls.Dialer{Config: &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, RootCAs: a.pool(), ServerName: serverName, Time: clock.Now,
	}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w", ErrNoDoor)
	}
	limit := Timing{}.withDefaults().Handshake + throughWait
	err = within(ctx, conn, limit, func() error {
		if _, err := conn.Write(append([]byte{byte(len(practice))}, practice...)); err != nil {
			return ErrNoDoor
		}
		switch got, err := one(conn); {
		case err != nil:
			return ErrNoDoor
		case got == nobody:
			return ErrNoAgent
		case got == unopened:
			return ErrLocal
		case got != opened:
			return errPeer
		}
		return nil
	})
	if err == nil {
		return conn, nil
	}
	_ = conn.Close()
	if ctx.Err() != nil { // the door waits for an agent
		return nil, fmt.Errorf("%w: %w", ErrNoAgent, ctx.Err())
	}
	return nil, err
}

// lend gives an agent's connection to another process of the gateway.
func (d *Door) lend(ctx context.Context, conn net.Conn) {
	var practice gateway.ODS
	err := within(ctx, conn, d.o.Timing.Handshake, func() error {
		length, err := one(conn)
		if err != nil {
			return err
		}
		code := make([]byte, length)
		_, err = io.ReadFull(conn, code)
		practice = gateway.ODS(code)
		return err
	})
	if err != nil {
		_ = conn.Close()
		return
	}
	limited, cancel := context.WithTimeout(ctx, throughWait)
	agent, err := d.Dial(limited, practice)
	cancel()
	word := byte(opened)
	switch {
	case errors.Is(err, ErrLocal):
		word = unopened
	case err != nil:
		word = nobody
	}
	wrote := within(ctx, conn, d.o.Timing.Answer, func() error {
		_, err := conn.Write([]byte{word})
		return err
	})
	if err != nil || wrote != nil {
		_ = conn.Close()
		if agent != nil {
			_ = agent.Close()
		}
		return
	}
	carry(ctx, conn, agent, d.o.Timing.Quiet)
}
