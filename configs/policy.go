package configs

import (
	"fmt"
	"time"

	"bellman/gateway"
	"bellman/gateway/message"
)

// policySection is a policy as it is written.
type policySection struct {
	Reminders  []reminderSection `yaml:"reminders"`
	Window     windowSection     `yaml:"window"`
	StaleAfter time.Duration     `yaml:"stale_after"`
	Latest     time.Duration     `yaml:"latest"`
	MaxPerDay  int               `yaml:"max_per_day"`
	BookedLate lateBooking       `yaml:"booked_late"`
	Wording    string            `yaml:"wording"`
	Cancel     cancelSection     `yaml:"cancel"`

	Clinics        clinicsSection `yaml:"clinics"`
	Sensitive      sensitiveWay   `yaml:"sensitive"`
	UnknownClinics holding        `yaml:"unknown_clinics"`
	YoungShared    holding        `yaml:"young_shared"`
	SharedNumbers  holding        `yaml:"shared_numbers"`
	LanguageTasks  bool           `yaml:"language_tasks"`

	Extras extrasSection `yaml:",inline"`
}

type reminderSection struct {
	Before lead       `yaml:"before"`
	Closed whenClosed `yaml:"closed"`
}

// whenClosed is later, earlier or drop.
type whenClosed gateway.WhenClosed

func (w *whenClosed) set(s string) string {
	switch s {
	case "later":
		*w = whenClosed(gateway.GoLater)
	case "earlier":
		*w = whenClosed(gateway.GoEarlier)
	case "drop":
		*w = whenClosed(gateway.GoNever)
	default:
		return "must be later, earlier or drop: what becomes of a reminder that falls due outside the window"
	}
	return ""
}

type windowSection struct {
	Days         []weekday `yaml:"days"`
	From         wall      `yaml:"from"`
	To           wall      `yaml:"to"`
	BankHolidays bool      `yaml:"bank_holidays"`
}

const monday = weekday(time.Monday) + 1

func defaultPolicy() policySection {
	var week, day lead
	week.set("7d")
	day.set("1d")
	return policySection{
		Reminders: []reminderSection{{Before: week}, {Before: day}},
		Window: windowSection{
			Days: []weekday{monday, monday + 1, monday + 2, monday + 3, monday + 4},
			From: 8 * 60,
			To:   18 * 60,
		},
		StaleAfter:  90 * time.Minute,
		Latest:      time.Hour,
		Wording:     "default",
		YoungShared: true,
		Cancel:      cancelSection{AtLeast: 24 * time.Hour},
	}
}

func (p policySection) domain() gateway.Policy {
	hours := gateway.Hours{From: int(p.Window.From), To: int(p.Window.To), BankHolidays: p.Window.BankHolidays}
	for _, d := range p.Window.Days {
		if d > 0 {
			hours.Days[d-1] = true
		}
	}
	rules := make([]gateway.Rule, len(p.Reminders))
	closed := map[gateway.Rule]gateway.WhenClosed{}
	for i, r := range p.Reminders {
		rules[i] = r.Before.Rule
		if r.Closed != 0 {
			closed[rules[i]] = gateway.WhenClosed(r.Closed)
		}
	}
	return gateway.Policy{
		Rules:          rules,
		Closed:         closed,
		Hours:          hours,
		StaleAfter:     p.StaleAfter,
		Latest:         p.Latest,
		MostADay:       p.MaxPerDay,
		SendBookedLate: bool(p.BookedLate),
		Wording:        p.Wording,
		Who:            p.who(),
		Extras:         p.Extras.domain(),
		AutoCancel:     gateway.AutoCancel{On: p.Cancel.Automatic, AtLeast: p.Cancel.AtLeast},
	}
}

// The bounds of a sane policy.
const (
	leastLatest  = 15 * time.Minute // a text read on the way in helps nobody
	mostStale    = 72 * time.Hour
	leastStale   = 5 * time.Minute // in live mode: below it a slow read stops all texts
	mostReminder = 10
	mostPerDay   = 20
)

// checkPolicy finds what is wrong with a policy that stands at path.
func checkPolicy(p policySection, mode Mode, path string, out *report) {
	checkReminders(p, under(path, "reminders"), out)
	checkWindow(p.Window, under(path, "window"), out)
	checkClinics(p.Clinics, under(path, "clinics"), out)
	switch {
	case p.StaleAfter <= 0 || p.StaleAfter > mostStale:
		out.fault(under(path, "stale_after"), "must be more than 0 and at most 72h: an older diary may hold cancelled visits")
	case mode == Live && p.StaleAfter < leastStale:
		out.fault(under(path, "stale_after"), "must be at least 5m in live mode: one slow read would stop every text")
	}
	if p.Latest < leastLatest {
		out.fault(under(path, "latest"), "must be at least 15m: a later text reaches patients who are already on their way")
	}
	if p.MaxPerDay < 0 || p.MaxPerDay > mostPerDay {
		out.fault(under(path, "max_per_day"), "must be from 1 to 20 texts to one phone on one day, or 0 for any number")
	}
	checkCancel(p.Cancel, under(path, "cancel"), out)
	if !message.Known(p.Wording) {
		out.fault(under(path, "wording"), "is not a wording that Bellman has: write default")
	}
	p.Extras.check(path, out)
}

func checkReminders(p policySection, path string, out *report) {
	switch {
	case len(p.Reminders) == 0:
		out.fault(path, "is empty: name at least one, such as [{before: 1d}]")
	case len(p.Reminders) > mostReminder:
		out.fault(path, "holds more than 10: nobody wants that many texts")
	}
	seen := map[gateway.Rule]bool{}
	for i, r := range p.Reminders {
		at := fmt.Sprintf("%s[%d].before", path, i)
		switch rule := r.Before.Rule; {
		case rule.IsZero():
			out.fault(at, "is missing: write a lead time such as 1d")
		case seen[rule]:
			out.fault(at, "is the same lead time as an earlier one: keep one")
		case leastLead(rule) <= p.Latest:
			out.fault(at, "is not longer than policy.latest, so it could never be sent: lengthen it or shorten latest")
		}
		seen[r.Before.Rule] = true
	}
}

// leastLead is the shortest span that a rule can come to: a day may be an hour
// short when the clocks go forward.
func leastLead(r gateway.Rule) time.Duration {
	noon := time.Date(2026, time.March, 29, 12, 0, 0, 0, gateway.London())
	return noon.Sub(r.Due(noon))
}

func checkWindow(w windowSection, path string, out *report) {
	days := map[weekday]bool{}
	for i, d := range w.Days {
		at := fmt.Sprintf("%s.days[%d]", path, i)
		switch {
		case d == 0:
			out.fault(at, oneOfDays)
		case days[d]:
			out.fault(at, "is named twice: keep one")
		}
		days[d] = true
	}
	if len(w.Days) == 0 {
		out.fault(under(path, "days"), "is empty: name at least one day, such as [mon, tue, wed, thu, fri]")
	}
	for _, edge := range []struct {
		key string
		at  wall
	}{{"from", w.From}, {"to", w.To}} {
		if edge.at >= 60 && edge.at <= 120 {
			out.fault(under(path, edge.key), "must not lie between 01:00 and 02:00: the clocks skip or repeat that hour twice a year")
		}
	}
	if w.From >= w.To && !out.silent(under(path, "to")) {
		out.fault(under(path, "from"), "must be earlier than window.to: a window cannot pass midnight")
	}
}
