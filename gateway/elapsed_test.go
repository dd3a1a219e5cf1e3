package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// surgeryHours are Monday to Friday, eight to half past six.
func surgeryHours() gateway.Hours {
	return gateway.Hours{Days: [7]bool{false, true, true, true, true, true, false}, From: 8 * 60, To: 18*60 + 30}
}

func onClock(t *testing.T, wall string) time.Time {
	t.Helper()
	out, err := time.ParseInLocation("2006-01-02 15:04", wall, gateway.London())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheTimeWithinTheHours(t *testing.T) {
	night := gateway.Hours{Days: [7]bool{true, true, true, true, true, true, true}, To: 1440, BankHolidays: true}
	for _, c := range []struct {
		what     string
		hours    gateway.Hours
		nation   gateway.Nation
		from, to string
		want     time.Duration
	}{
		{"within a day", surgeryHours(), gateway.England, "2026-11-18 09:00", "2026-11-18 09:45", 45 * time.Minute},
		{"before they open", surgeryHours(), gateway.England, "2026-11-18 02:30", "2026-11-18 07:59", 0},
		{"over a night", surgeryHours(), gateway.England, "2026-11-18 18:00", "2026-11-19 08:15", 45 * time.Minute},
		{"over a weekend", surgeryHours(), gateway.England, "2026-11-20 18:20", "2026-11-23 08:05", 15 * time.Minute},
		{"on a Saturday", surgeryHours(), gateway.England, "2026-11-21 00:00", "2026-11-22 00:00", 0},
		{"over Christmas, whose Saturday is kept on a Monday", surgeryHours(), gateway.England, "2026-12-24 18:00", "2026-12-29 09:00", 90 * time.Minute},
		{"over St Andrew's Day in Scotland", surgeryHours(), gateway.Scotland, "2026-11-27 18:30", "2026-12-01 08:10", 10 * time.Minute},
		{"over St Andrew's Day in Wales", surgeryHours(), gateway.Wales, "2026-11-27 18:30", "2026-12-01 08:10", 10*time.Hour + 40*time.Minute},
		{"over the night in which the clocks go forward", surgeryHours(), gateway.England, "2026-03-27 18:29", "2026-03-30 08:01", 2 * time.Minute},
		{"over the night in which the clocks go back", surgeryHours(), gateway.England, "2026-10-23 18:29", "2026-10-26 08:01", 2 * time.Minute},
		{"the day of 23 hours", night, gateway.England, "2026-03-29 00:00", "2026-03-30 00:00", 23 * time.Hour},
		{"the day of 25 hours", night, gateway.England, "2026-10-25 00:00", "2026-10-26 00:00", 25 * time.Hour},
		{"a week", surgeryHours(), gateway.England, "2026-11-16 00:00", "2026-11-23 00:00", 5 * 630 * time.Minute},
		{"backwards", surgeryHours(), gateway.England, "2026-11-18 10:00", "2026-11-18 09:00", 0},
		{"never open", gateway.Hours{}, gateway.England, "2026-11-18 09:00", "2026-11-20 09:00", 0},
	} {
		span := gateway.Span{From: onClock(t, c.from), To: onClock(t, c.to)}
		if got := c.hours.Elapsed(span, c.nation); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestTheTimeWithinTheHoursIsWhatCountingMinutesGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, n := genHours(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		hand := handOf(h, n)
		from := genPublished(t, "from").Truncate(time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute)
		var want time.Duration
		for m := from; m.Before(to); m = m.Add(time.Minute) {
			if hand.open(m) {
				want += time.Minute
			}
		}
		if got := h.Elapsed(gateway.Span{From: from, To: to}, n); got != want {
			t.Fatalf("from %s to %s with %+v in %s: %s, counted %s", from, to, h, n, got, want)
		}
		middle := from.Add(to.Sub(from) / 3)
		parts := h.Elapsed(gateway.Span{From: from, To: middle}, n) + h.Elapsed(gateway.Span{From: middle, To: to}, n)
		if parts != want {
			t.Fatalf("in two parts it is %s, in one %s", parts, want)
		}
	})
}
