package pds_test

import (
	"strings"
	"testing"
	"time"

	"bellman/adapters/pds"
	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// good is a section without a mistake.
func good() pds.Config {
	clock := gatewaytest.NewClock(monday)
	sim := pdssim.New(surgery.New(clock), pdssim.Options{Clock: clock, Key: testKey()})
	return configFor(sim, "https://api.example.org")
}

// ellipticKey is of the wrong kind: made for this test, and used nowhere.
const ellipticKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----`

func TestOneMistakeIsOneFault(t *testing.T) {
	if faults := good().Check(false); len(faults) != 0 {
		t.Fatal(faults)
	}
	for _, c := range []struct {
		path, words string
		do          func(*pds.Config)
	}{
		{"base_url", "missing", func(c *pds.Config) { c.BaseURL = "" }},
		{"base_url", "https://", func(c *pds.Config) { c.BaseURL = "http://api.example.org" }},
		{"base_url", "before any", func(c *pds.Config) { c.BaseURL += "#a" }},
		{"auth.token_url", "missing", func(c *pds.Config) { c.Auth.TokenURL = "" }},
		{"auth.api_key", "missing", func(c *pds.Config) { c.Auth.APIKey = gateway.Secret{} }},
		{"auth.key_id", "missing", func(c *pds.Config) { c.Auth.KeyID = "" }},
		{"auth.private_key", "missing", func(c *pds.Config) { c.Auth.PrivateKey = gateway.Secret{} }},
		{"auth.private_key", "RSA", func(c *pds.Config) { c.Auth.PrivateKey = gateway.NewSecret("x") }},
		{"auth.private_key", "RSA", func(c *pds.Config) { c.Auth.PrivateKey = gateway.NewSecret(ellipticKey) }},
		{"organisation", "ODS", func(c *pds.Config) { c.Organisation = "Riverside Surgery" }},
		{"number", "agree, pds or feed", func(c *pds.Config) { c.Number = "both" }},
		{"registered_with[1]", "ODS", func(c *pds.Config) { c.RegisteredWith = []string{"A81001", ""} }},
		{"per_second", "from 1", func(c *pds.Config) { c.PerSecond = -1 }},
		{"per_second", "from 1", func(c *pds.Config) { c.PerSecond = 501 }},
		{"fresh", "12h", func(c *pds.Config) { c.Fresh, c.Cache = 13*time.Hour, 24*time.Hour }},
		{"cache", "at least fresh", func(c *pds.Config) { c.Fresh, c.Cache = time.Hour, time.Minute }},
	} {
		config := good()
		c.do(&config)
		faults := config.Check(false)
		if len(faults) != 1 || faults[0].Path != c.path || !strings.Contains(faults[0].Problem, c.words) {
			t.Errorf("%s: %v", c.path, faults)
		}
	}
}

func TestEveryFaultIsToldAtOnce(t *testing.T) {
	if faults := (pds.Config{}).Check(false); len(faults) != 5 {
		t.Errorf("%d faults of an empty section: %v", len(faults), faults)
	}
	if _, err := pds.New(pds.Config{}, gateway.Surroundings{}); err == nil || strings.Count(err.Error(), "missing") != 5 {
		t.Errorf("error %v", err)
	}
}

func TestWithoutAShelfThereIsNoChecker(t *testing.T) {
	if _, err := pds.New(good(), gateway.Surroundings{Clock: gatewaytest.NewClock(monday)}); err == nil {
		t.Error("what it finds would be forgotten by the next read")
	}
}
