package message_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/message"
)

// london gives a moment by the clock on the wall.
func london(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, gateway.London())
}

func TestClockIsWrittenAsTheNHSWritesIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hour, minute   int
		english, welsh string
	}{
		{0, 0, "midnight", "hanner nos"},
		{0, 5, "12:05am", "12:05am"},
		{1, 0, "1am", "1am"},
		{8, 0, "8am", "8am"},
		{9, 5, "9:05am", "9:05am"},
		{9, 10, "9:10am", "9:10am"},
		{11, 59, "11:59am", "11:59am"},
		{12, 0, "midday", "hanner dydd"},
		{12, 1, "12:01pm", "12:01pm"},
		{13, 0, "1pm", "1pm"},
		{17, 0, "5pm", "5pm"},
		{17, 30, "5:30pm", "5:30pm"},
		{23, 59, "11:59pm", "11:59pm"},
	} {
		at := london(2026, time.August, 6, c.hour, c.minute).UTC()
		if got := message.Clock(at, message.English); got != c.english {
			t.Errorf("%02d:%02d: %q, want %q", c.hour, c.minute, got, c.english)
		}
		if got := message.Clock(at, message.Welsh); got != c.welsh {
			t.Errorf("%02d:%02d in Welsh: %q, want %q", c.hour, c.minute, got, c.welsh)
		}
	}
}

func TestDateIsWrittenAsTheNHSWritesIt(t *testing.T) {
	t.Parallel()
	now := london(2026, time.January, 5, 9, 0)
	for _, c := range []struct {
		at             time.Time
		english, welsh string
	}{
		{london(2026, time.January, 5, 17, 0), "Monday 5 January", "ddydd Llun 5 Ionawr"},
		{london(2026, time.February, 3, 9, 0), "Tuesday 3 February", "ddydd Mawrth 3 Chwefror"},
		{london(2026, time.March, 4, 9, 0), "Wednesday 4 March", "ddydd Mercher 4 Mawrth"},
		{london(2026, time.April, 2, 9, 0), "Thursday 2 April", "ddydd Iau 2 Ebrill"},
		{london(2026, time.May, 1, 9, 0), "Friday 1 May", "ddydd Gwener 1 Mai"},
		{london(2026, time.June, 6, 9, 0), "Saturday 6 June", "ddydd Sadwrn 6 Mehefin"},
		{london(2026, time.July, 12, 9, 0), "Sunday 12 July", "ddydd Sul 12 Gorffennaf"},
		{london(2026, time.August, 31, 9, 0), "Monday 31 August", "ddydd Llun 31 Awst"},
		{london(2026, time.September, 30, 9, 0), "Wednesday 30 September", "ddydd Mercher 30 Medi"},
		{london(2026, time.October, 8, 9, 0), "Thursday 8 October", "ddydd Iau 8 Hydref"},
		{london(2026, time.November, 10, 9, 0), "Tuesday 10 November", "ddydd Mawrth 10 Tachwedd"},
		{london(2026, time.December, 4, 9, 0), "Friday 4 December", "ddydd Gwener 4 Rhagfyr"},
		{london(2026, time.December, 5, 8, 59), "Saturday 5 December", "ddydd Sadwrn 5 Rhagfyr"},
		{london(2026, time.December, 5, 9, 0), "Saturday 5 December 2026", "ddydd Sadwrn 5 Rhagfyr 2026"},
		{london(2027, time.January, 5, 9, 0), "Tuesday 5 January 2027", "ddydd Mawrth 5 Ionawr 2027"},
		{london(2025, time.December, 24, 9, 0), "Wednesday 24 December 2025", "ddydd Mercher 24 Rhagfyr 2025"},
	} {
		if got := message.Date(c.at.UTC(), now, message.English); got != c.english {
			t.Errorf("%q, want %q", got, c.english)
		}
		if got := message.Date(c.at.UTC(), now, message.Welsh); got != c.welsh {
			t.Errorf("%q, want %q", got, c.welsh)
		}
	}
}

func TestTheDayIsLondonsWhateverTheZoneOfTheInstant(t *testing.T) {
	t.Parallel()
	at := london(2026, time.July, 1, 0, 30) // still 30 June in UTC and in New York
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("New York", -4*3600), time.FixedZone("Auckland", 12*3600)} {
		in := at.In(zone)
		if got := message.Date(in, at.AddDate(0, 0, -7), message.English); got != "Wednesday 1 July" {
			t.Errorf("%s: %q", zone, got)
		}
		if got := message.Clock(in, message.English); got != "12:30am" {
			t.Errorf("%s: %q", zone, got)
		}
	}
}

// TestEnglishDatesAgreeWithTheCalendar writes random days and compares them with
// what the standard library reads from them.
func TestEnglishDatesAgreeWithTheCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_700_000_000, 2_500_000_000).Draw(t, "instant"), 0)
		got := message.Date(at, at.AddDate(-2, 0, 0), message.English)
		read, err := time.Parse("Monday 2 January 2006", got)
		if err != nil {
			t.Fatalf("%q is not a date", got)
		}
		y, m, d := at.In(gateway.London()).Date()
		if ry, rm, rd := read.Date(); ry != y || rm != m || rd != d || read.Format("Monday") != at.In(gateway.London()).Format("Monday") {
			t.Errorf("%q, want %d-%d-%d", got, y, m, d)
		}
	})
}
