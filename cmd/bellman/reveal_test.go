package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// revealers are the functions in which something private is written out in
// clear, each with its reason. A new one needs one here, and a second look at
// where the value goes from there.
var revealers = map[string]string{
	"adapters/cliniko/config.go withDefaults":   "our own key, whose end names the shard",
	"adapters/cliniko/config.go Check":          "our own key, checked without being quoted",
	"adapters/cliniko/request.go once":          "our own key, in the Authorization header",
	"adapters/emis/request.go ask":              "our own token, in the Authorization header",
	"adapters/emis/filerecord.go WriteDeclined": "our own token, in the Authorization header",
	"adapters/emis/token.go request":            "our own secret, to the token endpoint",
	"adapters/emis/token.go organisationOf":     "our own token, whose middle names the practice",
	"adapters/fhir/adapter.go newAuthoriser":    "our own password, in the Authorization header",
	"adapters/fhir/auth.go bearer":              "our own token, in the Authorization header",
	"adapters/beside/people.go note":            "the NHS number, sealed by the shelf",
	"adapters/pds/request.go once":              "our own token, in the Authorization header",
	"adapters/signed/key.go ReadKey":            "our own key, to sign for a token",
	"adapters/signed/key.go ReadPEM":            "our own key, to sign for a token",
	"adapters/signed/tokens.go assertion":       "our own name or API key, signed into what we show for a token",
	"adapters/pds/truth.go key":                 "the NHS number, in PDS' own address and as the key under which its answer is sealed",
	"adapters/tpp/request.go encode":            "our own key and device's id, in the request",
	"adapters/files/calendarurl.go address":     "the secret address of a calendar, to ask for it",
	"adapters/twilio/list.go List":              "the provider's list of one number",
	"adapters/twilio/list.go Inbound":           "a number as the provider gave it, to be read",
	"adapters/twilio/provider.go New":           "our own secret, which checks signatures",
	"adapters/twilio/provider.go header":        "our own secret, in the Authorization header",
	"adapters/twilio/provider.go params":        "the text and the number it goes to, in the body of the request",
	"configs/check.go check":                    "redis.url, checked without being quoted",
	"configs/config.go Embedded":                "redis.url, compared with a word",
	"gateway/message/readback.go Start":         "the day and time of a text, read again",
	"gateway/message/practice.go greeted":       "the name that the practice greets by, in the patient's own text",
	"gateway/message/catalogue.go Example":      "an invented patient's text, shown to people",
	"gateway/message/catalogue.go sample":       "an invented patient's text, shown to people",
	"gateway/message/fits.go lintText":          "an invented patient's text, read by our own rules",
	"gateway/greeting.go Greeting":              "looked at whether it is a name that anybody is called by",
	"gateway/inbox/http.go answer":              "the answer to the patient who wrote, in the body",
	"gateway/inbox/reconcile.go find":           "the practice's own sender, compared",
	"gateway/inbox/cancel.go named":             "a patient's words, for the code of the visit that they name",
	"gateway/inbox/take.go kind":                "a patient's words, to be understood",
	"gateway/inbox/take.go stopsAll":            "a patient's words, to be understood",
	"gateway/inbox/take.go taken":               "a patient's words, compared with the provider's own",
	"gateway/store/optout.go sealOptOut":        "sealed into Redis",
	"gateway/store/finer.go sealFiner":          "sealed into Redis",
	"gateway/store/history.go lineOf":           "sealed into the journal and into Redis",
	"gateway/store/consent.go Consent":          "compared with what the journal holds",
	"gateway/store/record.go encodeFacts":       "sealed into Redis",
	"gateway/store/record.go appendGreeting":    "sealed into Redis",
	"gateway/store/reply.go KeepReply":          "sealed into Redis",
	"gateway/store/task.go CloseTask":           "sealed into Redis",
	"gateway/store/unread.go CloseReply":        "sealed into Redis",
	"gateway/store/seal.go tag":                 "hashed under the practice's key",
	"cmd/bench/asynq.go measureAsynqSend":       "an invented number and its text, in the body of the request",
	"cmd/bench/envelope.go seal":                "an invented number, sealed into a task",
	"cmd/bellman/app.go connect":                "redis.url, to connect",
	"cmd/bellman/app.go allowed":                "compared with allow_numbers",
	"cmd/bellman/app.go answerable":             "looked at for a UK mobile number",
	"cmd/bellman/clinics.go shownClinic":        "the name of a clinic, on the screen of the practice that has to classify it",
	"cmd/bellman/optout_history.go changeLine":  "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/optout.go row":                 "the name of a clinic, on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/optout_finer.go reach":         "the name of a clinic, on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/optout_file.go optoutExport":   "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/plan.go draft":                 "blanked again without --reveal, which is audited",
	"cmd/bellman/pull.go showFeed":              "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/tasks.go taskRow":              "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/tasks.go worded":               "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/replies.go visitOf":            "a patient's words, compared with the code of a visit",
	"cmd/bellman/replies.go word":               "on the screen of who asked with --reveal, which is audited",
	"cmd/bellman/pull.go shownNumber":           "on the screen of who asked with --reveal, which is audited",
	"adapters/emisextract/adapter.go New":       "our own key and its passphrase, to open the files",

	"adapters/gpconnect/gpconnect.go options": "our own certificate and key, to be let in",
	"adapters/gpconnect/truth.go patient":     "the NHS number, in the address that GP Connect lays down",
}

// The demo's people are invented, and its page is there to show them.
const demoFiles = "cmd/bellman/demo"

func TestPrivateValuesAreRevealedOnlyWhereListed(t *testing.T) {
	found := map[string]bool{}
	eachFile(t, func(path string, f *ast.File) {
		if strings.HasPrefix(path, demoFiles) {
			return
		}
		for _, where := range callers(f, "Reveal") {
			found[path+" "+where] = true
		}
	})
	for _, where := range slices.Sorted(maps.Keys(found)) {
		if revealers[where] == "" {
			t.Errorf("%s calls Reveal and is not on the list: does it have to, and where does the value go?", where)
		}
	}
	for _, where := range slices.Sorted(maps.Keys(revealers)) {
		if !found[where] {
			t.Errorf("%s is on the list and reveals nothing any more: take it out", where)
		}
	}
}

func TestARevealIsFoundInEveryForm(t *testing.T) {
	const source = `package p
func called(n Phone) string { return n.Reveal() }
func handedOn(ns []Phone) { each(ns, Phone.Reveal) }
func inside(n Phone) func() string { return func() string { return n.Reveal() } }
func (k *keys) method(n Phone) { k.hash(n.Reveal()) }
func quiet(n Phone) string { return n.LastThree() }
var table = Phone.Reveal
`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"called", "handedOn", "inside", "method", "(package level)"}
	if got := callers(f, "Reveal"); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// callers names the functions of a file in which a method is used, in order.
func callers(f *ast.File, method string) []string {
	var out []string
	for _, d := range f.Decls {
		name := "(package level)"
		if fn, ok := d.(*ast.FuncDecl); ok {
			name = fn.Name.Name
		}
		used := false
		ast.Inspect(d, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			used = used || ok && s.Sel.Name == method
			return true
		})
		if used && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func TestOnlyCommandsAskWhatTimeItIs(t *testing.T) {
	eachFile(t, func(path string, f *ast.File) {
		for _, use := range clockUses(f) {
			switch {
			case path == "cmd/bellman/root.go" && (use == "Now" || use == "Since"): // where the clocks come from
			case strings.HasPrefix(path, "cmd/") && !strings.HasPrefix(path, "cmd/bellman/"):
			case imports(f, "testing"): // a suite
			default:
				t.Errorf("%s uses time.%s: the clock is handed in", path, use)
			}
		}
	})
}

func TestAGlanceAtTheClockIsFoundUnderAnyName(t *testing.T) {
	const source = `package p
import clock "time"
var now = clock.Now
func f() { clock.Sleep(1); _ = clock.Since(now()); _ = clock.NewTimer(1) }
`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(clockUses(f)); got != "[Now Sleep Since]" {
		t.Errorf("found %s", got)
	}
}

// clockUses lists which of the functions that ask for the time, or let it pass,
// a file uses.
func clockUses(f *ast.File) []string {
	name := ""
	for _, i := range f.Imports {
		if i.Path.Value == `"time"` {
			if name = "time"; i.Name != nil {
				name = i.Name.Name
			}
		}
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && name != "" && x.Name == name &&
			slices.Contains([]string{"Now", "Since", "Until", "Sleep", "Tick"}, s.Sel.Name) {
			out = append(out, s.Sel.Name)
		}
		return true
	})
	return out
}

func imports(f *ast.File, path string) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"`+path+`"` })
}

// eachFile parses every Go file of the module that is not a test.
func eachFile(t *testing.T, do func(path string, f *ast.File)) {
	t.Helper()
	files, root := 0, filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		files++
		do(filepath.ToSlash(rel), f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were found", files)
	}
}
