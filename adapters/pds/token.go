package pds

import (
	"context"

	"bellman/adapters/signed"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

func signingKey(a Auth) (signed.Key, error) {
	return signed.ReadPEM(a.PrivateKey, signed.RS512, a.KeyID)
}

// newTokens makes the access tokens of the NHS API platform.
func newTokens(a Auth, clock gateway.Clock, out *outbound.Client) (*signed.Tokens, error) {
	key, err := signingKey(a)
	if err != nil {
		return nil, gateway.Fault{Path: "auth.private_key", Problem: err.Error()}
	}
	return signed.New(signed.Options{
		Who: a.APIKey, Key: key, Clock: clock, Out: out,
		Address: func(context.Context) (string, error) { return a.TokenURL, nil },
	}), nil
}
