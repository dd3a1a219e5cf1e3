package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
)

// canaries are one patient's data, of which no other letter of the program's
// surroundings is a part by chance, in every form in which they could get out.
var canaries = map[string][]string{
	"the given name":     {"Zephyrinella"},
	"the family name":    {"Quillfeather"},
	"the mobile number":  {"7700900873", "7700 900873", "7700 900 873", "7700+900873", "7700%20900873"},
	"the landline":       {"1632960419", "1632 960419", "1632 960 419"},
	"the NHS number":     {"9990483761", "999 048 3761", "999-048-3761"},
	"the date of birth":  {"1937-09-23", "23/09/1937", "19370923", "23-Sep-1937", "23 Sep 1937"},
	"the patient's text": {"my kestrel swallowed", "kestrel"},
	"our text":           {"You have an appointment with", "01632 960001. Reply STOP"},
}

func canaryPerson() surgery.Person {
	return surgery.Person{
		Title: "Ms", Given: "Zephyrinella", Family: "Quillfeather", NHSNumber: "9990483761",
		Born: time.Date(1937, 9, 23, 0, 0, 0, 0, time.UTC), Mobile: "07700 900873", Home: "01632 960419",
	}
}

// trustExample is the one text that the page for patients shows.
const trustExample = "You have an appointment with Riverside Surgery on Wednesday 5 August at 9:10am. To change it, call 01632 960001. Reply STOP to stop these texts."

// The practice's own telephone is public, and the page that tells of the texts
// shows it; "our text" is looked for everywhere else.
func leaks(where string, b []byte) []string {
	var out []string
	for what, forms := range canaries {
		for _, form := range forms {
			if bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(form))) {
				out = append(out, what+" in "+where)
				break
			}
		}
	}
	return out
}

func TestACanaryWouldBeFound(t *testing.T) {
	for what, forms := range canaries {
		for _, form := range forms {
			if got := leaks("a file", []byte("before "+strings.ToUpper(form)+" after")); len(got) == 0 || !strings.HasPrefix(got[0], what) {
				t.Errorf("%s is not found as %q: %q", what, form, got)
			}
		}
	}
	if toldByNumber("GET /fhir/Patient?identifier=9990483761") || toldByNumber("POST /2010-04-01/Accounts/AC1/Messages.json") {
		t.Error("more than the provider's list is let pass")
	}
}

func TestTheCanaryIsNowhere(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir", "files"}, func(t *testing.T, source string) {
		s := newScene(t, source, london(time.October, 20, 17, 0))
		day := london(time.October, 28, 9, 0)
		id := s.diary.Register(canaryPerson())
		for i := range 8 {
			s.diary.Book(surgery.Visit{Person: id, Start: day.Add(time.Duration(i) * 75 * time.Minute), Site: 5, Mode: gateway.ModeInPerson})
		}
		s.drop()
		said := &gatewaytest.Log{}
		tell := func(args ...string) {
			_, out, errOut := s.run(args...)
			_, _ = io.WriteString(said, out+errOut)
		}
		tell("keys", "new")
		// What is revealed is shown; what is written down about that is not.
		for words, command := range map[string]string{"Zephyrinella": "pull", "You have an appointment with": "plan"} {
			if out := s.do(command, "--practice", scenePractice, "--reveal"); !strings.Contains(out, words) {
				t.Errorf("%s --reveal does not show %q", command, words)
			}
		}
		v := s.serve("--debug")
		v.fresh()
		s.trouble(v, tell)
		v.quiet()
		s.ordinary(v, tell)
		v.stop()
		files := map[string][]byte{"the log": []byte(v.log.String()), "the output of serve": []byte(v.out.String()), "the commands' output": []byte(said.String())}
		for _, uri := range s.asked.all() {
			if !toldByNumber(uri) {
				files["a URL"] = append(files["a URL"], uri+"\n"...)
			}
		}
		s.everyFile(files)
		s.everyKey(files)
		for where, b := range files {
			for _, leak := range leaks(where, b) {
				t.Error(leak)
			}
		}
		for _, where := range []string{"a redis value", "data/appendonlydir", "audit.log", "optouts.journal"} {
			if !hasPart(files, where) {
				t.Errorf("nothing was looked at under %q: the test has lost its way", where)
			}
		}
		texts := s.reminders()["+447700900873"]
		if len(texts) == 0 || !strings.Contains(texts[0].Body, "You have an appointment with") {
			t.Errorf("the canary got %d texts: the test looked for nothing", len(texts))
		}
	})
}

// toldByNumber is the one request that has to name a number: Twilio lists the
// texts to and from one number by a query only (adapters/twilio/list.go).
func toldByNumber(uri string) bool {
	return strings.HasPrefix(uri, "GET /2010-04-01/Accounts/") && strings.Contains(uri, "/Messages.json?")
}

// trouble lets everything go wrong around the canary that can.
func (s *scene) trouble(v *serving, tell func(...string)) {
	s.t.Helper()
	// 500s and answers that are no answers, from the clinical system.
	for _, f := range []func(){
		func() { s.misbehave(emissim.Faults{Status: 500}, fhirsim.Faults{Status: 500}) },
		func() { s.misbehave(emissim.Faults{Truncate: true}, fhirsim.Faults{Truncate: true}) },
		func() { s.misbehave(emissim.Faults{Page: true}, fhirsim.Faults{HTML: true}) },
		func() {
			s.misbehave(emissim.Faults{FirstDate: "23/09/1937 kestrel", NullPatientID: true}, fhirsim.Faults{BrokenEntry: true, BrokenStart: "Zephyrinella"})
		},
	} {
		f()
		v.reads(1)
		tell("pull", "--practice", scenePractice)
		tell("check")
	}
	s.misbehave(emissim.Faults{}, fhirsim.Faults{})
	if s.export != "" {
		s.write("export/appointments.csv", "Appointment ID,Mobile,Date,Time,First Name\r\n1,07700 900873,kestrel,23/09/1937,\"Zephyrinella\r\n")
		v.read()
		tell("pull", "--practice", scenePractice)
		tell("check")
		s.drop()
	}
	v.read()
	// The provider: refusals, pages, silence, texts of unknown fate, then none.
	if err := s.twilio.Script(twiliosim.ProxyPage, twiliosim.ErrorTaken, twiliosim.TooMany, twiliosim.Unavailable, twiliosim.EmptyObject, twiliosim.TakenClosed); err != nil {
		s.t.Fatal(err)
	}
	s.twilio.SetFate("+447700900873", twiliosim.Fate{Code: 30005})
	v.hour(london(time.October, 21, 13, 0))
	s.twilio.SetFate("+447700900873", twiliosim.Fate{})
	// Webhooks: unsigned, malformed, too large, of nobody, in the wrong way.
	for _, path := range []string{"/twilio/inbound", "/twilio/status?r=kestrel", "/twilio/status?r=A81001.Zephyrinella", "/07700900873", "/trust/Quillfeather"} {
		for _, body := range []string{
			url.Values{"From": {"+447700900873"}, "To": {sceneSender}, "Body": {"my kestrel swallowed the leaflet"}}.Encode(),
			"%zz&From=07700 900873", strings.Repeat("kestrel ", 10000), "",
		} {
			s.call(http.MethodPost, s.public.url+path, body)
		}
		s.call(http.MethodGet, s.public.url+path, "")
	}
}

// misbehave sets the faults of whichever clinical system there is.
func (s *scene) misbehave(e emissim.Faults, f fhirsim.Faults) {
	if s.emis != nil {
		s.emis.SetFaults(e)
	}
	if s.fhir != nil {
		s.fhir.SetFaults(f)
	}
}

func (s *scene) call(method, to, body string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", "kestrel")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, res.Header, string(b))
}

// ordinary lets the canary do what patients do, and staff look at it.
func (s *scene) ordinary(v *serving, tell func(...string)) {
	s.t.Helper()
	v.hour(london(time.October, 27, 12, 0))
	for _, words := range []string{"my kestrel swallowed the leaflet", "HELP", "CANCEL 4711 kestrel", "please stop texting me"} {
		if a := s.twilio.Reply(s.t.Context(), "+447700900873", sceneSender, words); a.Status != http.StatusOK {
			s.t.Errorf("a reply was answered with status %d", a.Status)
		}
	}
	v.read()
	for _, args := range [][]string{
		{"plan", "--practice", scenePractice}, {"queue"}, {"queue", "--json"}, {"optout", "list", "--json"}, {"audit", "export"},
		{"optout", "check", "--practice", scenePractice, "--number", "07700 900873"},
		{"optout", "remove", "--practice", scenePractice, "--number", "07700 900873", "--yes"},
		{"optout", "add", "--practice", scenePractice, "--number", "07700 900873", "--yes"},
		{"optout", "check", "--practice", scenePractice, "--number", "07700 900873 kestrel"},
		{"replies"}, {"replies", "--all", "--json"}, {"replies", "close", "07700900873.kestrel", "--by", "Jo"},
	} {
		tell(args...)
	}
	for _, r := range s.replies() {
		tell("replies", "close", r.ID, "--by", "Jo", "--note", "rang Quillfeather about the kestrel", "--yes")
		tell("explain", "--practice", scenePractice, "--appointment", r.About)
	}
	for _, page := range []struct{ door, path string }{
		{"ops", "/metrics"}, {"ops", "/readyz"}, {"ops", "/healthz"}, {"ops", "/07700900873"}, {"staff", "/"}, {"staff", "/kestrel"}, {"public", "/twilio/inbound"},
	} {
		status, body := v.get(page.door, page.path)
		for _, leak := range leaks("page "+page.door+page.path, []byte(body)) {
			s.t.Error(leak)
		}
		if status == 0 {
			s.t.Errorf("the %s door does not answer", page.door)
		}
	}
	// The page shows patients one text, about a day on which nobody has a visit.
	_, trust := v.get("public", "/trust")
	trust = strings.Replace(trust, trustExample, "", 1)
	for _, leak := range leaks("page trust", []byte(trust)) {
		s.t.Error(leak)
	}
}

// everyFile collects every file in the scene's folder and its name, but what the
// clinical system itself put there.
func (s *scene) everyFile(into map[string][]byte) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		if err != nil || d.IsDir() && d.Name() == "export" {
			return filepath.SkipDir
		}
		into["a file's name"] = append(into["a file's name"], rel+"\n"...)
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		into[rel] = b
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// everyKey collects every key of the embedded redis with all that it holds.
func (s *scene) everyKey(into map[string][]byte) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	server, err := embedded.Start(ctx, s.path("data"), embedded.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	rdb, err := store.Client(server.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	keys := rdb.Keys(ctx, "*").Val()
	for _, key := range keys {
		into["a redis key"] = append(into["a redis key"], key+"\n"...)
		into["a redis value"] = append(into["a redis value"], holds(ctx, rdb, key)...)
	}
	if len(keys) < 5 {
		s.t.Errorf("redis holds only %d keys", len(keys))
	}
}

func holds(ctx context.Context, rdb redis.UniversalClient, key string) string {
	switch rdb.Type(ctx, key).Val() {
	case "hash":
		return fmt.Sprintln(rdb.HGetAll(ctx, key).Val())
	case "zset":
		return fmt.Sprintln(rdb.ZRange(ctx, key, 0, -1).Val())
	case "list":
		return fmt.Sprintln(rdb.LRange(ctx, key, 0, -1).Val())
	case "set":
		return fmt.Sprintln(rdb.SMembers(ctx, key).Val())
	}
	return fmt.Sprintln(rdb.Get(ctx, key).Val())
}

func hasPart(m map[string][]byte, part string) bool {
	for name, b := range m {
		if strings.Contains(name, part) && len(b) > 0 {
			return true
		}
	}
	return false
}
