package emissim

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"bellman/adapters/surgery"
)

// claims are those of an EMIS token that matter, and which generation of this
// simulator's tokens it is of.
type claims struct {
	Application  string `json:"appERN"`
	Organisation string `json:"orgERN"`
	Generation   int    `json:"generation"`
	jwt.RegisteredClaims
}

func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// token is the OAuth2 token endpoint, for client credentials in the form or in a
// Basic header. Tokens are signed with a key of the simulator's own (HS256, where
// EMIS uses RS256): nobody but the simulator checks them.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	// The form is read before the pause: until then net/http does not notice that
	// the caller has gone.
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	err := r.ParseForm()
	if !surgery.Pause(r.Context(), f.SlowMS) {
		return
	}
	if err != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if f.DenyToken || !s.knows(r) {
		oauthError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	s.mu.Lock()
	s.tokens++
	now := s.options.Clock.Now()
	c := claims{Application: "ern:emis:app", Organisation: s.options.Organisation, Generation: s.generation}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(s.options.TokenLife))
	s.mu.Unlock()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.key)
	if err != nil {
		oauthError(w, http.StatusInternalServerError, "server_error")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": signed, "token_type": "Bearer", "expires_in": int(s.options.TokenLife.Seconds()),
	})
}

// knows checks the client's credentials, wherever they stand.
func (s *Sim) knows(r *http.Request) bool {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = unescape(user), unescape(pass)
	}
	return same(id, s.options.ClientID) && same(secret, s.options.ClientSecret)
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return plain
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// admits checks a call's bearer token.
func (s *Sim) admits(r *http.Request) bool {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	var c claims
	_, err := jwt.ParseWithClaims(raw, &c, func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithTimeFunc(s.options.Clock.Now), jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	s.mu.Lock()
	defer s.mu.Unlock()
	return err == nil && c.Generation == s.generation && !s.faults.DenyToken
}

func oauthError(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
