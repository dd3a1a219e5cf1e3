package filesim

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/files"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Names of the files that WriteCalendar makes.
const (
	CalendarName = "diary.ics"
	CancelName   = "cancellations.ics"
	PatientsName = "patients.csv"
)

// Form is how a calendar writes its times.
type Form string

// The forms.
const (
	Zoned    Form = "zoned"    // TZID=Europe/London, described in the calendar
	Windows  Form = "windows"  // TZID=GMT Standard Time, as Outlook has it
	UTC      Form = "utc"      // with a Z
	Floating Form = "floating" // the clock on the wall, and nothing else
)

// Book is how a calendar is made, faults included. The maps are by slot.
type Book struct {
	Form   Form // empty: Zoned
	ByCode bool // titles hold the patient's code and not the name
	// Series shows every visit as the second of a series whose first is in the past.
	Series bool
	// In what way a visit is called off: an EXDATE of its series, an instance that is
	// changed to cancelled, TENTATIVE, or time marked as free.
	Excepted, Instance, Tentative, Free map[int]bool
	// First stands in place of the earliest visit's start when it is not empty:
	// 20270328T013000, or nonsense.
	First string
}

// CalendarConfig is the section that reads what WriteCalendar drops into a folder.
func CalendarConfig(dir string, b Book) files.Config {
	c := files.Config{
		Dir: dir, Complete: true, Window: days, DateFormat: "DD/MM/YYYY",
		Calendar: &files.Calendar{By: "name", NotVisits: []string{"Lunch"}, Clinic: "categories"},
		Patients: &files.Patients{
			File: filepath.Join(dir, PatientsName),
			Columns: files.PatientColumns{
				PatientID: "Patient ID", Code: "Code", GivenName: "First Name", FamilyName: "Last Name", NHSNumber: "NHS Number",
				Mobile: "Mobile", Permission: "SMS permission", Deceased: "Date of death", Left: "Date left",
				DateOfBirth: "Date of birth", Language: "Language",
			},
		},
	}
	if b.ByCode {
		c.Calendar.By = "code"
	}
	return c
}

// WriteCalendar drops a calendar of the diary and the list of its patients into a
// folder, as made at now.
func WriteCalendar(dir string, d *surgery.Diary, now time.Time, b Book) error {
	if err := drop(dir, CalendarName, CalendarText(d, now, b), now); err != nil {
		return err
	}
	return WritePatients(dir, d, now)
}

// WritePatients drops the list of patients into a folder.
func WritePatients(dir string, d *surgery.Diary, now time.Time) error {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	rows := [][]string{{"Patient ID", "Code", "First Name", "Last Name", "NHS Number", "Mobile", "SMS permission", "Date of death", "Date left", "Date of birth", "Language"}}
	for _, p := range d.People() {
		permission := "Yes"
		if p.Declined {
			permission = "No"
		}
		rows = append(rows, []string{
			strconv.Itoa(p.ID), code(p.ID), p.Given, p.Family, spaced(p.NHSNumber), p.Mobile, permission, date(p.Died), date(p.Deducted), date(p.Born), p.Language,
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write patients: %w", err)
	}
	return drop(dir, PatientsName, out.Bytes(), now)
}

func code(id int) string { return fmt.Sprintf("WU%06d", id) }

// WriteCancel drops a file that calls one visit off, newer than the calendar, as
// calendar programs send it: METHOD:CANCEL.
func WriteCancel(dir string, slot int, now time.Time) error {
	w := new(calendarWriter)
	w.lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Invented//Diary//EN", "METHOD:CANCEL", "BEGIN:VEVENT",
		"UID:"+uid(slot), "SEQUENCE:9", "DTSTAMP:"+now.UTC().Format(utcForm), "STATUS:CANCELLED", "END:VEVENT", "END:VCALENDAR")
	return drop(dir, CancelName, w.b.Bytes(), now)
}

const (
	utcForm  = "20060102T150405Z"
	wallForm = "20060102T150405"
)

func uid(slot int) string { return fmt.Sprintf("visit-%d@diary.invalid", slot) }

// CalendarText gives the calendar of a diary. Visits that are over or missed are left
// out, since a calendar has no words for them; slots that nobody may book are
// tentative.
func CalendarText(d *surgery.Diary, now time.Time, b Book) []byte {
	w := &calendarWriter{book: b, stamp: now}
	w.lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Invented//Diary//EN", "METHOD:PUBLISH", "X-WR-CALNAME:Invented practice")
	w.zone()
	first := true
	for _, v := range d.Visits() {
		p, _ := d.Person(v.Person)
		w.event(p, v, first)
		first = false
	}
	// What else stands in such a calendar: whole days and breaks.
	w.lines("BEGIN:VEVENT", "UID:holiday@diary.invalid", "DTSTAMP:"+now.UTC().Format(utcForm),
		"DTSTART;VALUE=DATE:"+now.AddDate(0, 0, 3).Format("20060102"), "SUMMARY:Training day", "END:VEVENT")
	w.lines("BEGIN:VEVENT", "UID:lunch@diary.invalid", "DTSTAMP:"+now.UTC().Format(utcForm))
	w.start("DTSTART", time.Date(2026, time.January, 5, 13, 0, 0, 0, gateway.London()))
	w.lines("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "SUMMARY:Lunch", "END:VEVENT")
	w.lines("END:VCALENDAR")
	if len(d.Visits()) == 0 {
		w = new(calendarWriter)
		w.lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Invented//Diary//EN", "METHOD:PUBLISH", "END:VCALENDAR")
	}
	return w.b.Bytes()
}

type calendarWriter struct {
	b     bytes.Buffer
	book  Book
	stamp time.Time
}

// lines writes lines, folded after 75 bytes as RFC 5545 wants them.
func (w *calendarWriter) lines(lines ...string) {
	for _, l := range lines {
		for len(l) > 74 {
			cut := 74
			for l[cut]&0xC0 == 0x80 {
				cut-- // not within a character
			}
			w.b.WriteString(l[:cut] + "\r\n ")
			l = l[cut:]
		}
		w.b.WriteString(l + "\r\n")
	}
}

func (w *calendarWriter) zone() {
	name := "Europe/London"
	switch w.book.Form {
	case UTC, Floating:
		return
	case Windows:
		name = "GMT Standard Time"
	case Zoned, "":
	}
	w.lines("BEGIN:VTIMEZONE", "TZID:"+name,
		"BEGIN:STANDARD", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
		"BEGIN:DAYLIGHT", "DTSTART:16010101T010000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT",
		"END:VTIMEZONE")
}

// start writes a property that is a time, in the book's form.
func (w *calendarWriter) start(name string, t time.Time) {
	wall := t.In(gateway.London()).Format(wallForm)
	switch w.book.Form {
	case UTC:
		w.lines(name + ":" + t.UTC().Format(utcForm))
	case Floating:
		w.lines(name + ":" + wall)
	case Windows:
		w.lines(name + `;TZID="GMT Standard Time":` + wall)
	case Zoned, "":
		w.lines(name + ";TZID=Europe/London:" + wall)
	}
}

func (w *calendarWriter) event(p surgery.Person, v surgery.Visit, first bool) {
	switch v.Status {
	case gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed:
		return
	case gateway.StatusUnknown, gateway.StatusBooked, gateway.StatusCancelled, gateway.StatusNotBooked:
	}
	before := v.Start.In(gateway.London()).AddDate(0, 0, -14)
	serial := w.book.Series || w.book.Excepted[v.Slot] || w.book.Instance[v.Slot]
	w.lines("BEGIN:VEVENT", "UID:"+uid(v.Slot), "SEQUENCE:"+strconv.Itoa(v.Version), "DTSTAMP:"+w.stamp.UTC().Format(utcForm))
	switch {
	case first && w.book.First != "":
		w.lines("DTSTART;TZID=Europe/London:" + w.book.First)
	case serial:
		w.start("DTSTART", before)
		w.lines("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2")
	default:
		w.start("DTSTART", v.Start)
	}
	if w.book.Excepted[v.Slot] {
		w.start("EXDATE", v.Start)
	}
	w.rest(p, v)
	if w.book.Instance[v.Slot] {
		w.lines("BEGIN:VEVENT", "UID:"+uid(v.Slot), "SEQUENCE:"+strconv.Itoa(v.Version+1), "DTSTAMP:"+w.stamp.UTC().Format(utcForm))
		w.start("RECURRENCE-ID", v.Start)
		w.start("DTSTART", v.Start)
		v.Status = gateway.StatusCancelled
		w.rest(p, v)
	}
}

// rest ends an event with what people see of it.
func (w *calendarWriter) rest(p surgery.Person, v surgery.Visit) {
	title := strings.ReplaceAll(p.Given+" "+p.Family, ",", `\,`)
	if w.book.ByCode {
		title = "Appointment " + code(p.ID)
	}
	status := map[gateway.Status]string{gateway.StatusCancelled: "CANCELLED", gateway.StatusNotBooked: "TENTATIVE"}[v.Status]
	if w.book.Tentative[v.Slot] {
		status = "TENTATIVE"
	}
	if status == "" {
		status = "CONFIRMED"
	}
	w.lines("DURATION:PT"+strconv.Itoa(max(v.Minutes, 1))+"M", "SUMMARY:"+title, "LOCATION:Room "+strconv.Itoa(v.Site), "STATUS:"+status)
	if v.Clinic != "" {
		w.lines("CATEGORIES:" + strings.ReplaceAll(v.Clinic, ",", `\,`))
	}
	if w.book.Free[v.Slot] {
		w.lines("TRANSP:TRANSPARENT")
	}
	w.lines("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:Reminder", "END:VALARM", "END:VEVENT")
}
