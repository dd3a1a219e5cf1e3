package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// recorder writes down what was asked of what is simulated, and can fail calls.
type recorder struct {
	mu   sync.Mutex
	uris []string
	fail func(*http.Request) int // a status, or 0 to let it pass
	cut  func(r *http.Request, carryOut func()) bool
}

func (c *recorder) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.uris = append(c.uris, r.Method+" "+r.RequestURI)
		fail, cut := c.fail, c.cut
		c.mu.Unlock()
		if fail != nil {
			if status := fail(r); status != 0 {
				w.WriteHeader(status)
				return
			}
		}
		if cut != nil && cut(r, func() { h.ServeHTTP(httptest.NewRecorder(), r) }) {
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	})
}

func (c *recorder) failing(f func(*http.Request) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = f
}

// breaking has f carry a call out, or not, and says whether the connection then breaks
// off without an answer.
func (c *recorder) breaking(f func(r *http.Request, carryOut func()) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = f
}

func (c *recorder) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.uris)
}

// front is the practice's own front end: a fixed public address that leads to
// wherever the public door is now. A patient one keeps a call while nobody takes
// it, so that what comes during a restart is not lost.
type front struct {
	url     string
	to      atomic.Pointer[url.URL]
	patient atomic.Bool
}

// keepsFor is how long a patient front keeps a call: less than its caller waits.
const keepsFor = 12 * time.Second

func newFront(t *testing.T) *front {
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(f.to.Load()) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for until := time.Now().Add(keepsFor); ; time.Sleep(50 * time.Millisecond) {
			answer := httptest.NewRecorder()
			answer.Code = http.StatusBadGateway
			if f.to.Load() != nil {
				again := r.Clone(r.Context())
				again.Body = io.NopCloser(bytes.NewReader(body))
				proxy.ServeHTTP(answer, again)
			}
			if answer.Code < http.StatusBadGateway || !f.patient.Load() || time.Now().After(until) {
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *front) lead(to string) {
	if u, err := url.Parse(to); err == nil {
		f.to.Store(u)
	}
}
