package configs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/configs"
	"bellman/gateway"
)

// small is a whole configuration in few words; tests change single lines of it.
const small = `mode: sim
allow_numbers: ["+44770090*"]
public_url: http://127.0.0.1:8080
redis: {url: embedded}
twilio:
  base_url: http://127.0.0.1:4010
practices:
  - ods: A81001
    name: Riverside Surgery
    phone: 01632 960001
    nation: england
    sender: +447700900001
    poll: "*/15 * * * *"
    source: {type: emis}
`

// live is the same for live mode.
const live = `mode: live
public_url: https://texts.example.org
redis: {url: "rediss://bellman:pw@redis.example.org:6380/0"}
twilio:
  account_sid: AC00000000000000000000000000000000
  auth_token: t0ken
  region: ie1
practices:
  - ods: A81001
    name: Riverside Surgery
    phone: 01632 960001
    nation: england
    sender: +441632960001
    poll: "*/15 * * * *"
    source: {type: emis}
`

func noVariables(string) (string, bool) { return "", false }

func parse(t *testing.T, text string) *configs.Config {
	t.Helper()
	cfg, err := configs.Parse([]byte(text), t.TempDir(), noVariables)
	if err != nil {
		t.Fatalf("a good configuration was refused:\n%v", err)
	}
	return cfg
}

func faultsOf(t *testing.T, text string) configs.Faults {
	t.Helper()
	return faultsIn(t, text, t.TempDir(), noVariables)
}

func faultsIn(t *testing.T, text, dir string, env func(string) (string, bool)) configs.Faults {
	t.Helper()
	_, err := configs.Parse([]byte(text), dir, env)
	if err == nil {
		return nil
	}
	faults, ok := errors.AsType[configs.Faults](err)
	if !ok {
		t.Fatalf("the error is a %T, not Faults", err)
	}
	return faults
}

func paths(faults []gateway.Fault) []string {
	out := []string{}
	for _, f := range faults {
		out = append(out, f.Path)
	}
	return out
}

func write(t *testing.T, dir, name, content string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// exampleIn lays the example, its secrets and its variables out in a folder.
func exampleIn(t *testing.T) (path string, env func(string) (string, bool)) {
	t.Helper()
	text, err := os.ReadFile("bellman.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "bellman.yaml", string(text), 0o600)
	write(t, dir, "secrets/twilio_auth_token", "auth-token\n", 0o600)
	write(t, dir, "secrets/twilio_api_key", "api-key\n", 0o600)
	write(t, dir, "secrets/emis_client_secret", "emis-secret\n", 0o600)
	variables := map[string]string{
		"TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
		"TWILIO_API_KEY_SID": "SK0123456789abcdef0123456789abcdef",
	}
	return filepath.Join(dir, "bellman.yaml"), func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func TestTheExampleLoadsWithoutAWarning(t *testing.T) {
	path, env := exampleIn(t)
	cfg, err := configs.Load(path, env)
	if err != nil {
		t.Fatalf("the example is refused:\n%v", err)
	}
	if len(cfg.Warnings) > 0 {
		t.Errorf("the example warns: %v", cfg.Warnings)
	}
	dir := filepath.Dir(path)
	got := []string{
		cfg.Keys.File, cfg.OptOuts.Journal, cfg.Redis.Dir, cfg.Twilio.AccountSID, cfg.Twilio.AuthToken.Reveal(),
		cfg.Twilio.APIKeySecret.Reveal(), cfg.Practices[1].Name, cfg.Practices[1].Source.Type,
	}
	want := []string{
		filepath.Join(dir, "bellman.keys"), filepath.Join(dir, "optouts.journal"), filepath.Join(dir, "data"),
		"AC0123456789abcdef0123456789abcdef", "auth-token", "api-key", "Meddygfa'r Bont", "files",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the example reads differently (-want +got):\n%s", diff)
	}
	if !cfg.Redis.Embedded() {
		t.Error("redis.url: embedded is not understood")
	}
}

// The example names every setting, and what it shows as the usual value is the
// value that stands when the key is left out.
func TestTheExampleShowsTheDefaults(t *testing.T) {
	path, env := exampleIn(t)
	cfg, err := configs.Load(path, env)
	if err != nil {
		t.Fatal(err)
	}
	usual := configs.Default()
	got := []any{cfg.Listen, cfg.Provider, cfg.Twilio.MaxPerSecond, cfg.Twilio.Timeout, cfg.Twilio.Settle, cfg.Policy.Hours, cfg.Policy.StaleAfter, cfg.Policy.Latest, cfg.Policy.SendBookedLate, cfg.Policy.Wording, rules(cfg.Policy)}
	want := []any{usual.Listen, usual.Provider, usual.Twilio.MaxPerSecond, usual.Twilio.Timeout, usual.Twilio.Settle, usual.Policy.Hours, usual.Policy.StaleAfter, usual.Policy.Latest, usual.Policy.SendBookedLate, usual.Policy.Wording, rules(usual.Policy)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("default and example differ (-default +example):\n%s", diff)
	}
}

func rules(p gateway.Policy) []string {
	out := []string{}
	for _, r := range p.Rules {
		out = append(out, r.String())
	}
	return out
}

func TestASmallConfigurationGetsTheDefaults(t *testing.T) {
	cfg := parse(t, small)
	if got, want := rules(cfg.Practices[0].Policy), []string{"7d", "1d"}; !cmp.Equal(got, want) {
		t.Errorf("rules %v, want %v", got, want)
	}
	if got := cfg.Practices[0].Sender; got != "+447700900001" {
		t.Errorf("an unquoted sender lost its plus: %q", got)
	}
	if got := cfg.Practices[0].Phone; got != "01632 960001" {
		t.Errorf("phone %q", got)
	}
	if cfg.Twilio.Timeout != 10*time.Second || cfg.Twilio.Settle != time.Minute || cfg.Twilio.MaxPerSecond != 10 {
		t.Errorf("provider defaults: %v %v %v", cfg.Twilio.Timeout, cfg.Twilio.Settle, cfg.Twilio.MaxPerSecond)
	}
}

func TestALiveConfigurationIsAccepted(t *testing.T) {
	if cfg := parse(t, live); len(cfg.Warnings) > 0 {
		t.Errorf("warnings: %v", cfg.Warnings)
	}
}

func TestAPracticeOverridesAnyPartOfThePolicy(t *testing.T) {
	cfg := parse(t, small+`    policy:
      reminders: [{before: 2h}]
      window: {to: "24:00", bank_holidays: true}
      booked_late: send
policy:
  latest: 30m
  stale_after: 45m
`)
	want := gateway.Hours{Days: cfg.Policy.Hours.Days, From: 480, To: 1440, BankHolidays: true}
	own := cfg.Practices[0].Policy
	if own.Hours != want || own.Latest != 30*time.Minute || own.StaleAfter != 45*time.Minute || !own.SendBookedLate {
		t.Errorf("the practice's policy is %+v", own)
	}
	if got := rules(own); !cmp.Equal(got, []string{"2h"}) {
		t.Errorf("the practice's rules are %v", got)
	}
	if cfg.Policy.Hours.To != 18*60 || len(cfg.Policy.Rules) != 2 || cfg.Policy.SendBookedLate {
		t.Errorf("the practice changed the policy of all: %+v", cfg.Policy)
	}
}

func TestTenMistakesGetTenMessages(t *testing.T) {
	faults := faultsOf(t, `mode: sim
public_url: ftp://texts.example.org
colour: blue
listen: {public: "8443", staf: "127.0.0.1:1"}
redis: {url: "redis//host"}
twilio:
  base_url: http://127.0.0.1:4010
  timeout: 20s
  timeout: 10s
  max_per_second: ten
policy:
  window: {from: 8am}
practices:
  - ods: a81001
    name: Riverside Surgery
    phone: 01632 960001
    nation: england
    sender: 07700900001
    poll: "*/15 * * * *"
    source: {type: emis}
`)
	want := []string{
		"twilio.timeout", "colour", "listen.staf", "twilio.max_per_second", "policy.window.from", "practices[0].ods",
		"public_url", "listen.public", "redis.url", "practices[0].sender",
	}
	if len(faults) != 10 {
		t.Errorf("%d messages for ten mistakes", len(faults))
	}
	if diff := cmp.Diff(want, paths(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s\n%v", diff, faults)
	}
	if lines := strings.Split(faults.Error(), "\n"); len(lines) != len(want) {
		t.Errorf("%d lines for %d faults", len(lines), len(want))
	}
}

func TestEveryMissingThingIsNamedOnce(t *testing.T) {
	want := []string{"mode", "public_url", "redis.url", "twilio.account_sid", "twilio.auth_token", "twilio.region", "practices"}
	if diff := cmp.Diff(want, paths(faultsOf(t, "listen: {}\n"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{"ods", "name", "phone", "nation", "sender", "poll", "source"}
	for i := range want {
		want[i] = "practices[0]." + want[i]
	}
	head, _, _ := strings.Cut(small, "  - ods")
	if diff := cmp.Diff(want, paths(faultsOf(t, head+"  - policy: {}\n"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFileThatIsNotThereSaysWhatToDo(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		_, err := configs.Load(path, noVariables)
		if faults, ok := errors.AsType[configs.Faults](err); !ok || len(faults) != 1 {
			t.Errorf("loading it gives %v", err)
		}
	}
}

// loose is an adapter's section with parts that may be one word.
type loose struct {
	Auth  looseAuth           `yaml:"auth"`
	Query map[string][]string `yaml:"query"`
}

type looseAuth struct {
	Type string `yaml:"type"`
}

func (a *looseAuth) FromWord(text string) error { a.Type = text; return nil }

func TestASectionsPartMayBeOneWordOrKeys(t *testing.T) {
	for _, written := range []string{"{type: x, auth: none, query: {location: L1}}", "{type: x, auth: {type: none}, query: {location: [L1]}}"} {
		cfg, err := configs.Parse([]byte(strings.Replace(small, "{type: emis}", written, 1)), t.TempDir(), noVariables)
		if err != nil {
			t.Fatal(err)
		}
		var got loose
		if faults := cfg.Practices[0].Source.Decode(&got); len(faults) > 0 {
			t.Fatalf("%s: %v", written, faults)
		}
		if got.Auth.Type != "none" || len(got.Query["location"]) != 1 || got.Query["location"][0] != "L1" {
			t.Errorf("%s: %+v", written, got)
		}
	}
}
