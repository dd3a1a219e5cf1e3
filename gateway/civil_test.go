package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// The tests of the pure rules work out London's clock by hand, from the law
// (the Summer Time Order 2002: from 01:00 GMT on the last Sunday of March to
// 01:00 GMT on the last Sunday of October), not from the zone data that the rules
// themselves use.

// lastSunday gives 01:00 UTC on the last Sunday of a month.
func lastSunday(year int, month time.Month) time.Time {
	d := time.Date(year, month+1, 1, 1, 0, 0, 0, time.UTC)
	for {
		d = d.AddDate(0, 0, -1)
		if d.Weekday() == time.Sunday {
			return d
		}
	}
}

// onTheWall gives what London's clocks show at t, as a time in UTC with the same
// figures.
func onTheWall(t time.Time) time.Time {
	t = t.UTC()
	summer := !t.Before(lastSunday(t.Year(), time.March)) && t.Before(lastSunday(t.Year(), time.October))
	if summer {
		return t.Add(time.Hour)
	}
	return t
}

// instants gives every moment at which London's clocks show these figures.
func instants(figures time.Time) []time.Time {
	var out []time.Time
	for _, t := range []time.Time{figures.Add(-time.Hour), figures} {
		if onTheWall(t).Equal(figures) {
			out = append(out, t)
		}
	}
	return out
}

func fromWall(figures time.Time) (time.Time, gateway.Doubt) {
	y, m, d := figures.Date()
	return gateway.FromWall(y, m, d, figures.Hour(), figures.Minute(), figures.Second())
}

// checkWall compares FromWall with what was worked out by hand.
func checkWall(figures time.Time) error {
	got, doubt := fromWall(figures)
	switch all := instants(figures); {
	case len(all) == 0 && doubt != gateway.TimeMissing:
		return fmt.Errorf("%s does not exist and has doubt %d", figures, doubt)
	case len(all) == 1 && (doubt != gateway.NoDoubt || !got.Equal(all[0])):
		return fmt.Errorf("%s is %s with doubt %d, want %s and none", figures, got, doubt, all[0])
	case len(all) == 2 && (doubt != gateway.TimeAmbiguous || !got.Equal(all[0])):
		return fmt.Errorf("%s is %s with doubt %d, want the earlier %s and ambiguous", figures, got, doubt, all[0])
	}
	if got.Location() != time.UTC {
		return fmt.Errorf("%s is not given in UTC", figures)
	}
	return nil
}

func TestEveryMinuteOfTheDaysOnWhichTheClocksChange(t *testing.T) {
	for _, day := range []time.Time{
		time.Date(2026, time.March, 29, 0, 0, 0, 0, time.UTC), time.Date(2026, time.October, 25, 0, 0, 0, 0, time.UTC),
		time.Date(2027, time.March, 28, 0, 0, 0, 0, time.UTC), time.Date(2027, time.October, 31, 0, 0, 0, 0, time.UTC),
	} {
		counts := map[gateway.Doubt]int{}
		for minute := range 24 * 60 {
			for _, second := range []time.Duration{0, 59 * time.Second} {
				figures := day.Add(time.Duration(minute)*time.Minute + second)
				if err := checkWall(figures); err != nil {
					t.Error(err)
				}
				_, doubt := fromWall(figures)
				counts[doubt]++
			}
		}
		odd := gateway.TimeMissing
		if day.Month() == time.October {
			odd = gateway.TimeAmbiguous
		}
		if counts[odd] != 2*60 || counts[gateway.NoDoubt] != 2*23*60 {
			t.Errorf("%s: %v, want one hour in doubt", day.Format(time.DateOnly), counts)
		}
	}
}

func TestAnyWallTimeIsPlacedAsTheLawSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if err := checkWall(genMoment(t, "figures")); err != nil {
			t.Error(err)
		}
	})
}

// A day that no calendar has must not slide into the next month unnoticed.
func TestFiguresThatNoClockShowsAreInDoubt(t *testing.T) {
	for _, f := range [][6]int{
		{2026, 2, 29, 10, 0, 0}, {2026, 2, 31, 10, 0, 0}, {2026, 4, 31, 10, 0, 0}, {2026, 13, 1, 10, 0, 0}, {2026, 0, 1, 10, 0, 0},
		{2026, 5, 0, 10, 0, 0}, {2026, 5, 1, 24, 0, 0}, {2026, 5, 1, 10, 60, 0}, {2026, 5, 1, 10, 0, 60}, {2026, 5, 1, -1, 0, 0},
	} {
		if _, doubt := gateway.FromWall(f[0], time.Month(f[1]), f[2], f[3], f[4], f[5]); doubt == gateway.NoDoubt {
			t.Errorf("%v is placed without a doubt", f)
		}
	}
}

// genMoment draws a whole second from 2020 to 2035, often near a clock change.
func genMoment(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" near a change") {
		month := rapid.SampledFrom([]time.Month{time.March, time.October}).Draw(t, name+" month")
		change := lastSunday(rapid.IntRange(2020, 2035).Draw(t, name+" year"), month)
		return change.Add(time.Duration(rapid.IntRange(-9*24*3600, 9*24*3600).Draw(t, name+" seconds")) * time.Second)
	}
	from := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(from+int64(rapid.IntRange(0, 15*365*24*3600).Draw(t, name)), 0).UTC()
}

// underZones runs a calculation with the server's zone set to several places,
// and says when the answers differ.
func underZones[T comparable](t *rapid.T, calculate func(server *time.Location) T) {
	before := time.Local
	defer func() { time.Local = before }()
	var first T
	for i, zone := range serverZones() {
		time.Local = zone
		answer := calculate(zone)
		if i == 0 {
			first = answer
		}
		if answer != first {
			t.Errorf("a server in %s says %v, one in UTC %v", zone, answer, first)
		}
	}
}

func serverZones() []*time.Location {
	return []*time.Location{
		time.UTC, time.FixedZone("UTC+14", 14*3600), time.FixedZone("UTC-12", -12*3600), time.FixedZone("UTC+05:45", 5*3600+45*60), gateway.London(),
	}
}
