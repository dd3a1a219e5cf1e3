package configs_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestWhatIsAskedBesideTheSourceIsKeptInItsOrder(t *testing.T) {
	cfg := parse(t, change(t, small, "source", `source: {type: emis}
    checks:
      - {type: pds, base_url: https://pds.example.org, fresh: 30m}
      - type: gpconnect
        base_url: https://gp.example.org`))
	checks := cfg.Practices[0].Checks
	if len(checks) != 2 || checks[0].Type != "pds" || checks[1].Type != "gpconnect" || checks[1].Path != "practices[0].checks[1]" {
		t.Fatalf("%d checks: %+v", len(checks), checks)
	}
	var section struct {
		BaseURL string        `yaml:"base_url"`
		Fresh   time.Duration `yaml:"fresh"`
	}
	if faults := checks[0].Decode(&section); len(faults) != 0 || section.BaseURL != "https://pds.example.org" || section.Fresh != 30*time.Minute {
		t.Errorf("%+v, faults %v", section, faults)
	}
	var strict struct {
		BaseURL string `yaml:"base_url"`
	}
	if faults := checks[0].Decode(&strict); len(faults) != 1 || faults[0].Path != "practices[0].checks[0].fresh" {
		t.Errorf("an unknown key gives %v", faults)
	}
	if n := len(parse(t, small).Practices[0].Checks); n != 0 {
		t.Errorf("%d checks where none is written", n)
	}
}

func TestAMistakeInAChecksSectionIsOneFaultAtItsPlace(t *testing.T) {
	for written, want := range map[string]gateway.Fault{
		"checks: pds":            {Path: "checks", Problem: "list"},
		"checks: {type: pds}":    {Path: "checks", Problem: "list"},
		"checks: [pds]":          {Path: "checks[0]", Problem: "keys"},
		"checks: [{}]":           {Path: "checks[0].type", Problem: "missing"},
		"checks: [{type: [a]}]":  {Path: "checks[0].type", Problem: "one word"},
		"checks: [null]":         {Path: "checks[0]", Problem: "empty"},
		"check: [{type: pds}]":   {Path: "check", Problem: "did you mean checks?"},
		"checks: [{type: null}]": {Path: "checks[0].type", Problem: "missing"},
	} {
		faults := faultsOf(t, change(t, small, "source", "source: {type: emis}\n    "+written))
		if len(faults) != 1 || faults[0].Path != "practices[0]."+want.Path || !strings.Contains(faults[0].Problem, want.Problem) {
			t.Errorf("%s: %v", written, faults)
		}
	}
}
