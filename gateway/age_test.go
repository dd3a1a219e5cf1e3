package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// TestAgeBandsChangeAtMidnightOfTheBirthdayInLondon is T25 of the hazard log.
func TestAgeBandsChangeAtMidnightOfTheBirthdayInLondon(t *testing.T) {
	t.Parallel()
	born := gateway.NewBirth(2010, time.July, 15)
	for visit, want := range map[string]gateway.AgeBand{
		"Thu 15 Jul 2010 00:00": gateway.AgeUnder11, // the day of birth
		"Wed 14 Jul 2021 23:59": gateway.AgeUnder11, // 10 years and 364 days
		"Thu 15 Jul 2021 00:00": gateway.Age11To15,
		"Tue 15 Jul 2025 10:00": gateway.Age11To15,
		"Tue 14 Jul 2026 23:59": gateway.Age11To15, // 15 years and 364 days
		"Wed 15 Jul 2026 00:00": gateway.Age16To17,
		"Fri 14 Jul 2028 23:59": gateway.Age16To17,
		"Sat 15 Jul 2028 00:00": gateway.AgeAdult,
		"Wed 14 Jul 2010 23:59": gateway.AgeUnclear, // not born yet
		"Fri 15 Jul 2130 09:00": gateway.AgeAdult,
		"Sat 15 Jul 2131 09:00": gateway.AgeUnclear, // nobody is that old: a date made up
	} {
		if got := born.AgeOn(at(visit)); got != want {
			t.Errorf("on %s the band is %d, want %d", visit, got, want)
		}
	}
	// In summer the London day begins an hour before that of UTC.
	if got := born.AgeOn(time.Date(2026, time.July, 14, 23, 0, 0, 0, time.UTC)); got != gateway.Age16To17 {
		t.Errorf("at London midnight the band is %d", got)
	}
}

func TestWhoWasBornOn29FebruaryIsOlderOn1MarchInOtherYears(t *testing.T) {
	t.Parallel()
	born := gateway.NewBirth(2012, time.February, 29)
	for visit, want := range map[string]gateway.AgeBand{
		"Mon 27 Feb 2023 12:00": gateway.AgeUnder11,
		"Tue 28 Feb 2023 23:59": gateway.AgeUnder11,
		"Wed 01 Mar 2023 00:00": gateway.Age11To15,
		"Mon 28 Feb 2028 23:59": gateway.Age11To15,
		"Tue 29 Feb 2028 00:00": gateway.Age16To17, // a leap year has the day itself
		"Thu 28 Feb 2030 23:59": gateway.Age16To17,
		"Fri 01 Mar 2030 00:00": gateway.AgeAdult,
	} {
		if got := born.AgeOn(at(visit)); got != want {
			t.Errorf("on %s the band is %d, want %d", visit, got, want)
		}
	}
}

func TestADateThatDoesNotExistIsUnclearAndNoneSaysNothing(t *testing.T) {
	t.Parallel()
	visit := at("Wed 11 Nov 2026 10:00")
	for _, b := range []gateway.Birth{
		gateway.NewBirth(2011, time.February, 29), gateway.NewBirth(2011, 13, 1), gateway.NewBirth(2011, 0, 0),
		gateway.NewBirth(0, 1, 1), gateway.NewBirth(1900, time.January, 1), gateway.UnclearBirth(),
	} {
		if got := b.AgeOn(visit); got != gateway.AgeUnclear || b.IsZero() {
			t.Errorf("the band is %d, want unclear", got)
		}
	}
	if got := (gateway.Birth{}).AgeOn(visit); got != gateway.AgeUnsaid {
		t.Errorf("without a date the band is %d", got)
	}
}

func TestAgeOnlyGrowsAndNoBandIsPassedOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 28_000).Draw(t, "born"))
		b := gateway.NewBirth(first.Year(), first.Month(), first.Day())
		noon := time.Date(first.Year(), first.Month(), first.Day(), 12, 0, 0, 0, time.UTC)
		last := gateway.AgeUnder11
		for year := range 20 {
			for _, day := range []int{-1, 0, 1, 180} {
				if got := b.AgeOn(noon.AddDate(year, 0, day)); got != gateway.AgeUnclear {
					if got < last || got > last+1 {
						t.Fatalf("from band %d to %d", last, got)
					}
					last = got
				}
			}
		}
		if last != gateway.AgeAdult {
			t.Fatalf("after twenty years the band is %d", last)
		}
	})
}

func TestTwoDatesOfBirthContradictEachOtherOnlyWhereBothAreKnown(t *testing.T) {
	t.Parallel()
	visit := at("Wed 11 Nov 2026 10:00")
	child, twin, adult := gateway.NewBirth(2013, time.May, 4), gateway.NewBirth(2013, time.May, 5), gateway.NewBirth(1950, time.March, 4)
	for what, c := range map[string]struct {
		a, b gateway.Birth
		want bool
	}{
		"the same day":                 {child, gateway.NewBirth(2013, time.May, 4), false},
		"another day of one age":       {child, twin, true},
		"a child and an adult":         {child, adult, true},
		"only grown up, and an adult":  {gateway.GrownBirth(), adult, false},
		"only grown up, and a child":   {gateway.GrownBirth(), child, true},
		"only grown up, twice":         {gateway.GrownBirth(), gateway.GrownBirth(), false},
		"one that is not told":         {child, gateway.Birth{}, false},
		"one that is not understood":   {child, gateway.UnclearBirth(), false},
		"one that nobody can be of":    {child, gateway.NewBirth(1900, time.January, 1), false},
		"grown up, and not understood": {gateway.GrownBirth(), gateway.UnclearBirth(), false},
	} {
		if c.a.Contradicts(c.b, visit) != c.want || c.b.Contradicts(c.a, visit) != c.want {
			t.Errorf("%s: want %t", what, c.want)
		}
	}
	for band, want := range map[gateway.AgeBand]bool{
		gateway.AgeUnsaid: false, gateway.AgeUnclear: false, gateway.Age11To15: false, gateway.AgeUnder11: true, gateway.AgeAdult: true, gateway.AgeAdult + 1: false,
	} {
		if band.Contradicts(child, visit) != want {
			t.Errorf("band %d against a child of 13: want %t", band, want)
		}
	}
}
