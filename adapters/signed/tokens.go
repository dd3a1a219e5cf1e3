package signed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

const (
	// assertionLife is under the five minutes that SMART Backend Services and the NHS
	// API platform allow.
	assertionLife = 4 * time.Minute
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin = 30 * time.Second
	// tokenLife is used when the answer does not say how long a token lives.
	tokenLife     = 5 * time.Minute
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// Options say who asks for tokens, and where.
type Options struct {
	Who    gateway.Secret // by what we are known there: issuer and subject of what we sign
	Key    Key
	KeySet string // the address of our public keys, told as jku; empty: not told
	Scope  string // what the token is to be good for; empty: not said
	// Untyped takes an answer that does not say of what kind its token is.
	Untyped bool
	// Address gives where tokens are to be had. It is never asked twice at a time.
	Address func(context.Context) (string, error)
	Clock   gateway.Clock
	Out     *outbound.Client
}

// Tokens gets access tokens and keeps the last one. It is safe for concurrent use.
type Tokens struct {
	options Options

	// turn is held by the one who looks at the fields below or asks for a token. It
	// is a channel and no mutex, so that who waits can also give up.
	turn  chan struct{}
	token gateway.Secret
	until time.Time
}

// New makes the tokens of one caller. It asks nothing yet.
func New(o Options) *Tokens { return &Tokens{options: o, turn: make(chan struct{}, 1)} }

// Get gives a token that has not run out and is not the refused one; zero: none was
// refused. gateway.ErrSourceDenied means that what we signed is not accepted.
func (t *Tokens) Get(ctx context.Context, refused gateway.Secret) (gateway.Secret, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return gateway.Secret{}, fmt.Errorf("get access token: %w", ctx.Err())
	}
	if !t.token.IsZero() && t.token != refused && t.options.Clock.Now().Before(t.until) {
		return t.token, nil
	}
	t.token = gateway.Secret{}
	if err := t.fetch(ctx); err != nil {
		return gateway.Secret{}, fmt.Errorf("get access token: %w", err)
	}
	return t.token, nil
}

// fetch exchanges a fresh assertion for a token. The caller has the turn.
func (t *Tokens) fetch(ctx context.Context) error {
	address, err := t.options.Address(ctx)
	if err != nil {
		return err
	}
	assertion, err := t.assertion(address)
	if err != nil {
		return err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	if t.options.Scope != "" {
		form.Set("scope", t.options.Scope)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("the token address cannot be used")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	res, err := t.options.Out.Do(r)
	if err != nil {
		return err
	}
	switch res.Status {
	case http.StatusOK, http.StatusCreated:
		return t.keep(res.Body)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w%s: %w", gateway.ErrSourceDenied, code(res.Body), outbound.StatusError(r, res.Status))
	}
	return outbound.StatusError(r, res.Status)
}

// assertion makes a signed statement of who we are, good for one use at one address.
func (t *Tokens) assertion(address string) (string, error) {
	now, us := t.options.Clock.Now(), t.options.Who.Reveal()
	token := jwt.NewWithClaims(t.options.Key.method, jwt.MapClaims{
		"iss": us, "sub": us, "aud": address, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(), "jti": outbound.NewID(),
	})
	token.Header["kid"] = t.options.Key.ID
	if t.options.KeySet != "" {
		token.Header["jku"] = t.options.KeySet
	}
	text, err := token.SignedString(t.options.Key.private)
	if err != nil {
		return "", errors.New("the assertion could not be signed")
	}
	return text, nil
}

var errNoToken = errors.New("the answer holds no bearer token")

// keep reads the answer. The NHS API platform writes expires_in as a text, others as a
// number.
func (t *Tokens) keep(body []byte) error {
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || !fitForHeader(answer.AccessToken) {
		return errNoToken
	}
	if !strings.EqualFold(answer.TokenType, "bearer") && !(t.options.Untyped && answer.TokenType == "") {
		return errNoToken
	}
	life := tokenLife
	if n, err := strconv.Atoi(strings.Trim(string(answer.ExpiresIn), `"`)); err == nil && n > 0 && n < 1<<31 {
		life = time.Duration(n) * time.Second
	}
	t.token = gateway.NewSecret(answer.AccessToken)
	t.until = t.options.Clock.Now().Add(life - min(tokenMargin, life/2))
	return nil
}

// fitForHeader reports whether a token can stand in a header as it is.
func fitForHeader(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// codes are those of RFC 6749, 5.2, the only words of a refusal that may be repeated.
var codes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

// code gives " (invalid_client)" or the like, or nothing.
func code(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || !slices.Contains(codes, answer.Error) {
		return ""
	}
	return " (" + answer.Error + ")"
}
