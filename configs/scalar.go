package configs

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// setter is a value of our own that reads itself and says what to write instead.
// What it says never holds what was written.
type setter interface {
	set(s string) (problem string)
}

// setScalar puts words into a value. The problem never holds the words.
func setScalar(v reflect.Value, s string) (problem string) {
	if own, ok := v.Addr().Interface().(setter); ok {
		return own.set(s)
	}
	if foreign, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if foreign.UnmarshalText([]byte(s)) != nil {
			return "is not written in the form that this key takes: see its example in the documentation"
		}
		return ""
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, problem := parseDuration(s)
		v.SetInt(int64(d))
		return problem
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		return setBool(v, s)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return "must be a whole number, such as 10"
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, v.Type().Bits())
		if err != nil {
			return "must be a whole number of at least 0, such as 10"
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil || n != n {
			return "must be a number, such as 2.5"
		}
		v.SetFloat(n)
	default:
		return "cannot be set in the configuration: remove it"
	}
	return ""
}

func setBool(v reflect.Value, s string) string {
	if s != "true" && s != "false" {
		return "must be true or false"
	}
	v.SetBool(s == "true")
	return ""
}

// parseDuration reads 2h, 90m or 45s: whole hours, minutes or seconds.
func parseDuration(s string) (time.Duration, string) {
	const form = "must be a time span such as 2h, 90m or 45s"
	if len(s) < 2 {
		return 0, form
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 0 || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		return 0, form
	}
	unit := map[byte]time.Duration{'h': time.Hour, 'm': time.Minute, 's': time.Second}[s[len(s)-1]]
	switch {
	case s[len(s)-1] == 'd':
		return 0, "days (d) stand only in reminders: write hours, such as 24h"
	case unit == 0:
		return 0, form
	case n > int(10000*time.Hour/unit):
		return 0, "is longer than a year: write a shorter span, such as 2h"
	}
	return time.Duration(n) * unit, ""
}

// Mode says whether texts are real.
type Mode string

// The modes. The zero value is none of them and is refused.
const (
	Sim  Mode = "sim"  // everything outside is simulated
	Test Mode = "test" // a real provider, and only the numbers of allow_numbers
	Live Mode = "live"
)

// Trial reports whether only the numbers of allow_numbers may be texted.
func (m Mode) Trial() bool { return m != Live }

func (m *Mode) set(s string) string {
	switch Mode(s) {
	case Sim, Test, Live:
		*m = Mode(s)
		return ""
	}
	return "must be sim, test or live"
}

// peekMode reads the mode ahead of all else; secrets are read more strictly in
// live mode.
func peekMode(root *node) Mode {
	if n := root.get("mode"); n != nil {
		return Mode(n.text)
	}
	return ""
}

// lead is a rule as reminders[].before gives it.
type lead struct{ gateway.Rule }

func (l *lead) set(s string) string {
	rule, err := gateway.ParseRule(s)
	if err != nil {
		return "must be a lead time such as 7d (calendar days, at most 60), 2h or 90m (at most a week)"
	}
	l.Rule = rule
	return ""
}

// wall is a time of day in minutes after midnight.
type wall int

func (w *wall) set(s string) string {
	if s == "24:00" {
		*w = 24 * 60
		return ""
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return `must be a time of day such as "08:00", in quotes`
	}
	*w = wall(t.Hour()*60 + t.Minute())
	return ""
}

// weekday is a day as policy.window.days gives it: one more than time.Weekday,
// so that what could not be read is no day.
type weekday int

const oneOfDays = "must be one of mon, tue, wed, thu, fri, sat, sun"

func (d *weekday) set(s string) string {
	for i, name := range []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if s == name {
			*d = weekday(i + 1)
			return ""
		}
	}
	return oneOfDays
}

// lateBooking is what policy.booked_late says of a reminder that was due before
// its appointment was first read.
type lateBooking bool

func (l *lateBooking) set(s string) string {
	switch s {
	case "send", "withhold":
		*l = s == "send"
		return ""
	}
	return "must be send or withhold"
}

// nation is a practice's nation.
type nation gateway.Nation

func (n *nation) set(s string) string {
	for _, known := range gateway.Nations {
		if s == string(known) {
			*n = nation(known)
			return ""
		}
	}
	return "must be england, wales, scotland or northern-ireland: it decides the bank holidays"
}

// ods is a practice's code.
type ods gateway.ODS

func (o *ods) set(s string) string {
	if !gateway.ValidODS(s) {
		return "must be the practice's ODS code: 1 to 12 capitals, digits or hyphens, such as A81001"
	}
	*o = ods(s)
	return ""
}
