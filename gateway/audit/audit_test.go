package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/gateway/audit"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 5, time.FixedZone("", 3600))

// written gives a trail of three entries, and its file.
func written(t *testing.T) (*audit.Trail, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit")
	trail := audit.New(path)
	for i := range 3 {
		e := audit.Entry{At: noon.Add(time.Duration(i) * time.Minute), Who: "manager", What: "queue release", Practice: "A81001", Detail: fmt.Sprint(i, " appointments")}
		if err := trail.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	return trail, path
}

func TestWhatWasDoneIsReadBackInOrder(t *testing.T) {
	trail, path := written(t)
	got, err := trail.Verify()
	if err != nil || len(got) != 3 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i, e := range got {
		want := time.Date(2026, time.November, 23, 11, i, 0, 0, time.UTC)
		if e.Detail != fmt.Sprint(i, " appointments") || !e.At.Equal(want) || e.At.Location() != time.UTC {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v, %v", info.Mode(), err)
	}
}

func TestATrailThatWasNeverWrittenIsEmptyAndWhole(t *testing.T) {
	got, err := audit.New(filepath.Join(t.TempDir(), "audit")).Verify()
	if err != nil || len(got) != 0 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

func TestALineThatWasTamperedWithIsFoundAndNothingIsAppendedToIt(t *testing.T) {
	for name, tamper := range map[string]func([]string) []string{
		"changed":          func(l []string) []string { l[1] = strings.Replace(l[1], "manager", "nobody", 1); return l },
		"taken out":        func(l []string) []string { return append(l[:1:1], l[2]) },
		"the first one":    func(l []string) []string { return l[1:] },
		"put in":           func(l []string) []string { return []string{l[0], l[0], l[1], l[2]} },
		"swapped":          func(l []string) []string { return []string{l[0], l[2], l[1]} },
		"spoilt":           func(l []string) []string { l[1] = "{"; return l },
		"made by a person": func(l []string) []string { return append(l, `{"who":"manager","what":"nothing","before":""}`) },
	} {
		t.Run(name, func(t *testing.T) {
			trail, path := written(t)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := tamper(strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"))
			if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := trail.Verify(); err == nil || !strings.Contains(err.Error(), "line") {
				t.Errorf("not found: %v", err)
			}
			if err := trail.Append(audit.Entry{Who: "manager", What: "patient erase"}); err == nil {
				t.Error("appended as if nothing had happened")
			}
		})
	}
}

func TestManyWritersMakeOneChain(t *testing.T) {
	const writers, each = 8, 25
	path := filepath.Join(t.TempDir(), "audit")
	var wg sync.WaitGroup
	for range writers {
		trail := audit.New(path) // as if each were a process of its own
		wg.Go(func() {
			for range each {
				if err := trail.Append(audit.Entry{At: noon, Who: "manager", What: "plan --reveal"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := audit.New(path).Verify()
	if err != nil || len(got) != writers*each {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

func TestATrailThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := audit.New(t.TempDir()).Append(audit.Entry{Who: "manager", What: "plan --reveal"}); err == nil {
		t.Error("nobody is told")
	}
}
