// Package pdssim is a simulated Personal Demographics Service behind the token
// endpoint of the NHS API platform. It knows the people of an invented practice, as
// they stand in its diary; a test or a person changes what PDS says of one of them,
// so that it disagrees with the practice.
//
// It stands in for what is published, and its records are checked against the
// published examples; it was never compared with the live service.
package pdssim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Where the simulator answers.
const (
	TokenPath = "/oauth2/token"
	Base      = "/personal-demographics/FHIR/R4"
)

// Options says who may ask.
type Options struct {
	Clock  gateway.Clock
	APIKey string
	KeyID  string
	Key    *rsa.PrivateKey // whose public half the platform knows; nil: a new one
}

// Sim is the simulator, an http.Handler. It is safe for concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux
	key     *rsa.PrivateKey

	mu      sync.Mutex
	records map[string]Record // what PDS says otherwise than the diary, by NHS number
	faults  Faults
	made    time.Time // of the answers that a cache keeps
	kept    map[string][]byte
	tokens  map[string]time.Time // until when each is good
	used    map[string]bool      // jti
	asked   map[string]int       // by NHS number
	headers []http.Header        // of the last questions
}

// New makes a simulator that knows the people of a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	key := o.Key
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic("no key could be made") // crypto/rand never fails
		}
	}
	s := &Sim{
		diary: diary, options: o, mux: http.NewServeMux(), key: key,
		records: map[string]Record{}, tokens: map[string]time.Time{}, used: map[string]bool{}, asked: map[string]int{},
	}
	s.mux.HandleFunc("POST "+TokenPath, s.token)
	s.mux.HandleFunc("GET "+Base+"/Patient/{id}", s.patient)
	s.control()
	return s
}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}

// PrivateKey gives the key, in PEM form, whose public half the platform knows.
func (s *Sim) PrivateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		panic("the key cannot be written") // it was made above
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// Edit changes what PDS says under an NHS number otherwise than the diary.
func (s *Sim) Edit(nhs string, edit func(*Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[nhs]
	edit(&r)
	s.records[nhs] = r
}

// Asked says how often PDS was asked for an NHS number, and for "" how often in all.
func (s *Sim) Asked(nhs string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[nhs]
}

// Headers gives the headers of every question so far.
func (s *Sim) Headers() []http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]http.Header(nil), s.headers...)
}

// ExpireTokens refuses every token given out so far.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// patient answers for one NHS number.
func (s *Sim) patient(w http.ResponseWriter, r *http.Request) {
	nhs, err := url.PathUnescape(r.PathValue("id"))
	f := s.note(nhs, r)
	if !surgery.Pause(r.Context(), f.SlowMS) {
		return
	}
	for _, name := range []string{"X-Request-ID", "X-Correlation-ID"} {
		w.Header().Set(name, r.Header.Get(name))
	}
	if f.WrongEcho {
		w.Header().Set("X-Request-ID", "00000000-0000-4000-8000-000000000000")
	}
	s.date(w)
	switch bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); {
	case !s.admits(bearer):
		outcome(w, http.StatusUnauthorized, "ACCESS_DENIED", "error")
	case r.Header.Get("X-Request-ID") == "":
		outcome(w, http.StatusBadRequest, "MISSING_VALUE", "error")
	case f.TooMany > 0:
		w.Header().Set("Retry-After", "1")
		outcome(w, http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "error")
	case f.Status != 0:
		outcome(w, f.Status, f.Code, "error")
	case f.Page:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Sign in</body></html>"))
	case err != nil || !gateway.NewNHSNumber(nhs).Valid():
		outcome(w, http.StatusBadRequest, "INVALID_RESOURCE_ID", "error")
	default:
		s.answer(w, nhs, f)
	}
}

// answer gives the record, unless there is none that may be told.
func (s *Sim) answer(w http.ResponseWriter, nhs string, f Faults) {
	if body, ok := s.cached(nhs); ok {
		s.write(w, body, f)
		return
	}
	record, known := s.about(nhs)
	switch {
	case record.Invalidated:
		outcome(w, http.StatusNotFound, "INVALIDATED_RESOURCE", "error")
	case !known || record.Absent:
		outcome(w, http.StatusNotFound, "RESOURCE_NOT_FOUND", "information")
	default:
		s.write(w, s.keep(nhs, resource(record, f)), f)
	}
}

func (s *Sim) write(w http.ResponseWriter, body []byte, f Faults) {
	if f.Truncate {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	w.Header().Set("ETag", `W/"2"`)
	_, _ = w.Write(body)
}

// note counts a question, and gives the faults that meet it.
func (s *Sim) note(nhs string, r *http.Request) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[nhs]++
	s.asked[""]++
	s.headers = append(s.headers, r.Header.Clone())
	f := s.faults
	if s.faults.TooMany > 0 {
		s.faults.TooMany--
	}
	return f
}
