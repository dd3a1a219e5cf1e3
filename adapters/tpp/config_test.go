package tpp_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
)

func TestTheSectionIsReadByItsKeys(t *testing.T) {
	const section = `
address: agent
api_key: very secret
device_id: 00aa
organisation: B11111
window: 10
pace_ms: 1500
answer_within: 20s
details_age: 12h
details_per_read: 30
consent_not_recorded: send
nhs_number_element: NHSNumber
`
	var c tpp.Config
	if err := yaml.UnmarshalWithOptions([]byte(section), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if faults := c.Check(false); len(faults) != 0 {
		t.Errorf("faults in a good section: %v", faults)
	}
	if c.APIKey.Reveal() != "very secret" || c.Window != 10 || c.AnswerWithin != 20*time.Second || c.ConsentNotRecorded != tpp.ConsentSend {
		t.Error("a value was lost")
	}
}

func TestEveryFaultOfTheSectionIsToldAtOnce(t *testing.T) {
	for _, test := range []struct {
		what  string
		c     tpp.Config
		trial bool
		want  []string
	}{
		{"nothing given", tpp.Config{}, false, []string{"address", "api_key"}},
		{"the least", tpp.Config{Address: "agent", APIKey: gateway.NewSecret("k")}, false, nil},
		{"everything wrong", tpp.Config{
			Address: "pc.example:40700", APIKey: gateway.NewSecret("k"), Organisation: "two words", Window: 61, PaceMS: 10, AnswerWithin: time.Hour,
			DetailsAge: 169 * time.Hour, DetailsPerRead: 91, ConsentNotRecorded: "yes", NHSNumberElement: "nhs",
		}, false, []string{"address", "organisation", "window", "pace_ms", "answer_within", "details_age", "details_per_read", "consent_not_recorded", "nhs_number_element"}},
		{"a simulator in a trial", configFor("127.0.0.1:40700"), true, nil},
		{"another PC, in clear", tpp.Config{Address: "192.168.1.9:40700", APIKey: gateway.NewSecret("k")}, false, []string{"address"}},
		{"another PC in a trial", tpp.Config{Address: "192.168.1.9:40700", APIKey: gateway.NewSecret("k")}, true, nil},
		{"a public address in a trial", tpp.Config{Address: "8.8.8.8:40700", APIKey: gateway.NewSecret("k")}, true, []string{"address"}},
		{"no port", tpp.Config{Address: "127.0.0.1:0", APIKey: gateway.NewSecret("k")}, false, []string{"address"}},
		{"this machine by name", tpp.Config{Address: "localhost:40700", APIKey: gateway.NewSecret("k")}, false, nil},
	} {
		t.Run(test.what, func(t *testing.T) {
			var got []string
			for _, f := range test.c.Check(test.trial) {
				got = append(got, f.Path)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsMissingAroundTheAdapterIsSaid(t *testing.T) {
	c := tpp.Config{Address: "agent", APIKey: gateway.NewSecret("k")}
	_, err := tpp.New(c, gateway.Surroundings{Practice: practice})
	if err == nil || !strings.Contains(err.Error(), "listen.agents") || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("without shelf and relay: %v", err)
	}
}

// Every key of the section and every fault of the simulator is on the page.
func TestThePageTellsOfEveryKeyAndFault(t *testing.T) {
	page, err := os.ReadFile("../../docs/adapters/tpp.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := reflect.TypeFor[tpp.Config]()
	for i := range keys.NumField() {
		if key := keys.Field(i).Tag.Get("yaml"); !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("the page lacks the key %s", key)
		}
	}
	var faults map[string]any
	b, err := json.Marshal(tppsim.Faults{})
	if err == nil {
		err = json.Unmarshal(b, &faults)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name := range faults {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("the page lacks the fault %s", name)
		}
	}
}
