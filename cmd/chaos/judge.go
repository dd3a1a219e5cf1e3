package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// Report is what came of a run.
type Report struct {
	Options                                       Options
	Took                                          time.Duration
	Owed, Texts                                   int
	Kills, RedisKills, Tears, Pauses              int
	Changes                                       map[string]int
	Duplicates, Lost, Wrong, Damaged, Unexplained int
	Withheld                                      map[string]int // owed without a text, by what Bellman says of them
	Findings                                      []string
	Broke                                         error // a process ended that nobody had killed
}

// Clean reports whether nobody got a text too many, none or a wrong one.
func (r *Report) Clean() bool {
	return r.Duplicates+r.Lost+r.Wrong+r.Unexplained == 0 && r.Texts > 0 && r.Broke == nil
}

func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d reminders owed, %d texts taken by the phone network, in %s\n", r.Options.Seed, r.Owed, r.Texts, r.Took)
	fmt.Fprintf(&b, "broken: %d kills of a replica, %d kills of Redis, %d of them with the end of its file, %d long pauses, %.0f%% of the provider's answers\n", r.Kills, r.RedisKills, r.Tears, r.Pauses, 100*r.Options.Lose)
	fmt.Fprintf(&b, "changed meanwhile: %s\n", counts(r.Changes))
	fmt.Fprintf(&b, "withheld with a reason: %s\n", counts(r.Withheld))
	fmt.Fprintf(&b, "duplicates %d, lost %d, wrong %d, unexplained %d\n", r.Duplicates, r.Lost, r.Wrong, r.Unexplained)
	if r.Broke != nil {
		fmt.Fprintln(&b, "broken by itself: ", r.Broke)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(&b, "  "+f)
	}
	return b.String()
}

func counts(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// mostFindings bounds what a report tells one by one.
const mostFindings = 40

func (r *Report) find(kind *int, format string, args ...any) {
	*kind++
	if len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// grace is for how long a text may go by what was true before a change: until the
// diary is too old to be trusted (stale_after in the configuration), and the time
// for which a sender that is paused after its last look may still begin.
const grace = time.Minute + 35*time.Second

// judge compares the phones' record with what was true.
func (w *world) judge(ledger []row) *Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &Report{Changes: maps.Clone(w.changes), Withheld: map[string]int{}}
	stands := map[string]row{}
	for _, l := range ledger {
		slot, _, _ := strings.Cut(l.Appointment, "-")
		stands[l.Practice+" "+slot+" "+l.Rule] = l
	}
	got := map[string][]twiliosim.Taken{} // by practice, slot, rule and start
	seen := map[gateway.ReminderID]bool{}
	taken := w.twilio.Taken()
	r.Texts = len(taken)
	for _, t := range taken {
		id, ok := reminderOf(t)
		if !ok {
			r.find(&r.Wrong, "a text without a reminder's id, from %s", t.From)
			continue
		}
		again := seen[id]
		if again {
			r.find(&r.Duplicates, "twice: %s at %s; %s", id, t.At.Sub(w.began).Round(time.Millisecond), w.story(w.practice(string(id.Practice)), t.To))
		}
		seen[id] = true
		p := w.practice(string(id.Practice))
		if p == nil || p.sender != t.From {
			r.find(&r.Wrong, "%s from another practice's sender", id)
			continue
		}
		v := w.whose(p, t, id)
		if v == nil {
			r.find(&r.Wrong, "%s at %s: no such visit of that number was booked then; %s", id, t.At.Sub(w.began).Round(time.Millisecond), w.story(p, t.To))
			continue
		}
		key := fmt.Sprintf("%s %d %s %d", p.ods, v.slot, id.Rule, id.Start.Unix())
		if !again && slices.ContainsFunc(got[key], func(other twiliosim.Taken) bool { return other.To == t.To }) {
			r.find(&r.Duplicates, "two reminders for one visit: %s", id)
		}
		got[key] = append(got[key], t)
		if at, out := p.stopped[t.To]; out && t.At.After(at) {
			r.find(&r.Wrong, "%s %s after the number had opted out", id, t.At.Sub(at).Round(time.Millisecond))
		}
		local := id.Start.In(gateway.London())
		if clock := spoken(local); !strings.Contains(t.Body, clock) || !strings.Contains(t.Body, p.name) || !strings.Contains(t.Body, local.Format("Monday 2 January")) {
			r.find(&r.Wrong, "%s: the words do not name the visit (%s)", id, clock)
		}
	}
	for _, p := range w.practices {
		for _, v := range p.visits {
			w.owed(r, p, v, got, stands)
		}
	}
	return r
}

// owed looks whether each reminder of a visit that stood to the end came, or why
// not.
func (w *world) owed(r *Report, p *practice, v *visit, got map[string][]twiliosim.Taken, stands map[string]row) {
	is := v.now()
	if !is.booked || !is.alive {
		return
	}
	known := is.from
	for i := len(v.was) - 1; i >= 0 && v.was[i].start.Equal(is.start); i-- {
		known = v.was[i].from
	}
	for _, lead := range w.timing.rules {
		rule, err := gateway.ParseRule(fmt.Sprintf("%.0fm", lead.Minutes()))
		if err != nil {
			panic(err)
		}
		due := is.start.Add(-lead)
		if due.Before(known.Add(20 * time.Second)) {
			continue // may have been booked late
		}
		if due.Add(lead - w.timing.latest).After(w.began.Add(w.timing.end())) {
			continue // moved so far that the story ends before it is of no use any more
		}
		if !p.stopped[is.mobile].IsZero() || p.silenced[is.mobile] {
			continue
		}
		r.Owed++
		if len(got[fmt.Sprintf("%s %d %s %d", p.ods, v.slot, rule, is.start.Unix())]) > 0 {
			continue
		}
		switch l := stands[fmt.Sprintf("%s %d %s", p.ods, v.slot, rule)]; l.State {
		case "withdrawn", "failed", "refused":
			r.Withheld[l.State+" "+l.Reason]++
		default:
			r.find(&r.Lost, "%s slot %d %s, due %s: the ledger says %q %s", p.ods, v.slot, rule, due.Sub(w.began).Round(time.Second), l.State, l.Reason)
		}
	}
}

// spoken gives a time in the NHS's style: 9:10am, 4pm, midday.
func spoken(t time.Time) string {
	switch t.Format("15:04") {
	case "00:00":
		return "midnight"
	case "12:00":
		return "midday"
	}
	return strings.Replace(t.Format("3:04pm"), ":00", "", 1)
}

func reminderOf(t twiliosim.Taken) (gateway.ReminderID, bool) {
	u, err := url.Parse(t.Callback)
	if err != nil {
		return gateway.ReminderID{}, false
	}
	id, err := gateway.ParseReminderID(u.Query().Get("r"))
	return id, err == nil
}

func (w *world) practice(ods string) *practice {
	for _, p := range w.practices {
		if p.ods == ods {
			return p
		}
	}
	return nil
}

// whose finds the visit that a text was right for in the moment in which it was
// taken, or a little before.
func (w *world) whose(p *practice, t twiliosim.Taken, id gateway.ReminderID) *visit {
	for _, v := range p.visits {
		for i, is := range v.was {
			until := t.At
			if i+1 < len(v.was) {
				until = v.was[i+1].from
			}
			if is.booked && is.alive && is.mobile == t.To && is.start.Equal(id.Start) && !is.from.After(t.At) && until.After(t.At.Add(-grace)) {
				return v
			}
		}
	}
	return nil
}

// story tells what was true of a number's visits.
func (w *world) story(p *practice, number string) string {
	var parts []string
	for _, v := range p.visits {
		if !slices.ContainsFunc(v.was, func(t truth) bool { return t.mobile == number }) {
			continue
		}
		for _, t := range v.was {
			parts = append(parts, fmt.Sprintf("[%d from %s: start %s booked %v alive %v same number %v]", v.slot, t.from.Sub(w.began).Round(time.Second), t.start.Sub(w.began).Round(time.Second), t.booked, t.alive, t.mobile == number))
		}
	}
	return strings.Join(parts, " ")
}
