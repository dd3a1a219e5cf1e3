package twiliosim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// play answers a request to send, with or without a fault.
func (s *Sim) play(w http.ResponseWriter, r *http.Request, f Fault, o order) {
	switch f {
	case TooMany:
		w.Header().Set("Retry-After", retryAfter)
		writeError(w, 20429)
	case ErrorLost:
		writeError(w, 20500)
	case Unavailable:
		writePage(w, http.StatusServiceUnavailable, pageBytes)
	case Redirect:
		w.Header().Set("Location", s.prefix+"/Elsewhere.json")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Denied:
		writeError(w, 20003)
	case DeniedByProxy:
		writePage(w, http.StatusForbidden, 0)
	case ProxyPage:
		writePage(w, http.StatusBadRequest, 0)
	case ClosedUnread:
		hangUp(w)
	default:
		s.takeAndPlay(w, r, f, o)
	}
}

// takeAndPlay accepts the text first, then answers with or without a fault.
func (s *Sim) takeAndPlay(w http.ResponseWriter, r *http.Request, f Fault, o order) {
	m, code := s.take(o)
	if code != 0 {
		writeError(w, code)
		return
	}
	rest := s.postman.early(r.Context(), m)
	if f != "" {
		s.postman.callBack(rest) // whatever becomes of the answer
	}
	switch f {
	case ErrorTaken:
		writeError(w, 20500)
	case EmptyObject:
		writeJSON(w, http.StatusCreated, []byte("{}"))
	case EmptyBody:
		w.WriteHeader(http.StatusCreated)
	case Truncated:
		s.cutShort(w, m)
	case TakenClosed:
		hangUp(w)
	case TakenHung:
		s.hold(r, 0)
		hangUp(w)
	case Slow:
		s.hold(r, slowness)
		writeJSON(w, http.StatusCreated, s.showCreated(m))
	default:
		writeJSON(w, http.StatusCreated, s.showCreated(m))
		s.postman.callBack(rest)
	}
}

// hold waits for a while (0: for good), until the caller or the simulator ends.
func (s *Sim) hold(r *http.Request, d time.Duration) {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-r.Context().Done():
	case <-s.stopped:
	}
}

// cutShort promises the whole answer and hangs up in the middle of it.
func (s *Sim) cutShort(w http.ResponseWriter, m *message) {
	body := s.showCreated(m)
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	hangUp(w)
}

// writePage answers with what a proxy in between would: HTML, in chunks when it
// is large.
func writePage(w http.ResponseWriter, status, size int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<html><body><h1>" + http.StatusText(status) + "</h1>"))
	if size > 0 {
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write([]byte(strings.Repeat("<p>sorry</p>", size/12)))
	}
	_, _ = w.Write([]byte("</body></html>"))
}
