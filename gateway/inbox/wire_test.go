package inbox_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// wire stands between us and the provider. The first text to each number meets
// with an accident; all others pass.
type wire struct {
	sim      *twiliosim.Sim
	accident func(*post)
	over     chan struct{} // closed with the test

	mu    sync.Mutex
	posts map[string]int // requests to send a text, by number
}

// post is one request to send a text, and what may happen to it.
type post struct {
	wire *wire
	w    http.ResponseWriter
	r    *http.Request
	body string
}

func (x *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		x.sim.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	p := &post{x, w, r, string(body)}
	x.mu.Lock()
	x.posts[form.Get("To")]++
	first := x.posts[form.Get("To")] == 1
	x.mu.Unlock()
	if first {
		x.accident(p)
		return
	}
	p.pass(w)
}

func (x *wire) postsTo(n int) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.posts[phone(n)]
}

// pass gives the request to the provider.
func (p *post) pass(w http.ResponseWriter) {
	r := p.r.Clone(p.r.Context())
	r.Body = io.NopCloser(strings.NewReader(p.body))
	p.wire.sim.ServeHTTP(w, r)
}

// taken lets the provider take the text, and gives the answer that is lost.
func (p *post) taken() string {
	rec := httptest.NewRecorder()
	p.pass(rec)
	return rec.Body.String()
}

// reset ends the connection as a broken one ends.
func (p *post) reset() {
	conn, _, err := http.NewResponseController(p.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hang gives no answer until the test is over.
func (p *post) hang() { <-p.wire.over }

// say answers with a status and a body of some kind.
func (p *post) say(status int, kind, body string) {
	p.w.Header().Set("Content-Type", kind)
	p.w.WriteHeader(status)
	_, _ = io.WriteString(p.w, body)
}

// breakOff promises a whole answer and gives half of it.
func (p *post) breakOff(status int, body string) {
	p.w.Header().Set("Content-Length", "4000")
	p.w.WriteHeader(status)
	_, _ = io.WriteString(p.w, body[:len(body)/2])
	panic(http.ErrAbortHandler)
}

// through lets the stage's texts leave over a wire with an accident.
func (s *stage) through(accident func(*post)) *wire {
	s.t.Helper()
	x := &wire{sim: s.sim, accident: accident, over: make(chan struct{}), posts: map[string]int{}}
	front := httptest.NewServer(x)
	s.t.Cleanup(front.Close)
	s.t.Cleanup(func() { close(x.over) })
	s.provider = s.providerAt(front.URL)
	return x
}

func (s *stage) providerAt(address string) *twilio.Provider {
	s.t.Helper()
	p := must(twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: address, Timeout: timeout,
	}, s.door, gateway.Surroundings{Clock: &s.clock, Trial: true}))
	s.t.Cleanup(p.Close)
	return p
}
