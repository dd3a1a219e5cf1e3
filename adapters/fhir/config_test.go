package fhir_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// load decodes a section as the configuration's loader does: strictly.
func load(t *testing.T, section string) (fhir.Config, error) {
	t.Helper()
	var c fhir.Config
	err := yaml.NewDecoder(strings.NewReader(section), yaml.Strict()).Decode(&c)
	return c, err
}

func TestBothFormsOfAuthLoad(t *testing.T) {
	for _, section := range []string{
		"base_url: https://fhir.example.org/r4\nauth: bearer\ntoken: XQTOKEN\n",
		"base_url: https://fhir.example.org/r4\nauth: {type: bearer, token: XQTOKEN}\n",
		"base_url: https://fhir.example.org/r4\nauth:\n  type: bearer\n  token: XQTOKEN\nwindow: 14\n",
		"base_url: https://fhir.example.org/r4\nauth: none\n",
		"base_url: https://fhir.example.org/r4\nauth: basic\nuser: bellman\npassword: XQTOKEN\n",
		"base_url: https://fhir.example.org/r4\nauth: none\nnetworks: [10.20.0.0/16]\n",
	} {
		c, err := load(t, section)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if faults := c.Check(false); len(faults) > 0 {
			t.Errorf("%v in\n%s", faults, section)
		}
		adaptertest.AssertQuiet(t, []string{"XQTOKEN"}, c)
	}
}

func TestUnknownKeysAreRefused(t *testing.T) {
	for _, section := range []string{
		"base_url: https://x.example\nauth: none\ntokn: x\n",
		"base_url: https://x.example\nauth: {type: bearer, tokn: x}\n",
		"base_url: https://x.example\nauth: [none]\n",
		"base_url: https://x.example\nauth: none\nquery: [a]\n",
		"base_url: https://x.example\nauth: none\nquery: 'a=%zz'\n",
	} {
		if _, err := load(t, section); err == nil {
			t.Errorf("loaded:\n%s", section)
		}
	}
}

func TestBothFormsOfQueryLoad(t *testing.T) {
	want := fhir.Query{"location": {"1,2"}, "status": {"booked", "cancelled"}, "_count": {"50"}, "_include": {""}}
	for _, section := range []string{
		"query: 'location=1,2&status=booked&status=cancelled&_count=50&_include='\n",
		"query: '?location=1,2&status=booked&status=cancelled&_count=50&_include='\n",
		"query:\n  location: 1,2\n  status: [booked, cancelled]\n  _count: 50\n  _include: \"\"\n",
		"query:\n  location: 1,2\n  status: [booked, cancelled]\n  _count: 50\n  _include:\n",
	} {
		c, err := load(t, section)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if diff := cmp.Diff(want, c.Query); diff != "" {
			t.Errorf("%s in\n%s", diff, section)
		}
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	weak, _ := pair(t, "ES384")
	for _, test := range []struct {
		what  string
		c     fhir.Config
		trial bool
		want  []string
	}{
		{"nothing at all", fhir.Config{}, false, []string{"base_url: is missing", "auth: is missing: none, bearer, basic or smart-backend"}},
		{"plain http in live mode", fhir.Config{BaseURL: "http://x.example/r4", Auth: fhir.Auth{Type: "none"}}, false, []string{"base_url: must begin with https:// in live mode"}},
		{"plain http in trial", fhir.Config{BaseURL: "http://x.example/r4", Auth: fhir.Auth{Type: "none"}}, true, nil},
		{"many", fhir.Config{
			BaseURL: "https://x.example/r4?a=b", Auth: fhir.Auth{Type: "magic"}, Window: -1, Networks: []string{"10.0.0.0"},
			Query: fhir.Query{"date": {"x"}, "_summary": {"true"}},
		}, false, []string{
			"base_url: must end before any ? or #", "window: must be 1 to 365 days",
			"query.date: is set by Bellman itself or would thin out the answer; remove it",
			"query._summary: is set by Bellman itself or would thin out the answer; remove it",
			"networks[0]: is not a network such as 10.20.0.0/16", "auth: must be none, bearer, basic or smart-backend",
		}},
		{"bearer without token", fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "bearer"}}, false, []string{"token: is missing, needed for auth bearer"}},
		{"token twice", fhir.Config{
			BaseURL: "https://x.example", Auth: fhir.Auth{Type: "bearer", Credentials: fhir.Credentials{Token: gateway.NewSecret("a")}},
			Credentials: fhir.Credentials{Token: gateway.NewSecret("b")},
		}, false, []string{"token: is given both here and inside auth"}},
		{"basic without all", fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "basic"}}, false, []string{
			"user: is missing, needed for auth basic", "password: is missing, needed for auth basic",
		}},
		{"smart without all", fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "smart-backend"}}, false, []string{
			"client_id: is missing, needed for auth smart-backend", "key_id: is missing, needed for auth smart-backend", "private_key: is missing, needed for auth smart-backend",
		}},
		{"smart with an unfit key", fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{
			ClientID: "b", KeyID: "k", PrivateKey: weak, TokenURL: "http://x.example",
		}}}, false, []string{
			"private_key: is not an RSA private key in PEM form, as RS384 needs", "token_url: must begin with https:// in live mode",
		}},
		{"smart with an unknown algorithm", fhir.Config{BaseURL: "https://x.example", Auth: fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{
			ClientID: "b", KeyID: "k", PrivateKey: weak, Algorithm: "HS256",
		}}}, false, []string{"algorithm: must be RS384, ES384 or RS512"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			var got []string
			for _, f := range test.c.Check(test.trial) {
				got = append(got, f.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			_, err := fhir.New(test.c, gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Trial: test.trial})
			if (err == nil) != (len(test.want) == 0) {
				t.Errorf("New: %v", err)
			}
		})
	}
}
