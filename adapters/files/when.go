package files

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// DateFormats are the ways of writing dates that a practice may choose from. DD
// and MM may be written with one digit where something stands between them; MMM
// is the month's English name, whole or short.
var DateFormats = []string{
	"DD/MM/YYYY", "DD/MM/YY", "DD-MM-YYYY", "DD.MM.YYYY",
	"DD-MMM-YYYY", "DD-MMM-YY", "DD MMM YYYY",
	"YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD",
	"MM/DD/YYYY",
}

// errOrder condemns a whole file: its dates are not in the declared order, so the
// ones that look right are wrong too.
var errOrder = errors.New("the month is above 12: the dates of this file are not written as date_format says")

// day is a date without a time.
type day struct {
	year  int
	month time.Month
	day   int
	zone  *time.Location
}

func (d day) midnight() time.Time { return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, d.zone) }

// same reports whether it is the day of t, in t's own zone.
func (d day) same(t time.Time) bool {
	y, m, n := t.Date()
	return y == d.year && m == d.month && n == d.day
}

// dateReader reads dates and times as one practice writes them.
type dateReader struct {
	alone  *regexp.Regexp // a date
	joined *regexp.Regexp // a date with a time behind it
	order  []string       // which of day, month, year each group is
	format string
	utc    bool
}

func newDateReader(format, zone string) dateReader {
	r := dateReader{format: format, utc: zone == "UTC"}
	digits := `([0-9]{1,2})`
	if format == "YYYYMMDD" {
		digits = `([0-9]{2})`
	}
	pattern := dateParts.ReplaceAllStringFunc(regexp.QuoteMeta(format), func(part string) string {
		r.order = append(r.order, part)
		switch part {
		case "YYYY":
			return `([0-9]{4})`
		case "YY":
			return `([0-9]{2})`
		case "MMM":
			return `([A-Za-z]{3,9})`
		}
		return digits
	})
	r.alone = regexp.MustCompile(`^` + pattern + `$`)
	r.joined = regexp.MustCompile(`^(` + pattern + `)(?:T|,? +)(.+)$`)
	return r
}

// write gives the day of t, in t's own zone, as date_format has it. Years in two
// digits are those from 2000.
func (r dateReader) write(t time.Time) string {
	return dateParts.ReplaceAllStringFunc(r.format, func(part string) string {
		switch part {
		case "YYYY":
			return t.Format("2006")
		case "YY":
			return t.Format("06")
		case "MMM":
			return t.Format("Jan")
		case "MM":
			return t.Format("01")
		}
		return t.Format("02")
	})
}

var dateParts = regexp.MustCompile(`YYYY|YY|MMM|MM|DD`)

// date reads a date. It gives the problem of one that cannot be read, and
// errOrder when day and month stand the other way round.
func (r dateReader) date(s string) (day, string, error) {
	m := r.alone.FindStringSubmatch(s)
	switch {
	case s == "":
		return day{}, "the date is empty", nil
	case m == nil:
		return day{}, "the date is not written as date_format says", nil
	}
	d := day{zone: gateway.London()}
	if r.utc {
		d.zone = time.UTC
	}
	for i, part := range r.order {
		n, _ := strconv.Atoi(m[i+1])
		switch part {
		case "YYYY":
			d.year = n
		case "YY":
			d.year = 2000 + n
		case "MMM":
			d.month = monthOf(m[i+1])
		case "MM":
			d.month = time.Month(n)
		case "DD":
			d.day = n
		}
	}
	if d.month > 12 && d.month <= 31 && d.day <= 12 {
		return day{}, "", errOrder
	}
	if y, month, n := d.midnight().Add(12 * time.Hour).Date(); y != d.year || month != d.month || n != d.day {
		return day{}, "the date is not in the calendar", nil
	}
	return d, "", nil
}

// monthOf reads a month's English name: whole, its first three letters, or Sept.
// It gives 0 for anything else.
func monthOf(s string) time.Month {
	s = strings.ToLower(s)
	for m := time.January; m <= time.December; m++ {
		full := strings.ToLower(m.String())
		if s == full || s == full[:3] || (m == time.September && s == "sept") {
			return m
		}
	}
	return 0
}

// dateTime reads a date and a time in one cell, a space, a comma or a T between.
func (r dateReader) dateTime(s string) (time.Time, gateway.Doubt, string, error) {
	m := r.joined.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, 0, "date and time are not written as date_format says, with the time behind", nil
	}
	return r.start(m[1], m[len(m)-1])
}

// start places a date and a time on the time line.
func (r dateReader) start(date, clock string) (time.Time, gateway.Doubt, string, error) {
	d, problem, err := r.date(date)
	if err != nil || problem != "" {
		return time.Time{}, 0, problem, err
	}
	t, problem := readTime(clock, r.utc)
	if problem != "" {
		return time.Time{}, 0, problem, nil
	}
	if r.utc {
		return time.Date(d.year, d.month, d.day, t.hour, t.minute, t.second, 0, time.UTC), gateway.NoDoubt, "", nil
	}
	start, doubt := gateway.FromWall(d.year, d.month, d.day, t.hour, t.minute, t.second)
	return start, doubt, "", nil
}

type wallTime struct{ hour, minute, second int }

var (
	// A dot stands only in times with am or pm: 0.38 is how a spreadsheet shows
	// seven minutes past nine when it is left to itself.
	clock24 = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?(Z)?$`)
	clock12 = regexp.MustCompile(`^([0-9]{1,2})(?:[:.]([0-9]{2}))?(?::([0-9]{2}))? ?([ap])\.?m\.?$`)
)

// readTime reads a wall time: 14:30, 14:30:00, 2:30 pm, 2.30pm, 2pm. Without am
// or pm it must be the 24-hour clock for certain: 2:30 may be the afternoon, and
// 02:30 is not. A Z belongs to UTC only.
func readTime(s string, utc bool) (wallTime, string) {
	s = strings.ToLower(strings.TrimSpace(s))
	if m := clock12.FindStringSubmatch(s); m != nil {
		return twelve(m)
	}
	m := clock24.FindStringSubmatch(strings.ToUpper(s))
	switch {
	case s == "":
		return wallTime{}, "the time is empty"
	case m == nil:
		return wallTime{}, "the time is not one such as 14:30 or 2:30pm"
	case m[4] != "" && !utc:
		return wallTime{}, "the time says that it is UTC, and zone does not"
	case len(m[1]) == 1 && m[1] >= "1" && m[1] <= "7":
		return wallTime{}, "the time may be morning or evening: write 02:30 or 2:30pm"
	}
	t := wallTime{atoi(m[1]), atoi(m[2]), atoi(m[3])}
	if t.hour > 23 || t.minute > 59 || t.second > 59 {
		return wallTime{}, "the time is not on the clock"
	}
	return t, ""
}

func twelve(m []string) (wallTime, string) {
	t := wallTime{atoi(m[1]), atoi(m[2]), atoi(m[3])}
	switch {
	case t.hour < 1 || t.hour > 12 || t.minute > 59 || t.second > 59:
		return wallTime{}, "the time is not on the clock"
	case t.hour == 12 && m[4] == "a":
		return wallTime{}, "12 am is midnight to some and noon to others"
	case t.hour < 12 && m[4] == "p":
		t.hour += 12
	}
	return t, ""
}

// atoi reads digits that a pattern has already found, or nothing.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// born reads a date of birth. One that cannot be read is unclear, and says nothing
// of the dates of visits.
func (r dateReader) born(s string) gateway.Birth {
	d, problem, err := r.date(s)
	if err != nil || problem != "" {
		return gateway.UnclearBirth()
	}
	return gateway.NewBirth(d.year, d.month, d.day)
}
