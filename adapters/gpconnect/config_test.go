package gpconnect_test

import (
	"strings"
	"testing"
	"time"

	"bellman/adapters/gpconnect"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestOneMistakeIsOneFault(t *testing.T) {
	if faults := configFor("https://proxy.example.org").Check(true); len(faults) != 0 {
		t.Fatal(faults)
	}
	for _, c := range []struct {
		path, words string
		do          func(*gpconnect.Config)
	}{
		{"base_url", "missing", func(c *gpconnect.Config) { c.BaseURL = "" }},
		{"base_url", "before any", func(c *gpconnect.Config) { c.BaseURL += "?a=b" }},
		{"ssp", "https://", func(c *gpconnect.Config) { c.SSP = "proxy" }},
		{"from_asid", "twelve digits", func(c *gpconnect.Config) { c.From = "" }},
		{"to_asid", "twelve digits", func(c *gpconnect.Config) { c.To = "GP" }},
		{"tls", "both", func(c *gpconnect.Config) { c.TLS.Cert = gateway.NewSecret("x") }},
		{"tls.cert", "belongs to the key", func(c *gpconnect.Config) { c.TLS.Cert, c.TLS.Key = gateway.NewSecret("x"), gateway.NewSecret("y") }},
		{"tls.ca", "no certificate", func(c *gpconnect.Config) { c.TLS.CA = gateway.NewSecret("x") }},
		{"networks[1]", "network", func(c *gpconnect.Config) { c.Networks = []string{"10.0.0.0/8", "HSCN"} }},
		{"agreement", "who at NHS England", func(c *gpconnect.Config) { c.Agreement = "  " }},
		{"agreement", "one line", func(c *gpconnect.Config) { c.Agreement = "a\nb" }},
		{"match", "start or id", func(c *gpconnect.Config) { c.Match = "name" }},
		{"cancel_reason", "200", func(c *gpconnect.Config) { c.CancelReason = strings.Repeat("a", 201) }},
		{"fresh", "1h", func(c *gpconnect.Config) { c.Fresh = 2 * time.Hour }},
		{"cache", "at least fresh", func(c *gpconnect.Config) { c.Cache, c.Fresh = time.Minute, time.Hour }},
		{"jwt.issuer", "missing", func(c *gpconnect.Config) { c.JWT.Issuer = "" }},
		{"jwt.device.model", "missing", func(c *gpconnect.Config) { c.JWT.Device.Model = "" }},
		{"jwt.organisation.ods", "ODS", func(c *gpconnect.Config) { c.JWT.Organisation.ODS = "Riverside" }},
		{"jwt.organisation.name", "missing", func(c *gpconnect.Config) { c.JWT.Organisation.Name = "" }},
		{"jwt.practitioner.id", "missing", func(c *gpconnect.Config) { c.JWT.Practitioner.ID = "" }},
		{"jwt.practitioner.family", "a person", func(c *gpconnect.Config) { c.JWT.Practitioner.Family = "" }},
		{"jwt.practitioner.family", "forbid", func(c *gpconnect.Config) { c.JWT.Practitioner.Family = "System" }},
		{"jwt.practitioner.given", "forbid", func(c *gpconnect.Config) { c.JWT.Practitioner.Given = " Bellman " }},
		{"jwt.practitioner.sds_user_id", "twelve digits", func(c *gpconnect.Config) { c.JWT.Practitioner.SDSUser = "UNK" }},
		{"jwt.practitioner.local_id", "missing", func(c *gpconnect.Config) { c.JWT.Practitioner.LocalID = "" }},
	} {
		config := configFor("https://proxy.example.org")
		c.do(&config)
		faults := config.Check(true)
		if len(faults) != 1 || faults[0].Path != c.path || !strings.Contains(faults[0].Problem, c.words) {
			t.Errorf("%s: %v", c.path, faults)
		}
	}
}

func TestNobodyAsksUnattendedWithoutANamedPerson(t *testing.T) {
	config := configFor("https://proxy.example.org")
	config.JWT.Practitioner = gpconnect.Practitioner{}
	_, err := gpconnect.New(config, gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Trial: true, Shelf: gatewaytest.NewShelf()})
	if err == nil || !strings.Contains(err.Error(), "jwt.practitioner.family") || !strings.Contains(err.Error(), "jwt.practitioner.sds_user_id") {
		t.Errorf("error %v", err)
	}
}

func TestLiveNeedsTheProxyAndACertificate(t *testing.T) {
	config := configFor("")
	got := map[string]bool{}
	for _, f := range config.Check(false) {
		got[f.Path] = true
	}
	if len(got) != 2 || !got["ssp"] || !got["tls.cert"] {
		t.Errorf("faults at %v", got)
	}
	if faults := configFor("http://127.0.0.1:1").Check(false); len(faults) != 2 {
		t.Errorf("a proxy on this machine: %v", faults)
	}
}

func TestWithoutAShelfThereIsNoChecker(t *testing.T) {
	if _, err := gpconnect.New(configFor("https://proxy.example.org"), gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Trial: true}); err == nil {
		t.Error("what it finds would be forgotten by the next read")
	}
}
