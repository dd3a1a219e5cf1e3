package fhirsim

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
)

// errNoKey means that an assertion cannot be checked with the keys that its client
// has registered.
var errNoKey = errors.New("no key of this client fits")

// publicKey gives the key with which a client must have signed: its one registered
// key, the one of its registered key set, or the one of the key set at its
// registered address, which an assertion may name (jku) but not change.
func (c Client) publicKey(ctx context.Context, header map[string]any) (crypto.PublicKey, error) {
	kid, _ := header["kid"].(string)
	jku, named := header["jku"].(string)
	if named && jku != c.JWKSURL {
		return nil, errNoKey
	}
	switch {
	case c.JWKSURL != "":
		set, err := fetch(ctx, c.JWKSURL)
		if err != nil {
			return nil, err
		}
		return keyOf(set, kid, c.Algorithm)
	case c.JWKS != nil:
		return keyOf(c.JWKS, kid, c.Algorithm)
	case kid == c.KeyID && kid != "":
		return c.Key, nil
	}
	return nil, errNoKey
}

// fetch reads a key set from its address.
func fetch(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errNoKey
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, errNoKey
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, errNoKey
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}

// publicWebKey is a public JSON Web Key.
type publicWebKey struct {
	Kty, Crv, Kid, Alg, Use string
	X, Y, N, E              string
}

// keyOf picks the key of a name from a key set (RFC 7517).
func keyOf(set []byte, kid, algorithm string) (crypto.PublicKey, error) {
	var jwks struct{ Keys []publicWebKey }
	if json.Unmarshal(set, &jwks) != nil || kid == "" {
		return nil, errNoKey
	}
	for _, k := range jwks.Keys {
		if k.Kid != kid || k.Use == "enc" || k.Alg != "" && k.Alg != algorithm {
			continue
		}
		switch {
		case k.Kty == "EC" && k.Crv == "P-384":
			return ecdsa.ParseUncompressedPublicKey(elliptic.P384(), append([]byte{4}, append(octets(k.X), octets(k.Y)...)...))
		case k.Kty == "RSA":
			return &rsa.PublicKey{N: new(big.Int).SetBytes(octets(k.N)), E: int(new(big.Int).SetBytes(octets(k.E)).Int64())}, nil
		}
	}
	return nil, errNoKey
}

func octets(s string) []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(s)
	return raw
}
