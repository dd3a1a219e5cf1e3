package twiliosim

import "net/http"

// showAccount answers GET Accounts/AC.json. A standard API key may not ask.
func (s *Sim) showAccount(w http.ResponseWriter, main bool) {
	if !main {
		writeError(w, 20003)
		return
	}
	writeJSON(w, http.StatusOK, []byte(`{"sid":"`+s.account+`","friendly_name":"Simulated","status":"active","type":"Full","uri":"`+s.prefix+`.json"}`))
}

// one answers what is asked of a single message: fetch, cancel or redact, delete.
func (s *Sim) one(w http.ResponseWriter, r *http.Request, sid string) {
	s.book.mu.Lock()
	m, ok := s.book.bySID[sid]
	ok = ok && !m.removed
	s.book.mu.Unlock()
	if !ok {
		writeError(w, 20404)
		return
	}
	switch r.Method {
	case http.MethodGet:
		writeJSON(w, http.StatusOK, s.show(m))
	case http.MethodPost:
		s.change(w, r, m)
	case http.MethodDelete:
		s.book.mu.Lock()
		m.removed, m.body = true, ""
		s.book.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		writeError(w, 20404)
	}
}

// change redacts a text (Body, empty) or refuses to cancel it: only a scheduled
// text can be cancelled, and this simulator schedules none.
func (s *Sim) change(w http.ResponseWriter, r *http.Request, m *message) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		writeError(w, badRequest)
		return
	}
	if r.PostForm.Has("Status") {
		writeError(w, cannotStop)
		return
	}
	if body, ok := r.PostForm["Body"]; !ok || body[0] != "" {
		writeError(w, badRequest)
		return
	}
	s.book.mu.Lock()
	m.body = ""
	s.book.mu.Unlock()
	writeJSON(w, http.StatusOK, s.show(m))
}
