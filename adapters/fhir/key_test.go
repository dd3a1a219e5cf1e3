package fhir_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/gateway"
)

type webKey map[string]string

func figure(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// webKeys makes a key pair as JSON Web Keys, private and public.
func webKeys(t *testing.T, algorithm, kid string) (private, public webKey) {
	t.Helper()
	secret, _ := pair(t, algorithm)
	block, _ := pem.Decode([]byte(secret.Reveal()))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public = webKey{"kid": kid, "alg": algorithm, "use": "sig"}
	private = webKey{}
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		point, _ := k.PublicKey.Bytes()
		d, _ := k.Bytes()
		public["kty"], public["crv"], public["x"], public["y"] = "EC", "P-384", figure(point[1:49]), figure(point[49:])
		private["d"] = figure(d)
	case *rsa.PrivateKey:
		public["kty"], public["n"], public["e"] = "RSA", figure(k.N.Bytes()), "AQAB"
		private["d"], private["p"], private["q"] = figure(k.D.Bytes()), figure(k.Primes[0].Bytes()), figure(k.Primes[1].Bytes())
	}
	for name, value := range public {
		private[name] = value
	}
	return private, public
}

func (k webKey) secret(t *testing.T) gateway.Secret {
	t.Helper()
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return gateway.NewSecret(string(b))
}

// with gives the key with one member changed; an empty value takes it away.
func (k webKey) with(name, value string) webKey {
	out := webKey{}
	for n, v := range k {
		out[n] = v
	}
	if out[name] = value; value == "" {
		delete(out, name)
	}
	return out
}

func keySet(t *testing.T, keys ...webKey) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// service sets a stage whose server knows us by a registered client, and us with a
// private key.
func service(t *testing.T, client fhirsim.Client, cred fhir.Credentials) *stage {
	t.Helper()
	cred.ClientID = client.ID
	s := play(t, func(c *fhir.Config) { c.Auth = fhir.Auth{Type: "smart-backend", Credentials: cred} })
	s.sim.RequireSMART(client)
	return s
}

func TestAJSONWebKeyIsProvedAgainstTheRegisteredKeySet(t *testing.T) {
	for _, algorithm := range []string{"RS384", "ES384"} {
		t.Run(algorithm, func(t *testing.T) {
			private, public := webKeys(t, algorithm, "2026-11")
			_, old := webKeys(t, algorithm, "2025-11")
			s := service(t, fhirsim.Client{ID: "bellman", Algorithm: algorithm, JWKS: keySet(t, old, public)}, fhir.Credentials{PrivateKey: private.secret(t)})
			s.one(t)
			s.sim.RequireSMART(fhirsim.Client{ID: "bellman", Algorithm: algorithm, JWKS: keySet(t, old)})
			s.sim.ForgetTokens()
			if _, err := s.adapter.Read(t.Context(), s.span); err == nil || !strings.Contains(err.Error(), "invalid_client") {
				t.Errorf("a key that was taken out of the set: %v", err)
			}
			_, other := webKeys(t, algorithm, "2026-11")
			s.sim.RequireSMART(fhirsim.Client{ID: "bellman", Algorithm: algorithm, JWKS: keySet(t, other)})
			if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
				t.Error("another key of the same name proves who we are")
			}
		})
	}
}

func TestTheServerFetchesOurKeysWhereTheAssertionSaysTheyStand(t *testing.T) {
	private, public := webKeys(t, "ES384", "k1")
	fetched := 0
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched++
		_, _ = w.Write(keySet(t, public))
	}))
	t.Cleanup(keys.Close)
	client := fhirsim.Client{ID: "bellman", Algorithm: "ES384", JWKSURL: keys.URL + "/jwks.json"}
	s := service(t, client, fhir.Credentials{PrivateKey: private.secret(t), JWKSURL: client.JWKSURL})
	s.one(t)
	if fetched != 1 {
		t.Errorf("our keys were fetched %d times", fetched)
	}
	s = service(t, client, fhir.Credentials{PrivateKey: private.secret(t)})
	s.one(t) // an assertion need not say where they stand
	s = service(t, client, fhir.Credentials{PrivateKey: private.secret(t), JWKSURL: keys.URL + "/other.json"})
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
		t.Error("an assertion moves our keys to another address")
	}
}

func TestAKeyThatCannotSignIsFoundBeforeAnythingIsAsked(t *testing.T) {
	ec, publicEC := webKeys(t, "ES384", "k1")
	other, _ := webKeys(t, "ES384", "k1")
	rsaKey, _ := webKeys(t, "RS384", "k1")
	for _, test := range []struct {
		what string
		cred fhir.Credentials
		want string // the fault; empty: none
	}{
		{"a JWK with its own name and algorithm", fhir.Credentials{PrivateKey: ec.secret(t)}, ""},
		{"a JWK that says nothing of itself", fhir.Credentials{PrivateKey: ec.with("kid", "").with("alg", "").with("use", "").secret(t), KeyID: "k1", Algorithm: "ES384"}, ""},
		{"an RSA JWK for the NHS platform", fhir.Credentials{PrivateKey: rsaKey.with("alg", "RS512").secret(t)}, ""},
		{"no name at all", fhir.Credentials{PrivateKey: ec.with("kid", "").secret(t)}, "key_id: is missing, needed for auth smart-backend"},
		{"another name", fhir.Credentials{PrivateKey: ec.secret(t), KeyID: "k2"}, "private_key: is a JSON Web Key with another kid than key_id"},
		{"another algorithm", fhir.Credentials{PrivateKey: ec.secret(t), Algorithm: "RS384"}, "private_key: is a JSON Web Key for another algorithm (alg)"},
		{"an algorithm of nobody", fhir.Credentials{PrivateKey: ec.with("alg", "none").secret(t)}, "private_key: is a JSON Web Key for another algorithm (alg)"},
		{"a key to encrypt with", fhir.Credentials{PrivateKey: ec.with("use", "enc").secret(t)}, "private_key: is a JSON Web Key that is not for signing (use)"},
		{"the public key", fhir.Credentials{PrivateKey: publicEC.secret(t)}, "private_key: is a public JSON Web Key; the private one has a d"},
		{"two halves of two keys", fhir.Credentials{PrivateKey: ec.with("d", other["d"]).secret(t)}, "private_key: is not a P-384 private key in JWK form, as ES384 needs"},
		{"another curve", fhir.Credentials{PrivateKey: ec.with("crv", "P-256").secret(t)}, "private_key: is not a P-384 private key in JWK form, as ES384 needs"},
		{"figures that are none", fhir.Credentials{PrivateKey: ec.with("x", "!").secret(t)}, "private_key: is not one JSON Web Key with a kty (a key set does not say which one is ours)"},
		{"a key set", fhir.Credentials{PrivateKey: gateway.NewSecret(string(keySet(t, ec)))}, "private_key: is not one JSON Web Key with a kty (a key set does not say which one is ours)"},
		{"an RSA key without its primes", fhir.Credentials{PrivateKey: rsaKey.with("p", "").secret(t)}, "private_key: is not an RSA private key in JWK form, as RS384 needs"},
		{"an RSA key whose figures do not fit", fhir.Credentials{PrivateKey: rsaKey.with("p", rsaKey["q"]).secret(t)}, "private_key: is not an RSA private key in JWK form, as RS384 needs"},
		{"keys at an address in clear", fhir.Credentials{PrivateKey: ec.secret(t), JWKSURL: "http://clinic.example/jwks"}, "jwks_url: must begin with https:// in live mode"},
	} {
		t.Run(test.what, func(t *testing.T) {
			test.cred.ClientID = "bellman"
			c := fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "smart-backend", Credentials: test.cred}}
			var got []string
			for _, f := range c.Check(false) {
				got = append(got, f.Error())
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("faults %q, want %q", got, test.want)
			}
			adaptertest.AssertQuiet(t, []string{test.cred.PrivateKey.Reveal()}, got, c)
		})
	}
}

// FuzzPrivateKey gives the configuration whatever may stand in a key file: no
// panic, and no fault repeats what stood there.
func FuzzPrivateKey(f *testing.F) {
	for _, s := range []string{
		`{"kty":"EC","crv":"P-384","d":"AA","x":"AA","y":"AA"}`, `{"kty":"RSA","n":"AA","e":"AQAB","d":"AA","p":"AA","q":"AA"}`, `{"kty":"oct","k":"XQCANARY"}`,
		"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", `{"keys":[]}`, `{`, "XQCANARY",
	} {
		f.Add(s, "ES384")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, key, algorithm string) {
		c := fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{
			ClientID: "b", KeyID: "k", PrivateKey: gateway.NewSecret(key), Algorithm: algorithm,
		}}}
		for _, fault := range c.Check(true) {
			if strings.Contains(fault.Error(), "XQCANARY") {
				t.Fatal("a fault repeats the key")
			}
		}
	})
}
