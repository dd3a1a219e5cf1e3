package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/relay"
)

// agents is the way to sockets on practices' own PCs. The zero value asks the
// process that holds the door.
type agents struct {
	door      *relay.Door // of this process; nil: another one has it
	once      sync.Once
	authority *relay.Authority
	err       error
}

// readAuthority reads agents.ca_file, once.
func (a *app) readAuthority() (*relay.Authority, error) {
	a.agents.once.Do(func() { a.agents.authority, a.agents.err = relay.ReadAuthority(a.cfg.Agents.CAFile) })
	return a.agents.authority, a.agents.err
}

// dialer gives the way to a socket on a practice's own network; nil without a door.
func (a *app) dialer(practice gateway.ODS) func(context.Context) (net.Conn, error) {
	if a.cfg.Listen.Agents == "" {
		return nil
	}
	return func(ctx context.Context) (net.Conn, error) {
		if a.agents.door != nil {
			return a.agents.door.Dial(ctx, practice)
		}
		authority, err := a.readAuthority()
		if err != nil {
			return nil, err
		}
		return relay.Through(ctx, onThisMachine(a.cfg.Listen.Agents), authority, a.clock, practice)
	}
}

// onThisMachine gives the address at which a door of this machine is reached.
func onThisMachine(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

// openAgents opens the agents' door. Where another process of this machine has it,
// that one's is used.
func (s *service) openAgents() error {
	address := s.cfg.Listen.Agents
	if address == "" || !s.does("scheduler") && !s.does("sender") {
		return nil
	}
	authority, err := s.readAuthority()
	if err != nil {
		return usageError{err}
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		s.log.Info("another process holds the agents' door; it is used", "address", address)
		return nil
	}
	if err != nil {
		return fmt.Errorf("listen.agents: cannot listen on %s: the address is not ours", address)
	}
	s.agents.door, err = relay.NewDoor(relay.Options{
		Authority: authority, Practices: s.codes(), Refuse: s.cfg.Agents.Refuse, Clock: s.clock, Log: s.log.With("part", "agents"),
	})
	if err != nil {
		_ = l.Close()
		return err
	}
	s.countAgents()
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { s.agents.door.Serve(ctx, l) })
	s.later("close the agents' door", func(context.Context) error { cancel(); serving.Wait(); return nil })
	s.log.Info("door open", "door", "agents", "address", l.Addr().String())
	return nil
}

// countAgents shows how many connections of each practice's agents stand ready.
func (s *service) countAgents() {
	for _, p := range s.codes() {
		s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "bellman_agent_connections", Help: "Connections of the practice's own PC that stand ready.",
			ConstLabels: prometheus.Labels{"practice": string(p)},
		}, func() float64 { return float64(s.agents.door.Idle(p)) }))
	}
}

// checkAgents looks at what the agents' door needs.
func (a *app) checkAgents(f *findings) {
	if a.cfg.Listen.Agents == "" {
		return
	}
	if _, err := a.readAuthority(); err != nil {
		f.fail("agents", "%s", err)
		return
	}
	f.ok("agents", "the authority is readable, and by nobody else")
}
