package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// genHours draws opening hours. Their edges are never in the hour from 01:00 to
// 02:00, which the clocks skip or repeat: the configuration refuses such a window.
func genHours(t *rapid.T) gateway.Hours {
	var h gateway.Hours
	for i := range h.Days {
		h.Days[i] = rapid.Bool().Draw(t, time.Weekday(i).String())
	}
	edge := rapid.OneOf(rapid.IntRange(0, 59), rapid.IntRange(121, 24*60), rapid.SampledFrom([]int{0, 480, 1080, 1440}))
	a, b := edge.Draw(t, "one edge"), edge.Draw(t, "other edge")
	h.From, h.To = min(a, b), max(a, b)
	h.BankHolidays = rapid.Bool().Draw(t, "bank holidays")
	return h
}

// genPublished draws a moment of the years whose bank holidays are written down,
// often near Christmas, Easter or a clock change.
func genPublished(t *rapid.T, name string) time.Time {
	year := rapid.IntRange(firstPublished+1, lastPublished-1).Draw(t, name+" year")
	middle := rapid.SampledFrom([]time.Time{
		time.Date(year, time.July, 1, 0, 0, 0, 0, time.UTC), time.Date(year, time.December, 26, 0, 0, 0, 0, time.UTC),
		lastSunday(year, time.March), lastSunday(year, time.October), time.Date(year, time.April, 10, 0, 0, 0, 0, time.UTC),
	}).Draw(t, name+" around")
	if rapid.Bool().Draw(t, name+" near midnight") {
		midnight := middle.Truncate(24*time.Hour).AddDate(0, 0, rapid.IntRange(-3, 3).Draw(t, name+" days"))
		return midnight.Add(time.Duration(rapid.IntRange(-120, 120).Draw(t, name+" minutes")) * time.Minute)
	}
	return middle.Add(time.Duration(rapid.IntRange(-7*24*3600, 7*24*3600).Draw(t, name+" seconds")) * time.Second)
}

// byHand says whether texts may leave, from the published lists and from the
// clock that was worked out by hand.
type byHand struct {
	hours gateway.Hours
	days  map[string]bool
}

func handOf(h gateway.Hours, n gateway.Nation) byHand { return byHand{h, publishedDays(n)} }

func (b byHand) openDay(figures time.Time) bool {
	return b.hours.Days[figures.Weekday()] && (b.hours.BankHolidays || !b.days[figures.Format(time.DateOnly)])
}

func (b byHand) open(t time.Time) bool {
	figures := onTheWall(t)
	minute := figures.Hour()*60 + figures.Minute()
	return b.openDay(figures) && minute >= b.hours.From && minute < b.hours.To
}

func TestOpenIsWhatTheClockAndTheCalendarSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, n := genHours(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		at := genPublished(t, "at")
		if want := handOf(h, n).open(at); h.Open(at, n) != want {
			t.Errorf("%s in %s with %+v: want open %v", at, n, h, want)
		}
		underZones(t, func(server *time.Location) bool { return h.Open(at.In(server), n) })
	})
}

func TestNextIsTheFirstOpenMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, n := genHours(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		at := genPublished(t, "at")
		hand := handOf(h, n)
		got, ok := h.Next(at, n)
		limit := at.AddDate(0, 0, 14)
		if ok && (got.Before(at) || !hand.open(got)) {
			t.Fatalf("after %s, %+v opens at %s, where it is not open", at, h, got)
		}
		if ok && got.Before(limit) {
			limit = got
		}
		for m := at; m.Before(limit); m = m.Truncate(time.Minute).Add(time.Minute) {
			if hand.open(m) {
				t.Fatalf("after %s, %+v opens at %s; %s was passed over", at, h, got, m)
			}
		}
		underZones(t, func(server *time.Location) int64 {
			next, _ := h.Next(at.In(server), n)
			return next.Unix()
		})
	})
}

// Before keeps the time of day, moved only as far as the hours demand, on the
// last open day on which that moment is not after the one given.
func TestBeforeIsTheSameTimeOnTheLastOpenDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, n := genHours(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		at := genPublished(t, "at")
		hand := handOf(h, n)
		if hand.open(at) {
			t.Skip("Plan asks only when it is closed")
		}
		got, ok := h.Before(at, n)
		if !ok {
			got = at.AddDate(0, 0, -30)
		} else if got.After(at) || !hand.open(got) {
			t.Fatalf("before %s, %+v is open at %s, which is later or closed", at, h, got)
		}
		figures := onTheWall(at)
		minute := figures.Hour()*60 + figures.Minute()
		if h.From < h.To {
			minute = min(max(minute, h.From), h.To-1)
		}
		for day := range 14 {
			on := figures.AddDate(0, 0, -day)
			want := time.Date(on.Year(), on.Month(), on.Day(), 0, minute, 0, 0, time.UTC)
			moments := instants(want)
			if h.From == h.To || !hand.openDay(want) || len(moments) == 0 || moments[0].After(at) {
				continue // closed all day, skipped by the clocks, or later than asked
			}
			if got.Before(moments[0]) {
				t.Fatalf("before %s, %+v gives %s; %s was passed over", at, h, got, moments[0])
			}
			break
		}
		underZones(t, func(server *time.Location) int64 {
			before, _ := h.Before(at.In(server), n)
			return before.Unix()
		})
	})
}

func TestClosesEndsTheOpenStretch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, n := genHours(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		at := genPublished(t, "at")
		hand := handOf(h, n)
		if !hand.open(at) {
			t.Skip("closed")
		}
		end := h.Closes(at)
		if !end.After(at) {
			t.Fatalf("at %s %+v closes at %s", at, h, end)
		}
		for m := at; m.Before(end); m = m.Truncate(time.Minute).Add(time.Minute) {
			if !hand.open(m) {
				t.Fatalf("at %s %+v closes at %s; %s is closed already", at, h, end, m)
			}
		}
		if next := onTheWall(end); h.To < 24*60 && hand.open(end) {
			t.Errorf("%s is still open", next)
		}
	})
}

func TestHoursThatNeverOpenSaySo(t *testing.T) {
	at := time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	var never gateway.Hours
	if _, ok := never.Next(at, gateway.England); ok {
		t.Error("the zero hours open")
	}
	if _, ok := never.Before(at, gateway.England); ok {
		t.Error("the zero hours were open")
	}
	if never.Open(at, gateway.England) {
		t.Error("the zero hours are open")
	}
	never.Days = [7]bool{true, true, true, true, true, true, true}
	if _, ok := never.Next(at, gateway.England); ok {
		t.Error("hours from 00:00 to 00:00 open")
	}
	if _, ok := never.Before(at, gateway.England); ok {
		t.Error("hours from 00:00 to 00:00 were open")
	}
}
