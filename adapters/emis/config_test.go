package emis_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"bellman/adapters/emis"
	"bellman/gateway"
)

func TestTheSectionIsReadFromYAMLWithItsPublishedKeys(t *testing.T) {
	const section = `
base_url: https://api.example.org/partner
token_url: https://identity.example.org/oauth2/token
client_id: bellman
client_secret: very secret
application_id: 1234-5678
scope: papi-appt.read papi-subjects.read
window: 14
format: json
token_auth: basic
date_format: iso
organisation: ern:emis:org:1
`
	var c emis.Config
	if err := yaml.UnmarshalWithOptions([]byte(section), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if faults := c.Check(false); len(faults) != 0 {
		t.Errorf("faults in a good section: %v", faults)
	}
	if c.ClientSecret.Reveal() != "very secret" || c.Window != 14 || c.DateFormat != emis.DateFormatISO || c.Organisation != "ern:emis:org:1" {
		t.Error("a value was lost")
	}
}

func TestEveryFaultOfTheSectionIsToldAtOnce(t *testing.T) {
	tests := []struct {
		what  string
		c     emis.Config
		trial bool
		want  []string
	}{
		{"nothing given", emis.Config{}, false, []string{
			"base_url: is missing", "token_url: is missing", "client_id: is missing", "client_secret: is missing", "application_id: is missing",
		}},
		{"everything wrong", emis.Config{
			BaseURL: "https://host/partner/api/v1/", TokenURL: "http://127.0.0.1/token", ClientID: "a", ClientSecret: gateway.NewSecret("b"),
			ApplicationID: "a\r\nb", Window: 31, Format: "csv", TokenAuth: "header", DateFormat: "MM/dd/yyyy",
		}, false, []string{
			"token_url: must begin with https:// in live mode", "base_url: must end before /api/v1",
			"application_id: must be plain letters, digits and punctuation", "window: must be 1 to 30 days",
			"format: must be xml or json", "token_auth: must be post or basic", "date_format: must be dd/MM/yyyy or iso",
		}},
		{"a simulator in a trial", configFor("http://127.0.0.1:9"), true, nil},
		{"a simulator in live mode", configFor("http://127.0.0.1:9"), false, []string{
			"base_url: must begin with https:// in live mode", "token_url: must begin with https:// in live mode",
		}},
		{"a query in the address", func() emis.Config { c := configFor("https://host"); c.BaseURL = "https://host?x=1"; return c }(), false, []string{
			"base_url: must not hold ? or #",
		}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			var got []string
			for _, f := range test.c.Check(test.trial) {
				got = append(got, f.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := emis.New(test.c, gateway.Surroundings{Trial: test.trial}); (err == nil) != (len(test.want) == 0) {
				t.Errorf("New gives %v", err)
			} else if err != nil && strings.Count(err.Error(), "\n")+1 != len(test.want) {
				t.Errorf("New does not tell every fault: %v", err)
			}
		})
	}
}
