package configs_test

import (
	"errors"
	"strings"
	"testing"

	"bellman/configs"
)

// FuzzParse holds the loader to this: it never panics, what it refuses it
// explains with a path on one line each, and what it accepts is complete.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		small, live, "", "mode: live", "practices: [{}]", "practices: [[], {}, null, 1]", "a: &x [*x]", "? a\n: b", "<<: {a: 1}",
		"mode: ${A}${B", "policy: {reminders: [{before: 60d}, {before: 10080m}]}", "twilio: {auth_token_file: .}", "a: |\n  b\n", "a: >-\n  b\n",
		"mode: sim\nmode: sim\n", "{a: {b: {c: [1, 2, {d: e}]}}}", "mode: !!binary aGk=", "practices:\n- poll: '@every 1h'\n  source: {}\n", "\ufeffmode: sim\n", "a:\r\n  b: c\r\n",
		"practices:\n- poll: 'TZ='\n", "practices:\n- poll: '* * 31 2 *'\n", "redis: {url: 'redis://%zz'}",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg, err := configs.Parse(b, dir, noVariables)
		if err == nil {
			if cfg.Mode == "" || len(cfg.Practices) == 0 || cfg.Practices[0].Sender == "" || cfg.Practices[0].Source.Type == "" {
				t.Error("an incomplete configuration was accepted")
			}
			return
		}
		faults, ok := errors.AsType[configs.Faults](err)
		if !ok || len(faults) == 0 || cfg != nil {
			t.Fatalf("refused with %T and a configuration", err)
		}
		for _, one := range faults {
			if one.Path == "" || one.Problem == "" || strings.ContainsAny(one.Path+one.Problem, "\n\r") {
				t.Errorf("not a message on one line: %q", one)
			}
		}
	})
}
