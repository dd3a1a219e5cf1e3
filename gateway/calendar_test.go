package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
	"pgregory.net/rapid"

	"bellman/gateway"
)

// published lists the bank holidays as gov.uk/bank-holidays gave them, written
// down by hand, day and month. England and Wales share their list.
var published = map[gateway.Nation]map[int]string{
	gateway.England: {
		2022: "3/1 15/4 18/4 2/5 2/6 3/6 29/8 19/9 26/12 27/12",
		2023: "2/1 7/4 10/4 1/5 8/5 29/5 28/8 25/12 26/12",
		2024: "1/1 29/3 1/4 6/5 27/5 26/8 25/12 26/12",
		2025: "1/1 18/4 21/4 5/5 26/5 25/8 25/12 26/12",
		2026: "1/1 3/4 6/4 4/5 25/5 31/8 25/12 28/12",
		2027: "1/1 26/3 29/3 3/5 31/5 30/8 27/12 28/12",
	},
	gateway.Scotland: {
		2022: "3/1 4/1 15/4 2/5 2/6 3/6 1/8 19/9 30/11 26/12 27/12",
		2023: "2/1 3/1 7/4 1/5 8/5 29/5 7/8 30/11 25/12 26/12",
		2024: "1/1 2/1 29/3 6/5 27/5 5/8 2/12 25/12 26/12",
		2025: "1/1 2/1 18/4 5/5 26/5 4/8 1/12 25/12 26/12",
		2026: "1/1 2/1 3/4 4/5 25/5 15/6 3/8 30/11 25/12 28/12",
		2027: "1/1 4/1 26/3 3/5 31/5 2/8 30/11 27/12 28/12",
	},
	gateway.NorthernIreland: {
		2022: "3/1 17/3 15/4 18/4 2/5 2/6 3/6 12/7 29/8 19/9 26/12 27/12",
		2023: "2/1 17/3 7/4 10/4 1/5 8/5 29/5 12/7 28/8 25/12 26/12",
		2024: "1/1 18/3 29/3 1/4 6/5 27/5 12/7 26/8 25/12 26/12",
		2025: "1/1 17/3 18/4 21/4 5/5 26/5 14/7 25/8 25/12 26/12",
		2026: "1/1 17/3 3/4 6/4 4/5 25/5 13/7 31/8 25/12 28/12",
		2027: "1/1 17/3 26/3 29/3 3/5 31/5 12/7 30/8 27/12 28/12",
	},
}

const firstPublished, lastPublished = 2022, 2027

// publishedDays gives the list for a nation as "2006-01-02".
func publishedDays(n gateway.Nation) map[string]bool {
	if n == gateway.Wales {
		n = gateway.England
	}
	out := map[string]bool{}
	for year, list := range published[n] {
		for day := range strings.FieldsSeq(list) {
			t, err := time.Parse("2/1", day)
			if err != nil {
				panic(err)
			}
			out[time.Date(year, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)] = true
		}
	}
	return out
}

func TestBankHolidaysAreThoseThatWerePublished(t *testing.T) {
	for _, n := range gateway.Nations {
		want := publishedDays(n)
		for day := time.Date(firstPublished, time.January, 1, 12, 0, 0, 0, time.UTC); day.Year() <= lastPublished; day = day.AddDate(0, 0, 1) {
			name := day.Format(time.DateOnly)
			if got := gateway.IsBankHoliday(day, n); got != want[name] {
				t.Errorf("%s in %s: bank holiday %v, published %v", name, n, got, want[name])
			}
		}
	}
}

// The library gb claims England and Wales only. For the published years it
// differs in one day: it lacks the State Funeral of 19 September 2022. It has
// nothing for Scotland but the summer holiday, and nothing for Northern Ireland,
// which is why the rules are our own.
func TestTheLibraryKnowsEnglandsBankHolidaysButOne(t *testing.T) {
	claimed := map[string]bool{}
	for year := firstPublished; year <= lastPublished; year++ {
		for _, h := range gb.Holidays {
			if _, observed := (*cal.Holiday)(h).Calc(year); !observed.IsZero() {
				claimed[observed.Format(time.DateOnly)] = true
			}
		}
	}
	want := publishedDays(gateway.England)
	var missing, extra []string
	for day := range want {
		if !claimed[day] {
			missing = append(missing, day)
		}
	}
	for day := range claimed {
		if !want[day] {
			extra = append(extra, day)
		}
	}
	if !slices.Equal(missing, []string{"2022-09-19"}) || len(extra) > 0 {
		t.Errorf("the library lacks %v and adds %v", missing, extra)
	}
}

func TestABankHolidayIsALondonDayWhateverTheServersZone(t *testing.T) {
	for moment, want := range map[string]bool{
		"2026-05-24T22:59:59Z": false, // Sunday 23:59:59 in summer time
		"2026-05-24T23:00:00Z": true,  // Monday 00:00
		"2026-05-25T22:59:59Z": true,
		"2026-05-25T23:00:00Z": false,
		"2026-12-24T23:59:59Z": false,
		"2026-12-25T00:00:00Z": true,
	} {
		at, _ := time.Parse(time.RFC3339, moment)
		if gateway.IsBankHoliday(at, gateway.England) != want {
			t.Errorf("%s: want %v", moment, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := genMoment(t, "at")
		n := rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		underZones(t, func(server *time.Location) bool { return gateway.IsBankHoliday(at.In(server), n) })
	})
}

// Holidays fall on working days, and there are as many as the law gives: eight
// in England and Wales, nine in Scotland, ten in Northern Ireland.
func TestOrdinaryYearsHaveTheLawfulNumberOfBankHolidays(t *testing.T) {
	want := map[gateway.Nation]int{gateway.England: 8, gateway.Wales: 8, gateway.Scotland: 9, gateway.NorthernIreland: 10}
	for year := 2028; year <= 2060; year++ {
		got := map[gateway.Nation]int{}
		for day := time.Date(year, time.January, 1, 12, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			for _, n := range gateway.Nations {
				if !gateway.IsBankHoliday(day, n) {
					continue
				}
				got[n]++
				if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
					t.Errorf("%s in %s is a bank holiday at the weekend", day.Format(time.DateOnly), n)
				}
			}
		}
		for n, count := range want {
			if got[n] != count {
				t.Errorf("%d has %d bank holidays in %s, want %d", year, got[n], n, count)
			}
		}
	}
}
