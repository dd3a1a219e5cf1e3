package fhir

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// authoriser puts our credentials on a request.
type authoriser interface {
	authorise(ctx context.Context, r *http.Request) error
	// renew drops the credential that r carried, and reports whether another one
	// can be had.
	renew(r *http.Request) bool
}

// fixed is a credential that never changes: none, a bearer token, or a user and
// password.
type fixed struct{ put func(*http.Request) }

func (f fixed) authorise(_ context.Context, r *http.Request) error { f.put(r); return nil }
func (f fixed) renew(*http.Request) bool                           { return false }

const (
	defaultScope = "system/Appointment.rs system/Patient.rs"
	noScope      = "none"
	// assertionLife is under the five minutes that SMART Backend Services allows.
	assertionLife = 4 * time.Minute
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin = 30 * time.Second
	// tokenLife is used when the server does not say how long a token lives.
	tokenLife     = 5 * time.Minute
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// smart gets access tokens by SMART Backend Services: a signed assertion in
// exchange for a token that lives some minutes. It is safe for concurrent use.
type smart struct {
	out    *outbound.Client
	clock  gateway.Clock
	base   *url.URL
	cred   Credentials
	signer signer
	ask    func(ctx context.Context) error // the practice's turn; see Surroundings.Turn

	// turn is held by the one who looks at the fields below or asks for a token. It
	// is a channel and no mutex, so that who waits can also give up.
	turn     chan struct{}
	tokenURL string
	token    gateway.Secret
	until    time.Time
}

func (s *smart) authorise(ctx context.Context, r *http.Request) error {
	if err := s.take(ctx); err != nil {
		return fmt.Errorf("get access token: %w", err)
	}
	defer s.give()
	if s.token.IsZero() || !s.clock.Now().Before(s.until) {
		if err := s.fetch(ctx); err != nil {
			return err
		}
	}
	r.Header.Set("Authorization", bearer(s.token))
	return nil
}

func (s *smart) renew(r *http.Request) bool {
	if s.take(r.Context()) != nil {
		return false
	}
	defer s.give()
	if r.Header.Get("Authorization") == bearer(s.token) {
		s.token = gateway.Secret{}
	}
	return true
}

// take waits for the turn, unless ctx ends first.
func (s *smart) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *smart) give() { <-s.turn }

func bearer(token gateway.Secret) string { return "Bearer " + token.Reveal() }

// fetch exchanges a fresh assertion for a token. The caller has the turn.
func (s *smart) fetch(ctx context.Context) error {
	if err := s.discover(ctx); err != nil {
		return err
	}
	assertion, err := s.assertion()
	if err != nil {
		return err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	switch s.cred.Scope {
	case "":
		form.Set("scope", defaultScope)
	case noScope:
	default:
		form.Set("scope", s.cred.Scope)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("get access token: the token address cannot be used")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	res, err := s.send(ctx, r)
	if err != nil {
		return fmt.Errorf("get access token: %w", err)
	}
	switch res.Status {
	case http.StatusOK, http.StatusCreated:
		return s.keep(res.Body)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("get access token: %w%s: %w", gateway.ErrSourceDenied, oauthCode(res.Body), outbound.StatusError(r, res.Status))
	}
	return fmt.Errorf("get access token: %w", outbound.StatusError(r, res.Status))
}

// send carries out a request once the practice has its turn.
func (s *smart) send(ctx context.Context, r *http.Request) (*outbound.Response, error) {
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.out.Do(r)
}

// discover asks the server once where tokens are to be had.
func (s *smart) discover(ctx context.Context) error {
	if s.tokenURL != "" {
		return nil
	}
	if s.cred.TokenURL != "" {
		s.tokenURL = s.cred.TokenURL
		return nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath(".well-known", "smart-configuration").String(), nil)
	if err != nil {
		return errors.New("find token address: the base address cannot be used")
	}
	r.Header.Set("Accept", "application/json")
	res, err := s.send(ctx, r)
	if err != nil {
		return fmt.Errorf("find token address: %w", err)
	}
	if res.Status != http.StatusOK {
		return fmt.Errorf("find token address: %w", outbound.StatusError(r, res.Status))
	}
	var doc struct {
		TokenEndpoint string `json:"token_endpoint"`
	}
	if json.Unmarshal(res.Body, &doc) != nil || doc.TokenEndpoint == "" {
		return errors.New("find token address: the SMART configuration names none")
	}
	// Whether plain http is allowed is decided by the client when it connects.
	if outbound.CheckURL(doc.TokenEndpoint, true) != nil {
		return errors.New("find token address: the SMART configuration names one that cannot be used")
	}
	s.tokenURL = doc.TokenEndpoint
	return nil
}

// assertion makes a signed statement of who we are, good for one use.
func (s *smart) assertion() (string, error) {
	now := s.clock.Now()
	token := jwt.NewWithClaims(s.signer.method, jwt.MapClaims{
		"iss": s.cred.ClientID,
		"sub": s.cred.ClientID,
		"aud": s.tokenURL,
		"iat": now.Unix(),
		"exp": now.Add(assertionLife).Unix(),
		"jti": rand.Text(),
	})
	token.Header["kid"] = s.signer.id
	if s.cred.JWKSURL != "" {
		token.Header["jku"] = s.cred.JWKSURL
	}
	signed, err := token.SignedString(s.signer.key)
	if err != nil {
		return "", errors.New("get access token: the assertion could not be signed")
	}
	return signed, nil
}

// keep reads the token endpoint's answer. The NHS API platform writes
// expires_in as a string, others as a number.
func (s *smart) keep(body []byte) error {
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.AccessToken == "" {
		return errors.New("get access token: the answer holds no token")
	}
	if answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer") {
		return errors.New("get access token: the token is not a bearer token")
	}
	life := tokenLife
	if n, err := strconv.Atoi(strings.Trim(string(answer.ExpiresIn), `"`)); err == nil && n > 0 && n < 1<<31 {
		life = time.Duration(n) * time.Second
	}
	s.token = gateway.NewSecret(answer.AccessToken)
	s.until = s.clock.Now().Add(life - min(tokenMargin, life/2))
	return nil
}

// oauthCodes are the codes of RFC 6749, 5.2, the only words of a refusal that
// may be repeated.
var oauthCodes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

// oauthCode gives " (invalid_client)" or the like, or nothing.
func oauthCode(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	for _, code := range oauthCodes {
		if answer.Error == code {
			return " (" + code + ")"
		}
	}
	return ""
}
