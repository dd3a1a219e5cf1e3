package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// TestMain lets the test binary be bellman itself, for the stories.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bellman": main})
}

// The stories of testdata/script are typed as a person would type them. Each has
// a folder of its own with a configuration that works (unless it brings its own),
// a simulated EMIS with the surgery of forty, and a simulated Twilio.
func TestTheCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: setScript,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": statusCommand, "json": jsonCommand, "mode": modeCommand, "replace": replaceCommand, "cut": cutCommand,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

const scriptConfig = `mode: sim
allow_numbers: ["+447700900*"]
public_url: http://127.0.0.1:8443
listen: {public: "127.0.0.1:0", staff: "127.0.0.1:0", ops: "127.0.0.1:0"}
redis: {url: embedded}
twilio: {account_sid: %s, auth_token: "${TWILIO_TOKEN}", base_url: %s}
policy:
  window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", bank_holidays: true}
practices:
  - ods: A81001
    name: Riverside Surgery
    phone: "01632 960001"
    nation: england
    sender: "+447700900001"
    poll: "@every 1s"
    source: {type: emis, base_url: %s, token_url: %s, client_id: %s, client_secret: %s, application_id: %s}
`

func setScript(env *testscript.Env) error {
	clock := gateway.ClockFunc(time.Now)
	diary := surgery.New(clock)
	surgery.Forty(diary, time.Now(), 10)
	emis := httptest.NewServer(emissim.New(diary, emissim.Options{
		Clock: clock, ClientID: simClient, ClientSecret: simSecret, ApplicationID: simParty, Organisation: "simulated",
	}))
	env.Defer(emis.Close)
	sim := twiliosim.New(twiliosim.Options{Clock: clock})
	env.Defer(sim.Close)
	twilio := httptest.NewServer(sim)
	env.Defer(twilio.Close)
	sim.AddSender(twiliosim.Sender{Number: sceneSender})
	env.Setenv("TWILIO_TOKEN", twiliosim.DefaultToken)
	env.Setenv("EMIS", emis.URL)
	env.Setenv("TWILIO", twilio.URL)
	path := filepath.Join(env.WorkDir, "bellman.yaml")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, fmt.Appendf(nil, scriptConfig, twiliosim.DefaultAccount, twilio.URL,
		emis.URL, emis.URL+emissim.TokenPath, simClient, simSecret, simParty), 0o600)
}

// statusCommand is `status N command...`: the command ends with exactly that.
func statusCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("ended with status %d, want %s", got, args[0])
	}
}

// jsonCommand is `json FILE PATH PATTERN`: what stands under the path, such as
// 0.decision, matches the whole pattern. len is how many there are.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH PATTERN")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("%s is not one JSON value: %v", args[0], err)
	}
	for step := range strings.SplitSeq(args[1], ".") {
		v = stepInto(ts, v, step)
	}
	if got := fmt.Sprint(v); !regexp.MustCompile(`^(?s:` + args[2] + `)$`).MatchString(got) {
		ts.Fatalf("%s is %q, want %s", args[1], got, args[2])
	}
}

func stepInto(ts *testscript.TestScript, v any, step string) any {
	switch in := v.(type) {
	case map[string]any:
		if step == "len" {
			return len(in)
		}
		if got, ok := in[step]; ok {
			return got
		}
	case []any:
		if step == "len" {
			return len(in)
		}
		if i, err := strconv.Atoi(step); err == nil && i < len(in) {
			return in[i]
		}
	}
	ts.Fatalf("there is no %q", step)
	return nil
}

// modeCommand is `mode FILE 0600`.
func modeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE MODE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// replaceCommand is `replace FILE WAS IS`: an edit by hand.
func replaceCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE WAS IS")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s holds no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// cutCommand is `cut FILE N`: takes the N-th line out.
func cutCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE LINE")
	}
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 1 || n > len(lines) {
		ts.Fatalf("%s has %d lines", args[0], len(lines))
	}
	kept := strings.Join(append(lines[:n-1:n-1], lines[n:]...), "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(kept), 0o600))
}
