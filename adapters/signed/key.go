package signed

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

	"bellman/gateway"
)

// Key is the private key that signs assertions.
type Key struct {
	ID string // the kid under which the other side knows our public key; may be empty

	method  jwt.SigningMethod
	private any
}

// RS512 is the algorithm that the NHS API platform asks for.
const RS512 = "RS512"

// Algorithms are those that a key may be read for; the empty one means that of the
// key when it names one, else RS384. SMART Backend Services names RS384 and ES384.
var Algorithms = []string{"", "RS384", "ES384", RS512}

const (
	inPEM = "PEM"
	inJWK = "JWK"
)

// ReadKey reads a private key, as PEM or as a JSON Web Key, for one of Algorithms. id
// is its kid; when it is empty, that of a JSON Web Key. The error says what the key
// is or is not ("is a public JSON Web Key"), without quoting it.
func ReadKey(private gateway.Secret, algorithm, id string) (Key, error) {
	raw := []byte(strings.TrimSpace(private.Reveal()))
	if bytes.HasPrefix(raw, []byte("{")) {
		return fromJWK(raw, algorithm, id)
	}
	return fromPEM(raw, algorithm, id)
}

// ReadPEM is ReadKey where a JSON Web Key is not taken.
func ReadPEM(private gateway.Secret, algorithm, id string) (Key, error) {
	return fromPEM([]byte(private.Reveal()), algorithm, id)
}

func fromPEM(raw []byte, algorithm, id string) (Key, error) {
	method := jwt.GetSigningMethod(algorithmOr(algorithm))
	if method == jwt.SigningMethodES384 {
		key, err := jwt.ParseECPrivateKeyFromPEM(raw)
		return ofEC(key, err, id, inPEM)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(raw)
	return ofRSA(key, err, method, id, inPEM)
}

func algorithmOr(alg string) string {
	if alg == "" {
		return "RS384"
	}
	return alg
}

func ofRSA(key *rsa.PrivateKey, err error, method jwt.SigningMethod, id, form string) (Key, error) {
	switch {
	case err != nil:
		return Key{}, fmt.Errorf("is not an RSA private key in %s form, as %s needs", form, method.Alg())
	case key.N.BitLen() < fewestBits:
		return Key{}, fmt.Errorf("is an RSA key of fewer than %d bits", fewestBits)
	}
	return Key{ID: id, method: method, private: key}, nil
}

func ofEC(key *ecdsa.PrivateKey, err error, id, form string) (Key, error) {
	if err != nil || key.Curve != elliptic.P384() {
		return Key{}, fmt.Errorf("is not a P-384 private key in %s form, as ES384 needs", form)
	}
	return Key{ID: id, method: jwt.SigningMethodES384, private: key}, nil
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

// fromJWK reads a JSON Web Key. What it says of its use, its algorithm and its name
// must agree with what was asked for.
func fromJWK(raw []byte, algorithm, id string) (Key, error) {
	var k webKey
	if json.Unmarshal(raw, &k) != nil || k.Kty == "" {
		return Key{}, errors.New("is not one JSON Web Key with a kty (a key set does not say which one is ours)")
	}
	switch {
	case len(k.D) == 0:
		return Key{}, errors.New("is a public JSON Web Key; the private one has a d")
	case k.Use != "" && k.Use != "sig":
		return Key{}, errors.New("is a JSON Web Key that is not for signing (use)")
	case k.Alg != "" && (!slices.Contains(Algorithms, k.Alg) || algorithm != "" && k.Alg != algorithm):
		return Key{}, errors.New("is a JSON Web Key for another algorithm (alg)")
	case k.Kid != "" && id != "" && k.Kid != id:
		return Key{}, errors.New("is a JSON Web Key with another kid than key_id")
	case id == "":
		id = k.Kid
	}
	if algorithm == "" {
		algorithm = k.Alg
	}
	method := jwt.GetSigningMethod(algorithmOr(algorithm))
	if method == jwt.SigningMethodES384 {
		key, err := k.ec()
		return ofEC(key, err, id, inJWK)
	}
	key, err := k.rsa()
	return ofRSA(key, err, method, id, inJWK)
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

const (
	fewestBits = 2048
	// longestModulus is 16384 bits, in bytes: what is longer takes for ever.
	longestModulus = 2048
)
