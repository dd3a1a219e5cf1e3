package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/files"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// therapy is the section for the recorded calendar of testdata.
func therapy(t *testing.T) files.Config {
	t.Helper()
	c := files.Config{
		Complete: true, Window: 84,
		Calendar: &files.Calendar{By: "name", Pattern: `^(?:Canceled: )?(.*)$`, NotVisits: []string{"lunch"}},
		Patients: &files.Patients{Columns: files.PatientColumns{PatientID: "Client ID", GivenName: "First name", FamilyName: "Surname", Mobile: "Mobile", Permission: "SMS"}},
	}
	for _, name := range []string{"diary.ics", "clients.csv"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		drop(t, &c, name, string(b))
	}
	c.Patients.File = filepath.Join(c.Dir, "clients.csv")
	return c
}

// lines shows what is understood of each visit, without anything private.
func lines(f gateway.Feed) []string {
	var out []string
	for _, a := range f.Appointments {
		out = append(out, fmt.Sprintf("%s %s status %d number %d declined %d", a.ID, a.Start.In(gateway.London()).Format("02 Jan 15:04"),
			a.Status, a.Patient.MobileKind, a.Patient.Declined))
	}
	return out
}

func TestARecordedCalendarIsReadAsItsOwnerMeansIt(t *testing.T) {
	feed, err := reads(t, therapy(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"weekly-2/20261116T140000Z-18 16 Nov 14:00 status 1 number 1 declined 1",
		"040000008200E00074C5B7101A82E008-1-17 23 Nov 09:10 status 1 number 1 declined 0",
		"weekly-2/20261123T140000Z-18 23 Nov 14:00 status 1 number 1 declined 1",
		"twins-3 24 Nov 10:00 status 1 number 4 declined 0",
		"stranger-4 24 Nov 11:30 status 1 number 4 declined 0",
		"cancelled-5-17 25 Nov 09:10 status 2 number 1 declined 0",
		"weekly-2/20261130T140000Z-18 30 Nov 14:00 status 2 number 1 declined 1",
		"weekly-2/20261207T140000Z-18 08 Dec 15:30 status 1 number 1 declined 1",
	}
	if diff := cmp.Diff(want, lines(feed)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"event 9, line 86: a time of it is in a time zone that is not known here"}, whys(feed)); diff != "" {
		t.Error(diff)
	}
	if !feed.Complete || !feed.AsOf.Equal(monday.Add(-time.Hour)) {
		t.Errorf("complete %t, as of %v", feed.Complete, feed.AsOf)
	}
	notes := strings.Join(feed.Notes, "\n")
	for _, note := range []string{
		"9 events in the calendar; in the days asked for 6 of a known patient, 1 of nobody on the list, 1 that may be of several, 28 that are no visits",
		"1 events last whole days", "patient list: column  heading", "yes or no",
	} {
		if !strings.Contains(notes, note) {
			t.Errorf("the notes lack %q:\n%s", note, notes)
		}
	}
}

func TestAListOfPatientsThatMayHideASecondOfOneNameIsRefused(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"cut":                    func(s string) string { return s[:len(s)-30] },
		"without its last end":   func(s string) string { return strings.TrimRight(s, "\r\n") },
		"a row without an id":    func(s string) string { return strings.Replace(s, "20,Mair", ",Mair", 1) },
		"a row with more cells":  func(s string) string { return strings.Replace(s, "20,Mair", "20,,Mair", 1) },
		"an open quotation mark": func(s string) string { return strings.Replace(s, "19,Mair", `"19,Mair`, 1) },
		"empty":                  func(s string) string { return s[:strings.Index(s, "\n")+1] },
		"another kind":           func(string) string { return "<html>" },
	} {
		c := therapy(t)
		b, err := os.ReadFile(c.Patients.File)
		if err != nil {
			t.Fatal(err)
		}
		drop(t, &c, "clients.csv", change(string(b)))
		if feed, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "patient list") {
			t.Errorf("%s: %v, %d visits", name, err, len(feed.Appointments))
		}
	}
	c := therapy(t)
	age(t, c.Patients.File, 73*time.Hour)
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "more than 3 days old") {
		t.Errorf("an old list gives %v", err)
	}
	age(t, c.Patients.File, time.Second)
	if _, err := reads(t, c); err == nil || !strings.Contains(err.Error(), "still being written") {
		t.Errorf("a list that is being written gives %v", err)
	}
}

func TestTwoRowsOfOnePatientThatDifferLeaveTheNumberUnclear(t *testing.T) {
	c := therapy(t)
	drop(t, &c, "clients.csv", "Client ID,First name,Surname,Mobile,SMS\r\n17,Efua,Kerr,07700 900101,yes\r\n17,Efua,Kerr,07700 900109,yes\r\n18,Huw,Muir,447701000000,yes\r\n")
	feed, err := reads(t, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range feed.Appointments {
		if a.Patient.MobileKind == gateway.NumberMobile {
			t.Errorf("%s may be texted", a.ID)
		}
	}
}

// A code may stand within a longer title, but a short one may as well be a room.
func TestCodesAreFoundAsWordsAndShortOnesOnlyAlone(t *testing.T) {
	for title, want := range map[string]bool{
		"Visit of WU0017": true, "wu0017": true, "(WU0017) review": true, "WU00171": false, "xWU0017": false, "WU0017 and WU0018": false, "17": true, "Room 17": false, "": false,
	} {
		c := therapy(t)
		c.Calendar = &files.Calendar{By: "code"}
		c.Patients.Columns.Code = "Code"
		drop(t, &c, "clients.csv", "Client ID,Code,First name,Surname,Mobile,SMS\r\n1,WU0017,Efua,Kerr,07700 900101,yes\r\n2,WU0018,Huw,Muir,07700 900102,yes\r\n3,17,Mair,Holt,07700 900103,yes\r\n")
		drop(t, &c, "diary.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T091000\nSUMMARY:"+title+"\nEND:VEVENT\nEND:VCALENDAR\n")
		feed, err := reads(t, c)
		if err != nil || len(feed.Appointments) != 1 {
			t.Fatalf("%q: %v", title, err)
		}
		if got := feed.Appointments[0].Patient.MobileKind == gateway.NumberMobile; got != want {
			t.Errorf("%q names one patient: %t, want %t", title, got, want)
		}
	}
}

func TestNamesAreComparedAsPeopleWriteThem(t *testing.T) {
	for title, want := range map[string]bool{
		"Efua Kerr": true, "EFUA  KERR": true, "Kerr, Efua": true, "Mrs Efua Kerr": true, "efua-kerr": true, "Sia\u0302n O\u2019Neill": true, "Siân O'Neill": true,
		"Kerr Efua": false, "Efua": false, "E Kerr": false, "Efua Kerr review": false, "Efua Kerr / Huw Muir": false,
	} {
		c := therapy(t)
		c.Calendar.Pattern = ""
		drop(t, &c, "clients.csv", "Client ID,First name,Surname,Mobile,SMS\r\n17,Efua,Kerr,07700 900101,yes\r\n18,Siân,O’Neill,07700 900102,yes\r\n")
		drop(t, &c, "diary.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T091000\nSUMMARY:"+strings.ReplaceAll(title, ",", `\,`)+"\nEND:VEVENT\nEND:VCALENDAR\n")
		feed, err := reads(t, c)
		if err != nil || len(feed.Appointments) != 1 {
			t.Fatalf("%q: %v", title, err)
		}
		if got := feed.Appointments[0].Patient.MobileKind == gateway.NumberMobile; got != want {
			t.Errorf("%q names one patient: %t, want %t", title, got, want)
		}
	}
}

func TestEveryFaultOfACalendarsSectionIsGivenAtOnce(t *testing.T) {
	var got []string
	for _, f := range (files.Config{
		Dir: "in", Columns: files.Columns{Mobile: "M"}, Patients: &files.Patients{MaxAge: 999, Columns: files.PatientColumns{Left: "Left"}},
		Calendar: &files.Calendar{URL: gateway.NewSecret("ftp://host/x"), By: "face", In: "colour", Clinic: "shade", Pattern: "("},
	}).Check(false) {
		got = append(got, f.Path)
	}
	want := []string{
		"date_format", "columns", "calendar.url", "calendar.by", "calendar.in", "calendar.clinic", "calendar.pattern", "patients.file", "patients.max_age",
		"patients.columns.patient_id", "patients.columns.mobile",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for address, good := range map[string]bool{
		"webcal://calendar.example.org/secret.ics": true, "https://calendar.example.org/secret.ics": true,
		"http://calendar.example.org/secret.ics": false, "webcal://": false, "https://user:pass@calendar.example.org/x": false,
	} {
		c := therapy(t)
		c.Dir, c.Calendar.URL = "", gateway.NewSecret(address)
		if faults := c.Check(false); (len(faults) == 0) != good {
			t.Errorf("%s: faults %v", address, faults)
		}
	}
	for place, good := range map[string]bool{"": true, "categories": true, "location": true, "description": true, "title": false} {
		c := therapy(t)
		c.Calendar.Clinic = place
		if faults := c.Check(true); (len(faults) == 0) != good {
			t.Errorf("the clinic at %q, where the patient is in the title: faults %v", place, faults)
		}
	}
}

func TestAnEventSaysInItsOwnPlaceAtWhichClinicItIs(t *testing.T) {
	for place, want := range map[string]gateway.ClinicClass{
		"": gateway.ClinicUnsaid, "categories": gateway.ClinicSensitive, "location": gateway.ClinicUnknown, "description": gateway.ClinicUnsaid,
	} {
		c := therapy(t)
		c.Calendar.Clinic = place
		drop(t, &c, "diary.ics", strings.Join([]string{
			"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Invented//Diary//EN", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20261115T180000Z",
			"DTSTART:20261123T091000Z", "SUMMARY:Efua Kerr", "CATEGORIES:First visit,Talking therapy", "LOCATION:Room 5", "END:VEVENT", "END:VCALENDAR", "",
		}, "\r\n"))
		feed, err := reads(t, c)
		if err != nil || len(feed.Appointments) != 1 {
			t.Fatalf("%d events: %v", len(feed.Appointments), err)
		}
		if got := (gateway.Clinics{}).Class(feed.Appointments[0].Clinic); got != want {
			t.Errorf("at %q: class %d, want %d", place, got, want)
		}
	}
}

// Another system may know another number of theirs: that must not make them texted.
func TestTwoRowsOfOnePatientThatDifferLeaveOpenWhetherTheyMayBeTexted(t *testing.T) {
	c := therapy(t)
	drop(t, &c, "clients.csv", "Client ID,First name,Surname,Mobile,SMS\r\n17,Efua,Kerr,07700 900101,yes\r\n17,Efua,Kerr,07700 900101,no\r\n18,Huw,Muir,447701000000,yes\r\n")
	feed, err := reads(t, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range feed.Appointments {
		want := gateway.FlagNo
		if a.Patient.ID == "17" {
			want = gateway.FlagUnclear
		}
		if a.Patient.Restricted != want {
			t.Errorf("%s: restricted is %d, want %d", a.ID, a.Patient.Restricted, want)
		}
	}
}

func TestTheListOfPatientsIsNoDiaryWhereverItLies(t *testing.T) {
	c := therapy(t)
	c.Pattern, c.Quarantine = "*.*", filepath.Join(c.Dir, "quarantine")
	age(t, c.Patients.File, 30*time.Minute)
	if feed, err := serves(t, c, gatewaytest.NewClock(monday)); err != nil || len(feed.Appointments) != 8 {
		t.Errorf("%v, %d visits", err, len(feed.Appointments))
	}
	if _, err := os.Stat(c.Patients.File); err != nil {
		t.Error("the list of patients was put away")
	}
}

func TestOneOfASeriesThatIsCalledOffByItsDayIsCalledOff(t *testing.T) {
	c := therapy(t)
	drop(t, &c, "diary.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T091000\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:Efua Kerr\nEND:VEVENT\nEND:VCALENDAR\n")
	age(t, drop(t, &c, "off.ics", "BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID;VALUE=DATE:20261130\nEND:VEVENT\nEND:VCALENDAR\n"), time.Minute)
	feed, err := reads(t, c)
	if err != nil || len(feed.Appointments) != 2 {
		t.Fatalf("%v, %d visits", err, len(feed.Appointments))
	}
	if got := feed.Appointments; got[0].Status != gateway.StatusBooked || got[1].Status != gateway.StatusCancelled {
		t.Errorf("statuses %d and %d", got[0].Status, got[1].Status)
	}
}
