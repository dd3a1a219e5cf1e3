package configs

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"bellman/gateway"
)

// parsePoll reads a timetable. A zone within it is refused: the timetable is
// London's (and the library reads past the end of a lone "TZ=").
func parsePoll(poll string) (cron.Schedule, bool) {
	if poll == "" || strings.Contains(poll, "=") {
		return nil, false
	}
	schedule, err := cron.ParseStandard(poll)
	return schedule, err == nil
}

func pollProblem(poll string) string {
	switch _, ok := parsePoll(poll); {
	case poll == "":
		return `is missing: say how often the diary is read, such as "*/15 * * * *"`
	case !ok:
		return `must be five-field cron in London time, such as "*/15 * * * *", or @every and a span, such as "@every 5m"`
	}
	return ""
}

const minutesOfWeek = 7 * 24 * 60

// week says in which minutes of a week a timetable fires, by the clock on the
// wall. The week is an ordinary one, without a clock change or bank holiday, so
// that its figures can be read as UTC.
type week struct {
	fires [minutesOfWeek]bool
	any   bool
	only  bool // nothing but between 01:00 and 02:00
}

func weekOf(s cron.Schedule) *week {
	monday := time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)
	w := &week{only: true}
	for t := s.Next(monday.Add(-time.Second)); !t.IsZero(); t = s.Next(t) {
		minute := int(t.Sub(monday) / time.Minute)
		if minute >= minutesOfWeek {
			break
		}
		w.fires[minute], w.any = true, true
		w.only = w.only && t.Hour() == 1
	}
	return w
}

// weeks keeps the weeks of the timetables that were looked at: a thousand
// practices have few different ones.
type weeks map[string]*week

// check compares how often a diary is read with how long a read is trusted.
func (ws weeks) check(p Practice, path string, out *report) {
	schedule, ok := parsePoll(p.Poll)
	if !ok || p.Policy.StaleAfter <= 0 || out.silent("policy") || out.silent("policy.stale_after") {
		return
	}
	at := under(path, "poll")
	if every, ok := schedule.(cron.ConstantDelaySchedule); ok {
		if every.Delay > p.Policy.StaleAfter {
			out.warn(at, "is longer than policy.stale_after: between two reads texts will wait for a fresh diary")
		}
		return
	}
	w := ws[p.Poll]
	if w == nil {
		w = weekOf(schedule)
		ws[p.Poll] = w
	}
	if w.any && w.only {
		out.warn(at, "fires only between 01:00 and 02:00, which the clocks skip or repeat twice a year: choose another hour")
	}
	switch open, stale := w.staleMinutes(p.Policy); {
	case open > 0 && open == stale:
		out.fault(at, "never reads the diary within policy.stale_after of the sending window, so nothing could be sent: read more often, or lengthen stale_after")
	case stale > 0:
		out.warn(at, fmt.Sprintf("leaves the diary older than policy.stale_after in %d of the %d sending minutes of a week: texts will wait then", stale, open))
	}
}

// staleMinutes counts the sending minutes of a week, and those in which the last
// read is too old to be trusted.
func (w *week) staleMinutes(p gateway.Policy) (open, stale int) {
	trusted := int(p.StaleAfter / time.Minute)
	last := -minutesOfWeek
	for i := range minutesOfWeek {
		if w.fires[i] {
			last = i - minutesOfWeek
		}
	}
	for i := range minutesOfWeek {
		if w.fires[i] {
			last = i
		}
		day, minute := time.Weekday((i/(24*60)+1)%7), i%(24*60)
		if !p.Hours.Days[day] || minute < p.Hours.From || minute >= p.Hours.To {
			continue
		}
		open++
		if i-last > trusted {
			stale++
		}
	}
	return open, stale
}
