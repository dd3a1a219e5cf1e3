package files_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// exporter makes an export before every read, as the clinic's system does, and
// spoils it when told to.
type exporter struct {
	*files.Adapter
	t     *testing.T
	dir   string
	clock gateway.Clock
	write func(now time.Time) error
	name  string
	fault adaptertest.Fault
	date  string // how the file writes 28 March 2027 at 01:30
	paper filesim.Paper

	together bool
	once     sync.Once
}

func (e *exporter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if e.fault == adaptertest.Replayed {
		return e.Adapter.Read(ctx, span) // nobody exports any more
	}
	// Where many read at once, the export is made once: a file that is replaced in
	// the middle of a read is another test's matter.
	if e.together {
		e.once.Do(e.export)
	} else {
		e.export()
	}
	return e.Adapter.Read(ctx, span)
}

func (e *exporter) export() {
	e.t.Helper()
	if _, err := os.Stat(e.dir); e.fault == adaptertest.ServerError && err != nil {
		return // the folder is gone already
	}
	if err := e.write(e.clock.Now()); err != nil {
		e.t.Fatal(err)
	}
	path := filepath.Join(e.dir, e.name)
	b, err := os.ReadFile(path)
	if err != nil {
		e.t.Fatal(err)
	}
	switch e.fault {
	case adaptertest.ServerError:
		if err := os.RemoveAll(e.dir); err != nil {
			e.t.Fatal(err)
		}
		return
	case adaptertest.Truncated:
		b = b[:len(b)*2/3]
	case adaptertest.NotTheFormat:
		b = []byte("<!DOCTYPE html><title>Log in</title>")
	case adaptertest.BadRecord, adaptertest.SkippedHour:
		if e.name == filesim.SheetName || e.name == filesim.CalendarName {
			return // written so
		}
		b = e.spoilRow(string(b))
	default:
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		e.t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		e.t.Fatal(err)
	}
}

// spoilRow changes the date in the file's last row.
func (e *exporter) spoilRow(s string) []byte {
	wide := strings.HasPrefix(s, "\xff\xfe")
	if wide {
		s, _ = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().String(s)
	}
	lines := strings.SplitAfter(s, "\n")
	last := len(lines) - 2
	sep, cell := ",", 8
	if wide {
		sep, cell = "\t", 3
	}
	cells := strings.Split(lines[last], sep)
	if e.fault == adaptertest.BadRecord {
		cells[cell] = adaptertest.Canary
	} else {
		with := strings.Split(e.date, "|")
		copy(cells[cell:], with)
	}
	lines[last] = strings.Join(cells, sep)
	s = strings.Join(lines, "")
	if wide {
		s, _ = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	}
	return []byte(s)
}

func (e *exporter) breakWith(f adaptertest.Fault) bool {
	switch f {
	case adaptertest.Denied, adaptertest.HalfPaged, adaptertest.Hangs:
		return false // a folder has no password, no pages, and answers
	default:
		e.fault = f
		return true
	}
}

func wire(t *testing.T, e *exporter, c files.Config) adaptertest.Wire {
	t.Helper()
	a, err := files.New(c, gateway.Surroundings{Clock: e.clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	e.Adapter, e.t, e.together = a, t, strings.HasSuffix(t.Name(), "sixteen_reads_at_once_agree")
	return adaptertest.Wire{Source: e, Break: e.breakWith}
}

func TestFilesDoWhatEveryAdapterMust(t *testing.T) { adaptertest.Run(t, subject()) }

// statuses are those that an export with a column for them tells.
var statuses = []gateway.Status{
	gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
}

// inbox makes the folder of one test.
func inbox(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// subject is a system's own export: CSV with a companion.
func subject() adaptertest.Subject {
	return adaptertest.Subject{
		Name: "files",
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, KeepsIDOnMove: true,
			Born: true, Clinic: true, Language: true, Statuses: statuses, SilentWhenEmpty: true,
		},
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			dir := inbox(t)
			e := &exporter{dir: dir, clock: clock, name: filesim.Name, date: "28/03/2027|01:30"}
			e.paper.Words = map[int]string{}
			e.write = func(now time.Time) error { return filesim.WriteWith(dir, d, now, e.paper) }
			w := wire(t, e, filesim.Config(dir))
			w.Cancels = e.wordCancels()
			return w
		},
	}
}

// wordCancels are the words of a status column that call a visit off.
func (e *exporter) wordCancels() []adaptertest.Cancel {
	var out []adaptertest.Cancel
	for form, word := range map[string]string{
		"cancelled in the practice's own word": "late cancellation", "rebooked elsewhere": "Rebooked elsewhere",
		"given a word that nobody explained": "Rescheduled", "left without a status": "",
	} {
		out = append(out, adaptertest.Cancel{Form: form, Do: func(slot int) { e.paper.Words[slot] = word }})
	}
	return out
}

func TestSpreadsheetsDoWhatEveryAdapterMust(t *testing.T) { adaptertest.Run(t, sheetSubject()) }

// sheetSubject is a spreadsheet in Excel's own format, as a front desk keeps it.
func sheetSubject() adaptertest.Subject {
	s := subject()
	s.New = func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
		dir := inbox(t)
		e := &exporter{dir: dir, clock: clock, name: filesim.SheetName}
		e.paper = filesim.Paper{Words: map[int]string{}, Hidden: map[int]bool{}, Struck: map[int]bool{}}
		e.write = func(now time.Time) error {
			switch e.fault {
			case adaptertest.BadRecord:
				e.paper.First = adaptertest.Canary
			case adaptertest.SkippedHour:
				e.paper.FirstStart = time.Date(2027, time.March, 28, 1, 30, 0, 0, time.UTC)
			}
			return filesim.WriteSheet(dir, d, now.Add(-5*time.Second), e.paper)
		}
		w := wire(t, e, filesim.SheetConfig(dir))
		w.Cancels = append(e.wordCancels(),
			adaptertest.Cancel{Form: "hidden", Do: func(slot int) { e.paper.Hidden[slot] = true }},
			adaptertest.Cancel{Form: "crossed out", Do: func(slot int) { e.paper.Struck[slot] = true }})
		return w
	}
	return s
}

func TestSheetsKeptByHandDoWhatEveryAdapterMust(t *testing.T) { adaptertest.Run(t, handSubject()) }

// handSubject is what a small clinic keeps by hand: no ids of visits, no statuses
// (a cancelled visit is a deleted row), date and time in one cell, saved from Excel
// as "Unicode text".
func handSubject() adaptertest.Subject {
	return adaptertest.Subject{
		Name: "files",
		Can:  adaptertest.Abilities{Name: true, KeepsIDOnMove: true, SilentWhenEmpty: true},
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			dir := inbox(t)
			e := &exporter{dir: dir, clock: clock, name: "sheet.txt", date: "28-Mar-2027 01:30"}
			e.write = func(now time.Time) error { return writeByHand(dir, d, now.Add(-5*time.Second)) }
			return wire(t, e, files.Config{
				Dir: dir, Pattern: "*.txt", DateFormat: "DD-MMM-YYYY", Complete: true, Window: 28,
				Columns: files.Columns{PatientID: "File no", GivenName: "Name", Mobile: "Mobile No.", DateTime: "When"},
			})
		},
	}
}

func writeByHand(dir string, d *surgery.Diary, saved time.Time) error {
	var b strings.Builder
	b.WriteString("File no\tName\tMobile No.\tWhen\tRoom\r\n")
	for _, v := range d.Visits() {
		if v.Status != gateway.StatusBooked {
			continue
		}
		p, _ := d.Person(v.Person)
		fmt.Fprintf(&b, "P%d\t%s\t'%s\t%s\t%d\r\n", p.ID, p.Given, p.Mobile, v.Start.In(gateway.London()).Format("02-Jan-2006 15:04"), v.Site)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(b.String())
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "sheet.txt")
	if err := os.WriteFile(path, []byte(wide), 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, saved, saved)
}
