package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// front is the practice group's front end: one address, behind which whichever
// replica answers is asked. When none does, the caller is told so.
type front struct {
	*httptest.Server
	web  *http.Client
	mu   sync.Mutex
	to   []string
	turn int
}

func newFront() *front {
	f := &front{web: &http.Client{Timeout: 12 * time.Second}}
	f.Server = httptest.NewServer(f)
	return f
}

func (f *front) add(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = append(f.to, address)
}

// order gives the replicas, the next in turn first.
func (f *front) order() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	var out []string
	for i := range f.to {
		out = append(out, f.to[(f.turn+i)%len(f.to)])
	}
	return out
}

// ServeHTTP passes a call on, as a proxy does: to the next replica when one
// refuses the connection or breaks it off.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, to := range f.order() {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			break
		}
		out.Header = r.Header.Clone()
		res, err := f.web.Do(out)
		if err != nil {
			continue
		}
		answer, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			continue
		}
		maps.Copy(w.Header(), res.Header)
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(answer)
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}
