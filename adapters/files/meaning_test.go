package files_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/gateway"
)

// wide is a configuration with every column that holds words.
func wide() files.Config {
	c := sheet()
	c.Columns.Status, c.Columns.Permission, c.Columns.Deceased, c.Columns.Left, c.Columns.Mode = "Status", "Texts", "Died", "Left", "How"
	return c
}

// one reads a single row with the given words.
func one(t *testing.T, c files.Config, status, texts, died, left, how string) gateway.Appointment {
	t.Helper()
	feed := readOf(t, c, "Mobile,Date,Time,Status,Texts,Died,Left,How\r\n"+
		strings.Join([]string{"07700 900001,23/11/2026,09:10", status, texts, died, left, how}, ",")+"\r\n")
	if len(feed.Appointments) != 1 {
		t.Fatalf("unreadable: %q", whys(feed))
	}
	return feed.Appointments[0]
}

func TestWordsThatNobodyExplainedAreUnclear(t *testing.T) {
	a := one(t, wide(), "Rescheduled", "if urgent", "probably", "soon", "walk-in")
	if a.Status != gateway.StatusUnknown || a.Mode != gateway.ModeUnknown {
		t.Error("an unknown status or way of meeting was guessed at")
	}
	want := gateway.Patient{Declined: gateway.FlagUnclear, Deceased: gateway.FlagUnclear, Left: gateway.FlagUnclear}
	if a.Patient.Declined != want.Declined || a.Patient.Deceased != want.Deceased || a.Patient.Left != want.Left {
		t.Error("an unknown word of a flag was guessed at")
	}
	a = one(t, wide(), "", "", "", "", "")
	if a.Status != gateway.StatusUnknown || a.Patient.Declined != gateway.FlagUnclear {
		t.Error("an empty status or permission was guessed at")
	}
	if a.Patient.Deceased != gateway.FlagNo || a.Patient.Left != gateway.FlagNo {
		t.Error("an empty date of death or of leaving is not a no")
	}
}

func TestPlainWordsAreUnderstoodHoweverTheyAreWritten(t *testing.T) {
	a := one(t, wide(), " BOOKED ", "Y", "no", "FALSE", "Face-to-face")
	if a.Status != gateway.StatusBooked || a.Mode != gateway.ModeInPerson || a.Patient.Declined != gateway.FlagNo {
		t.Error("plain words are not understood")
	}
	for word, want := range map[string]gateway.Status{
		"Cancelled": gateway.StatusCancelled, "canceled": gateway.StatusCancelled, "DNA": gateway.StatusMissed,
		"Did Not Attend": gateway.StatusMissed, "no_show": gateway.StatusMissed, "Arrived": gateway.StatusArrived, "Completed": gateway.StatusFinished,
	} {
		if got := one(t, wide(), word, "", "", "", "").Status; got != want {
			t.Errorf("%s is read as %d, want %d", word, got, want)
		}
	}
}

func TestThePracticesOwnWordsGoFirst(t *testing.T) {
	c := wide()
	c.Statuses = map[string]string{"Reinstated": "booked", "Completed": "not_booked", "": "booked"}
	c.Permissions = map[string]string{"Unsubscribed": "no", "1": "no"}
	if got := one(t, c, "reinstated", "unsubscribed", "", "", ""); got.Status != gateway.StatusBooked || got.Patient.Declined != gateway.FlagYes {
		t.Error("the practice's words are not understood")
	}
	if got := one(t, c, "completed", "1", "", "", ""); got.Status != gateway.StatusNotBooked || got.Patient.Declined != gateway.FlagYes {
		t.Error("the built-in words went before the practice's")
	}
	if got := one(t, c, "", "yes", "", "", ""); got.Status != gateway.StatusBooked || got.Patient.Declined != gateway.FlagNo {
		t.Error("the empty word cannot be explained")
	}
}

func TestADateOfDeathOrLeavingCountsOnceItHasCome(t *testing.T) {
	a := one(t, wide(), "booked", "yes", "14/11/2026", "16/11/2026", "")
	if a.Patient.Deceased != gateway.FlagYes || a.Patient.Left != gateway.FlagYes {
		t.Error("a date that has come is not a yes")
	}
	a = one(t, wide(), "booked", "yes", "11/14/2026", "30/11/2026", "")
	if a.Patient.Deceased != gateway.FlagUnclear || a.Patient.Left != gateway.FlagUnclear {
		t.Error("a date in the wrong order or still to come is not unclear")
	}
}

func TestOnlyAFileThatSaysSoIsComplete(t *testing.T) {
	c := sheet()
	if feed := readOf(t, c, "Mobile,Date,Time\r\n"+anns); feed.Complete {
		t.Error("complete, although nobody said so")
	}
	c.Complete, c.Window = true, 14
	feed := readOf(t, c, "Mobile,Date,Time\r\n"+anns)
	want := gateway.Span{From: monday, To: monday.Add(-time.Hour).AddDate(0, 0, 14)}
	if !feed.Complete || feed.Covers != want {
		t.Errorf("complete %t for %v, want the window after the file was made, %v", feed.Complete, feed.Covers, want)
	}
	if feed := readOf(t, c, "Mobile,Date,Time\r\n"); feed.Complete {
		t.Error("a file without rows passes for an empty diary")
	}
	old := sheet()
	old.Complete, old.Window = true, 1
	age(t, drop(t, &old, "diary.csv", "Mobile,Date,Time\r\n"+anns), 48*time.Hour)
	if feed, err := reads(t, old); err != nil || feed.Complete {
		t.Error("a file that is older than its window is complete for something")
	}
}

func TestALastLineWithoutItsEndCountsAsCut(t *testing.T) {
	c := wide()
	c.Complete, c.Window = true, 28
	// The date of death has been cut off; nobody can tell.
	cut := "Mobile,Date,Time,Status,Texts,Left,How,Died\r\n07700 900001,23/11/2026,09:10,booked,yes,,,\r\n07700 900002,23/11/2026,09:20,booked,yes,,,"
	feed := readOf(t, c, cut)
	if diff := cmp.Diff([]string{"23 Nov 09:10"}, starts(feed)); diff != "" || feed.Complete || len(feed.Unreadable) != 1 {
		t.Errorf("complete %t, unreadable %q\n%s", feed.Complete, whys(feed), diff)
	}
	c.OpenEnd = true
	if feed := readOf(t, c, cut); !feed.Complete || len(feed.Appointments) != 2 {
		t.Error("an exporter that never ends its last line cannot be used")
	}
}

func TestACompanionSaysForWhichDaysAFileIsComplete(t *testing.T) {
	const content = "Mobile,Date,Time\r\n" + anns
	with := func(t *testing.T, companion string, older time.Duration) (gateway.Feed, error) {
		t.Helper()
		c := sheet()
		drop(t, &c, "diary.csv", content)
		age(t, drop(t, &c, "diary.csv.complete", companion), time.Hour+older)
		return reads(t, c)
	}
	feed, err := with(t, "rows: 1\r\nfrom: 2026-11-20\r\nto: 2026-11-27\r\n", 0)
	want := gateway.Span{From: time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, time.November, 28, 0, 0, 0, 0, time.UTC)}
	if err != nil || !feed.Complete || feed.Covers != want {
		t.Errorf("%v, complete %t for %v, want %v", err, feed.Complete, feed.Covers, want)
	}
	if feed, err := with(t, "rows: 7\nfrom: 2026-11-20\nto: 2026-11-27\n", time.Minute); err != nil || feed.Complete {
		t.Errorf("a companion older than its file counts: %v", err)
	}
	if feed, err := with(t, "rows: 1\nfrom: 2025-11-20\nto: 2025-11-27\n", 0); err != nil || feed.Complete {
		t.Errorf("a companion for other days counts: %v", err)
	}
	for _, wrong := range []string{
		"rows: 2\nfrom: 2026-11-20\nto: 2026-11-27\n", "", "rows: 1\n", "rows: 1\nfrom: 20/11/2026\nto: 27/11/2026\n",
		"rows: 1\nfrom: 2026-11-27\nto: 2026-11-20\n", "rows: many\nfrom: 2026-11-20\nto: 2026-11-27\n", "sorry\n",
	} {
		if _, err := with(t, wrong, 0); err == nil {
			t.Errorf("a companion of %q is taken", wrong)
		}
	}
}

func TestAFileWithItsCompanionIsReadAtOnce(t *testing.T) {
	c := sheet()
	age(t, drop(t, &c, "diary.csv", "Mobile,Date,Time\r\n"+anns), 0)
	age(t, drop(t, &c, "diary.csv.complete", "rows: 1\nfrom: 2026-11-16\nto: 2026-11-27\n"), 0)
	if feed, err := reads(t, c); err != nil || !feed.Complete {
		t.Errorf("%v, complete %t", err, feed.Complete)
	}
}

func TestIdsThatNameAPersonAreNotPrinted(t *testing.T) {
	c := sheet()
	c.Columns.ID, c.Columns.PatientID = "Ref", "Patient"
	secrets := []string{"Xqgiven", "9990000018", "999 000 0018", "7700900001", "@example.org"}
	for _, patient := range []string{"Xqgiven", "9990000018", "999 000 0018", "07700900001", "Xqgiven@example.org", "Xqgiven 1950"} {
		for _, ref := range []string{patient, "17"} {
			feed := readOf(t, c, "Ref,Patient,Mobile,Date,Time\r\n"+ref+","+patient+","+anns)
			adaptertest.AssertQuiet(t, secrets, feed)
			if len(feed.Appointments) != 1 {
				t.Fatalf("unreadable: %q", whys(feed))
			}
		}
	}
	feed := readOf(t, c, "Ref,Patient,Mobile,Date,Time\r\n4711,P-17,"+anns)
	if got := feed.Appointments[0].ID; got != "4711-P-17" {
		t.Errorf("a plain id is given as %q, want it as it stands so that staff can find it", got)
	}
	feed = readOf(t, c, "Ref,Patient,Mobile,Date,Time\r\n,P-17,"+anns+"18,,"+anns)
	if len(feed.Unreadable) != 2 {
		t.Errorf("rows without a promised id: %q", whys(feed))
	}
}

func TestVisitsWithoutIdsAreToldApartByPatientSiteAndDay(t *testing.T) {
	c := sheet()
	c.Columns.GivenName, c.Columns.Site = "Name", "Site"
	rows := []string{
		"Ann,07700 900001,23/11/2026,09:10,North",
		"Ann,+44 7700 900001,23/11/2026,14:00,North", // the same patient's second visit that day
		"Ann,07700 900001,23/11/2026,09:10,South",
		"Ann,07700 900001,24/11/2026,09:10,North",
		"Bo,07700 900001,23/11/2026,09:10,North", // a child with the mother's number
		"Cy,,23/11/2026,09:10,North",
		",,23/11/2026,09:20,North",
		",,23/11/2026,09:30,North",
	}
	ids := func(rows ...string) map[string]gateway.AppointmentID {
		feed := readOf(t, c, "Name,Mobile,Date,Time,Site\r\n"+strings.Join(rows, "\r\n")+"\r\n")
		out := map[string]gateway.AppointmentID{}
		seen := map[gateway.AppointmentID]bool{}
		for _, a := range feed.Appointments {
			out[fmt.Sprint(a.Start, a.Site, a.Patient.ID)] = a.ID
			seen[a.ID] = true
		}
		if len(seen) != len(rows) || len(out) != len(rows) {
			t.Errorf("%d ids for %d rows", len(seen), len(rows))
		}
		return out
	}
	turned := make([]string, 0, len(rows))
	for _, r := range rows {
		turned = append([]string{r}, turned...)
	}
	if diff := cmp.Diff(ids(rows...), ids(turned...)); diff != "" {
		t.Errorf("the order of the rows changes ids:\n%s", diff)
	}
}

func TestRowsThatRepeatAreOneVisitAndRowsThatContradictAreNotBelieved(t *testing.T) {
	c := wide()
	c.Columns.ID = "Ref"
	const headings = "Ref,Mobile,Date,Time,Status,Texts,Died,Left,How\r\n"
	feed := readOf(t, c, headings+strings.Repeat("7,07700 900001,23/11/2026,09:10,booked,yes,,,\r\n", 3))
	if len(feed.Appointments) != 1 || feed.Appointments[0].Status != gateway.StatusBooked || len(feed.Unreadable) != 0 {
		t.Errorf("a repeated row: %d visits, unreadable %q", len(feed.Appointments), whys(feed))
	}
	for _, other := range []string{
		"7,07700 900002,23/11/2026,09:10,booked,yes,,,\r\n", "7,07700 900001,23/11/2026,09:20,booked,yes,,,\r\n",
		"7,07700 900001,23/11/2026,09:10,cancelled,yes,,,\r\n",
	} {
		feed = readOf(t, c, headings+"7,07700 900001,23/11/2026,09:10,booked,yes,,,\r\n"+other)
		if len(feed.Appointments) != 1 || feed.Appointments[0].Status != gateway.StatusUnknown || len(feed.Unreadable) != 1 {
			t.Errorf("contradicting rows: %d visits, unreadable %q", len(feed.Appointments), whys(feed))
		}
	}
}

func TestANumberThatNobodyHasIsNotTakenForNone(t *testing.T) {
	c := sheet()
	c.Columns.NHSNumber, c.Columns.GivenName = "NHS", "Name"
	for cell, want := range map[string]struct{ none, valid bool }{
		"": {none: true}, "n/a": {none: true}, "not known": {none: true}, " - ": {none: true},
		"999 000 0018": {valid: true}, "999-000-0018": {valid: true},
		"999 000 0019": {}, "000 000 0000": {}, "99900000": {}, "9990000018 Kerr": {},
	} {
		feed := readOf(t, c, "Mobile,Date,Time,NHS,Name\r\n07700 900001,23/11/2026,09:10,"+cell+",Efua\r\n")
		n := feed.Appointments[0].Patient.NHSNumber
		if n.IsZero() != want.none || n.Valid() != want.valid {
			t.Errorf("%q is none: %t, valid: %t; want %+v", cell, n.IsZero(), n.Valid(), want)
		}
	}
}

func TestANumberThatStandsForNoneDoesNotMakeTwoPeopleOne(t *testing.T) {
	c := sheet()
	c.Columns.NHSNumber, c.Columns.GivenName = "NHS", "Name"
	feed := readOf(t, c, "Mobile,Date,Time,NHS,Name\r\n07700 900001,23/11/2026,09:10,0000000000,Efua\r\n07700 900002,23/11/2026,09:10,0000000000,Huw\r\n")
	if got := feed.Appointments; len(got) != 2 || got[0].Patient.ID == got[1].Patient.ID || got[0].ID == got[1].ID {
		t.Errorf("%d visits, unreadable %q", len(got), whys(feed))
	}
}
