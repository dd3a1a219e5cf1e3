package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// monday is when the tests below read; their files are an hour older.
var (
	monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)
	weeks  = gateway.Span{From: monday, To: monday.AddDate(0, 0, 28)}
)

// sheet is the smallest configuration there is.
func sheet() files.Config {
	return files.Config{
		DateFormat: "DD/MM/YYYY",
		Columns:    files.Columns{Mobile: "Mobile", Date: "Date", Time: "Time"},
	}
}

// drop writes a file that was last changed an hour ago into the folder of c, and
// makes the folder when there is none.
func drop(t *testing.T, c *files.Config, name, content string) string {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	path := filepath.Join(c.Dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	age(t, path, time.Hour)
	return path
}

func age(t *testing.T, path string, age time.Duration) {
	t.Helper()
	if err := os.Chtimes(path, monday.Add(-age), monday.Add(-age)); err != nil {
		t.Fatal(err)
	}
}

func reads(t *testing.T, c files.Config) (gateway.Feed, error) {
	t.Helper()
	a, err := files.New(c, gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	return a.Read(t.Context(), weeks)
}

// readOf reads one file with the given content.
func readOf(t *testing.T, c files.Config, content string) gateway.Feed {
	t.Helper()
	drop(t, &c, "diary.csv", content)
	feed, err := reads(t, c)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// refused reads one file that must be refused as a whole, and gives the error.
func refused(t *testing.T, c files.Config, content string) string {
	t.Helper()
	drop(t, &c, "diary.csv", content)
	feed, err := reads(t, c)
	if err == nil {
		t.Fatalf("read as %d visits", len(feed.Appointments))
	}
	return err.Error()
}

// starts lists the starts of a feed in London wall time.
func starts(f gateway.Feed) []string {
	var out []string
	for _, a := range f.Appointments {
		out = append(out, a.Start.In(gateway.London()).Format("02 Jan 15:04"))
	}
	return out
}

func whys(f gateway.Feed) []string {
	var out []string
	for _, u := range f.Unreadable {
		out = append(out, u.Where+": "+u.Why)
	}
	return out
}

const anns = "07700 900001,23/11/2026,09:10\r\n"

func TestTheNewestFileIsTheDiary(t *testing.T) {
	c := sheet()
	age(t, drop(t, &c, "a.csv", "Mobile,Date,Time\r\n07700 900001,23/11/2026,09:00\r\n"), 2*time.Hour)
	drop(t, &c, "b.csv", "Mobile,Date,Time\r\n07700 900001,23/11/2026,09:10\r\n")
	drop(t, &c, "c.csv", "Mobile,Date,Time\r\n07700 900001,23/11/2026,09:20\r\n")
	age(t, drop(t, &c, "d.csv.tmp", "rubbish"), time.Minute)
	age(t, drop(t, &c, ".e.csv", "rubbish"), time.Minute)
	age(t, drop(t, &c, "~$f.csv", "rubbish"), time.Minute)
	if err := os.Symlink(filepath.Join(c.Dir, "a.csv"), filepath.Join(c.Dir, "g.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(c.Dir, "h.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	feed, err := reads(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"23 Nov 09:20"}, starts(feed)); diff != "" {
		t.Errorf("of two files with the same time the later name counts:\n%s", diff)
	}
	if want := monday.Add(-time.Hour); !feed.AsOf.Equal(want) {
		t.Errorf("as of %v, want the file's time %v", feed.AsOf, want)
	}
}

func TestAFolderWithoutAnExportIsAnError(t *testing.T) {
	c := sheet()
	c.Dir = t.TempDir()
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "*.csv") {
		t.Errorf("an empty folder gives %v", err)
	}
	c.Dir = filepath.Join(c.Dir, "Xqgiven")
	_, err := reads(t, c)
	if err == nil {
		t.Fatal("a missing folder gives no error")
	}
	adaptertest.AssertQuiet(t, []string{"Xqgiven"}, err)
}

func TestOtherKindsOfFileAreRefusedByName(t *testing.T) {
	for content, want := range map[string]string{
		"":                                   "empty",
		" \r\n\r\n":                          "empty",
		"PK\x03\x04 and so on":               "Excel's own format",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":   "locked with a password",
		"\ufeff<!DOCTYPE html><html></html>": "web page",
		"\xfe\xff\x00M\x00o":                 "big-endian",
		"Mobile,Date,Time\r\n\x00\x00\x00":   "no text",
	} {
		if got := refused(t, sheet(), content); !strings.Contains(got, want) {
			t.Errorf("%q gives %q, want a word of %q", content, got, want)
		}
	}
}

func TestAFileTooLargeIsRefused(t *testing.T) {
	c := sheet()
	path := drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n")
	if err := os.Truncate(path, 33<<20); err != nil {
		t.Fatal(err)
	}
	age(t, path, time.Hour)
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "larger than 32 MiB") {
		t.Errorf("gives %v", err)
	}
}

func TestAFileChangedAMomentAgoIsStillBeingWritten(t *testing.T) {
	c := sheet()
	age(t, drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n"+anns), time.Second)
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "still being written") {
		t.Errorf("gives %v", err)
	}
}

func TestAFileFromTheFutureIsRefused(t *testing.T) {
	c := sheet()
	age(t, drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n"+anns), -time.Hour)
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "clocks") {
		t.Errorf("gives %v", err)
	}
}

// The clock is asked after the file was opened and before it is read, which is
// where these tests put the other program's hand in.
func TestAFileThatGrowsWhileItIsReadIsNotBelieved(t *testing.T) {
	c := sheet()
	path := drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n"+anns)
	a := readWhile(t, c, func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = f.WriteString(anns)
		_ = f.Close()
	})
	if _, err := a.Read(t.Context(), weeks); err == nil || !strings.Contains(err.Error(), "still being written") {
		t.Errorf("gives %v", err)
	}
}

func TestAFileThatIsReplacedWhileItIsReadIsNotBelieved(t *testing.T) {
	c := sheet()
	path := drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n"+anns)
	other := drop(t, &c, "diary.new", "Mobile,Date,Time\r\n")
	a := readWhile(t, c, func() { _ = os.Rename(other, path) })
	if _, err := a.Read(t.Context(), weeks); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("gives %v", err)
	}
}

func readWhile(t *testing.T, c files.Config, hand func()) *files.Adapter {
	t.Helper()
	clock := gateway.ClockFunc(func() time.Time {
		hand()
		return monday
	})
	a, err := files.New(c, gateway.Surroundings{Clock: clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNotesSayWhatEachColumnWasTakenFor(t *testing.T) {
	feed := readOf(t, sheet(), "mobile; DATE ;Time;Comments\r\n07700 900001;23/11/2026;09:10;\r\n7700900002;24/11/2026;9:20am;first visit\r\n")
	notes := strings.Join(feed.Notes, "\n")
	for _, want := range []string{
		"4 columns between semicolons, in UTF-8",
		"column  heading   taken for   holds\n     1  mobile    mobile      2 mobile numbers\n",
		"     2  DATE      date        2 dates\n     3  Time      time        2 times\n",
		"     4  Comments  (ignored)   1 empty, 1 words\n", "2 rows", "2026-11-16T09:00:00Z",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
}

func TestEveryFaultOfASectionIsGivenAtOnce(t *testing.T) {
	var got []string
	for _, f := range (files.Config{
		Pattern: "in/*.csv", DateFormat: "dd.mm", Zone: "Europe/Paris", Complete: true,
		Columns:  files.Columns{Date: "When", Time: "when"},
		Statuses: map[string]string{"Seen": "done"}, Permissions: map[string]string{"OK": "maybe"},
	}).Check(false) {
		got = append(got, f.Path)
	}
	want := []string{"dir", "pattern", "date_format", "zone", "window", "columns.mobile", "columns.date", "statuses.Seen", "permissions.OK"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := files.New(files.Config{}, gateway.Surroundings{}); err == nil {
		t.Error("an adapter was made of a section with faults")
	}
	c := sheet()
	c.Dir = "/in"
	if faults := c.Check(false); len(faults) != 0 {
		t.Errorf("a right section has faults: %v", faults)
	}
	for _, columns := range []files.Columns{
		{Mobile: "M"}, {Mobile: "M", Date: "D"}, {Mobile: "M", Time: "T"}, {Mobile: "M", Date: "D", Time: "T", DateTime: "DT"},
	} {
		c.Columns = columns
		if faults := c.Check(false); len(faults) != 1 {
			t.Errorf("%+v has faults %v, want one", columns, faults)
		}
	}
}
