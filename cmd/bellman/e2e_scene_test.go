package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
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
	t      *testing.T
	dir    string
	clock  *sceneClock
	wrong  atomic.Int64 // nanoseconds by which Bellman's own clock is ahead of all others
	diary  *surgery.Diary
	twilio *twiliosim.Sim
	fhir   *fhirsim.Sim // nil with another source
	emis   *emissim.Sim
	public *front    // what the provider calls
	asked  *recorder // what Bellman asked of the outside
	export string    // the folder of exports; "" with another source
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

// newScene builds everything but Bellman around a diary. source is emis, fhir or
// files.
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

// serving is a service at work.
type serving struct {
	s     *scene
	log   *gatewaytest.Log
	out   *gatewaytest.Log
	doors map[string]string
	end   func() int
}

// serve starts the service and waits until it is at work.
func (s *scene) serve(args ...string) *serving {
	s.t.Helper()
	v := s.begin(args...)
	v.await("the service is ready", func() string {
		if status, body := v.get("ops", "/readyz"); status != http.StatusOK {
			return fmt.Sprintf("readyz: %d %s", status, body)
		}
		return ""
	})
	return v
}

// begin starts the service and waits until its doors are open.
func (s *scene) begin(args ...string) *serving {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	v := &serving{s: s, log: &gatewaytest.Log{}, out: &gatewaytest.Log{}, doors: map[string]string{}}
	done := make(chan int, 1)
	c := &cli{out: v.out, err: v.log, in: strings.NewReader(""), now: s.now, redisTime: s.clock.Now}
	go func() { done <- c.run(ctx, append([]string{"serve", "--config", s.path("bellman.yaml")}, args...)) }()
	v.end = sync.OnceValue(func() int {
		cancel()
		select {
		case code := <-done:
			return code
		case <-time.After(20 * time.Second):
			s.t.Error("the service did not stop")
			return -1
		}
	})
	s.t.Cleanup(func() { v.end() })
	v.await("the doors are open", func() string { return v.findDoors() })
	return v
}

// findDoors reads from the log where the doors are, and lets the provider in.
func (v *serving) findDoors() string {
	for line := range strings.Lines(v.log.String()) {
		var l struct{ Msg, Door, Address string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "door open" {
			v.doors[l.Door] = "http://" + l.Address
		}
	}
	if len(v.doors) < 3 {
		return "the log tells of " + fmt.Sprint(v.doors) + "\n" + v.log.String()
	}
	v.s.public.lead(v.doors["public"])
	return ""
}

// stop stops the service in order.
func (v *serving) stop() {
	v.s.t.Helper()
	if code := v.end(); code != exitDone {
		v.s.t.Fatalf("the service ended with status %d\n%s", code, v.log)
	}
}

func (v *serving) get(door, path string) (int, string) {
	r, err := http.NewRequestWithContext(v.s.t.Context(), http.MethodGet, v.doors[door]+path, nil)
	if err != nil {
		v.s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "no answer"
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// metric adds up the samples of a metric whose labels hold all the given parts,
// such as `state="held"`.
func (v *serving) metric(name string, labels ...string) float64 {
	_, body := v.get("ops", "/metrics")
	sum := 0.0
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		head, value, _ := strings.Cut(lines.Text(), " ")
		is, in, _ := strings.Cut(head, "{")
		if is != name || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(in, l) }) {
			continue
		}
		var f float64
		if _, err := fmt.Sscan(value, &f); err == nil {
			sum += f
		}
	}
	return sum
}

// await looks again and again until nothing is missing.
func (v *serving) await(what string, missing func() string) {
	v.s.t.Helper()
	await(v.s.t, what, missing, func() string { return v.log.String() })
}

// patience is for a machine with much else to do; a test that passes needs little
// of it.
const patience = 90 * time.Second

func await(t *testing.T, what string, missing func() string, more func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		said := missing()
		if said == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s: %s\n%s", what, said, more())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// inEach plays a test with several sources at once: they mostly wait.
func inEach(t *testing.T, sources []string, play func(t *testing.T, source string)) {
	t.Helper()
	var all sync.WaitGroup
	for _, source := range sources {
		all.Go(func() { t.Run(source, func(t *testing.T) { play(t, source) }) })
	}
	all.Wait()
}

// quiet waits until nothing is on its way: nothing claimed, sending, or without
// its receipt.
func (v *serving) quiet() {
	v.s.t.Helper()
	v.await("nothing is on its way", func() string {
		for _, state := range []string{"claimed", "sending", "accepted"} {
			if n := v.metric("bellman_reminders", `state="`+state+`"`); n != 0 {
				return fmt.Sprintf("%v %s", n, state)
			}
		}
		return ""
	})
}

// fresh waits until the diary has been read at the scene's present time, which
// was put forward by more than a minute.
func (v *serving) fresh() {
	v.s.t.Helper()
	v.await("the diary has been read", func() string {
		if age := v.metric("bellman_feed_age_seconds"); age < 0 || age > 60 {
			return fmt.Sprintf("the last read is %v s old", age)
		}
		return ""
	})
}

// read waits until a read of the diary that began after now has ended: the
// second, since the first may have begun before.
func (v *serving) read() {
	v.s.t.Helper()
	v.reads(2)
}

// reads waits until so many reads have ended, well or badly.
func (v *serving) reads(n int) {
	v.s.t.Helper()
	ended := func() float64 {
		return v.metric("bellman_appointments_read_total") + v.metric("bellman_feed_failures_total")
	}
	for range n {
		was := ended()
		v.await("the diary has been read", func() string {
			if ended() == was {
				return "not yet"
			}
			return ""
		})
	}
}

// reminders gives every phone's texts that were not an answer to its own.
func (s *scene) reminders() map[string][]twiliosim.Text {
	out := map[string][]twiliosim.Text{}
	for number, texts := range s.twilio.Phones() {
		for _, text := range texts {
			if !text.Answer && !text.Automatic {
				out[number] = append(out[number], text)
			}
		}
	}
	return out
}

func count(phones map[string][]twiliosim.Text) int {
	n := 0
	for _, texts := range phones {
		n += len(texts)
	}
	return n
}
