package tpp

import (
	"regexp"
	"strconv"
	"time"

	"bellman/gateway"
)

// wallForm is how SystmOne writes a moment. Some of TPP's examples end in ".0Z"
// although TPP says that a time is local and never has a zone: the Z, and an offset
// of nothing, are passed over and do not mean UTC. Any other offset is not
// understood.
var wallForm = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)?$`)

// parseWall places a moment of SystmOne, London wall time, on the time line.
func parseWall(s string) (start time.Time, doubt gateway.Doubt, ok bool) {
	m := wallForm.FindStringSubmatch(trim(s))
	if m == nil {
		return time.Time{}, gateway.NoDoubt, false
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // digits only
	}
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return time.Time{}, gateway.NoDoubt, false
	}
	if time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC).Day() != n[2] {
		return time.Time{}, gateway.NoDoubt, false // 31 February
	}
	start, doubt = gateway.FromWall(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5])
	return start, doubt, true
}

// writeWall writes a moment as queries take it.
func writeWall(t time.Time) string { return t.In(gateway.London()).Format("2006-01-02T15:04:05") }

// reached reads a date and reports whether it is today in London, or past. What
// follows the date is passed over.
func reached(date string, now time.Time) (past, ok bool) {
	date = trim(date)
	if len(date) > len(time.DateOnly) && date[len(time.DateOnly)] == 'T' {
		date = date[:len(time.DateOnly)]
	}
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return false, false
	}
	y, m, day := now.In(gateway.London()).Date()
	return !d.After(time.Date(y, m, day, 0, 0, 0, 0, time.UTC)), true
}

// daysOf gives the London days that a span touches: the first moment of each.
func daysOf(span gateway.Span) []time.Time {
	l := span.From.In(gateway.London())
	day := time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, gateway.London())
	var out []time.Time
	for ; day.Before(span.To); day = day.AddDate(0, 0, 1) {
		out = append(out, day)
	}
	return out
}
