package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bellman/adapters/signed"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// authoriser puts our credentials on a request.
type authoriser interface {
	// authorise gives the token that it put there, when there can be another one than
	// that; else zero. It is not the refused one.
	authorise(ctx context.Context, r *http.Request, refused gateway.Secret) (gateway.Secret, error)
}

// fixed is a credential that never changes: none, a bearer token, or a user and
// password.
type fixed struct{ put func(*http.Request) }

func (f fixed) authorise(_ context.Context, r *http.Request, _ gateway.Secret) (gateway.Secret, error) {
	f.put(r)
	return gateway.Secret{}, nil
}

const (
	defaultScope = "system/Appointment.rs system/Patient.rs"
	noScope      = "none"
)

// smart gets access tokens by SMART Backend Services.
type smart struct{ tokens *signed.Tokens }

func newSmart(c Credentials, cl *client) (smart, error) {
	key, err := signed.ReadKey(c.PrivateKey, c.Algorithm, c.KeyID)
	if err != nil {
		return smart{}, gateway.Fault{Path: "private_key", Problem: err.Error()}
	}
	scope := c.Scope
	switch scope {
	case "":
		scope = defaultScope
	case noScope:
		scope = ""
	}
	e := &endpoint{address: c.TokenURL, base: cl.base, out: cl.out}
	return smart{signed.New(signed.Options{
		Who: gateway.NewSecret(c.ClientID), Key: key, KeySet: c.JWKSURL, Scope: scope, Untyped: true,
		Address: e.find, Clock: cl.clock, Out: cl.out,
	})}, nil
}

func (s smart) authorise(ctx context.Context, r *http.Request, refused gateway.Secret) (gateway.Secret, error) {
	token, err := s.tokens.Get(ctx, refused)
	if err != nil {
		return gateway.Secret{}, err
	}
	r.Header.Set("Authorization", bearer(token))
	return token, nil
}

func bearer(token gateway.Secret) string { return "Bearer " + token.Reveal() }

// endpoint is where tokens are to be had.
type endpoint struct {
	address string // empty until it is known
	base    *url.URL
	out     *outbound.Client
}

// find gives the address, asking the server once where the configuration names none.
func (e *endpoint) find(ctx context.Context) (string, error) {
	if e.address == "" {
		found, err := e.discover(ctx)
		if err != nil {
			return "", fmt.Errorf("find token address: %w", err)
		}
		e.address = found
	}
	return e.address, nil
}

func (e *endpoint) discover(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base.JoinPath(".well-known", "smart-configuration").String(), nil)
	if err != nil {
		return "", errors.New("the base address cannot be used")
	}
	r.Header.Set("Accept", "application/json")
	res, err := e.out.Do(r)
	if err != nil {
		return "", err
	}
	if res.Status != http.StatusOK {
		return "", outbound.StatusError(r, res.Status)
	}
	var doc struct {
		TokenEndpoint string `json:"token_endpoint"`
	}
	if json.Unmarshal(res.Body, &doc) != nil || doc.TokenEndpoint == "" {
		return "", errors.New("the SMART configuration names none")
	}
	// Whether plain http is allowed is decided by the client when it connects.
	if outbound.CheckURL(doc.TokenEndpoint, true) != nil {
		return "", errors.New("the SMART configuration names one that cannot be used")
	}
	return doc.TokenEndpoint, nil
}
