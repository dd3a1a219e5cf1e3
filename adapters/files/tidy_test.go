package files_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const headings = "Mobile,Date,Time\r\n"

// tidied is a folder with its archive and quarantine.
func tidied(t *testing.T) files.Config {
	t.Helper()
	c := sheet()
	c.Dir = filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(c.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.Archive, c.Quarantine, c.Keep = filepath.Join(c.Dir, "archive"), filepath.Join(c.Dir, "quarantine"), 10
	return c
}

// serves reads as the service does.
func serves(t *testing.T, c files.Config, clock gateway.Clock) (gateway.Feed, error) {
	t.Helper()
	a, err := files.New(c, gateway.Surroundings{Clock: clock, Trial: true, Serving: true})
	if err != nil {
		t.Fatal(err)
	}
	return a.Read(t.Context(), weeks)
}

// within lists the contents of the files in a folder, folders left out.
func within(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			out[e.Name()] = string(b)
		}
	}
	return out
}

func TestSeveralDropsADayLeaveTheNewestAndPutTheOthersAway(t *testing.T) {
	c := tidied(t)
	clock := gatewaytest.NewClock(monday)
	age(t, drop(t, &c, "Xqgiven at seven.csv", headings+anns), 3*time.Hour)
	age(t, drop(t, &c, "Xqgiven at seven.csv.complete", "rows: 1\nfrom: 2026-11-16\nto: 2026-11-27\n"), 3*time.Hour)
	age(t, drop(t, &c, "Xqgiven at eight.csv", headings), 2*time.Hour)
	drop(t, &c, "Xqgiven at nine.csv", headings+anns)
	feed, err := serves(t, c, clock)
	if err != nil || len(feed.Appointments) != 1 {
		t.Fatalf("%v, %d visits", err, len(feed.Appointments))
	}
	if diff := cmp.Diff([]string{"Xqgiven at nine.csv"}, slices.Collect(maps.Keys(within(t, c.Dir)))); diff != "" {
		t.Errorf("the folder holds others than the newest:\n%s", diff)
	}
	away := within(t, c.Archive)
	named := regexp.MustCompile(`^20261116T100000Z-[0-9a-f]{16}\.csv(\.complete)?$`)
	for name := range away {
		if !named.MatchString(name) {
			t.Error("a name in the archive is not one that tells nothing")
		}
	}
	if got := slices.Sorted(maps.Values(away)); len(got) != 3 || got[1] != headings+anns {
		t.Errorf("%d files in the archive, want 3, all of them whole", len(got))
	}
	if again, err := serves(t, c, clock); err != nil || len(again.Appointments) != 1 {
		t.Errorf("the newest file is gone after it was read: %v", err)
	}
	adaptertest.AssertQuiet(t, []string{"Xqgiven"}, feed)
}

func TestCommandsThatOnlyLookMoveNothing(t *testing.T) {
	c := tidied(t)
	age(t, drop(t, &c, "a.csv", headings+anns), 2*time.Hour)
	drop(t, &c, "b.csv", "rubbish")
	if _, err := reads(t, c); err == nil {
		t.Fatal("rubbish is read")
	}
	age(t, drop(t, &c, "c.csv", headings+anns), time.Minute)
	if _, err := reads(t, c); err != nil {
		t.Fatal(err)
	}
	if got := within(t, c.Dir); len(got) != 3 {
		t.Errorf("%d files are left of 3", len(got))
	}
}

func TestABadFileGoesIntoQuarantineAndTheLastGoodOneCounts(t *testing.T) {
	c := tidied(t)
	clock := gatewaytest.NewClock(monday)
	age(t, drop(t, &c, "good.csv", headings+anns), 2*time.Hour)
	bad := drop(t, &c, "Xqgiven.csv", "no headings\r\n")
	age(t, bad, 5*time.Minute)
	if _, err := serves(t, c, clock); err == nil || strings.Contains(err.Error(), "quarantine") {
		t.Errorf("a file that somebody may still mend is given up: %v", err)
	}
	clock.Advance(6 * time.Minute)
	_, err := serves(t, c, clock)
	if err == nil || !strings.Contains(err.Error(), "it was put into quarantine") {
		t.Fatalf("gives %v", err)
	}
	adaptertest.AssertQuiet(t, []string{"Xqgiven"}, err)
	feed, err := serves(t, c, clock)
	if err != nil || len(feed.Appointments) != 1 || !feed.AsOf.Equal(monday.Add(-2*time.Hour)) {
		t.Fatalf("the last good file does not count: %v", err)
	}
	if !strings.Contains(strings.Join(feed.Notes, "\n"), "1 files lie in quarantine") {
		t.Errorf("nobody is told: %q", feed.Notes)
	}
	if got := within(t, c.Quarantine); len(got) != 1 {
		t.Errorf("%d files in quarantine", len(got))
	}
}

func TestAFileThatTheDiskCannotGiveIsNotGivenUp(t *testing.T) {
	c := tidied(t)
	path := drop(t, &c, "good.csv", headings+anns)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	for dir := c.Dir; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o777)
	}
	asNobody(t)
	if _, err := serves(t, c, gatewaytest.NewClock(monday)); err == nil || strings.Contains(err.Error(), "quarantine") {
		t.Errorf("gives %v", err)
	}
}

func TestWhatWasPutAwayIsRemovedInTheEndAndNothingElse(t *testing.T) {
	c := tidied(t)
	clock := gatewaytest.NewClock(monday)
	age(t, drop(t, &c, "a.csv", headings+anns), 2*time.Hour)
	drop(t, &c, "b.csv", headings+anns)
	if _, err := serves(t, c, clock); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(c.Archive, "notes of the practice.csv")
	if err := os.WriteFile(theirs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for days, want := range []int{10: 2, 11: 1} {
		if want == 0 {
			continue
		}
		clock.Set(monday.AddDate(0, 0, days).Add(-time.Hour))
		if _, err := serves(t, c, clock); err != nil {
			t.Fatal(err)
		}
		if got := len(within(t, c.Archive)); got != want {
			t.Errorf("%d days later %d files, want %d", days, got, want)
		}
	}
	if len(within(t, c.Dir)) != 1 {
		t.Error("the diary itself was removed")
	}
}

func TestAnArchiveThatEverybodyMayOpenIsNotUsed(t *testing.T) {
	c := tidied(t)
	if err := os.Mkdir(c.Archive, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.Archive, 0o755); err != nil {
		t.Fatal(err)
	}
	age(t, drop(t, &c, "a.csv", headings+anns), 2*time.Hour)
	drop(t, &c, "b.csv", headings+anns)
	if err := os.Chmod(c.Dir, 0o702); err != nil {
		t.Fatal(err)
	}
	feed, err := serves(t, c, gatewaytest.NewClock(monday))
	notes := strings.Join(feed.Notes, "\n")
	if err != nil || !strings.Contains(notes, "everybody on this machine may look into the folder") || len(within(t, c.Dir)) != 2 {
		t.Errorf("%v, %d files left: %s", err, len(within(t, c.Dir)), notes)
	}
	if !strings.Contains(notes, "may write into the folder, and so into the diary") {
		t.Errorf("nobody is warned of a folder that everybody writes into: %s", notes)
	}
}

func TestFoldersForPuttingAwayAreChecked(t *testing.T) {
	for path, change := range map[string]func(*files.Config){
		"archive_dir":    func(c *files.Config) { c.Archive = c.Dir + "/." },
		"quarantine_dir": func(c *files.Config) { c.Quarantine = c.Archive },
		"keep":           func(c *files.Config) { c.Keep = 400 },
	} {
		c := tidied(t)
		change(&c)
		if faults := c.Check(false); len(faults) != 1 || faults[0].Path != path {
			t.Errorf("%s: faults %v", path, faults)
		}
	}
	c := tidied(t)
	c.Archive, c.Quarantine = "", ""
	if faults := c.Check(false); len(faults) != 1 || faults[0].Path != "keep" {
		t.Errorf("keep without folders: %v", faults)
	}
}

// moment lets something happen when the clock is looked at for the nth time.
func moment(n int, do func()) (_ gateway.Clock, came func() bool) {
	looks := 0
	return gateway.ClockFunc(func() time.Time {
		if looks++; looks == n {
			do()
		}
		return monday
	}), func() bool { return looks >= n }
}

const newest = "Mobile,Date,Time\r\n07700 900002,24/11/2026,10:10\r\n"

func TestAGoodFileThatTakesABadOnesPlaceStays(t *testing.T) {
	for n, going := 1, true; going; n++ {
		c := tidied(t)
		age(t, drop(t, &c, "good.csv", headings+anns), 2*time.Hour)
		age(t, drop(t, &c, "diary.csv", "no headings\r\n"), 20*time.Minute)
		clock, came := moment(n, func() { age(t, drop(t, &c, "diary.csv", newest), 15*time.Minute) })
		_, _ = serves(t, c, clock)
		if going = came(); going && within(t, c.Dir)["diary.csv"] != newest {
			t.Errorf("when it comes at look %d at the clock, it is put away", n)
		}
		if n == 1 && !going {
			t.Fatal("nothing was tried")
		}
	}
}

func TestADiaryThatTakesAnOlderFilesPlaceStays(t *testing.T) {
	for n, going := 1, true; going; n++ {
		c := tidied(t)
		age(t, drop(t, &c, "monday.csv", headings+anns), 3*time.Hour)
		age(t, drop(t, &c, "tuesday.csv", headings+anns), 2*time.Hour)
		drop(t, &c, "wednesday.csv", headings+anns)
		clock, came := moment(n, func() { age(t, drop(t, &c, "monday.csv", newest), time.Minute) })
		_, _ = serves(t, c, clock)
		if going = came(); going && within(t, c.Dir)["monday.csv"] != newest {
			t.Errorf("when it comes at look %d at the clock, it is put away", n)
		}
		if n == 1 && !going {
			t.Fatal("nothing was tried")
		}
	}
}

func TestAMistakeInTheConfigurationPutsNothingIntoQuarantine(t *testing.T) {
	c := tidied(t)
	clock := gatewaytest.NewClock(monday)
	age(t, drop(t, &c, "a.csv", headings+anns), 2*time.Hour)
	drop(t, &c, "b.csv", headings+anns)
	right := c.Columns.Mobile
	c.Columns.Mobile = "Handy"
	for range 3 {
		if _, err := serves(t, c, clock); err == nil || !strings.Contains(err.Error(), "it is not put into quarantine") {
			t.Fatalf("gives %v", err)
		}
	}
	c.Columns.Mobile = right
	if feed, err := serves(t, c, clock); err != nil || !feed.AsOf.Equal(monday.Add(-time.Hour)) {
		t.Errorf("after mending the newest file does not count: %v", err)
	}
}

func TestBadFilesMakeWayOneByOneForTheLastGoodOne(t *testing.T) {
	c := tidied(t)
	clock := gatewaytest.NewClock(monday)
	age(t, drop(t, &c, "a.csv", headings+anns), 3*time.Hour)
	age(t, drop(t, &c, "b.csv", "no headings\r\n"), 2*time.Hour)
	drop(t, &c, "c.csv", "no headings\r\n")
	for range 2 {
		if _, err := serves(t, c, clock); err == nil || !strings.Contains(err.Error(), "it was put into quarantine") {
			t.Fatalf("gives %v", err)
		}
	}
	if feed, err := serves(t, c, clock); err != nil || !feed.AsOf.Equal(monday.Add(-3*time.Hour)) {
		t.Errorf("the last good one does not count: %v", err)
	}
}

func TestOfTwoProcessesOnOneFolderNeitherPutsTheDiaryAway(t *testing.T) {
	c := tidied(t)
	for i, name := range []string{"a.csv", "b.csv", "c.csv", "d.csv"} {
		content := headings + anns
		if i == 3 {
			content = "no headings\r\n"
		}
		age(t, drop(t, &c, name, content), time.Duration(5-i)*time.Hour)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range 20 {
				_, _ = serves(t, c, gatewaytest.NewClock(monday))
			}
		})
	}
	both.Wait()
	if diff := cmp.Diff(map[string]string{"c.csv": headings + anns}, within(t, c.Dir)); diff != "" {
		t.Error(diff)
	}
	if a, q := len(within(t, c.Archive)), len(within(t, c.Quarantine)); a != 2 || q != 1 {
		t.Errorf("%d files in the archive and %d in quarantine", a, q)
	}
}
