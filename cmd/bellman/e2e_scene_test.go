package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// The clock of a scene is the machine's own, put forward to where the test wants
// it. All of Bellman and all that is simulated around it go by it.
type sceneClock struct {
	ahead   atomic.Int64
	stopped atomic.Pointer[time.Time] // where it stands still; nil: it goes
}

func (c *sceneClock) Now() time.Time {
	if at := c.stopped.Load(); at != nil {
		return *at
	}
	return time.Now().Add(time.Duration(c.ahead.Load()))
}

// stop sets it to a moment, and there it stands.
func (c *sceneClock) stop(at time.Time) { c.stopped.Store(&at) }

func (c *sceneClock) set(to time.Time) { c.ahead.Store(int64(time.Until(to))) }

// scene is a practice with its clinical system, a phone network, and a folder in
// which a person from the practice's IT has written bellman.yaml.
type scene struct {
	t       *testing.T
	dir     string
	clock   *sceneClock
	wrong   atomic.Int64 // nanoseconds by which Bellman's own clock is ahead of all others
	diary   *surgery.Diary
	twilio  *twiliosim.Sim
	fhir    *fhirsim.Sim // nil with another source
	emis    *emissim.Sim
	cliniko *clinikosim.Sim
	public  *front    // what the provider calls
	asked   *recorder // what Bellman asked of the outside
	export  string    // the folder of exports; "" with another source
}

const (
	scenePractice = "A81001"
	sceneSender   = "+447700900001"
)

// now is the time by Bellman's own clock.
func (s *scene) now() time.Time { return s.clock.Now().Add(time.Duration(s.wrong.Load())) }

// london gives a wall time in the year of the scenes.
func london(month time.Month, day, hour, minute int) time.Time {
	t, doubt := gateway.FromWall(2026, month, day, hour, minute, 0)
	if doubt != gateway.NoDoubt {
		panic("the scene's own time is doubtful")
	}
	return t
}

// newScene builds everything but Bellman around a diary. source is emis, cliniko,
// fhir or files.
func newScene(t *testing.T, source string, now time.Time) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), clock: &sceneClock{}, asked: &recorder{}, public: newFront(t)}
	s.clock.set(now)
	s.diary = surgery.New(s.clock)
	s.twilio = twiliosim.New(twiliosim.Options{Clock: s.clock})
	t.Cleanup(s.twilio.Close)
	s.twilio.AddSender(twiliosim.Sender{Number: sceneSender, InboundURL: s.public.url + "/twilio/inbound"})
	s.write("twilio.token", twiliosim.DefaultToken+"\n")
	s.configure(s.sourceSection(source), "")
	return s
}

func (s *scene) sourceSection(source string) string {
	switch source {
	case "emis":
		s.emis = emissim.New(s.diary, emissim.Options{
			Clock: s.clock, ClientID: simClient, ClientSecret: simSecret, ApplicationID: simParty, Organisation: "simulated",
		})
		at := s.host(s.emis)
		return fmt.Sprintf("{type: emis, base_url: %s, token_url: %s, client_id: %s, client_secret: %s, application_id: %s}",
			at, at+emissim.TokenPath, simClient, simSecret, simParty)
	case "cliniko":
		s.cliniko = clinikosim.New(s.diary, clinikosim.Options{Clock: s.clock, Key: simClinikoKey})
		return fmt.Sprintf("{type: cliniko, base_url: %s/v1, api_key: %s, user_agent: \"Riverside (it@riverside.example)\"}", s.host(s.cliniko), simClinikoKey)
	case "fhir":
		s.fhir = fhirsim.New(s.diary, s.clock)
		return fmt.Sprintf("{type: fhir, base_url: %s%s, auth: {type: none}}", s.host(s.fhir), fhirsim.Base)
	case "files":
		s.export = filepath.Join(s.dir, "export")
		if err := os.Mkdir(s.export, 0o700); err != nil {
			s.t.Fatal(err)
		}
		return `
      type: files
      dir: ./export
      date_format: DD/MM/YYYY
      columns:
        id: Appointment ID
        patient_id: Patient ID
        given_name: First Name
        nhs_number: NHS Number
        mobile: Mobile
        date: Date
        time: Time
        status: Status
        site: Location
        mode: Type
        permission: SMS permission
        deceased: Date of death
        left: Date left`
	}
	s.t.Fatalf("there is no source %q", source)
	return ""
}

// configure writes bellman.yaml. policy is the rest of its policy section.
func (s *scene) configure(source, policy string) {
	s.write("bellman.yaml", fmt.Sprintf(sceneConfig, s.public.url, twiliosim.DefaultAccount, s.host(s.twilio), policy, scenePractice, sceneSender, source))
}

const sceneConfig = `mode: sim
allow_numbers: ["+447700900*"]
public_url: %s
listen: {public: "127.0.0.1:0", staff: "127.0.0.1:0", ops: "127.0.0.1:0"}
redis: {url: embedded, dir: ./data}
keys: {file: ./bellman.keys}
optouts: {journal: ./optouts.journal}
provider: twilio
twilio: {account_sid: %s, auth_token_file: ./twilio.token, base_url: %s, max_per_second: 1000, settle: 2s, timeout: 2s}
policy: {%s}
practices:
  - ods: %s
    name: Riverside Surgery
    phone: "01632 960001"
    nation: england
    sender: %q
    poll: "@every 1s"
    source: %s
`

// edit changes the written configuration.
func (s *scene) edit(was, is string) {
	s.t.Helper()
	b, err := os.ReadFile(s.path("bellman.yaml"))
	if err != nil || !bytes.Contains(b, []byte(was)) {
		s.t.Fatalf("the configuration has no %q to change (%v)", was, err)
	}
	s.write("bellman.yaml", strings.Replace(string(b), was, is, 1))
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

func (s *scene) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) host(h http.Handler) string {
	srv := httptest.NewServer(s.asked.wrap(h))
	s.t.Cleanup(srv.Close)
	return srv.URL
}

// drop makes a new export of the diary where the source is a folder.
func (s *scene) drop() {
	s.t.Helper()
	if s.export == "" {
		return
	}
	if err := filesim.Write(s.export, s.diary, s.clock.Now().Truncate(time.Second)); err != nil {
		s.t.Fatal(err)
	}
}

// run carries out one command line as the person at the keyboard does.
func (s *scene) run(args ...string) (code int, out, errOut string) {
	s.t.Helper()
	var o, e bytes.Buffer
	c := &cli{out: &o, err: &e, in: strings.NewReader(""), now: s.now, redisTime: s.clock.Now}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	code = c.run(ctx, append(args, "--config", s.path("bellman.yaml")))
	return code, o.String(), e.String()
}

// do is a command line that must end with status 0.
func (s *scene) do(args ...string) string {
	s.t.Helper()
	code, out, errOut := s.run(args...)
	if code != exitDone {
		s.t.Fatalf("bellman %s ended with status %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

// ask is a command line with --json, read into a value.
func (s *scene) ask(into any, args ...string) {
	s.t.Helper()
	out := s.do(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("bellman %s --json: %v", strings.Join(args, " "), err)
	}
}
