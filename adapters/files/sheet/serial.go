package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// daysApart lies between the two ways of counting days.
const daysApart = 1462

// Moment reads a number as Excel counts: whole days since 30 December 1899, or
// since 1 January 1904, and the time of day as a fraction, to the second. day is
// midnight in no zone (UTC), clock what has passed of the day by the wall clock.
// days is the whole part as it stands: 0 for a time without a day. It reports false
// for numbers that are no moment, and for days before 1 March 1900: Excel believes
// in a 29 February of that year.
func Moment(number string, from1904 bool) (day time.Time, clock time.Duration, days int, ok bool) {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f >= 2958466 {
		return time.Time{}, 0, 0, false
	}
	whole := math.Floor(f)
	seconds := math.Round((f - whole) * 86400)
	if seconds == 86400 { // a hair before midnight is midnight
		whole, seconds = whole+1, 0
	}
	days, clock = int(whole), time.Duration(seconds)*time.Second
	n := days
	if from1904 && n > 0 {
		n += daysApart
	}
	if n != 0 && n < 61 || n > 2958465 {
		return time.Time{}, 0, 0, false
	}
	return time.Date(1899, time.December, 30+n, 0, 0, 0, 0, time.UTC), clock, days, true
}

// Digits gives a whole number without exponent or decimal point: 7700900123 for
// 7.700900123E9. It reports false when the number is not whole, or has more digits
// than Excel keeps.
func Digits(number string) (string, bool) {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1e15 {
		return "", false
	}
	return strings.TrimPrefix(strconv.FormatFloat(f, 'f', 0, 64), "+"), true
}
