package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/configs"
	"bellman/gateway"
)

func TestASecretComesFromAFileBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "token", "from a file \r\n\n", 0o600)
	cfg, err := configs.Parse([]byte(change(t, live, "auth_token", "auth_token_file: token")), dir, noVariables)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Twilio.AuthToken.Reveal(); got != "from a file " {
		t.Errorf("the secret has %d characters; only newlines at the end may go", len(got))
	}
	write(t, dir, "url", "rediss://user:pw@h:6380", 0o600)
	if _, err := configs.Parse([]byte(change(t, live, "redis", "redis: {url_file: url}")), dir, noVariables); err != nil {
		t.Errorf("redis.url_file is refused: %v", err)
	}
}

func TestABadSecretFileIsOneFault(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "open", "everybody reads it", 0o644)
	write(t, dir, "void", "\n\n", 0o600)
	write(t, dir, "good", "x", 0o600)
	write(t, dir, "huge", strings.Repeat("x", 1<<17), 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for line, words := range map[string]string{
		"auth_token_file: none":                   "not there",
		"auth_token_file: open":                   "chmod",
		"auth_token_file: void":                   "empty",
		"auth_token_file: huge":                   "larger",
		"auth_token_file: folder":                 "plain file",
		"auth_token_file: [good]":                 "path of a file",
		"auth_token: y\n  auth_token_file: good":  "keep one",
		"auth_token_file: good\n  auth_token: y":  "keep one",
		"auth_token_file: ${SECRETS}/auth":        "SECRETS is not set",
		"auth_token_file: good\n  auth_token: ''": "keep one",
	} {
		faults := faultsIn(t, change(t, live, "auth_token", line), dir, noVariables)
		if len(faults) != 1 || faults[0].Path != "twilio.auth_token_file" || !strings.Contains(faults[0].Problem, words) {
			t.Errorf("%q gives %v, want %q", line, faults, words)
		}
	}
}

func TestATrialAcceptsASecretFileThatEverybodyReads(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "open", "x", 0o644)
	text := change(t, small, "base_url", "base_url: http://127.0.0.1:1\n  auth_token_file: open")
	if faults := faultsIn(t, text, dir, noVariables); faults != nil {
		t.Errorf("refused: %v", faults)
	}
}

func TestVariablesAreReplacedWithinValues(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"HOST": "texts.example.org", "RATE": "25", "MODE": "live", "EMPTY": ""}[name]
		return value, ok
	}
	text := change(t, live, "public_url", "public_url: https://${HOST}/in${EMPTY}")
	text = change(t, text, "region", "region: ie1\n  max_per_second: ${RATE}")
	cfg, err := configs.Parse([]byte(change(t, text, "mode", "mode: ${MODE}")), t.TempDir(), env)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.PublicURL != "https://texts.example.org/in" || cfg.Twilio.MaxPerSecond != 25 || cfg.Mode != configs.Live {
		t.Errorf("got %q, %d, %q", cfg.PublicURL, cfg.Twilio.MaxPerSecond, cfg.Mode)
	}
	dollar := parse(t, change(t, live, "auth_token", "auth_token: 'a$b$$c'"))
	if dollar.Twilio.AuthToken.Reveal() != "a$b$$c" {
		t.Error("a lone dollar is not a dollar")
	}
}

// canary stands for whatever must not be printed.
const canary = "c4n4ry-5ecret-value"

// Whatever an operator puts in the wrong place, the messages do not repeat it.
func TestNoMessageRepeatsAValueOrAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, canary, canary, 0o644)
	env := func(string) (string, bool) { return canary, true }
	lines := []string{"mode", "public_url", "redis", "region", "account_sid", "auth_token", "ods", "name", "phone", "nation", "sender", "poll", "source"}
	values := []string{canary, "'" + canary + "'", "[" + canary + "]", "{" + canary + ": 1}", "{url: " + canary + "}", "&" + canary + " x", "*" + canary, "!" + canary + " x", "'" + canary, "${" + canary + "}", "${X}", "{x: {y: " + canary, "\t" + canary}
	texts := []string{canary, canary + ":" + canary + ":\n- x", "{" + canary, live + canary + ": 1\n", live + canary + "\n", live + "? " + canary + "\n"}
	for _, start := range lines {
		for _, value := range values {
			texts = append(texts, change(t, live, start, start+": "+value), change(t, live, start, start+"_file: "+value))
		}
	}
	for _, extra := range []string{"policy: {reminders: [{before: %s}]}", "policy: {window: {days: [%s], from: %s}, latest: %s, wording: %s}", "listen: {public: %s, tls: {cert_file: %s}}", "provider: %s", "keys: {%s: 1}"} {
		texts = append(texts, live+strings.ReplaceAll(extra, "%s", canary)+"\n")
	}
	for _, text := range texts {
		cfg, err := configs.Parse([]byte(text), dir, env)
		told := fmt.Sprintf("%v %+v %#v", err, err, err)
		if err == nil {
			told = fmt.Sprint(cfg.Warnings, cfg.Redis, cfg.Twilio.AuthToken, cfg.Practices[0].Source.Decode(&struct{}{}))
		}
		if strings.Contains(told, canary) || strings.Contains(told, "c4n4ry") {
			t.Errorf("a message repeats what was written:\n%s", told)
		}
	}
}

// section is an adapter's Config with every kind of field.
type section struct {
	BaseURL  string            `yaml:"base_url"`
	Secret   gateway.Secret    `yaml:"client_secret"`
	Dir      string            `yaml:"dir"`
	CertFile string            `yaml:"cert_file"`
	Window   int               `yaml:"window"`
	Columns  map[string]string `yaml:"columns"`
	Auth     *auth             `yaml:"auth"`
	Allow    []string          `yaml:"allow"`
	Common   `yaml:",inline"`
	hidden   string
}

type auth struct {
	Kind    string `yaml:"kind"`
	KeyFile string `yaml:"key_file"`
	Token   string `yaml:"token"`
}

// Common is embedded by several adapters.
type Common struct {
	Zone string `yaml:"zone"`
}

func TestASourceSectionFillsTheAdaptersOwnStruct(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "secret", "s3\n", 0o600)
	write(t, dir, "token", "t0\n", 0o600)
	text := change(t, small, "source", `source:
      type: emis
      base_url: http://${HOST}/x
      client_secret_file: secret
      dir: in
      cert_file: /etc/c.pem
      window: 14
      columns: {start: Appointment time, "Mobile No.": mobile}
      auth: {kind: bearer, token_file: token, key_file: k.pem}
      allow: [10.0.0.1]
      zone: UTC`)
	cfg, err := configs.Parse([]byte(text), dir, func(string) (string, bool) { return "h.example", true })
	if err != nil {
		t.Fatal(err)
	}
	source := cfg.Practices[0].Source
	got := section{hidden: "kept"}
	if faults := source.Decode(&got); len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
	want := section{
		BaseURL: "http://h.example/x", Dir: filepath.Join(dir, "in"), CertFile: "/etc/c.pem", Window: 14,
		Columns: map[string]string{"start": "Appointment time", "Mobile No.": "mobile"},
		Auth:    &auth{Kind: "bearer", Token: "t0", KeyFile: filepath.Join(dir, "k.pem")},
		Allow:   []string{"10.0.0.1"}, Common: Common{Zone: "UTC"}, hidden: "kept",
	}
	if got.Secret.Reveal() != "s3" || source.Type != "emis" {
		t.Errorf("type %q, secret of %d characters", source.Type, len(got.Secret.Reveal()))
	}
	got.Secret = gateway.Secret{}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(section{}, gateway.Secret{}), cmp.Comparer(func(a, b gateway.Secret) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestASourceSectionIsReadStrictly(t *testing.T) {
	cfg := parse(t, change(t, small, "source", `source:
      type: emis
      base_ul: x
      window: soon
      auth: {colour: x, token_file: none}
      columns: [a]
      hidden: x`))
	var into section
	faults := cfg.Practices[0].Source.Decode(&into)
	const s = "practices[0].source."
	want := []string{s + "base_ul", s + "window", s + "auth.colour", s + "auth.token_file", s + "columns", s + "hidden"}
	if diff := cmp.Diff(want, paths(faults)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, faults)
	}
}
