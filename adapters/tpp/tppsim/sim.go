// Package tppsim is a simulated SystmOne desktop client: an invented practice's
// diary behind the Client Integration's XML over TCP, with the approval of devices
// by a person, the one request a second, the requests that vanish, and the other
// faults that the real one is known or feared to have. A person drives it under
// /sim/ over HTTP, which SystmOne has nothing like.
//
// It stands in for what TPP publishes and for what other clients saw; it was never
// compared with a live SystmOne. TPP's schemas contradict TPP's templates, so that
// requests are not checked against them.
package tppsim

import (
	"net"
	"net/http"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Options says who may call the simulator, and how quickly.
type Options struct {
	Clock        gateway.Clock
	APIKey       string
	Organisation string // ID of the practice's site; empty: A81001
	// Throttle is how long after a request the next one is dropped; 0: none is.
	Throttle time.Duration
	// RecordThrottle is the same for patients' records asked for with more than
	// their demographics; 0: none is.
	RecordThrottle time.Duration
	// Devices are ids that a person has approved before.
	Devices []string
}

// Sim is the simulator of one practice's client. It is safe for concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux
	work    sync.WaitGroup
	stop    chan struct{} // closed by Close

	serving sync.Mutex // one request at a time, as the client does

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[net.Conn]bool
	closed    bool
	faults    Faults
	devices   map[string]bool // true: approved, false: blocked
	asking    []chan bool     // dialogs on the screen
	dialogs   int
	calls     map[string]int
	dropped   int
	asked     int // requests since the faults were set
	days      int // of the diary that were given since then
	answers   int
	statuses  map[int]string // of visits, by slot, in other words than the diary's
	consents  map[int]string // of people, by id, in other words than Yes and No
	pseudo    map[int]bool   // people without an NHS number
	busy      gate
	records   gate
}

// New makes a simulator that shows a diary. It answers once Serve or Start is
// called.
func New(diary *surgery.Diary, o Options) *Sim {
	if o.Organisation == "" {
		o.Organisation = "A81001"
	}
	s := &Sim{
		diary: diary, options: o, mux: http.NewServeMux(), stop: make(chan struct{}), conns: map[net.Conn]bool{}, devices: map[string]bool{},
		calls: map[string]int{}, statuses: map[int]string{}, consents: map[int]string{}, pseudo: map[int]bool{},
		busy: gate{closed: o.Throttle}, records: gate{closed: o.RecordThrottle},
	}
	for _, d := range o.Devices {
		s.devices[d] = true
	}
	s.control()
	return s
}

// Start listens on a port of this machine and gives its address.
func (s *Sim) Start() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.work.Go(func() { s.Serve(l) })
	return l.Addr().String(), nil
}

// Serve answers what comes to a listener until Close.
func (s *Sim) Serve(l net.Listener) {
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	closed := s.closed
	s.mu.Unlock()
	if closed {
		_ = l.Close()
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if !s.admit(conn) {
			_ = conn.Close()
			return
		}
		s.work.Go(func() {
			defer s.part(conn)
			s.converse(conn)
		})
	}
}

func (s *Sim) admit(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = true
	return !s.closed
}

func (s *Sim) part(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// Close ends everything and waits for it.
func (s *Sim) Close() {
	s.mu.Lock()
	if !s.closed {
		close(s.stop)
	}
	s.closed = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.Disconnect()
	s.work.Wait()
}

// Disconnect breaks every connection off, as when the user logs off. Open dialogs
// vanish.
func (s *Sim) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	for _, d := range s.asking {
		close(d)
	}
	s.asking = nil
}

// ServeHTTP is the door of a person who plays the practice's staff.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Calls says how often a function was carried out, by its name.
func (s *Sim) Calls(function string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[function]
}

// Dropped says how many requests vanished.
func (s *Sim) Dropped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// gate is closed for a while after each use.
type gate struct {
	closed time.Duration
	until  *time.Timer
}

// open reports whether the gate may be passed, and closes it again if so.
func (g *gate) open() bool {
	if g.closed == 0 {
		return true
	}
	if g.until != nil {
		select {
		case <-g.until.C:
		default:
			return false
		}
	}
	g.until = time.NewTimer(g.closed)
	return true
}
