package adaptertest

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// The days before the clocks change, in 2026 (back) and 2027 (forward).
var (
	beforeOctober = time.Date(2026, time.October, 19, 10, 0, 0, 0, time.UTC)
	beforeMarch   = time.Date(2027, time.March, 22, 10, 0, 0, 0, time.UTC)
)

func clockChanges(t *testing.T, s Subject) {
	t.Run("wall times around the October change are right", func(t *testing.T) {
		st := empty(t, s, beforeOctober)
		st.book("2026-10-24T08:10:00Z", "2026-10-24T23:30:00Z", "2026-10-25T09:10:00Z", "2026-10-26T09:10:00Z")
		st.expectExactly(st.read())
	})
	t.Run("the hour that stands twice carries doubt or the right instant", func(t *testing.T) { doubledHour(t, s) })
	t.Run("wall times around the March change are right", func(t *testing.T) {
		st := empty(t, s, beforeMarch)
		st.book("2027-03-27T09:10:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z", "2027-03-28T08:10:00Z", "2027-03-29T08:10:00Z")
		st.expectExactly(st.read())
	})
	t.Run("a start within the skipped hour carries doubt", func(t *testing.T) {
		st := empty(t, s, beforeMarch)
		st.book("2027-03-27T09:10:00Z", "2027-03-29T08:10:00Z", "2027-03-29T08:20:00Z")
		st.wreck(SkippedHour)
		feed := st.read()
		sure := 0
		for _, a := range feed.Appointments {
			if a.StartDoubt == gateway.NoDoubt {
				sure++
			}
		}
		if sure != 2 {
			t.Errorf("%d appointments without doubt, want 2", sure)
		}
		if len(feed.Appointments)+len(feed.Unreadable) != 3 {
			t.Error("the visit in the skipped hour has vanished")
		}
	})
	t.Run("the zone of the server does not matter", func(t *testing.T) { otherZones(t) })
}

// book puts one patient each into the diary at the given instants.
func (st *stage) book(starts ...string) {
	st.t.Helper()
	numbers := []string{"9990000018", "9990000026", "9990000034", "9990000042", "9990000050"}
	for i, s := range starts {
		start, err := time.Parse(time.RFC3339, s)
		if err != nil {
			st.t.Fatal(err)
		}
		p := surgery.Person{
			Given: "Efua", Family: "Kerr", NHSNumber: numbers[i], Mobile: fmt.Sprintf("07700 90050%d", i),
			Born: time.Date(1960, time.May, 4, 0, 0, 0, 0, time.UTC),
		}
		st.diary.Book(surgery.Visit{Person: st.diary.Register(p), Start: start, Site: 5, Mode: gateway.ModeInPerson})
	}
}

// expectExactly checks that every visit of the diary is read at its instant
// without doubt, and nothing else.
func (st *stage) expectExactly(f gateway.Feed) {
	st.t.Helper()
	visits := st.diary.Visits()
	if len(f.Appointments) != len(visits) || len(f.Unreadable) != 0 {
		st.t.Errorf("%d appointments and %d unreadable, want %d and none", len(f.Appointments), len(f.Unreadable), len(visits))
	}
	for _, v := range visits {
		if a := st.only(f, v.Start); a.StartDoubt != gateway.NoDoubt {
			st.t.Errorf("%s is in doubt", v.Start.Format(time.RFC3339))
		}
	}
}

func doubledHour(t *testing.T, s Subject) {
	st := empty(t, s, beforeOctober)
	st.book("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")
	feed := st.read()
	if s.Can.Instants {
		st.expectExactly(feed)
		return
	}
	for _, a := range feed.Appointments {
		if a.StartDoubt == gateway.NoDoubt {
			t.Error("a time that stands twice is not in doubt")
		}
	}
	if len(feed.Appointments)+len(feed.Unreadable) != 2 {
		t.Error("a visit in the doubled hour has vanished")
	}
}

// inOtherZone marks the process in which the tests about time run once more.
const inOtherZone = "BELLMAN_SUITE_IN_OTHER_ZONE"

// otherZones runs the tests about time again in a process of its own, since
// time.Local cannot be changed under running goroutines.
func otherZones(t *testing.T) {
	if os.Getenv(inOtherZone) != "" {
		if _, offset := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.Local).Zone(); offset == 0 || offset == 3600 {
			t.Fatal("this process was to run in another zone than London and does not")
		}
		return
	}
	parent := t.Name()[:strings.LastIndex(t.Name(), "/")]
	for _, zone := range []string{"America/New_York", "Pacific/Auckland"} {
		t.Run("as in "+zone, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.run="+pattern(parent)+
				"/^(every_booked_visit|wall_times|the_hour_that|a_start_within|the_zone_of)")
			cmd.Env = append(os.Environ(), "TZ="+zone, inOtherZone+"=1")
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "no tests to run") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// pattern makes a -test.run pattern that matches exactly one test by its name.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
