package configs_test

import (
	"testing"

	"bellman/gateway"
)

func TestWhoIsTextedIsAsAPracticeWrites(t *testing.T) {
	cfg := parse(t, small+`    policy:
      clinics: {general: ["Flu"]}
      sensitive: neutral
      unknown_clinics: hold
      young_shared: send
      shared_numbers: hold
      language_tasks: true
policy:
  clinics: {sensitive: ["Blue room"], general: ["Smears"]}
`)
	own, all := cfg.Practices[0].Policy.Who, cfg.Policy.Who
	if !own.TextSensitive || !own.KnownOnly || !own.YoungShared || !own.HoldShared || !own.TellLanguage {
		t.Errorf("the practice has %+v", own)
	}
	if all.TextSensitive || all.KnownOnly || all.YoungShared || all.HoldShared || all.TellLanguage {
		t.Errorf("who writes nothing has %+v", all)
	}
	for name, want := range map[string]gateway.ClinicClass{
		"Blue room":  gateway.ClinicSensitive, // said for all, and not otherwise by the practice
		"Flu clinic": gateway.ClinicGeneral,
		"Smears":     gateway.ClinicUnknown, // the practice's own list takes the place of that one
	} {
		if got := own.Clinics.Class(gateway.NewClinicName(name)); got != want {
			t.Errorf("%s is of class %d, want %d", name, got, want)
		}
	}
}

func TestMistakesInWhoIsTextedAreNamed(t *testing.T) {
	for written, path := range map[string]string{
		"sensitive: send":                                       "sensitive",
		"unknown_clinics: skip":                                 "unknown_clinics",
		"young_shared: yes":                                     "young_shared",
		"shared_numbers: never":                                 "shared_numbers",
		"language_tasks: often":                                 "language_tasks",
		"clinics: {sensitive: ['']}":                            "clinics.sensitive[0]",
		"clinics: {general: ['---']}":                           "clinics.general[0]",
		"clinics: {general: ['one two three four five six x']}": "clinics.general[0]",
		"clinics: {sensitive: [Flu], general: [Smear, flu]}":    "clinics.general[1]",
		"clinics: {unknown: [Flu]}":                             "clinics.unknown",
	} {
		faults := faultsOf(t, small+"    policy: {"+written+"}\n")
		if len(faults) != 1 || faults[0].Path != "practices[0].policy."+path {
			t.Errorf("%s: %v", written, faults)
		}
	}
}
