package pdssim

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bellman/adapters/surgery"
)

// tokenLife is how long the platform's tokens live.
const tokenLife = 599 * time.Second

// token is the token endpoint of the NHS API platform: a signed assertion for a
// token. Its numbers are written as text.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	err := r.ParseForm()
	if !surgery.Pause(r.Context(), f.SlowMS) {
		return
	}
	w.Header().Set("Date", s.options.Clock.Now().UTC().Format(http.TimeFormat))
	switch {
	case err != nil || r.PostForm.Get("grant_type") != "client_credentials":
		s.refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	case r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
		s.refuse(w, http.StatusBadRequest, "invalid_request")
	case f.DenyToken || !s.signed(r.PostForm.Get("client_assertion"), "http://"+r.Host+TokenPath):
		s.refuse(w, http.StatusUnauthorized, "invalid_client")
	default:
		s.give(w)
	}
}

func (s *Sim) give(w http.ResponseWriter) {
	now, token := s.options.Clock.Now(), rand.Text()
	s.mu.Lock()
	s.tokens[token] = now.Add(tokenLife)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"access_token": token, "token_type": "Bearer", "issued_at": strconv.FormatInt(now.UnixMilli(), 10),
		"expires_in": strconv.Itoa(int(tokenLife.Seconds())),
	})
}

func (*Sim) refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "Simulated"})
}

// signed checks an assertion: by our key and RS512, from and about our application,
// for this address, at most five minutes long, and never used before.
func (s *Sim) signed(assertion, audience string) bool {
	var c jwt.RegisteredClaims
	t, err := jwt.ParseWithClaims(assertion, &c, func(*jwt.Token) (any, error) { return &s.key.PublicKey, nil },
		jwt.WithTimeFunc(s.options.Clock.Now), jwt.WithValidMethods([]string{"RS512"}), jwt.WithExpirationRequired(),
		jwt.WithAudience(audience), jwt.WithIssuer(s.options.APIKey), jwt.WithSubject(s.options.APIKey))
	if err != nil || t.Header["kid"] != s.options.KeyID || c.ID == "" || c.ExpiresAt.Sub(s.options.Clock.Now()) > 5*time.Minute {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.used[c.ID]
	s.used[c.ID] = true
	return !again
}

func (s *Sim) admits(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.tokens[token]
	return ok && s.options.Clock.Now().Before(until) && !s.faults.DenyToken
}
