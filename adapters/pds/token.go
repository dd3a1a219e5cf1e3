package pds

import (
	"context"
	"crypto/rsa"
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

const (
	// assertionLife is under the five minutes that the platform allows.
	assertionLife = 4 * time.Minute
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin = 30 * time.Second
	// tokenLife is used when the platform does not say how long a token lives.
	tokenLife     = 5 * time.Minute
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	fewestBits    = 2048
)

func signingKey(pem gateway.Secret) (*rsa.PrivateKey, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(pem.Reveal()))
	switch {
	case err != nil:
		return nil, errors.New("is not an RSA private key in PEM form")
	case key.N.BitLen() < fewestBits:
		return nil, fmt.Errorf("is an RSA key of fewer than %d bits", fewestBits)
	}
	return key, nil
}

// tokens gets access tokens of the NHS API platform: an assertion signed with our
// key (RS512) in exchange for a token that lives some minutes. It is safe for
// concurrent use.
type tokens struct {
	auth  Auth
	key   *rsa.PrivateKey
	clock gateway.Clock
	out   *outbound.Client

	// turn is held by the one who looks at the fields below or asks for a token. It
	// is a channel and no mutex, so that who waits can also give up.
	turn  chan struct{}
	token gateway.Secret
	until time.Time
}

func newTokens(a Auth, clock gateway.Clock, out *outbound.Client) (*tokens, error) {
	key, err := signingKey(a.PrivateKey)
	if err != nil {
		return nil, gateway.Fault{Path: "auth.private_key", Problem: err.Error()}
	}
	return &tokens{auth: a, key: key, clock: clock, out: out, turn: make(chan struct{}, 1)}, nil
}

// get gives a token that is not the refused one.
func (t *tokens) get(ctx context.Context, refused gateway.Secret) (gateway.Secret, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return gateway.Secret{}, ctx.Err()
	}
	if !t.token.IsZero() && t.token != refused && t.clock.Now().Before(t.until) {
		return t.token, nil
	}
	_, err := t.fetch(ctx)
	return t.token, err
}

// fetch exchanges a fresh assertion for a token, and gives the answer's headers. The
// caller has the turn.
func (t *tokens) fetch(ctx context.Context) (http.Header, error) {
	t.token = gateway.Secret{}
	assertion, err := t.assertion()
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.auth.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("get access token: the token address cannot be used")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	res, err := t.out.Do(r)
	if err != nil {
		return nil, fmt.Errorf("get access token: %w", err)
	}
	switch res.Status {
	case http.StatusOK, http.StatusCreated:
		return res.Header, t.keep(res.Body)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("get access token: %w: %w", gateway.ErrSourceDenied, refused(r, res))
	}
	return nil, fmt.Errorf("get access token: %w", refused(r, res))
}

// assertion makes a signed statement of who we are, good for one use.
func (t *tokens) assertion() (string, error) {
	now, us := t.clock.Now(), t.auth.APIKey.Reveal()
	token := jwt.NewWithClaims(jwt.SigningMethodRS512, jwt.MapClaims{
		"iss": us, "sub": us, "aud": t.auth.TokenURL, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(), "jti": outbound.NewID(),
	})
	token.Header["kid"] = t.auth.KeyID
	signed, err := token.SignedString(t.key)
	if err != nil {
		return "", errors.New("get access token: the assertion could not be signed")
	}
	return signed, nil
}

var errNoToken = errors.New("get access token: the answer holds no bearer token")

// keep reads the platform's answer, in which the life of a token is a number written
// as text.
func (t *tokens) keep(body []byte) error {
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || !headerSafe(answer.AccessToken) || !strings.EqualFold(answer.TokenType, "bearer") {
		return errNoToken
	}
	life := tokenLife
	if n, err := strconv.Atoi(strings.Trim(string(answer.ExpiresIn), `"`)); err == nil && n > 0 && n < 1<<31 {
		life = time.Duration(n) * time.Second
	}
	t.token = gateway.NewSecret(answer.AccessToken)
	t.until = t.clock.Now().Add(life - min(tokenMargin, life/2))
	return nil
}

// headerSafe reports whether a token can stand in a header as it is.
func headerSafe(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}
