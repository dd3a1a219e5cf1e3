package message_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
	"bellman/gateway/message"
)

// go test ./gateway/message -run Golden -update
var update = flag.Bool("update", false, "write the golden texts anew, to be read by a person before they are committed")

// TestGoldenTextsOfTheWholeCatalogue holds every text that can be sent to the one
// that people have read: of each nation, from a sender that can be answered and one
// that cannot, with the least and with all that a practice can have its texts say.
func TestGoldenTextsOfTheWholeCatalogue(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for file, p := range map[string]gateway.Practice{string(n): riverside(n), string(n) + "-everything": everything(n)} {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				golden(t, file+".golden", catalogueOf(p))
			})
		}
	}
}

// catalogueOf writes a practice's catalogue for its number, and for a name in its
// place.
func catalogueOf(p gateway.Practice) string {
	var b strings.Builder
	for _, sender := range []string{number, name} {
		p.Sender = sender
		for _, s := range message.Catalogue(p) {
			_, _ = fmt.Fprintf(&b, "== %s, %s, from %s: %s, %d\n", s.Name, s.Case, sender, s.Encoding, s.Segments)
			if s.Err != nil {
				_, _ = fmt.Fprintf(&b, "cannot be worded: %v\n", s.Err)
			}
			if len(s.Flips) > 0 {
				_, _ = fmt.Fprintf(&b, "because of %q\n", string(s.Flips))
			}
			_, _ = fmt.Fprintf(&b, "%s\n\n", s.Text)
		}
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the words have changed; if that is meant, read them, raise the version and use -update:\n%s", d)
	}
}

// TestWhoChangesAWordRaisesTheVersion: testdata/versions.golden has a line for every
// version there ever was; the last is that of the words as they stand.
func TestWhoChangesAWordRaisesTheVersion(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("testdata", "versions.golden"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(kept)), "\n")
	for _, v := range message.Versions() {
		is := v.Name + " " + v.Version + " " + v.Digest
		last := ""
		for _, l := range lines {
			if strings.HasPrefix(l, v.Name+" ") {
				last = l
			}
		}
		if is != last {
			t.Errorf("the words are %q, the last version that was written down is %q: raise the version in version.go and add a line", is, last)
		}
		if message.VersionOf(v.Name) != v.Version || message.VersionOf("") == "" {
			t.Errorf("%s has two versions", v.Name)
		}
	}
	seen := map[string]bool{}
	for _, l := range lines {
		words := strings.Fields(l)
		if len(words) != 3 || seen[words[0]+words[1]] {
			t.Errorf("%q is no line of its own version", l)
			continue
		}
		seen[words[0]+words[1]] = true
	}
	if message.VersionOf("friendly") != "" {
		t.Error("a wording that there is not has a version")
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	for _, s := range message.Catalogue(everything(gateway.Wales)) {
		names[s.Name]++
		if s.Err != nil || s.Text == "" || s.Segments < 1 || s.Segments > message.MaxSegments {
			t.Errorf("%s, %s: %d segments, %v", s.Name, s.Case, s.Segments, s.Err)
		}
		if (s.Encoding == message.UCS2) != (len(s.Flips) > 0) {
			t.Errorf("%s, %s: %s because of %q", s.Name, s.Case, s.Encoding, string(s.Flips))
		}
	}
	want := map[string]int{
		"reminder, kind not known": 4, "reminder, in person": 4, "reminder, by telephone": 4, "reminder, by video": 4, "reminder, home visit": 4,
		"answer to STOP": 1, "answer to STOP ALL": 1, "answer to STOP or a wrong number, where START lifts nothing": 1, "answer to START": 1, "answer to HELP": 1, "answer to anything else": 1,
		"answer to CANCEL that freed the visit":          1,
		"answer to CANCEL that may have freed the visit": 1,
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestTheCatalogueSaysWhatCannotBeWorded(t *testing.T) {
	t.Parallel()
	p := riverside(gateway.England)
	p.Name = ""
	for _, s := range message.Catalogue(p) {
		if s.Err == nil || s.Text != "" {
			t.Errorf("%s: worded without a name", s.Name)
		}
	}
}

func TestTheExampleIsTheUsualReminder(t *testing.T) {
	t.Parallel()
	got, err := message.Example(everything(gateway.England))
	if err != nil || !strings.HasPrefix(got, "Sam, you have an appointment with Riverside Surgery on Wednesday 5 August at 9:10am. It is at Quay Branch.") {
		t.Errorf("%v: %s", err, got)
	}
}
