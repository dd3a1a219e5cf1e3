package emis

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// tokenMargin is how long before its end a token is no longer used, so that it
// does not run out on the way.
const tokenMargin = time.Minute

// longestToken bounds what an endpoint may say of a token's life.
const longestToken = 24 * time.Hour

var errNoToken = errors.New("the token endpoint's answer holds no usable token")

// tokens fetches and keeps the access token of one practice (OAuth2 client
// credentials). One caller fetches at a time; the others wait for its token.
type tokens struct {
	config Config
	clock  gateway.Clock
	client *outbound.Client
	gate   chan struct{} // held by whoever looks at what follows

	token        gateway.Secret
	until        time.Time
	organisation string // of the first token, unless configured
}

func newTokens(c Config, clock gateway.Clock, client *outbound.Client) *tokens {
	return &tokens{config: c, clock: clock, client: client, gate: make(chan struct{}, 1), organisation: c.Organisation}
}

// get gives a token that is not refused, fetching one when the kept one has run
// out or is the refused one. A zero refused means that none was.
func (t *tokens) get(ctx context.Context, refused gateway.Secret) (gateway.Secret, error) {
	select {
	case t.gate <- struct{}{}:
		defer func() { <-t.gate }()
	case <-ctx.Done():
		return gateway.Secret{}, fmt.Errorf("wait for a token: %w", ctx.Err())
	}
	if !t.token.IsZero() && t.token != refused && t.clock.Now().Before(t.until) {
		return t.token, nil
	}
	t.token = gateway.Secret{}
	asked := t.clock.Now()
	token, life, err := t.fetch(ctx)
	if err != nil {
		return gateway.Secret{}, fmt.Errorf("fetch a token: %w", err)
	}
	if err := t.sameOrganisation(token); err != nil {
		return gateway.Secret{}, fmt.Errorf("fetch a token: %w", err)
	}
	t.token, t.until = token, asked.Add(life-tokenMargin)
	return token, nil
}

func (t *tokens) fetch(ctx context.Context) (gateway.Secret, time.Duration, error) {
	r, err := t.request(ctx)
	if err != nil {
		return gateway.Secret{}, 0, err
	}
	res, err := t.client.Do(r)
	if err != nil {
		return gateway.Secret{}, 0, err
	}
	if res.Status != http.StatusOK {
		return gateway.Secret{}, 0, tokenRefused(r, res.Status)
	}
	// Azure AD B2C, which EMIS uses, gives expires_in as a number or as text.
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   text   `json:"expires_in"`
	}
	if json.Unmarshal(res.Body, &answer) != nil || answer.AccessToken == "" || strings.ContainsFunc(answer.AccessToken, unfitForHeader) {
		return gateway.Secret{}, 0, errNoToken
	}
	// Without a stated life the token serves this call only.
	seconds, err := strconv.Atoi(answer.ExpiresIn.trim())
	if err != nil || seconds < 0 {
		seconds = 0
	}
	life := longestToken
	if seconds < int(longestToken/time.Second) {
		life = time.Duration(seconds) * time.Second
	}
	return gateway.NewSecret(answer.AccessToken), life, nil
}

// tokenRefused sorts the refusals of a token endpoint: those that mend
// themselves, and those for which a person must act.
func tokenRefused(r *http.Request, status int) error {
	err := outbound.StatusError(r, status)
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500, status < 400:
		return err
	}
	return fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
}

func (t *tokens) request(ctx context.Context) (*http.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if t.config.Scope != "" {
		form.Set("scope", t.config.Scope)
	}
	if t.config.TokenAuth == TokenAuthPost {
		form.Set("client_id", t.config.ClientID)
		form.Set("client_secret", t.config.ClientSecret.Reveal())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.config.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errBadAddress
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if t.config.TokenAuth == TokenAuthBasic {
		// RFC 6749 2.3.1: both halves are form-encoded before they are joined.
		r.SetBasicAuth(url.QueryEscape(t.config.ClientID), url.QueryEscape(t.config.ClientSecret.Reveal()))
	}
	return r, nil
}

// sameOrganisation refuses a token of another organisation than the practice's.
// No call names the practice: the token alone decides whose diary is read, and
// one practice must never text for another.
func (t *tokens) sameOrganisation(token gateway.Secret) error {
	got := organisationOf(token)
	switch {
	case t.organisation == "":
		t.organisation = got
	case got != t.organisation:
		return fmt.Errorf("%w: the token is for another organisation, or names none", gateway.ErrSourceDenied)
	}
	return nil
}

// organisationOf reads the claim orgERN, empty when the token is not a JWT or
// has no such claim. The signature is not checked: the token came from the
// issuer itself and is only handed back.
func organisationOf(token gateway.Secret) string {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Organisation text `json:"orgERN"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Organisation.trim()
}
