package gateway

import "time"

// IsBankHoliday reports whether the London day of t is a bank holiday in the
// nation: the days that gov.uk/bank-holidays lists, by the rules of the Banking
// and Financial Dealings Act 1971 and the proclamations since 2019. A day
// proclaimed after this was written is missing until it is added below.
func IsBankHoliday(t time.Time, n Nation) bool {
	l := t.In(London())
	y, m, d := l.Date()
	day := civilDay{y, m, d}
	if nations, ok := proclaimed[day]; ok {
		return nations == nil || contains(nations, n)
	}
	if moved[day] {
		return false
	}
	return isFixed(day, n) || isMonday(day, n) || isEaster(day, n)
}

type civilDay struct {
	year  int
	month time.Month
	day   int
}

func (c civilDay) weekday() time.Weekday {
	return time.Date(c.year, c.month, c.day, 12, 0, 0, 0, time.UTC).Weekday()
}

func (c civilDay) add(days int) civilDay {
	y, m, d := time.Date(c.year, c.month, c.day+days, 12, 0, 0, 0, time.UTC).Date()
	return civilDay{y, m, d}
}

// proclaimed lists single days by royal proclamation; nil means all nations.
var proclaimed = map[civilDay][]Nation{
	{2020, time.May, 8}:        nil,        // VE Day, early May holiday moved
	{2022, time.June, 2}:       nil,        // spring holiday moved
	{2022, time.June, 3}:       nil,        // Platinum Jubilee
	{2022, time.September, 19}: nil,        // State Funeral
	{2023, time.May, 8}:        nil,        // Coronation
	{2026, time.June, 15}:      {Scotland}, // World Cup
}

// moved lists ordinary holidays that did not take place.
var moved = map[civilDay]bool{
	{2020, time.May, 4}:  true,
	{2022, time.May, 30}: true,
}

// fixed are the holidays with a date; one on a weekend is kept on the next
// weekday that is not itself a holiday.
func fixedOf(year int, n Nation) []civilDay {
	days := []civilDay{{year, time.January, 1}}
	switch n {
	case Scotland:
		days = append(days, civilDay{year, time.January, 2}, civilDay{year, time.November, 30})
	case NorthernIreland:
		days = append(days, civilDay{year, time.March, 17}, civilDay{year, time.July, 12})
	case England, Wales:
	}
	return append(days, civilDay{year, time.December, 25}, civilDay{year, time.December, 26})
}

func isFixed(day civilDay, n Nation) bool {
	taken := map[civilDay]bool{}
	var weekend []civilDay
	for _, f := range fixedOf(day.year, n) {
		if w := f.weekday(); w == time.Saturday || w == time.Sunday {
			weekend = append(weekend, f)
		} else {
			taken[f] = true
		}
	}
	for _, f := range weekend {
		for w := f.weekday(); w == time.Saturday || w == time.Sunday || taken[f]; w = f.weekday() {
			f = f.add(1)
		}
		taken[f] = true
	}
	return taken[day]
}

// isMonday covers the Mondays of May and August.
func isMonday(day civilDay, n Nation) bool {
	if day.weekday() != time.Monday {
		return false
	}
	last := day.add(7).month != day.month
	switch day.month {
	case time.May:
		return day.day <= 7 || last
	case time.August:
		if n == Scotland {
			return day.day <= 7
		}
		return last
	}
	return false
}

func isEaster(day civilDay, n Nation) bool {
	sunday := easter(day.year)
	return day == sunday.add(-2) || (n != Scotland && day == sunday.add(1))
}

// easter gives Easter Sunday of the Gregorian calendar (the anonymous algorithm
// of Meeus, Jones and Butcher).
func easter(y int) civilDay {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	day := (h + l - 7*m + 33*month + 19) % 32
	return civilDay{y, time.Month(month), day}
}

func contains(ns []Nation, n Nation) bool {
	for _, x := range ns {
		if x == n {
			return true
		}
	}
	return false
}
