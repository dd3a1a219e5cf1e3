package born_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/born"
)

var now = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

func TestADateOfBirthIsADayOrUnclear(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]gateway.AgeBand{
		"":                    gateway.AgeUnsaid,
		"  ":                  gateway.AgeUnsaid,
		"2013-05-04":          gateway.Age11To15,
		" 2013-05-04 ":        gateway.Age11To15,
		"04 May 2013 00:00":   gateway.Age11To15,
		"1950-03-04":          gateway.AgeAdult,
		"1900-01-01":          gateway.AgeUnclear, // made up for want of the true one
		"2027-01-01":          gateway.AgeUnclear, // not born yet
		"2013-02-29":          gateway.AgeUnclear, // there was no such day
		"2013":                gateway.AgeUnclear,
		"2013-05":             gateway.AgeUnclear,
		"13-05-04":            gateway.AgeUnclear,
		"05/04/2013":          gateway.AgeUnclear, // another layout than the system's
		"2013-05-04 (twin)":   gateway.AgeUnclear,
		"not known":           gateway.AgeUnclear,
		"2013-05-04T00:00:00": gateway.AgeUnclear,
	} {
		layouts := []string{time.DateOnly, "2 Jan 2006 15:04"}
		read, kept := born.Read(said, layouts...), born.Kept(born.Keep(said, now, layouts...))
		if got := read.AgeOn(now); got != want || read.IsZero() != (want == gateway.AgeUnsaid) {
			t.Errorf("%q is of band %d, want %d", said, got, want)
		}
		if got := kept.AgeOn(now); got != want {
			t.Errorf("%q is of band %d once it was kept, want %d", said, got, want)
		}
	}
}

func TestOfWhoIsGrownUpNoDateIsKept(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"1950-03-04": "=18+", "2008-11-16": "=18+", "2008-11-17": "2008-11-17", "2019-01-02": "2019-01-02", "1066-10-14": "=?", "": "", "=18+": "=18+", "=?": "=?", "18": "=?",
	} {
		if got := born.Keep(said, now, time.DateOnly); got != want {
			t.Errorf("of %s is kept %q, want %q", said, got, want)
		}
	}
	for _, other := range []string{"=?", "?", "18", "18+", "\x00", "1950"} {
		if born.Kept(other).AgeOn(now) != gateway.AgeUnclear {
			t.Errorf("%q is understood", other)
		}
	}
}

func TestWhatIsKeptGivesTheSameBandOnEveryLaterDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		said := now.AddDate(0, 0, -rapid.IntRange(0, 40_000).Draw(t, "days")).Format(time.DateOnly)
		later := now.AddDate(0, 0, rapid.IntRange(0, 3_000).Draw(t, "later"))
		if got, want := born.Kept(born.Keep(said, now, time.DateOnly)).AgeOn(later), born.Read(said, time.DateOnly).AgeOn(later); got != want {
			t.Fatalf("band %d, want %d", got, want)
		}
	})
}
