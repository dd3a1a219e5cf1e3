package calendar

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

var month = gateway.Span{
	From: time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC),
	To:   time.Date(2026, time.December, 14, 10, 0, 0, 0, time.UTC),
}

const canary = "XQCANARY"

// FuzzCalendar reads anything at all as a calendar: it must come to an end, and what
// it gives must hold together.
func FuzzCalendar(f *testing.F) {
	for _, lines := range []string{
		"UID:1\nDTSTART:20261123T091000Z\nSUMMARY:Efua", "UID:1\nDTSTART;TZID=Europe/London:20261123T091000\nRRULE:FREQ=WEEKLY;COUNT=9\nEXDATE;TZID=Europe/London:20261130T091000",
		"UID:1\nDTSTART;VALUE=DATE:20261123", "UID:1\nDTSTART;TZID=\"GMT Standard Time\":20261123T091000\nSTATUS:CANCELLED",
		"UID:1\nDTSTART:20261123T091000\nRDATE:20261124T091000,20261125T091000/PT1H", "DTSTART;X", "UID;A=\"b\"c:1", "UID:1\n RECURRENCE-ID:20261123T091000Z",
		"UID:1\nDTSTART:20261123T091000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261130T091000Z\nDTSTART:20261130T101000Z",
		"BEGIN:VALARM\nBEGIN:X\nEND:X\nEND:VALARM\nUID:XQCANARY\nDTSTART:XQCANARY", "RRULE:FREQ=MONTHLY;BYDAY=1MO,TU;BYSETPOS=-1",
	} {
		f.Add([]byte("BEGIN:VCALENDAR\nMETHOD:PUBLISH\nBEGIN:VEVENT\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\n"))
		f.Add([]byte("BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\n" + strings.ReplaceAll(lines, "\n", "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(t.Context(), text, month, gateway.London())
		if err != nil {
			if strings.Contains(err.Error(), canary) {
				t.Error("an error repeats what stands in the calendar")
			}
			return
		}
		seen := map[string]bool{}
		for _, e := range c.Events {
			key := e.UID + "\x00" + e.Instance
			if seen[key] || e.UID == "" {
				t.Error("an event stands twice, or has no name")
			}
			seen[key] = true
			if !month.Has(e.Start) || e.Start.Location() != time.UTC {
				t.Error("an event out of the span, or not in UTC")
			}
		}
		for _, u := range c.Unreadable {
			if u.Where == "" || u.Why == "" || strings.Contains(u.Where+u.Why, canary) {
				t.Error("an unreadable event without where or why, or with what stood there")
			}
		}
	})
}

// FuzzFoldedLinesComeBack folds lines as RFC 5545 has it and unfolds them again.
func FuzzFoldedLinesComeBack(f *testing.F) {
	f.Add("SUMMARY:Siân Kerr|DESCRIPTION:long, long", byte(5), true)
	f.Add("UID:1|A;B=\"c\":d e|X:", byte(74), false)
	f.Fuzz(func(t *testing.T, all string, width byte, crlf bool) {
		if strings.ContainsAny(all, "\r\n") || len(all) > longestLine/2 || width == 0 {
			return
		}
		end := "\n"
		if crlf {
			end = "\r\n"
		}
		var want []string
		var b bytes.Buffer
		for l := range strings.SplitSeq(all, "|") {
			if strings.TrimSpace(l[:min(len(l), int(width))]) == "" || l[0] == ' ' || l[0] == '\t' {
				return
			}
			want = append(want, l)
			for len(l) > int(width) {
				b.WriteString(l[:width] + end + " ")
				l = l[width:]
			}
			b.WriteString(l + end)
		}
		var got []string
		err := eachLine(b.Bytes(), func(_ int, s string, long bool) error {
			if long {
				t.Error("a line passes for too long")
			}
			got = append(got, s)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d lines came back of %d, or others", len(got), len(want))
		}
	})
}

// FuzzRule counts a rule out as the adapter does, and once more day by day.
func FuzzRule(f *testing.F) {
	for _, rule := range []string{
		"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=20", "FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;WKST=SU", "FREQ=WEEKLY;UNTIL=20261224T091000Z",
		"FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=4", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
		"FREQ=YEARLY;BYMONTH=11,12;BYMONTHDAY=-1,16", "FREQ=MONTHLY;BYMONTHDAY=16,17;INTERVAL=2;UNTIL=20270101", "FREQ=DAILY;BYDAY=MO;BYMONTH=12",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO", "FREQ=YEARLY", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
	} {
		f.Add(rule, uint16(0))
		f.Add(rule, uint16(500))
	}
	f.Fuzz(func(t *testing.T, rule string, day uint16) {
		start := moment{wall: time.Date(2024, time.January, 1+int(day)%1200, 9, 10, 0, 0, time.UTC), zone: gateway.London()}
		before := start.wall.AddDate(3, 0, 0)
		got, problem := counted(rule, start, before)
		if problem != "" {
			return
		}
		got = slices.DeleteFunc(got, func(t time.Time) bool { return !t.Before(before) })
		want := dayByDay(rule, start, before)
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s from %s: counted %d dates, day by day %d", rule, start.wall.Format(time.DateOnly), len(got), len(want))
		}
	})
}

// dayByDay is the slow and obvious reading of a rule that has passed the gate.
func dayByDay(rule string, start moment, before time.Time) []time.Time {
	had := map[string]string{}
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(rule), ";")), ";") {
		key, value, _ := strings.Cut(part, "=")
		had[key] = value
	}
	last, _ := ending(had["UNTIL"], start)
	most, _ := strconv.Atoi(had["COUNT"])
	var out []time.Time
	for d := start.wall; d.Before(before); d = d.AddDate(0, 0, 1) {
		if !last.IsZero() && d.After(last) || most > 0 && len(out) == most {
			break
		}
		if onDay(had, start.wall, d) && inPosition(had, start.wall, d) {
			out = append(out, d)
		}
	}
	return out
}

func inPosition(had map[string]string, start, d time.Time) bool {
	if had["BYSETPOS"] == "" {
		return true
	}
	var days []int
	first := d.AddDate(0, 0, 1-d.Day())
	for x := first; x.Month() == first.Month(); x = x.AddDate(0, 0, 1) {
		if onDay(had, start, x) {
			days = append(days, x.Day())
		}
	}
	for pos := range strings.SplitSeq(had["BYSETPOS"], ",") {
		n, _ := strconv.Atoi(pos)
		if n < 0 {
			n += len(days) + 1
		}
		if n >= 1 && n <= len(days) && days[n-1] == d.Day() {
			return true
		}
	}
	return false
}

var weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

func onDay(had map[string]string, start, d time.Time) bool {
	every, _ := strconv.Atoi(had["INTERVAL"])
	every = max(every, 1)
	apart := 0
	days, monthDays, months := had["BYDAY"], had["BYMONTHDAY"], had["BYMONTH"]
	switch had["FREQ"] {
	case "DAILY":
		apart = int(d.Sub(start).Hours()) / 24
	case "WEEKLY":
		begins := max(slices.Index(weekdays, had["WKST"]), 0)
		if had["WKST"] == "" {
			begins = 1
		}
		monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())-begins+7)%7) }
		apart = int(monday(d).Sub(monday(start)).Hours()) / 24 / 7
		if days == "" {
			days = weekdays[start.Weekday()]
		}
	case "MONTHLY":
		apart = (d.Year()-start.Year())*12 + int(d.Month()) - int(start.Month())
		if days == "" && monthDays == "" {
			monthDays = strconv.Itoa(start.Day())
		}
	case "YEARLY":
		apart = d.Year() - start.Year()
		if monthDays == "" {
			monthDays = strconv.Itoa(start.Day())
			if months == "" {
				months = strconv.Itoa(int(start.Month()))
			}
		}
	}
	return apart%every == 0 && listHas(months, strconv.Itoa(int(d.Month()))) && ofMonth(monthDays, d) && ofWeek(days, d)
}

func listHas(list, one string) bool {
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimLeft(s, "0") == one })
}

func ofMonth(list string, d time.Time) bool {
	long := d.AddDate(0, 1, -d.Day()).Day()
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
		n, _ := strconv.Atoi(s)
		return n == d.Day() || n < 0 && long+n+1 == d.Day()
	})
}

func ofWeek(list string, d time.Time) bool {
	long := d.AddDate(0, 1, -d.Day()).Day()
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
		count, name := s[:len(s)-2], s[len(s)-2:]
		n, _ := strconv.Atoi(count)
		switch {
		case name != weekdays[d.Weekday()]:
			return false
		case n > 0:
			return (d.Day()-1)/7+1 == n
		case n < 0:
			return (long-d.Day())/7+1 == -n
		}
		return true
	})
}
