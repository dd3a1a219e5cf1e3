package files_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"

	"bellman/adapters/files"
	"bellman/gateway"
)

// section is a section of the configuration as the page shows it.
type section struct {
	title string
	files.Config
}

// sections loads every section on the page, under the heading that stands above it.
func sections(t *testing.T) []section {
	t.Helper()
	page, err := os.ReadFile("../../docs/adapters/files.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for _, part := range regexp.MustCompile(`(?m)^##+ `).Split(string(page), -1) {
		title, _, _ := strings.Cut(part, "\n")
		for _, b := range regexp.MustCompile("(?s) *```yaml\n(.*?)```").FindAllStringSubmatch(part, -1) {
			var doc struct {
				Source struct {
					Type         string `yaml:"type"`
					files.Config `yaml:",inline"`
				} `yaml:"source"`
			}
			if err := yaml.UnmarshalWithOptions([]byte(b[1]), &doc, yaml.Strict()); err != nil {
				t.Fatalf("%s: %v", title, err)
			}
			if doc.Source.Type != "files" {
				t.Errorf("%s: the type is %q", title, doc.Source.Type)
			}
			out = append(out, section{title: title, Config: doc.Source.Config})
		}
	}
	return out
}

// What the page shows must load, or people copy mistakes.
func TestTheSectionsOnTheDocumentationPageLoad(t *testing.T) {
	for _, s := range sections(t) {
		if faults := s.Check(false); len(faults) != 0 {
			t.Errorf("%s has faults: %v", s.title, faults)
		}
	}
	page, err := os.ReadFile("../../docs/adapters/files.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range files.DateFormats {
		if !strings.Contains(string(page), "`"+format+"`") {
			t.Errorf("the page does not tell of %s", format)
		}
	}
	for _, system := range []string{"MyTherapyTracker", "iCLINICIAN", "Cliniko", "Practice Toolkit"} {
		if !strings.Contains(string(page), "\n### "+system) {
			t.Errorf("the page has no recipe for %s", system)
		}
	}
}

// Every recipe is followed to the letter: an export with its headings gives one
// booked visit of a patient who may be texted, and one that was called off or whose
// patient refuses texts.
func TestTheRecipesOnTheDocumentationPageWork(t *testing.T) {
	all := sections(t)
	if len(all) != 8 {
		t.Fatalf("%d sections on the page, want 8", len(all))
	}
	for _, s := range all {
		t.Run(s.title, func(t *testing.T) {
			c := s.Config
			c.Dir, c.Archive, c.Quarantine = t.TempDir(), "", ""
			if c.Calendar != nil {
				cookCalendar(t, &c)
			} else {
				cookTable(t, &c)
			}
			feed, err := reads(t, c)
			if err != nil || len(feed.Appointments) != 2 || len(feed.Unreadable) != 0 || !feed.Complete {
				t.Fatalf("%v: %d visits, unreadable %q, complete %t", err, len(feed.Appointments), whys(feed), feed.Complete)
			}
			good, bad := feed.Appointments[0], feed.Appointments[1]
			if starts(feed)[0] != "23 Nov 09:10" || good.Status != gateway.StatusBooked || good.StartDoubt != gateway.NoDoubt {
				t.Errorf("the first visit is at %s with status %d", starts(feed)[0], good.Status)
			}
			p := good.Patient
			if p.Mobile != gateway.NewPhone("+447700900101") || p.Declined != gateway.FlagNo || p.Deceased != gateway.FlagNo || p.Left != gateway.FlagNo {
				t.Error("the first patient may not be texted")
			}
			if bad.Status == gateway.StatusBooked && bad.Patient.Declined != gateway.FlagYes {
				t.Error("neither a cancellation nor a refusal is understood")
			}
		})
	}
}

// headed lists the headings of a struct of columns with its keys, in order.
func headed(columns any) (keys, headings []string) {
	v := reflect.ValueOf(columns)
	for i := range v.NumField() {
		if h := v.Field(i).String(); h != "" && !slices.Contains(headings, h) {
			keys, headings = append(keys, v.Type().Field(i).Tag.Get("yaml")), append(headings, h)
		}
	}
	return keys, headings
}

// meaning gives a word of the practice that means what is asked for.
func meaning(words map[string]string, want, usual string) string {
	for word, means := range words {
		if means == want && word != "" {
			return word
		}
	}
	return usual
}

// cell gives what stands under a key in the row of a good or a bad visit.
func cell(c files.Config, key string, good bool) string {
	layouts := map[string]string{"DD/MM/YYYY": "02/01/2006", "DD-MMM-YYYY": "02-Jan-2006"}
	day := time.Date(2026, time.November, 23, 9, 10, 0, 0, time.UTC).Format(layouts[c.DateFormat])
	number, clock, id := "07700 900101", "09:10", "17"
	status, permission := meaning(c.Statuses, "booked", "Booked"), meaning(c.Permissions, "yes", "yes")
	if !good {
		number, clock, id = "07700 900102", "14:30", "18"
		status, permission = meaning(c.Statuses, "cancelled", "Cancelled"), meaning(c.Permissions, "no", "no")
	}
	return map[string]string{
		"id": "A" + id, "patient_id": "WU00" + id, "code": "WU00" + id, "given_name": map[bool]string{true: "Efua", false: "Huw"}[good], "family_name": "Kerr",
		"mobile": number, "date": day, "time": clock, "datetime": day + " " + clock, "status": status, "site": "Room 1", "permission": permission,
	}[key]
}

func cookTable(t *testing.T, c *files.Config) {
	t.Helper()
	keys, headings := headed(c.Columns)
	rows := [][]string{headings}
	for _, good := range []bool{true, false} {
		var row []string
		for _, k := range keys {
			row = append(row, cell(*c, k, good))
		}
		rows = append(rows, row)
	}
	if strings.HasSuffix(c.Pattern, ".xlsx") {
		dropSheet(t, c, rows)
		return
	}
	drop(t, c, "export.csv", text(rows))
}

func text(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, ",") + "\r\n")
	}
	return b.String()
}

func dropSheet(t *testing.T, c *files.Config, rows [][]string) {
	t.Helper()
	f := excelize.NewFile()
	for i, r := range rows {
		for k, s := range r {
			at, _ := excelize.CoordinatesToCellName(k+1, i+3)
			if err := f.SetCellValue("Sheet1", at, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	drop(t, c, "export.xlsx", b.String())
}

func cookCalendar(t *testing.T, c *files.Config) {
	t.Helper()
	keys, headings := headed(c.Patients.Columns)
	rows := [][]string{headings}
	events := ""
	for _, good := range []bool{true, false} {
		var row []string
		for _, k := range keys {
			row = append(row, cell(*c, k, good))
		}
		rows = append(rows, row)
		title := cell(*c, "given_name", good) + " Kerr"
		if c.Calendar.By == "code" {
			title = "Visit of " + cell(*c, "code", good)
		}
		events += fmt.Sprintf("BEGIN:VEVENT\r\nUID:%s\r\nDTSTART;TZID=Europe/London:20261123T%s00\r\nSUMMARY:%s\r\nEND:VEVENT\r\n",
			cell(*c, "id", good), strings.ReplaceAll(cell(*c, "time", good), ":", ""), title)
	}
	calendar := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + events + "END:VCALENDAR\r\n"
	c.Patients.File = drop(t, c, "patients.csv", text(rows))
	if c.Calendar.URL.IsZero() {
		drop(t, c, "diary.ics", calendar)
		return
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		_, _ = w.Write([]byte(calendar))
	}))
	t.Cleanup(server.Close)
	c.Calendar.URL, c.Dir = gateway.NewSecret(server.URL+"/"+filepath.Base(t.Name())), ""
}
