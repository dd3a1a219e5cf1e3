package gpconnectsim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// claims are those that every request must make.
type claims struct {
	Issuer       string `json:"iss"`
	Subject      string `json:"sub"`
	Audience     string `json:"aud"`
	Issued       int64  `json:"iat"`
	Expires      int64  `json:"exp"`
	Reason       string `json:"reason_for_request"`
	Scope        string `json:"requested_scope"`
	Device       actor  `json:"requesting_device"`
	Organisation actor  `json:"requesting_organization"`
	Practitioner actor  `json:"requesting_practitioner"`
}

type actor struct {
	ResourceType string          `json:"resourceType"`
	ID           string          `json:"id"`
	Model        string          `json:"model"`
	Version      string          `json:"version"`
	Name         json.RawMessage `json:"name"`
	Identifier   []struct {
		System string `json:"system"`
		Value  string `json:"value"`
	} `json:"identifier"`
}

func (a actor) has(system string) bool {
	for _, i := range a.Identifier {
		if i.System == system && i.Value != "" {
			return true
		}
	}
	return false
}

// entitled checks the unsigned token of a request: three parts of which the last is
// empty, every claim, five minutes to the second, and not over.
func (s *Sim) entitled(r *http.Request, scope string) bool {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(raw, ".")
	if !ok || len(parts) != 3 || parts[2] != "" {
		return false
	}
	var head struct{ Alg, Typ string }
	var c claims
	if !decode(parts[0], &head) || !decode(parts[1], &c) || head.Alg != "none" || head.Typ != "JWT" {
		return false
	}
	now := s.options.Clock.Now().Unix()
	var person []struct {
		Family string
		Given  []string
	}
	return c.Issuer != "" && c.Audience == s.options.Root && c.Reason == "directcare" && c.Scope == scope &&
		c.Expires == c.Issued+int64((5*time.Minute).Seconds()) && c.Expires > now && c.Issued <= now+60 &&
		c.Device.ResourceType == "Device" && len(c.Device.Identifier) == 1 && c.Device.Model != "" && c.Device.Version != "" &&
		c.Organisation.ResourceType == "Organization" && c.Organisation.has("https://fhir.nhs.uk/Id/ods-organization-code") && len(c.Organisation.Name) > 2 &&
		c.Practitioner.ResourceType == "Practitioner" && c.Practitioner.ID != "" && c.Practitioner.ID == c.Subject &&
		c.Practitioner.has("https://fhir.nhs.uk/Id/sds-user-id") && c.Practitioner.has("https://fhir.nhs.uk/Id/sds-role-profile-id") &&
		len(c.Practitioner.Identifier) == 3 && json.Unmarshal(c.Practitioner.Name, &person) == nil && len(person) == 1 && person[0].Family != ""
}

func decode(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}
