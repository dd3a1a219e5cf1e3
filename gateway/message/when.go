package message

import (
	"strconv"
	"time"

	"bellman/gateway"
)

// Language is one in which patients are written to.
type Language uint8

// The languages.
const (
	English Language = iota
	Welsh
)

// yearFrom is how far away, in months, an appointment is when its year is told.
const yearFrom = 11

// Date gives the London day of t as the NHS writes it (digital service manual,
// "Dates and times"): weekday, day, month in full, and the year when t is eleven
// months or more from now, or past: "Wednesday 6 August". The Welsh form has the
// word for day, to stand after "ar": "ddydd Mercher 6 Awst".
func Date(t, now time.Time, l Language) string {
	t, now = t.In(gateway.London()), now.In(gateway.London())
	day := t.Format("Monday 2 January")
	if l == Welsh {
		day = "ddydd " + welshDays[t.Weekday()] + " " + strconv.Itoa(t.Day()) + " " + welshMonths[t.Month()-1]
	}
	if t.Before(now.AddDate(0, yearFrom, 0)) && !t.Before(now) {
		return day
	}
	return day + " " + strconv.Itoa(t.Year())
}

// Clock gives the London time of t as the NHS writes it: "5pm", "5:30pm",
// "9:10am", "midday", "midnight"; never 12pm or 17:30. Welsh public services
// write am and pm too, so only the words differ. Seconds are dropped.
func Clock(t time.Time, l Language) string {
	t = t.In(gateway.London())
	switch noon, whole := t.Hour() == 12, t.Minute() == 0; {
	case whole && noon:
		return [...]string{English: "midday", Welsh: "hanner dydd"}[l]
	case whole && t.Hour() == 0:
		return [...]string{English: "midnight", Welsh: "hanner nos"}[l]
	case whole:
		return t.Format("3pm")
	}
	return t.Format("3:04pm")
}

var (
	welshDays   = [...]string{"Sul", "Llun", "Mawrth", "Mercher", "Iau", "Gwener", "Sadwrn"}
	welshMonths = [...]string{
		"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin",
		"Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
	}
)
