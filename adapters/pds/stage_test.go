package pds_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/pds"
	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	apiKey   = "an-invented-api-key"
	keyID    = "bellman-test-1"
	practice = "A81001"
)

// testKey is made once: making one takes long.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// stage is one patient of a practice, and what PDS says of them.
type stage struct {
	t       *testing.T
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *pdssim.Sim
	shelf   *gatewaytest.Shelf
	url     string
	config  pds.Config
	adapter *pds.Adapter
	nhs     string
}

// play gives a stage whose patient PDS knows just as the practice does.
func play(t *testing.T, changes ...func(*pds.Config)) *stage {
	t.Helper()
	s := &stage{t: t, clock: gatewaytest.NewClock(monday), shelf: gatewaytest.NewShelf(), nhs: adaptertest.Jessop().NHSNumber}
	s.diary = surgery.New(s.clock)
	s.diary.Register(adaptertest.Jessop())
	s.sim = pdssim.New(s.diary, pdssim.Options{Clock: s.clock, APIKey: apiKey, KeyID: keyID, Key: testKey()})
	server := httptest.NewServer(s.sim)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.config = configFor(s.sim, server.URL)
	for _, change := range changes {
		change(&s.config)
	}
	s.adapter = s.open()
	return s
}

func configFor(sim *pdssim.Sim, url string) pds.Config {
	return pds.Config{
		BaseURL: url + pdssim.Base, PerSecond: 500,
		Auth: pds.Auth{TokenURL: url + pdssim.TokenPath, APIKey: gateway.NewSecret(apiKey), KeyID: keyID, PrivateKey: gateway.NewSecret(sim.PrivateKey())},
	}
}

// open makes another adapter on the same shelf, as after a restart.
func (s *stage) open() *pds.Adapter {
	s.t.Helper()
	a, err := pds.New(s.config, gateway.Surroundings{Clock: s.clock, Trial: true, Practice: practice, Shelf: s.shelf})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(a.CloseIdle)
	return a
}

// visit is the patient's visit as the practice's own system tells it.
func (s *stage) visit() gateway.Appointment { return adaptertest.JessopsVisit(monday.AddDate(0, 0, 2)) }

// check asks PDS about the visit.
func (s *stage) check() gateway.Appointment {
	s.t.Helper()
	a, err := s.adapter.Check(s.t.Context(), s.visit())
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// secrets are all that no error and no log may hold.
func (s *stage) secrets() []string {
	return append(adaptertest.Secrets(s.diary), apiKey, keyID, s.config.Auth.PrivateKey.Reveal(), s.nhs, "Bearer", adaptertest.Canary)
}
