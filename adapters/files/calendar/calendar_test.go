package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

// london is a time zone as calendars describe ours under a name of their own.
const london = "BEGIN:VTIMEZONE\nTZID:%s\nBEGIN:STANDARD\nDTSTART:19701025T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n" +
	"BEGIN:DAYLIGHT\nDTSTART:19700329T010000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n"

// of wraps events, each given as its lines, into a calendar.
func of(events ...string) string {
	return "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n" + strings.Join(events, "\nEND:VEVENT\nBEGIN:VEVENT\n") + "\nEND:VEVENT\nEND:VCALENDAR\n"
}

func read(t *testing.T, text string) Calendar {
	t.Helper()
	c, err := Read(t.Context(), []byte(text), month, gateway.London())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return c
}

// told lists events as instance, London wall time, status and doubt.
func told(c Calendar) []string {
	var out []string
	for _, e := range c.Events {
		s := map[gateway.Status]string{gateway.StatusBooked: "", gateway.StatusCancelled: " cancelled", gateway.StatusUnknown: " unclear"}[e.Status]
		if e.Doubt != gateway.NoDoubt {
			s += " doubt"
		}
		out = append(out, e.Start.In(gateway.London()).Format("02 Jan 15:04")+s)
	}
	return out
}

func whys(c Calendar) []string {
	var out []string
	for _, u := range c.Unreadable {
		out = append(out, u.Where+": "+u.Why)
	}
	return out
}

func expect(t *testing.T, text string, want ...string) Calendar {
	t.Helper()
	c := read(t, text)
	if diff := cmp.Diff(want, told(c)); diff != "" {
		t.Errorf("%s\nunreadable: %q", diff, whys(c))
	}
	return c
}

func TestAStartIsReadInEveryFormThatCalendarsWrite(t *testing.T) {
	for _, start := range []string{
		"DTSTART:20261123T091000Z", "DTSTART:20261123T091000", "DTSTART;TZID=Europe/London:20261123T091000",
		"DTSTART;TZID=GMT Standard Time:20261123T091000", `DTSTART;TZID="GMT Standard Time":20261123T091000`,
		`DTSTART;TZID="(UTC+00:00) Dublin, Edinburgh, Lisbon, London":20261123T091000`, "DTSTART;VALUE=DATE-TIME;TZID=Europe/Dublin:20261123T091000",
		"DTSTART;TZID=Romance Standard Time:20261123T101000", "DTSTART;TZID=/America/New_York:20261123T041000", "dtstart;tzid=europe/london:20261123T091000",
		"DTSTART;TZID=Eur\n ope/London:2026112\n\t3T091000",
	} {
		expect(t, of("UID:1\n"+start), "23 Nov 09:10")
	}
	own := fmt.Sprintf(london, "Practice Time")
	expect(t, strings.Replace(of("UID:1\nDTSTART;TZID=Practice Time:20261123T091000"), "BEGIN:VEVENT", own+"BEGIN:VEVENT", 1), "23 Nov 09:10")
}

func TestSummerTimeIsThatOfTheEventsOwnDay(t *testing.T) {
	span := gateway.Span{From: time.Date(2027, time.March, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2027, time.April, 10, 0, 0, 0, 0, time.UTC)}
	text := of("UID:1\nDTSTART;TZID=GMT Standard Time:20270322T091000\nRRULE:FREQ=WEEKLY;COUNT=3", "UID:2\nDTSTART;TZID=Europe/London:20270328T013000",
		"UID:3\nDTSTART:20270322T101000Z\nRRULE:FREQ=WEEKLY;COUNT=2")
	c, err := Read(t.Context(), []byte(text), span, gateway.London())
	if err != nil {
		t.Fatal(err)
	}
	near, _ := gateway.FromWall(2027, time.March, 28, 1, 30, 0) // the hour that is skipped
	want := []string{
		"22 Mar 09:10", "22 Mar 10:10", near.In(gateway.London()).Format("02 Jan 15:04") + " doubt",
		"29 Mar 09:10", "29 Mar 11:10 unclear", "05 Apr 09:10",
	}
	if diff := cmp.Diff(want, told(c)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBePlacedIsUnreadable(t *testing.T) {
	for _, lines := range []string{
		"UID:1\nDTSTART:2026-11-23T09:10", "UID:1\nDTSTART;TZID=GMT:20261123T091000", "UID:1\nDTSTART;TZID=Kirkby:20261123T091000", "UID:1", "DTSTART:20261123T091000Z",
		"UID:1\nDTSTART:20261131T091000", "UID:1\nDTSTART:20261123T250000", "UID:1\nDTSTART:20261123T091000Z\nDTSTART:20261124T091000Z",
		"UID:1\nDTSTART;X", "UID:1\nDTSTART;TZID=\"Europe/London\"x:20261123T091000", "UID:1\nDTSTART:20261123T091000\nEXRULE:FREQ=DAILY",
		"UID:1\nDTSTART:20261123T091000\nRRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "UID:1\nDTSTART:20261123T091000\nRRULE:FREQ=MONTHLY;BYDAY=53MO",
		"UID:1\nDTSTART:20261123T091000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "UID:1\nDTSTART:20261123T091000\nRRULE:FREQ=WEEKLY;BYDAY=TU",
		"UID:1\nDTSTART:20261123T091000\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261123T091000", "UID:1\nDTSTART:20261123T091000\nEXDATE:soon",
	} {
		c := expect(t, of(lines, "UID:2\nDTSTART:20261124T091000"), "24 Nov 09:10")
		if len(c.Unreadable) != 1 {
			t.Errorf("%q: unreadable %q", lines, whys(c))
		}
	}
}

func TestWholeDaysAreNobodysVisit(t *testing.T) {
	for _, lines := range []string{
		"DTSTART;VALUE=DATE:20261123", "DTSTART:20261123", "DTSTART;VALUE=DATE:20261123\nRRULE:FREQ=SECONDLY", "DTSTART:20261123T000000\nDTEND:20261124T000000",
		"DTSTART:20261123T000000\nDURATION:P1D", "DTSTART:20261123T090000\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
	} {
		if c := expect(t, of("UID:1\n"+lines)); c.AllDay != 1 || len(c.Unreadable) != 0 {
			t.Errorf("%q: %d whole days, unreadable %q", lines, c.AllDay, whys(c))
		}
	}
}

const weekly = "UID:1\nDTSTART;TZID=Europe/London:20261102T091000\nRRULE:FREQ=WEEKLY"

func TestASeriesIsCountedOutWithinTheDaysAskedFor(t *testing.T) {
	c := expect(t, of(weekly), "23 Nov 09:10", "30 Nov 09:10", "07 Dec 09:10", "14 Dec 09:10")
	if c.Events[0].Instance != "20261123T091000Z" {
		t.Errorf("the visit is known as %q", c.Events[0].Instance)
	}
	expect(t, of(weekly+";COUNT=5"), "23 Nov 09:10", "30 Nov 09:10")
	expect(t, of(weekly+";UNTIL=20261130T091000Z"), "23 Nov 09:10", "30 Nov 09:10")
	expect(t, of(weekly+";UNTIL=20261130"), "23 Nov 09:10", "30 Nov 09:10")
	expect(t, of(weekly+";UNTIL=20261129"), "23 Nov 09:10")
	expect(t, of("UID:1\nDTSTART:20261123T091000\nRDATE:20261125T140000,20261123T091000\nRDATE;VALUE=PERIOD:20261126T140000/PT1H"),
		"23 Nov 09:10", "25 Nov 14:00", "26 Nov 14:00")
}

func TestOneOfASeriesIsTakenOutMovedAndCalledOff(t *testing.T) {
	expect(t, of(weekly+"\nEXDATE;TZID=Europe/London:20261123T091000\nEXDATE;VALUE=DATE:20261207"),
		"23 Nov 09:10 cancelled", "30 Nov 09:10", "07 Dec 09:10 cancelled", "14 Dec 09:10")
	expect(t, of(weekly+";COUNT=4\nEXDATE:20261123T140000Z"), "23 Nov 09:10 unclear")
	moved := "UID:1\nRECURRENCE-ID;TZID=Europe/London:20261123T091000\nDTSTART;TZID=Europe/London:20261124T150000"
	c := expect(t, of(weekly+";COUNT=5", moved), "24 Nov 15:00", "30 Nov 09:10")
	if c.Events[0].Instance != "20261123T091000Z" {
		t.Error("a visit that was moved is another one")
	}
	expect(t, of(moved, weekly+";COUNT=5"), "24 Nov 15:00", "30 Nov 09:10")
	expect(t, of(weekly+";COUNT=5", moved+"\nSTATUS:CANCELLED"), "24 Nov 15:00 cancelled", "30 Nov 09:10")
	expect(t, of(weekly+";COUNT=5\nEXDATE;TZID=Europe/London:20261123T091000", moved), "24 Nov 15:00 unclear", "30 Nov 09:10")
	expect(t, of(weekly+";COUNT=4\nSTATUS:CANCELLED", moved), "24 Nov 15:00 cancelled")
	outside := strings.Replace(moved, "20261124T150000", "20270124T150000", 1)
	expect(t, of(weekly+";COUNT=5", outside), "30 Nov 09:10")
}

func TestTheNewerWordCountsAndContradictionsAreNotBelieved(t *testing.T) {
	const first, second = "UID:1\nSEQUENCE:1\nDTSTART:20261123T091000", "UID:1\nSEQUENCE:2\nDTSTART:20261124T091000"
	expect(t, of(first, second), "24 Nov 09:10")
	expect(t, of(second, first), "24 Nov 09:10")
	expect(t, of(first+"\nDTSTAMP:20261101T000000Z", strings.Replace(first, "091000", "101000", 1)+"\nDTSTAMP:20261102T000000Z"), "23 Nov 10:10")
	expect(t, of(first, first), "23 Nov 09:10")
	expect(t, of(first, first+"\nSTATUS:CANCELLED"), "23 Nov 09:10 cancelled")
	if c := expect(t, of(first, strings.Replace(first, "091000", "101000", 1))); len(c.Unreadable) != 1 {
		t.Errorf("two words on one event: %q", whys(c))
	}
}

func TestWhatIsTentativeOrFreeIsUnclear(t *testing.T) {
	const start = "UID:1\nDTSTART:20261123T091000\n"
	expect(t, of(start+"STATUS:TENTATIVE"), "23 Nov 09:10 unclear")
	expect(t, of(start+"STATUS:MAYBE"), "23 Nov 09:10 unclear")
	expect(t, of(start+"TRANSP:TRANSPARENT"), "23 Nov 09:10 unclear")
	expect(t, of(start+"STATUS:CONFIRMED\nTRANSP:OPAQUE"), "23 Nov 09:10")
}

func TestACalendarThatCallsOffIsNoDiary(t *testing.T) {
	text := strings.Replace(of("UID:1\nSEQUENCE:3", "UID:2\nDTSTART:20261123T091000\nRECURRENCE-ID:20261123T091000"), "VERSION:2.0", "METHOD:CANCEL", 1)
	c := read(t, text)
	want := []Cancel{{UID: "1"}, {UID: "2", Instance: "20261123T091000Z"}}
	if diff := cmp.Diff(want, c.Cancels); diff != "" || !c.OnlyCancels {
		t.Errorf("only cancels: %t\n%s", c.OnlyCancels, diff)
	}
}

func TestTextsAreWholeHoweverTheyAreEscaped(t *testing.T) {
	c := read(t, of("UID:1\nDTSTART:20261123T091000\nSUMMARY:Kerr\\, Efua\nLOCATION:Kerr, Efua; Room 1\nDESCRIPTION:one\\ntwo\nCATEGORIES:A,B"))
	e := c.Events[0]
	if e.Title != "Kerr, Efua" || e.Location != "Kerr, Efua; Room 1" || e.Description != "one\ntwo" || e.Categories != "A,B" {
		t.Error("a text is cut or escaped")
	}
}

func TestWhatIsNoCalendarIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "\ufeff<!DOCTYPE html><title>Log in</title>": "web page", "BEGIN:VCARD\nEND:VCARD\n": "not a calendar", "Mobile,Date,Time\n": "not a calendar",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n": "do not end", "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n": "answer",
		"BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:X\n", 100_000): "nest deeper", strings.Repeat("x", MostBytes+1): "larger than",
	} {
		if _, err := Read(t.Context(), []byte(text), month, gateway.London()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v", text, err)
		}
	}
}

func TestACalendarThatBreaksOffIsNotWhole(t *testing.T) {
	text := of("UID:1\nDTSTART:20261123T091000", "UID:2\nDTSTART:20261124T091000")
	for cut := range len(text) {
		c, err := Read(t.Context(), []byte(text[:cut]), month, gateway.London())
		if err != nil {
			continue
		}
		for _, e := range c.Events {
			if s := e.Start.Format("02T1504"); s != "23T0910" && s != "24T0910" {
				t.Errorf("cut at byte %d, an event is read that was never there", cut)
			}
		}
		if c.Whole && cut < len(text)-1 {
			t.Errorf("cut at byte %d of %d and whole", cut, len(text))
		}
	}
}

func TestAnEventOfUnboundedSizeDoesNotStopItsNeighbours(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	c := expect(t, of("UID:1\nDTSTART:20261123T091000\nDESCRIPTION:"+long+"\nX-ALT-DESC:"+long, "UID:2\nDTSTART:20261124T091000\nSUMMARY:"+long, "UID:3\nDTSTART:20261125T091000"),
		"23 Nov 09:10", "25 Nov 09:10")
	if len(c.Unreadable) != 1 {
		t.Errorf("unreadable %q", whys(c))
	}
}

func TestOneOfASeriesThatIsNamedByItsDayIsTheSameVisit(t *testing.T) {
	byDay := "UID:1\nRECURRENCE-ID;VALUE=DATE:20261123\nDTSTART;TZID=Europe/London:20261123T091000"
	for change, want := range map[string]string{
		"\nSTATUS:CANCELLED":   "23 Nov 09:10 cancelled",
		"\nSUMMARY:Room 2":     "23 Nov 09:10",
		"\nTRANSP:TRANSPARENT": "23 Nov 09:10 unclear",
	} {
		c := expect(t, of(weekly+";COUNT=5", byDay+change), want, "30 Nov 09:10")
		if c.Events[0].Instance != "20261123T091000Z" {
			t.Errorf("the visit is known as %q", c.Events[0].Instance)
		}
	}
}

func TestADayThatIsCalledOffIsCalledOffWhole(t *testing.T) {
	twice := "UID:1\nDTSTART;TZID=Europe/London:20261123T091000\nRRULE:FREQ=WEEKLY;COUNT=2\nRDATE;TZID=Europe/London:20261123T151000"
	c := read(t, of(twice, "UID:1\nRECURRENCE-ID;VALUE=DATE:20261123\nSTATUS:CANCELLED\nDTSTART;TZID=Europe/London:20261123T091000"))
	var off []bool
	for _, e := range c.Events {
		off = append(off, e.Status == gateway.StatusCancelled)
		if strings.HasPrefix(e.Instance, "20261123") != off[len(off)-1] {
			t.Errorf("%s has the status %d", e.Instance, e.Status)
		}
	}
	if len(off) != 3 {
		t.Errorf("%d events, unreadable %q", len(off), whys(c))
	}
}
