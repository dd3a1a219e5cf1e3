package message

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// Moment is a time as a message gives it.
type Moment struct {
	At    time.Time // UTC; the earlier instant where Doubt says that there are two
	Doubt gateway.Doubt
	// Seconds: the sender told seconds, and not minutes only.
	Seconds bool
	// Offset: the sender told how far its zone is from UTC.
	Offset bool
}

// The reasons why a time cannot be read.
var (
	ErrNoTime  = errors.New("is not a time")
	ErrDayOnly = errors.New("is a day without hours and minutes")
)

// The standard's form, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ], and the one
// with dashes and colons that a Welsh sender puts into MSH-7.
var (
	compact = regexp.MustCompile(`^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.(\d{1,9}))?([+-]\d{4})?$`)
	dashed  = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?$`)
)

// Time reads a time to the minute or finer. One without an offset is the clock on
// the wall in zone, which is London or UTC.
func Time(s string, zone *time.Location) (Moment, error) {
	f := compact.FindStringSubmatch(s)
	if f == nil {
		if f = dashed.FindStringSubmatch(s); f == nil {
			return Moment{}, ErrNoTime
		}
	}
	if f[5] == "" {
		if f[3] == "" || !onCalendar(f) {
			return Moment{}, ErrNoTime
		}
		return Moment{}, ErrDayOnly
	}
	n := func(i int) int { v, _ := strconv.Atoi(f[i]); return v }
	if !onCalendar(f) || n(4) > 23 || n(5) > 59 || n(6) > 59 {
		return Moment{}, ErrNoTime
	}
	m := Moment{Seconds: f[6] != "", Offset: f[8] != ""}
	parts := time.Duration(0)
	if f[7] != "" {
		nano, _ := strconv.Atoi((f[7] + "000000000")[:9])
		parts = time.Duration(nano)
	}
	switch {
	case m.Offset:
		away, ok := offset(f[8])
		if !ok {
			return Moment{}, ErrNoTime
		}
		m.At = time.Date(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6), 0, time.UTC).Add(-away)
	case zone == time.UTC:
		m.At = time.Date(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6), 0, time.UTC)
	default:
		m.At, m.Doubt = gateway.FromWall(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6))
	}
	m.At = m.At.Add(parts)
	return m, nil
}

// onCalendar reports whether the day of a time is one.
func onCalendar(f []string) bool {
	_, err := time.Parse(time.DateOnly, f[1]+"-"+f[2]+"-"+f[3])
	return err == nil && f[1] >= "1800"
}

// offset reads +0100, +01:00 or Z.
func offset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	s = strings.Replace(s, ":", "", 1)
	n, err := strconv.Atoi(s[1:])
	away := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if s[0] == '-' {
		away = -away
	}
	return away, err == nil && n%100 < 60 && n <= 1400
}
