package emisextract_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"

	"bellman/adapters/emisextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// What the page shows must load, or people copy mistakes.
func TestTheSectionOnTheDocumentationPageLoads(t *testing.T) {
	page, err := os.ReadFile("../../docs/adapters/emis-extract.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n.*?(source:\n.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("there is no section on the page")
	}
	// configs reads KEY_file for every KEY; here their names are enough.
	text := regexp.MustCompile(`(key|passphrase|signer)_file:`).ReplaceAll(block[1], []byte("$1:"))
	var doc struct {
		Source struct {
			Type               string `yaml:"type"`
			emisextract.Config `yaml:",inline"`
		} `yaml:"source"`
	}
	if err := yaml.UnmarshalWithOptions(text, &doc, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if faults := doc.Source.Check(false); len(faults) != 0 || doc.Source.Type != "emis-extract" {
		t.Errorf("the section has faults: %v", faults)
	}
}

func TestEveryMistakeInTheSectionIsNamed(t *testing.T) {
	c := emisextract.Config{
		Bulk: "full", Agreement: "x", Organisation: "y", Passphrase: gateway.NewSecret("z"), CutOff: "noon", Continuity: "any", NoCode: "ask", NoClinician: "drop",
		KnownGaps: []string{"a"}, Declined: []string{"?", "9ndP"}, Consented: []string{"9ndP"}, Modes: map[string]string{"Clinic": "by_post"}, Without: []string{"Admin_Patient", "Coding_ClinicalCode"},
	}
	got := map[string]bool{}
	for _, f := range c.Check(false) {
		got[f.Path] = true
		if f.Problem == "" {
			t.Errorf("%s: no problem", f.Path)
		}
	}
	for _, path := range []string{"dir", "bulk", "agreement", "organisation", "key", "cut_off", "continuity", "no_code", "no_clinician", "known_gaps[0]", "declined[0]", "consented[0]", "modes.Clinic", "without", "without[0]"} {
		if !got[path] {
			t.Errorf("%s passes", path)
		}
	}
	if _, err := emisextract.New(emisextract.Config{Dir: "x", Bulk: "1"}, gateway.Surroundings{Clock: gatewaytest.NewClock(begin)}); err == nil {
		t.Error("an adapter without a shelf is made")
	}
	if _, err := emisextract.New(emisextract.Config{Dir: "x", Bulk: "1", Key: gateway.NewSecret("no key")}, gateway.Surroundings{Clock: gatewaytest.NewClock(begin), Shelf: gatewaytest.NewShelf()}); err == nil {
		t.Error("a key that is none passes")
	}
}
