package message

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// A rendered text is read again the way its reader will read it, by code that
// shares nothing with the code that wrote it. Only when it gives back the
// appointment's own start is it sent: a wrong clock, zone or table of months
// would otherwise misdirect a whole surgery at once.

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

// Start gives the start that a text names, as who got it at that moment reads it:
// of a reminder in any wording, its own appointment's. It is false for a text that
// names none.
func Start(t gateway.Text, at time.Time) (time.Time, bool) {
	for _, l := range []Language{English, Welsh} {
		if start, err := readBack(t.Reveal(), l, at); err == nil {
			return start, true
		}
	}
	return time.Time{}, false
}

// readBack gives the start that a reader at now understands from a text: the
// next such day, unless the year is told.
func readBack(text string, l Language, now time.Time) (time.Time, error) {
	var w when
	found := 0
	for words := strings.Fields(text); len(words) > 0; words = words[1:] {
		if at, ok := whenIn(words, l); ok {
			w, found = at, found+1
		}
	}
	if found != 1 {
		return time.Time{}, errNoWhen
	}
	weekday, knowsDay := weekdays[w.weekday]
	month, knowsMonth := months[w.month]
	hour, minute, knowsTime := readClock(w.clock)
	day, err := strconv.Atoi(w.day)
	if !knowsDay || !knowsMonth || !knowsTime || err != nil {
		return time.Time{}, errNoWhen
	}
	t, doubt := gateway.FromWall(readYear(w.year, month, day, now), month, day, hour, minute, 0)
	if local := t.In(gateway.London()); doubt != gateway.NoDoubt || local.Weekday() != weekday || local.Day() != day {
		return time.Time{}, errWrongWhen
	}
	return t, nil
}

// when is a date and time as it stands in a text.
type when struct{ weekday, day, month, year, clock string }

// whenIn reads a date and time that begin with the first word: "on Wednesday 6
// August [2027] at 9:10am." or "ar ddydd Mercher 6 Awst [2027] am 9:10am.".
func whenIn(words []string, l Language) (when, bool) {
	begin, at := []string{"on"}, "at"
	if l == Welsh {
		begin, at = []string{"ar", "ddydd"}, "am"
	}
	for _, b := range begin {
		if len(words) == 0 || words[0] != b {
			return when{}, false
		}
		words = words[1:]
	}
	if len(words) < 5 {
		return when{}, false
	}
	w := when{weekday: words[0], day: words[1], month: words[2]}
	if words = words[3:]; isNumber(words[0], 4, 4) {
		w.year, words = words[0], words[1:]
	}
	if !isNumber(w.day, 1, 2) || len(words) < 2 || words[0] != at {
		return when{}, false
	}
	w.clock = words[1]
	if w.clock == "hanner" && len(words) > 2 {
		w.clock += " " + words[2]
	}
	clock, ended := strings.CutSuffix(w.clock, ".")
	w.clock = clock
	return w, ended
}

func isNumber(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
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
	clock, half := strings.CutSuffix(s, "am")
	afternoon := false
	if !half {
		if clock, afternoon = strings.CutSuffix(s, "pm"); !afternoon {
			return 0, 0, false
		}
	}
	hours, minutes, told := strings.Cut(clock, ":")
	if !isNumber(hours, 1, 2) || hours[0] == '0' || (told && !isNumber(minutes, 2, 2)) {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(hours)
	minute, _ = strconv.Atoi("0" + minutes)
	if hour > 12 || minute > 59 {
		return 0, 0, false
	}
	hour %= 12
	if afternoon {
		hour += 12
	}
	return hour, minute, true
}
