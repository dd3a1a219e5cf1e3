package fhir_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// pair makes a key pair; the private one as PEM.
func pair(t *testing.T, algorithm string) (gateway.Secret, crypto.PublicKey) {
	t.Helper()
	var key crypto.Signer
	var err error
	if algorithm == "ES384" {
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return gateway.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), key.Public()
}

// backend sets a stage whose server knows us by a key pair.
func backend(t *testing.T, algorithm string, edit func(*fhir.Config)) *stage {
	t.Helper()
	private, public := pair(t, algorithm)
	s := play(t, func(c *fhir.Config) {
		c.Auth = fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{
			ClientID: "bellman", KeyID: "key-1", PrivateKey: private, Algorithm: algorithm,
		}}
		if edit != nil {
			edit(c)
		}
	})
	s.sim.RequireSMART(fhirsim.Client{ID: "bellman", KeyID: "key-1", Algorithm: algorithm, Key: public})
	return s
}

func TestSMARTBackendServicesWithEveryAlgorithm(t *testing.T) {
	for _, algorithm := range []string{"RS384", "ES384", "RS512"} {
		t.Run(algorithm, func(t *testing.T) {
			s := backend(t, algorithm, nil)
			_, _, a := s.one(t)
			if _, err := s.adapter.Reread(t.Context(), a); err != nil {
				t.Error(err)
			}
			if n := s.sim.Calls("/oauth/token"); n != 1 {
				t.Errorf("asked for %d tokens, want 1", n)
			}
		})
	}
}

func TestATokenIsRenewedBeforeItEndsAndWhenItIsRefused(t *testing.T) {
	s := backend(t, "ES384", nil)
	s.one(t)
	s.clock.Advance(4*time.Minute + 29*time.Second)
	s.read(t)
	if n := s.sim.Calls("/oauth/token"); n != 1 {
		t.Errorf("asked for %d tokens while the first was good", n)
	}
	s.clock.Advance(time.Second)
	s.read(t)
	if n := s.sim.Calls("/oauth/token"); n != 2 {
		t.Errorf("asked for %d tokens, want a second one shortly before the first ends", n)
	}
	s.sim.ForgetTokens()
	s.read(t)
	if n := s.sim.Calls("/oauth/token"); n != 3 {
		t.Errorf("asked for %d tokens, want one more after a refusal", n)
	}
	s.sim.SetFaults(fhirsim.Faults{Unauthorized: 2})
	if _, err := s.adapter.Read(t.Context(), s.span); !errors.Is(err, gateway.ErrSourceDenied) {
		t.Errorf("refused twice: %v", err)
	}
	if n := s.sim.Calls("/oauth/token"); n != 4 {
		t.Errorf("asked for %d tokens, want only one more for a server that refuses them all", n)
	}
}

func TestReadsAtOnceShareOneToken(t *testing.T) {
	s := backend(t, "ES384", nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.adapter.Read(t.Context(), s.span); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.sim.Calls("/oauth/token"); n != 1 {
		t.Errorf("asked for %d tokens", n)
	}
}

func TestAnAssertionThatIsNotAcceptedIsADenial(t *testing.T) {
	for _, test := range []struct {
		what string
		edit func(*fhir.Config)
		code string
	}{
		{"another client", func(c *fhir.Config) { c.Auth.ClientID = "somebody" }, "invalid_client"},
		{"another key id", func(c *fhir.Config) { c.Auth.KeyID = "key-2" }, "invalid_client"},
		{"another key", func(c *fhir.Config) { c.Auth.PrivateKey, _ = pair(t, "ES384") }, "invalid_client"},
		{"no right to appointments", func(c *fhir.Config) { c.Auth.Scope = "system/Patient.rs" }, "invalid_scope"},
		{"no scope", func(c *fhir.Config) { c.Auth.Scope = "none" }, "invalid_scope"},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := backend(t, "ES384", test.edit)
			_, err := s.adapter.Read(t.Context(), s.span)
			if !errors.Is(err, gateway.ErrSourceDenied) || !strings.Contains(err.Error(), test.code) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTokensOfTheNHSPlatformAndOfOddServers(t *testing.T) {
	for _, test := range []struct {
		what, answer string
		status       int
		good         bool
	}{
		{"lifetime as a string", `{"access_token":"XQTOKEN1","expires_in":"599","token_type":"Bearer"}`, 200, true},
		{"no lifetime", `{"access_token":"XQTOKEN1","token_type":"bearer"}`, 200, true},
		{"another kind of token", `{"access_token":"XQTOKEN1","token_type":"mac"}`, 200, false},
		{"no token", `{"expires_in":300}`, 200, false},
		{"a log-in page", `<html>XQTOKEN1</html>`, 200, false},
		{"a server error", `XQTOKEN1`, 500, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			private, _ := pair(t, "RS512")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					w.WriteHeader(test.status)
					_, _ = w.Write([]byte(test.answer))
					return
				}
				if r.Header.Get("Authorization") != "Bearer XQTOKEN1" {
					w.WriteHeader(http.StatusUnauthorized)
				}
				_, _ = w.Write([]byte(bundle()))
			}))
			t.Cleanup(server.Close)
			a := join(t, server.URL+"/r4", gatewaytest.NewClock(monday), func(c *fhir.Config) {
				c.Auth.Type = "smart-backend"
				c.Credentials = fhir.Credentials{ClientID: "b", KeyID: "k", PrivateKey: private, Algorithm: "RS512", TokenURL: server.URL + "/token", Scope: "none"}
			})
			_, err := a.Read(t.Context(), fortnight)
			if (err == nil) != test.good {
				t.Errorf("got %v", err)
			}
			adaptertest.AssertQuiet(t, []string{"XQTOKEN1", private.Reveal()}, err, a)
		})
	}
}

func TestATokenAddressThatCannotBeFoundIsAnError(t *testing.T) {
	for _, document := range []string{``, `{}`, `{"token_endpoint":7}`, `{"token_endpoint":"ftp://x/"}`, `{"token_endpoint":"https://user@x/"}`} {
		private, _ := pair(t, "ES384")
		a := shelvedWith(t, shelf{"/r4/.well-known/smart-configuration": document, "/r4/Appointment": bundle()}, func(c *fhir.Config) {
			c.Auth = fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{ClientID: "b", KeyID: "k", PrivateKey: private, Algorithm: "ES384"}}
		})
		if _, err := a.Read(t.Context(), fortnight); err == nil {
			t.Errorf("no error with %q", document)
		}
	}
}

func shelvedWith(t *testing.T, h http.Handler, edit func(*fhir.Config)) *fhir.Adapter {
	t.Helper()
	server := httptest.NewServer(adaptertest.Dated(gatewaytest.NewClock(monday), h))
	t.Cleanup(server.Close)
	return join(t, server.URL+"/r4", gatewaytest.NewClock(monday), edit)
}

func TestBearerAndBasic(t *testing.T) {
	for _, test := range []struct {
		what    string
		require func(*fhirsim.Sim)
		edit    func(*fhir.Config)
		denied  bool
	}{
		{"the right token", func(s *fhirsim.Sim) { s.RequireBearer(secretToken) }, func(c *fhir.Config) {
			c.Auth.Type, c.Token = "bearer", gateway.NewSecret(secretToken)
		}, false},
		{"another token", func(s *fhirsim.Sim) { s.RequireBearer(secretToken) }, func(c *fhir.Config) {
			c.Auth.Type, c.Token = "bearer", gateway.NewSecret("XQOTHER")
		}, true},
		{"the right password", func(s *fhirsim.Sim) { s.RequireBasic("bellman", "XQPASS") }, func(c *fhir.Config) {
			c.Auth.Type, c.User, c.Password = "basic", "bellman", gateway.NewSecret("XQPASS")
		}, false},
		{"another password", func(s *fhirsim.Sim) { s.RequireBasic("bellman", "XQPASS") }, func(c *fhir.Config) {
			c.Auth.Type, c.User, c.Password = "basic", "bellman", gateway.NewSecret("XQOTHER")
		}, true},
		{"nothing where something is asked for", func(s *fhirsim.Sim) { s.RequireBearer(secretToken) }, nil, true},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, test.edit)
			test.require(s.sim)
			_, err := s.adapter.Read(t.Context(), s.span)
			if errors.Is(err, gateway.ErrSourceDenied) != test.denied || (err != nil) != test.denied {
				t.Errorf("got %v", err)
			}
			adaptertest.AssertQuiet(t, []string{secretToken, "XQPASS", "XQOTHER"}, err, s.adapter)
		})
	}
}
