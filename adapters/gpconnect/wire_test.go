package gpconnect_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/gpconnect"
	"bellman/gateway/gatewaytest"
)

func TestTheProvidersWholeAddressIsThePathBehindTheProxy(t *testing.T) {
	s := play(t)
	s.check()
	want := []string{
		"/https://gp.example.org/A81001/STU3/1/gpconnect/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018",
		"/https://gp.example.org/A81001/STU3/1/gpconnect/Patient/1001/Appointment?start=ge2026-11-18&start=le2026-11-18",
	}
	if got := s.sim.Lines(); !slices.Equal(got, want) {
		t.Errorf("asked for %d addresses that are not the two of the rules:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func TestInATrialTheProviderCanBeAskedWithoutTheProxy(t *testing.T) {
	s := play(t, func(c *gpconnect.Config) { c.SSP = "" })
	if _, err := s.adapter.Check(t.Context(), s.visit()); err == nil {
		t.Error("an invented host answered")
	}
}

func TestEveryRequestSaysWhoAsksWhomForWhat(t *testing.T) {
	s := play(t)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 2 {
		s.check()
		s.clock.Advance(time.Hour)
	}
	h := s.sim.LastHeader()
	for name, want := range map[string]string{
		"Ssp-From": ourASID, "Ssp-To": gpASID, "Accept": "application/fhir+json",
		"Ssp-InteractionID": "urn:nhs:names:services:gpconnect:fhir:rest:search:patient_appointments-1",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is not what the rules want", name)
		}
	}
	if !uuid.MatchString(h.Get("Ssp-TraceID")) {
		t.Error("Ssp-TraceID is no UUID")
	}
}

// claimsOf takes the token of the last request apart.
func claimsOf(t *testing.T, s *stage) map[string]any {
	t.Helper()
	token, ok := strings.CutPrefix(s.sim.LastHeader().Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 || parts[2] != "" {
		t.Fatal("the token has not three parts of which the last is empty")
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || string(head) != `{"alg":"none","typ":"JWT"}` {
		t.Errorf("the token begins with %s", head)
	}
	var claims map[string]any
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &claims) != nil {
		t.Fatal("the claims cannot be read")
	}
	return claims
}

func TestTheTokenHasTheClaimsOfTheRulesToTheSecond(t *testing.T) {
	s := play(t)
	s.check()
	c := claimsOf(t, s)
	for name, want := range map[string]any{
		"iss": "https://texts.example.org", "sub": "10019", "aud": root, "reason_for_request": "directcare", "requested_scope": "patient/*.read",
		"iat": float64(monday.Unix()), "exp": float64(monday.Unix() + 300),
	} {
		if c[name] != want {
			t.Errorf("%s is %v, want %v", name, c[name], want)
		}
	}
}

func TestTheTokenIsOfTheShapeOfThePublishedExample(t *testing.T) {
	var example map[string]any
	if err := json.Unmarshal(gatewaytest.Sample(t, "gpconnect/jwt/jwt-payload-example.json"), &example); err != nil {
		t.Fatal(err)
	}
	s := play(t)
	s.check()
	if want, got := gatewaytest.Places(example), gatewaytest.Places(claimsOf(t, s)); !maps.Equal(want, got) {
		t.Errorf("the example has %v, ours has %v", want, got)
	}
}
