package message

import (
	"errors"
	"regexp"
	"strconv"
	"time"

	"bellman/gateway"
)

// A rendered text is read again the way its reader will read it, by code that
// shares nothing with the code that wrote it. Only when it gives back the
// appointment's own start is it sent: a wrong clock, zone or table of months
// would otherwise misdirect a whole surgery at once.

var (
	englishWhen = regexp.MustCompile(`\bon ([A-Z][a-z]+day) ([0-9]{1,2}) ([A-Z][a-z]+)(?: ([0-9]{4}))? at ([0-9:apm]+|midday|midnight)\.`)
	welshWhen   = regexp.MustCompile(`\bar ddydd ([A-Z][a-z]+) ([0-9]{1,2}) ([A-Z][a-z]+)(?: ([0-9]{4}))? am ([0-9:apm]+|hanner dydd|hanner nos)\.`)
	clockWords  = regexp.MustCompile(`^(1[0-2]|[1-9])(?::([0-5][0-9]))?([ap])m$`)
)

// The words as a reader knows them.
var (
	weekdays = map[string]time.Weekday{
		"Monday": 1, "Tuesday": 2, "Wednesday": 3, "Thursday": 4, "Friday": 5, "Saturday": 6, "Sunday": 0,
		"Llun": 1, "Mawrth": 2, "Mercher": 3, "Iau": 4, "Gwener": 5, "Sadwrn": 6, "Sul": 0,
	}
	months = map[string]time.Month{
		"January": 1, "February": 2, "March": 3, "April": 4, "May": 5, "June": 6, "July": 7,
		"August": 8, "September": 9, "October": 10, "November": 11, "December": 12,
		"Ionawr": 1, "Chwefror": 2, "Mawrth": 3, "Ebrill": 4, "Mai": 5, "Mehefin": 6, "Gorffennaf": 7,
		"Awst": 8, "Medi": 9, "Hydref": 10, "Tachwedd": 11, "Rhagfyr": 12,
	}
)

var (
	errNoWhen    = errors.New("the text does not hold one date and time")
	errWrongWhen = errors.New("the text's date and time do not give back the appointment's start")
)

// readBack gives the start that a reader at now understands from a text: the
// next such day, unless the year is told.
func readBack(text string, l Language, now time.Time) (time.Time, error) {
	pattern := englishWhen
	if l == Welsh {
		pattern = welshWhen
	}
	found := pattern.FindAllStringSubmatch(text, 2)
	if len(found) != 1 {
		return time.Time{}, errNoWhen
	}
	words := found[0]
	weekday, knowsDay := weekdays[words[1]]
	month, knowsMonth := months[words[3]]
	hour, minute, knowsTime := readClock(words[5])
	day, err := strconv.Atoi(words[2])
	if !knowsDay || !knowsMonth || !knowsTime || err != nil {
		return time.Time{}, errNoWhen
	}
	t, doubt := gateway.FromWall(readYear(words[4], month, day, now), month, day, hour, minute, 0)
	if local := t.In(gateway.London()); doubt != gateway.NoDoubt || local.Weekday() != weekday || local.Day() != day {
		return time.Time{}, errWrongWhen
	}
	return t, nil
}

// readYear gives the year that is told, else that of the next such day from today.
func readYear(told string, month time.Month, day int, now time.Time) int {
	if year, err := strconv.Atoi(told); err == nil {
		return year
	}
	year, thisMonth, today := now.In(gateway.London()).Date()
	if month < thisMonth || (month == thisMonth && day < today) {
		return year + 1
	}
	return year
}

func readClock(s string) (hour, minute int, ok bool) {
	switch s {
	case "midday", "hanner dydd":
		return 12, 0, true
	case "midnight", "hanner nos":
		return 0, 0, true
	}
	words := clockWords.FindStringSubmatch(s)
	if words == nil {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(words[1])
	minute, _ = strconv.Atoi("0" + words[2])
	hour %= 12
	if words[3] == "p" {
		hour += 12
	}
	return hour, minute, true
}
