package fhir

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// signer signs client assertions.
type signer struct {
	method jwt.SigningMethod
	key    any
	id     string // the kid under which the server knows our public key
}

// algorithms are those that may be configured; none means that of the key when it
// names one, else RS384. SMART Backend Services names RS384 and ES384; the NHS API
// platform asks for RS512.
var algorithms = []string{"", "RS384", "ES384", "RS512"}

const (
	inPEM = "PEM"
	inJWK = "JWK"
)

// newSigner reads the private key, as PEM or as a JSON Web Key, for the chosen
// algorithm.
func newSigner(c Credentials) (signer, error) {
	raw := []byte(strings.TrimSpace(c.PrivateKey.Reveal()))
	if bytes.HasPrefix(raw, []byte("{")) {
		return jwkSigner(raw, c)
	}
	method := jwt.GetSigningMethod(algorithmOr(c.Algorithm))
	if method == jwt.SigningMethodES384 {
		key, err := jwt.ParseECPrivateKeyFromPEM(raw)
		return ecSigner(key, err, c.KeyID, inPEM)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(raw)
	return rsaSigner(key, err, method, c.KeyID, inPEM)
}

func algorithmOr(alg string) string {
	if alg == "" {
		return "RS384"
	}
	return alg
}

func rsaSigner(key *rsa.PrivateKey, err error, method jwt.SigningMethod, id, form string) (signer, error) {
	switch {
	case err != nil:
		return signer{}, fmt.Errorf("is not an RSA private key in %s form, as %s needs", form, method.Alg())
	case key.N.BitLen() < 2048:
		return signer{}, errors.New("is an RSA key of fewer than 2048 bits")
	}
	return signer{method, key, id}, nil
}

func ecSigner(key *ecdsa.PrivateKey, err error, id, form string) (signer, error) {
	if err != nil || key.Curve != elliptic.P384() {
		return signer{}, fmt.Errorf("is not a P-384 private key in %s form, as ES384 needs", form)
	}
	return signer{jwt.SigningMethodES384, key, id}, nil
}

// webKey is a private JSON Web Key (RFC 7517, RFC 7518 section 6).
type webKey struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	Kid string `json:"kid"`
	Alg string `json:"alg"`
	Use string `json:"use"`
	X   number `json:"x"`
	Y   number `json:"y"`
	D   number `json:"d"`
	N   number `json:"n"`
	E   number `json:"e"`
	P   number `json:"p"`
	Q   number `json:"q"`
}

// number is a figure of a key, in base64url without padding.
type number []byte

// UnmarshalText reads a figure.
func (n *number) UnmarshalText(text []byte) error {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(string(text), "="))
	if err != nil {
		return errors.New("is not base64url")
	}
	*n = raw
	return nil
}

func (n number) big() *big.Int { return new(big.Int).SetBytes(n) }

// jwkSigner reads a JSON Web Key. What it says of its use, its algorithm and its
// name must agree with the configuration.
func jwkSigner(raw []byte, c Credentials) (signer, error) {
	var k webKey
	if json.Unmarshal(raw, &k) != nil || k.Kty == "" {
		return signer{}, errors.New("is not one JSON Web Key with a kty (a key set does not say which one is ours)")
	}
	id := c.KeyID
	switch {
	case len(k.D) == 0:
		return signer{}, errors.New("is a public JSON Web Key; the private one has a d")
	case k.Use != "" && k.Use != "sig":
		return signer{}, errors.New("is a JSON Web Key that is not for signing (use)")
	case k.Alg != "" && (!slices.Contains(algorithms, k.Alg) || c.Algorithm != "" && k.Alg != c.Algorithm):
		return signer{}, errors.New("is a JSON Web Key for another algorithm (alg)")
	case k.Kid != "" && id != "" && k.Kid != id:
		return signer{}, errors.New("is a JSON Web Key with another kid than key_id")
	case id == "":
		id = k.Kid
	}
	alg := c.Algorithm
	if alg == "" {
		alg = k.Alg
	}
	method := jwt.GetSigningMethod(algorithmOr(alg))
	if method == jwt.SigningMethodES384 {
		key, err := k.ec()
		return ecSigner(key, err, id, inJWK)
	}
	key, err := k.rsa()
	return rsaSigner(key, err, method, id, inJWK)
}

var errUnfit = errors.New("the key does not fit together")

// ec gives the key when its public part belongs to its private one.
func (k webKey) ec() (*ecdsa.PrivateKey, error) {
	if k.Kty != "EC" || k.Crv != "P-384" {
		return nil, errUnfit
	}
	size := (elliptic.P384().Params().BitSize + 7) / 8
	if len(k.D) > size || len(k.X) > size || len(k.Y) > size {
		return nil, errUnfit
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), k.D.big().FillBytes(make([]byte, size)))
	if err != nil {
		return nil, err
	}
	public, err := key.PublicKey.Bytes() // 4, then x, then y
	if err != nil || !bytes.Equal(public[1:], append(k.X.big().FillBytes(make([]byte, size)), k.Y.big().FillBytes(make([]byte, size))...)) {
		return nil, errUnfit
	}
	return key, nil
}

// rsa gives the key when its figures belong together.
func (k webKey) rsa() (*rsa.PrivateKey, error) {
	if k.Kty != "RSA" || len(k.E) > 4 || len(k.P) == 0 || len(k.Q) == 0 || max(len(k.N), len(k.D), len(k.P), len(k.Q)) > longestModulus {
		return nil, errUnfit
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: k.N.big(), E: int(k.E.big().Int64())},
		D:         k.D.big(), Primes: []*big.Int{k.P.big(), k.Q.big()},
	}
	if key.Validate() != nil {
		return nil, errUnfit
	}
	key.Precompute()
	return key, nil
}

// longestModulus is 16384 bits, in bytes: what is longer takes for ever.
const longestModulus = 2048
