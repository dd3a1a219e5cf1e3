package files_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestEveryEncodingAndDelimiterGivesTheSameVisit(t *testing.T) {
	const plain = "Vorname,Mobile,Date,Time,Note\r\nSiân,07700 900001,23/11/2026,09:10,\"two\r\nlines, \"\"quoted\"\"\"\r\n"
	ansi, err := charmap.Windows1252.NewEncoder().String(plain)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(plain)
	if err != nil {
		t.Fatal(err)
	}
	semicolons := regexp.MustCompile(`,(\S)`).ReplaceAllString(plain, ";$1")
	for name, content := range map[string]string{
		"UTF-8": plain, "UTF-8 with a mark": "\ufeff" + plain, "Windows-1252": ansi, "UTF-16": wide,
		"line ends of Unix": strings.ReplaceAll(plain, "\r\n", "\n"),
		"semicolons":        semicolons,
		"tabs":              strings.ReplaceAll(semicolons, ";", "\t"),
		"blank lines":       "\r\n\r\n" + plain + "\r\n,,,,\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := sheet()
			c.Columns.GivenName = "Vorname"
			feed := readOf(t, c, content)
			if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
				t.Fatalf("%d visits, unreadable: %q", len(feed.Appointments), whys(feed))
			}
			a := feed.Appointments[0]
			if a.Patient.Name != gateway.NewName("Siân") || a.Patient.Mobile != gateway.NewPhone("+447700900001") {
				t.Error("the name or the number is wrong")
			}
		})
	}
}

func TestNumbersThatSpreadsheetsSpoilAreMendedOnlyWhenNothingIsLost(t *testing.T) {
	for raw, want := range map[string]gateway.NumberKind{
		"07700900001":       gateway.NumberMobile,
		"'07700900001":      gateway.NumberMobile,
		"7700900001":        gateway.NumberMobile, // Excel ate the zero
		"447700900001":      gateway.NumberMobile,
		"00447700900001":    gateway.NumberMobile,
		"+44 (0)7700900001": gateway.NumberMobile,
		"770090001":         gateway.NumberUnclear, // nine digits: not ours to mend
		"1632960011":        gateway.NumberLandline,
		"":                  gateway.NumberMissing,
		"ask her mother":    gateway.NumberUnclear,
	} {
		feed := readOf(t, sheet(), "Mobile,Date,Time\r\n"+raw+",23/11/2026,09:10\r\n")
		if len(feed.Appointments) != 1 {
			t.Errorf("%q: unreadable: %q", raw, whys(feed))
			continue
		}
		if p := feed.Appointments[0].Patient; p.MobileKind != want {
			t.Errorf("%q is read as kind %d, want %d", raw, p.MobileKind, want)
		} else if want == gateway.NumberMobile && p.Mobile != gateway.NewPhone("+447700900001") {
			t.Errorf("%q is read as another number", raw)
		}
	}
	for _, raw := range []string{"4.47701E+11", "7.7009E+09", "447E9", "\"4,47701E+11\"", "7.700900123e9"} {
		feed := readOf(t, sheet(), "Mobile,Date,Time\r\n"+raw+",23/11/2026,09:10\r\n"+anns)
		if len(feed.Unreadable) != 1 || len(feed.Appointments) != 1 {
			t.Errorf("%s: %d visits and %q", raw, len(feed.Appointments), whys(feed))
		}
	}
}

func TestTimesAreReadOnlyWhenTheyMeanOneThing(t *testing.T) {
	for raw, want := range map[string]string{
		"09:10": "09:10", "9:10": "09:10", "9:10:00": "09:10", "14:30": "14:30", "02:30": "02:30", "00:05": "00:05",
		"2:30pm": "14:30", "2.30pm": "14:30", "2:30 PM": "14:30", "2:30 p.m.": "14:30", "2pm": "14:00", "12:15pm": "12:15", "9.30am": "09:30",
		"2:30": "", "7:15": "", "12:15am": "", "13:00pm": "", "0:30am": "", "24:00": "", "09:60": "", "9.30": "", "0.38": "", "0.3819": "",
		"0910": "", "9": "", "morning": "", "": "", "09:10Z": "", "09:10+01:00": "", "09:10 - 09:20": "", "-9:10": "", "٠٩:١٠": "",
	} {
		feed := readOf(t, sheet(), "Mobile,Date,Time\r\n07700 900001,23/11/2026,"+raw+"\r\n")
		got := ""
		if len(feed.Appointments) == 1 {
			got = starts(feed)[0][len("23 Nov "):]
		}
		if got != want || len(feed.Appointments)+len(feed.Unreadable) != 1 {
			t.Errorf("%q is read as %q, want %q", raw, got, want)
		}
	}
}

func TestEveryDateFormatReadsItsOwnDatesOnly(t *testing.T) {
	written := map[string]string{
		"DD/MM/YYYY": "3/12/2026", "DD/MM/YY": "03/12/26", "DD-MM-YYYY": "03-12-2026", "DD.MM.YYYY": "3.12.2026",
		"DD-MMM-YYYY": "3-Dec-2026", "DD-MMM-YY": "03-DEC-26", "DD MMM YYYY": "3 December 2026",
		"YYYY-MM-DD": "2026-12-03", "YYYY/MM/DD": "2026/12/03", "YYYYMMDD": "20261203", "MM/DD/YYYY": "12/03/2026",
	}
	for _, format := range files.DateFormats {
		c := sheet()
		c.DateFormat = format
		feed := readOf(t, c, "Mobile,Date,Time\r\n07700 900001,"+written[format]+",09:10\r\n")
		if diff := cmp.Diff([]string{"03 Dec 09:10"}, starts(feed)); diff != "" {
			t.Errorf("%s:\n%s%q", format, diff, whys(feed))
		}
		c.Columns = files.Columns{Mobile: "Mobile", DateTime: "When"}
		feed = readOf(t, c, "Mobile,When\r\n07700 900001,"+written[format]+" 2:10pm\r\n")
		if diff := cmp.Diff([]string{"03 Dec 14:10"}, starts(feed)); diff != "" {
			t.Errorf("%s with the time in one cell:\n%s%q", format, diff, whys(feed))
		}
	}
	for _, wrong := range []string{"31/11/2026", "29/02/2027", "00/11/2026", "23/11", "23/11/26", "2026-11-23", "23-11-2026", "45981", "tomorrow", "23/11/2026 09:10", ""} {
		feed := readOf(t, sheet(), "Mobile,Date,Time\r\n07700 900001,"+wrong+",09:10\r\n"+anns)
		if len(feed.Appointments) != 1 || len(feed.Unreadable) != 1 {
			t.Errorf("%q: %d visits and %q", wrong, len(feed.Appointments), whys(feed))
		}
	}
}

func TestDatesInTheOtherOrderCondemnTheFile(t *testing.T) {
	// 12/03 could be either; the row after it shows that the month comes first.
	got := refused(t, sheet(), "Mobile,Date,Time\r\n07700 900001,12/03/2026,09:10\r\n07700 900002,11/23/2026,09:20\r\n")
	if !strings.Contains(got, "line 3") || !strings.Contains(got, "date_format") {
		t.Errorf("the error does not say where and why: %s", got)
	}
	c := sheet()
	c.DateFormat = "MM/DD/YYYY"
	refused(t, c, "Mobile,Date,Time\r\n07700 900002,23/11/2026,09:20\r\n")
}

func TestTimesInUTCAreReadAsSuch(t *testing.T) {
	c := sheet()
	c.Zone = "UTC"
	c.DateFormat = "YYYY-MM-DD"
	c.Columns = files.Columns{Mobile: "Mobile", DateTime: "Start"}
	c.Complete, c.Window = true, 300
	drop(t, &c, "diary.csv", "Mobile,Start\r\n07700 900001,2026-11-23T09:10:00Z\r\n07700 900002,2026-11-23 09:20\r\n")
	feed, err := reads(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"23 Nov 09:10", "23 Nov 09:20"}, starts(feed)); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingColumnIsNamedAndTheFileIsNotPrinted(t *testing.T) {
	c := sheet()
	c.Columns.Status = "State"
	// A file without headings begins with a patient.
	err := refused(t, c, "Xqgiven,07700 900001,01/02/1950,23/11/2026\r\n")
	for _, want := range []string{`"Mobile" (columns.mobile)`, `"State" (columns.status)`, "4 headings"} {
		if !strings.Contains(err, want) {
			t.Errorf("the error lacks %s: %s", want, err)
		}
	}
	adaptertest.AssertQuiet(t, []string{"Xqgiven", "07700 900001", "01/02/1950"}, err)
	if err := refused(t, sheet(), "Mobile,Date,Time,Mobile\r\n"); !strings.Contains(err, "more than one") {
		t.Errorf("a heading that stands twice gives: %s", err)
	}
	refused(t, sheet(), "\"Mobile,Date,Time\r\n"+anns)
}

func TestABrokenRowDoesNotStopItsNeighbours(t *testing.T) {
	const bens = "07700 900002,23/11/2026,09:20\r\n"
	for _, broken := range []struct {
		row    string
		unsure bool // whether others may have been part of it
	}{
		{"07700 900009,23/11/2026\r\n", false},
		{"07700 900009,23/11/2026,09:30,more\r\n", false},
		{"07700 900009,23/11/2026,\"half past\" nine\r\n", false},
		{"07700 900009,23/11/2026,5\"\r\n", true},
		{"\"07700 900009,23/11/2026,09:30\r\n", true},
		{"07700 900009,23/11/2026,\"09:30\r\n", true},
		{strings.Repeat("x", 70<<10) + "\r\n", true},
		{"\"a\r\nb\",23/11/2026\r\n", true},
	} {
		c := sheet()
		c.Complete, c.Window = true, 28
		feed := readOf(t, c, "Mobile,Date,Time\r\n"+anns+broken.row+bens+strings.Repeat("\r\n", 3))
		name := broken.row[:min(30, len(broken.row))]
		if diff := cmp.Diff([]string{"23 Nov 09:10", "23 Nov 09:20"}, starts(feed)); diff != "" {
			t.Errorf("%q:\n%s", name, diff)
		}
		if len(feed.Unreadable) != 1 || !strings.HasPrefix(feed.Unreadable[0].Where, "line") {
			t.Errorf("%q: unreadable: %q", name, whys(feed))
		}
		if feed.Complete == broken.unsure {
			t.Errorf("%q: complete is %t", name, feed.Complete)
		}
	}
}

func TestTwoStrayQuotationMarksDoNotSwallowTheRowsBetween(t *testing.T) {
	c := sheet()
	c.Complete, c.Window = true, 28
	feed := readOf(t, c, "Mobile,Date,Time\r\n\"07700 900001,23/11/2026,09:10\r\n"+
		"07700 900002,23/11/2026,09:20\r\n07700 900003,23/11/2026,09:30\"\r\n07700 900004,23/11/2026,09:40\r\n")
	if feed.Complete {
		t.Error("complete, although rows could not be told apart")
	}
	if got := len(feed.Appointments); got > 3 || starts(feed)[got-1] != "23 Nov 09:40" {
		t.Errorf("visits %q", starts(feed))
	}
}

func TestAStrayQuotationMarkReachesOnlySoFar(t *testing.T) {
	const good = "07700 900002,23/11/2026,09:20\r\n"
	for _, between := range []int{1, 60} {
		feed := readOf(t, sheet(), "Mobile,Date,Time\r\n\"07700 900001,23/11/2026,09:10\r\n"+
			strings.Repeat(good, between)+"07700 900003,23/11/2026,\"half\" past \"nine\r\n"+good)
		// All good rows are one visit, since they are the same; none may be lost.
		if diff := cmp.Diff([]string{"23 Nov 09:20"}, starts(feed)); diff != "" || len(feed.Unreadable) != 2 {
			t.Errorf("%d rows between: unreadable %q\n%s", between, whys(feed), diff)
		}
		if notes := strings.Join(feed.Notes, "\n"); !strings.Contains(notes, fmt.Sprintf("%d rows only repeat", between)) {
			t.Errorf("%d rows between: %s", between, notes)
		}
	}
}

func TestRowsFarBetweenTwoStrayQuotationMarksAreKept(t *testing.T) {
	feed := readOf(t, sheet(), "Mobile,Date,Time\r\n\"07700 900001,23/11/2026,09:10\r\n"+
		strings.Repeat("07700 900002,23/11/2026,09:20\r\n", 60)+"07700 900003,23/11/2026,09:30\"\r\n")
	if diff := cmp.Diff([]string{"23 Nov 09:20"}, starts(feed)); diff != "" || len(feed.Unreadable) != 2 {
		t.Errorf("unreadable %q\n%s", whys(feed), diff)
	}
}

// The formats below are those that two reminder services publish for uploads to
// them: clinics that have used them have such exports already.
func TestPublishedUploadFormatsAreRead(t *testing.T) {
	smart := files.Config{DateFormat: "DD/MM/YYYY", Columns: files.Columns{
		Mobile: "Mobile", Permission: "PermissionToSendSMS", GivenName: "FirstName", Date: "AppointmentDate", Time: "AppointmentTime", Site: "Location Name",
	}}
	feed := readOf(t, smart, "Mobile,PermissionToSendSMS,FirstName,LastName,Home,Work,Email,AppointmentDate,AppointmentTime,Location Name\r\n"+
		"07700900001,1,Efua,Kerr,,,,23/11/2026,15:30,High Street\r\n07700900002,0,Huw,Muir,,,,23/11/2026,15:40,High Street\r\n"+
		"07700900003,,Mair,Holt,,,,23/11/2026,15:50,High Street\r\n")
	var declined []gateway.Flag
	for _, a := range feed.Appointments {
		declined = append(declined, a.Patient.Declined)
	}
	if diff := cmp.Diff([]gateway.Flag{gateway.FlagNo, gateway.FlagYes, gateway.FlagUnclear}, declined); diff != "" {
		t.Errorf("permission 1, 0 and nothing:\n%s", diff)
	}
	monthFirst := files.Config{DateFormat: "MM/DD/YYYY", Columns: files.Columns{ID: "ApptGUID", DateTime: "ApptDate", Mobile: "Phone"}}
	feed = readOf(t, monthFirst, "ApptGUID,ApptDate,ClinicID,Phone\r\nA-17,12/3/2026 16:00,4,07700900001\r\n")
	if diff := cmp.Diff([]string{"03 Dec 16:00"}, starts(feed)); diff != "" {
		t.Error(diff)
	}
}

// wideRow reads one visit from an export of many columns, of which four are told
// of in the configuration.
func wideRow(t *testing.T, headings string) {
	t.Helper()
	c := files.Config{DateFormat: "DD MMM YYYY", Columns: files.Columns{
		PatientID: "Patient ID", GivenName: "First Name", Mobile: "PhoneMobile", DateTime: "Next Appointment",
	}}
	row := strings.Split(headings, ",")
	given := map[string]string{"Patient ID": "17", "First Name": "Efua", "PhoneMobile": "'07700900001", "Next Appointment": "\"23 Nov 2026, 9:10am\""}
	for i, heading := range row {
		row[i] = given[heading]
	}
	feed := readOf(t, c, headings+"\n"+strings.Join(row, ",")+"\n")
	if diff := cmp.Diff([]string{"23 Nov 09:10"}, starts(feed)); diff != "" {
		t.Fatalf("%s%q", diff, whys(feed))
	}
	is := feed.Appointments[0].Patient
	if is.ID != "17" || is.Mobile != gateway.NewPhone("+447700900001") || is.Name != gateway.NewName("Efua") {
		t.Error("the visit is not the patient's of that row")
	}
}

func TestHeadingsAreFoundAmongManyThatAreNearlyTheSame(t *testing.T) {
	wideRow(t, "Patient ID,Related Patient ID,Honorific,First Name,First Names,Family Name,Known As,Born,PhoneHome,PhoneMobile,PhoneMobile 2,Mobile Phones,PhoneWork,Street,Town,"+
		"Post code,First Appointment,Last Appointment,Next Appointment,Next Appointment Type,Appointment Notes,Notes")
}

// A real export's line of sixty headings, published by its users.
func TestTheHeadingsOfARealExportAreFound(t *testing.T) {
	headings := regexp.MustCompile(`(?m)^ +(Patient ID,.*)$`).FindSubmatch(gatewaytest.Sample(t, "files/HEADERS.md"))
	if headings == nil {
		t.Fatal("the collection has no line that begins with Patient ID")
	}
	wideRow(t, string(headings[1]))
}
