package gateway

import "time"

// Hours says when texts may leave: on which days, from when to when by the
// London clock, and whether bank holidays count as ordinary days. Neither edge may
// stand from 01:00 to 02:00, the hour that the clocks skip or repeat; the
// configuration refuses such hours.
type Hours struct {
	Days         [7]bool // by time.Weekday
	From, To     int     // minutes after midnight; To is exclusive and may be 1440
	BankHolidays bool
}

// Open reports whether a text may leave at t.
func (h Hours) Open(t time.Time, n Nation) bool {
	m := minuteOfDay(t)
	return h.openDay(t, n) && m >= h.From && m < h.To
}

func (h Hours) openDay(t time.Time, n Nation) bool {
	return h.From < h.To && h.Days[t.In(London()).Weekday()] && (h.BankHolidays || !IsBankHoliday(t, n))
}

// searchDays bounds the search for an open day: the longest closed stretch that
// any sane timetable has is a week; a month covers the rest.
const searchDays = 31

// Next gives the first moment at or after t when texts may leave. It reports
// false when there is none within a month.
func (h Hours) Next(t time.Time, n Nation) (time.Time, bool) {
	for day := range searchDays {
		d := t.In(London()).AddDate(0, 0, day)
		if !h.openDay(d, n) {
			continue
		}
		from, to := wallOn(d, h.From), wallOn(d, h.To)
		switch {
		case day > 0 || t.Before(from):
			return from.UTC(), true
		case t.Before(to):
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Before gives the same wall time as t on the last earlier open day, brought
// inside that day's hours. It reports false when there is none within a month.
func (h Hours) Before(t time.Time, n Nation) (time.Time, bool) {
	for day := range searchDays {
		d := t.In(London()).AddDate(0, 0, -day)
		if !h.openDay(d, n) {
			continue
		}
		m := min(max(minuteOfDay(d), h.From), h.To-1)
		if at := wallOn(d, m); !at.After(t) {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// Closes gives the end of the open stretch of the day that t is in.
func (h Hours) Closes(t time.Time) time.Time { return wallOn(t, h.To).UTC() }
