package gatewaytest

import (
	"net/http"
	"sync"
)

// Requests keeps the requests that reached a handler. The zero value is ready; it is
// safe for concurrent use.
type Requests struct {
	mu  sync.Mutex
	all []*http.Request
}

// Note keeps every request, its body left out, on its way to a handler.
func (q *Requests) Note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.mu.Lock()
		q.all = append(q.all, r.Clone(r.Context()))
		q.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// To gives the requests for a path, oldest first.
func (q *Requests) To(path string) []*http.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []*http.Request
	for _, r := range q.all {
		if r.URL.Path == path {
			out = append(out, r)
		}
	}
	return out
}

// Take gives the requests so far, oldest first, and forgets them.
func (q *Requests) Take() []*http.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.all
	q.all = nil
	return out
}
