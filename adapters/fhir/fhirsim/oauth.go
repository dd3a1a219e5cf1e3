package fhirsim

import (
	"crypto"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// guard is what the server asks of a caller. The zero guard asks for nothing.
type guard struct {
	bearer         string
	user, password string
	client         *Client
}

// Client is a registered backend service. Its public key is registered in one of
// three ways: KeyID and Key, a key set, or the address of a key set.
type Client struct {
	ID        string
	Algorithm string // RS384, ES384 or RS512
	KeyID     string
	Key       crypto.PublicKey
	JWKS      []byte
	JWKSURL   string // fetched at every assertion
}

// RequireBearer makes the server ask for a fixed token.
func (s *Sim) RequireBearer(token string) { s.require(guard{bearer: token}) }

// RequireBasic makes the server ask for a user and password.
func (s *Sim) RequireBasic(user, password string) { s.require(guard{user: user, password: password}) }

// RequireSMART makes the server ask for a token of its own token endpoint, which
// it gives to this client only.
func (s *Sim) RequireSMART(c Client) { s.require(guard{client: &c}) }

func (s *Sim) require(g guard) {
	s.mu.Lock()
	s.guard = g
	s.mu.Unlock()
}

// ForgetTokens makes every access token that was given out invalid.
func (s *Sim) ForgetTokens() {
	s.mu.Lock()
	clear(s.tokens)
	s.mu.Unlock()
}

// guarded puts faults and credentials before a handler.
func (s *Sim) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.Faults().Truncate {
			w = cutter{w}
		}
		if s.struck(w, r) {
			return
		}
		if !s.admits(r) {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(w, http.StatusUnauthorized, "login")
			return
		}
		next(w, r)
	}
}

func (s *Sim) admits(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch g := s.guard; {
	case g.bearer != "":
		return token == g.bearer
	case g.user != "":
		user, password, ok := r.BasicAuth()
		return ok && user == g.user && password == g.password
	case g.client != nil:
		return s.clock.Now().Before(s.tokens[token])
	}
	return true
}

func tokenURL(r *http.Request) string {
	return strings.TrimSuffix(baseURL(r), Base) + "/oauth/token"
}

func (s *Sim) smartConfiguration(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, object{
		"token_endpoint":                                   tokenURL(r),
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS384", "ES384"},
		"scopes_supported":                                 []string{"system/Appointment.rs", "system/Patient.rs"},
		"capabilities":                                     []string{"client-confidential-asymmetric"},
	})
}

// token exchanges a client's assertion for an access token.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials" ||
		r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		answer(w, http.StatusBadRequest, object{"error": "invalid_request"})
		return
	}
	s.mu.Lock()
	client := s.guard.client
	s.mu.Unlock()
	if client == nil || !s.genuine(*client, r) {
		answer(w, http.StatusBadRequest, object{"error": "invalid_client", "error_description": "the assertion is not accepted"})
		return
	}
	scope := r.PostForm.Get("scope")
	if client.Algorithm != "RS512" && !strings.Contains(scope, "system/Appointment.") {
		answer(w, http.StatusBadRequest, object{"error": "invalid_scope"})
		return
	}
	token := rand.Text()
	s.mu.Lock()
	s.tokens[token] = s.clock.Now().Add(tokenLife)
	s.mu.Unlock()
	answer(w, http.StatusOK, object{"access_token": token, "token_type": "bearer", "expires_in": int(tokenLife.Seconds()), "scope": scope})
}

// tokenLife is how long an access token is good.
const tokenLife = 5 * time.Minute

// longestAssertion is what SMART Backend Services lets an assertion live.
const longestAssertion = 5 * time.Minute

// genuine checks an assertion: who signed it, for whom, how long it lives, and
// that it was not used before.
func (s *Sim) genuine(c Client, r *http.Request) bool {
	token, err := jwt.Parse(r.PostForm.Get("client_assertion"),
		func(t *jwt.Token) (any, error) { return c.publicKey(r.Context(), t.Header) },
		jwt.WithValidMethods([]string{c.Algorithm}), jwt.WithIssuer(c.ID), jwt.WithSubject(c.ID),
		jwt.WithAudience(tokenURL(r)), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.clock.Now))
	if err != nil {
		return false
	}
	claims, _ := token.Claims.(jwt.MapClaims)
	end, err := claims.GetExpirationTime()
	id, _ := claims["jti"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || end.After(s.clock.Now().Add(longestAssertion)) || id == "" || s.jtis[id] || token.Header["typ"] != "JWT" {
		return false
	}
	s.jtis[id] = true
	return true
}
