package calendar

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"bellman/gateway"
)

// instance is one of a series, where its rule puts it.
type instance struct {
	key    string // empty: the event stands alone
	start  time.Time
	doubt  gateway.Doubt
	status gateway.Status
}

// instances gives those of an event that its rule puts into the span, those taken
// out included. An event without a rule is one that stands alone.
func (r *reader) instances(e *event) ([]instance, string) {
	if e.rule == "" && len(e.more) == 0 && len(e.less) == 0 {
		start, doubt := e.start.placed()
		return []instance{{start: start, doubt: doubt, status: e.status}}, ""
	}
	if r.series++; r.series > mostSeries {
		return nil, "is one of more series than any diary has"
	}
	walls := []time.Time{e.start.wall}
	if e.rule != "" {
		last := r.span.To.In(e.start.zone)
		var problem string
		walls, problem = counted(e.rule, e.start, wallOf(last).AddDate(0, 0, 1))
		if problem != "" {
			return nil, problem
		}
	}
	var out []instance
	for _, w := range walls {
		out = r.put(out, e, moment{wall: w, zone: e.start.zone})
	}
	for _, m := range e.more {
		if !m.day {
			out = r.put(out, e, m)
		}
	}
	return out, ""
}

// put adds one of a series when it lies in the span.
func (r *reader) put(out []instance, e *event, m moment) []instance {
	i := instance{key: keyOf(m), status: e.status}
	i.start, i.doubt = m.placed()
	if !r.span.Has(i.start) || slices.ContainsFunc(out, func(o instance) bool { return o.key == i.key }) {
		return out
	}
	if m.zone == time.UTC && e.start.zone == time.UTC && e.rule != "" && summer(i.start) != summer(e.start.wall) {
		// By the letter its clock time in London has changed with the season, which
		// hardly anybody means who books every Monday at ten.
		i.status = gateway.StatusUnknown
	}
	switch without(e.less, i, m) {
	case gateway.FlagYes:
		i.status = gateway.StatusCancelled
	case gateway.FlagUnclear:
		i.status = gateway.StatusUnknown
	case gateway.FlagNo:
	}
	return append(out, i)
}

// without says whether one of a series is taken out of it. A date of exception on
// its day at another time is somebody's attempt to: unclear.
func without(less []moment, i instance, m moment) gateway.Flag {
	said := gateway.FlagNo
	for _, x := range less {
		t, _ := x.placed()
		switch {
		case x.day && sameDay(x.wall, m.wall), !x.day && t.Equal(i.start):
			return gateway.FlagYes
		case !x.day && sameDay(t.In(gateway.London()), i.start.In(gateway.London())):
			said = gateway.FlagUnclear
		}
	}
	return said
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

func summer(t time.Time) bool {
	_, offset := t.In(gateway.London()).Zone()
	return offset != 0
}

// wallOf gives what the clock shows, as if it were UTC.
func wallOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// mostCounted bounds how far a rule is counted from its first date: a hundred
// years of days.
const mostCounted = 40_000

// counted gives the wall times that a rule gives, up to one that is not included.
func counted(rule string, start moment, before time.Time) (_ []time.Time, problem string) {
	const strange = "recurs by a rule that is not read"
	defer func() {
		if recover() != nil {
			problem = strange
		}
	}()
	parts, until, ok := gated(rule)
	if !ok {
		return nil, strange
	}
	option, err := rrule.StrToROption(parts)
	if err != nil {
		return nil, strange
	}
	option.Dtstart, option.Until = start.wall, before
	last, ok := ending(until, start)
	switch {
	case !ok:
		return nil, strange
	case !last.IsZero() && last.Before(before):
		option.Until = last
	}
	counter, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, strange
	}
	var out []time.Time
	for next, n := counter.Iterator(), 0; ; n++ {
		t, more := next()
		switch {
		case !more:
			return out, ""
		case n == 0 && !t.Equal(start.wall):
			return nil, "does not begin on a date of its own rule"
		case n == mostCounted:
			return nil, "recurs oftener than any visit"
		}
		out = append(out, t)
	}
}

// ending reads the last moment of a rule, as a wall time of its series.
func ending(until string, start moment) (time.Time, bool) {
	switch {
	case until == "":
		return time.Time{}, true
	case dayForm.MatchString(until):
		day, err := time.Parse("20060102", until)
		return day.Add(24*time.Hour - time.Second), err == nil
	case !wallForm.MatchString(until):
		return time.Time{}, false
	}
	t, err := time.Parse("20060102T150405", strings.TrimSuffix(until, "Z"))
	if err == nil && strings.HasSuffix(until, "Z") {
		t = wallOf(t.In(start.zone))
	}
	return t, err == nil
}

// allowed are the parts of a rule that are read, and what they may be.
var allowed = map[string]*regexp.Regexp{
	"FREQ":       regexp.MustCompile(`^(DAILY|WEEKLY|MONTHLY|YEARLY)$`),
	"INTERVAL":   regexp.MustCompile(`^[1-9][0-9]{0,2}$`),
	"COUNT":      regexp.MustCompile(`^[1-9][0-9]{0,4}$`),
	"WKST":       regexp.MustCompile(`^(MO|TU|WE|TH|FR|SA|SU)$`),
	"BYDAY":      regexp.MustCompile(`^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,13}$`),
	"BYMONTHDAY": regexp.MustCompile(`^-?[1-9][0-9]?(,-?[1-9][0-9]?){0,30}$`),
	"BYMONTH":    regexp.MustCompile(`^[1-9][0-9]?(,[1-9][0-9]?){0,11}$`),
	"BYSETPOS":   regexp.MustCompile(`^-?[1-5]$`),
}

// gated lets through the rules that clinics use, and takes their end out. The
// library loops for ever on some rules of hours, looks beyond its tables for the
// 53rd Monday of a month, and counts to the year 9999 for a 30 February or the
// ninth Monday of a month.
func gated(rule string) (parts, until string, ok bool) {
	had := map[string]string{}
	var kept []string
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(rule), ";")), ";") {
		key, value, _ := strings.Cut(part, "=")
		if _, twice := had[key]; twice {
			return "", "", false
		}
		had[key] = value
		if key == "UNTIL" {
			until = value
			continue
		}
		if form := allowed[key]; form == nil || !form.MatchString(value) {
			return "", "", false
		}
		kept = append(kept, key+"="+value)
	}
	freq := had["FREQ"]
	counts := strings.ContainsAny(had["BYDAY"], "12345")
	switch {
	case freq == "",
		had["UNTIL"] != "" && had["COUNT"] != "",
		counts && (freq != "MONTHLY" || !countsAll(had["BYDAY"])),
		freq == "YEARLY" && had["BYDAY"] != "",
		freq == "WEEKLY" && had["BYMONTHDAY"] != "",
		had["BYSETPOS"] != "" && (freq != "MONTHLY" || had["BYDAY"] == "" || counts || had["BYMONTHDAY"] != ""),
		counts && had["BYMONTHDAY"] != "",
		!possible(had["BYMONTH"], had["BYMONTHDAY"]):
		return "", "", false
	}
	return strings.Join(kept, ";"), until, true
}

// countsAll reports whether every day of a list is counted, as in 1MO,3MO. The
// library takes 1MO,TU for a Monday that is a Tuesday.
func countsAll(days string) bool {
	for d := range strings.SplitSeq(days, ",") {
		if !strings.ContainsAny(d, "12345") {
			return false
		}
	}
	return true
}

// possible reports whether some month has one of the days.
func possible(months, days string) bool {
	if days == "" {
		return true
	}
	if months == "" {
		months = "1"
	}
	for m := range strings.SplitSeq(months, ",") {
		month, _ := strconv.Atoi(m)
		if month < 1 || month > 12 {
			return false
		}
		long := time.Date(2028, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		for d := range strings.SplitSeq(days, ",") {
			if n, _ := strconv.Atoi(strings.TrimPrefix(d, "-")); n >= 1 && n <= long {
				return true
			}
		}
	}
	return false
}
