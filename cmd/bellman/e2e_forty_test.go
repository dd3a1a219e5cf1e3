package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// The surgery's day lies just behind the Sunday on which the clocks go back:
// seven calendar days before it the clock shows summer time, one day before it
// winter time, and both reminders leave at the hour of the visit.
var (
	fortyBefore = london(time.October, 20, 17, 0)
	fortyWeek   = london(time.October, 21, 8, 55)
	fortyEve    = london(time.October, 27, 8, 55)
)

// fortyStep is how far apart the moments of a sending day are at which the test
// looks round: less than a read is trusted. The last is at 15:35, when the last
// text but none of the visits is behind.
const (
	fortyStep  = 80 * time.Minute
	fortySteps = 6
)

// What scripts read, by the names of the contract.
type planLine struct {
	Appointment, Start, Rule, Due, Decision, Reason, Text string
	Segments                                              int
}

type queueLine struct{ Practice, Appointment, Rule, State, Due, Reason string }

type storyRead struct {
	Appointment string
	Events      []struct{ At, What, Reason, Rule, To string }
}

func TestTheSurgeryOfFortyGetsExactlyItsTexts(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir", "files"}, func(t *testing.T, source string) {
		f := &forty{scene: newScene(t, source, fortyBefore)}
		f.cases = surgery.Forty(f.diary, fortyBefore, 8)
		f.drop()
		f.do("keys", "new")
		f.checkFirst()
		f.planned(gateway.Send.String())
		v := f.serve()
		v.fresh()
		for _, day := range []time.Time{fortyWeek, fortyEve} {
			for i := range fortySteps {
				f.clock.set(day.Add(time.Duration(i) * fortyStep))
				f.drop()
				f.wait(v)
			}
		}
		f.texts()
		f.queued()
		f.explained()
		f.planned("suppress")
		if n := v.metric("bellman_unexplained"); n != 0 {
			t.Errorf("%v reminders cannot be explained", n)
		}
		v.stop()
	})
}

// forty is a scene with the surgery of forty booked patients.
type forty struct {
	*scene
	cases []surgery.Case
}

// owed is a text that must come.
type owed struct {
	to, body string
	due      time.Time
}

// owes lists the texts that must have come by a moment, worded by this test and
// not by the program.
func (f *forty) owes(by time.Time) []owed {
	var out []owed
	for i, c := range f.cases {
		if c.Why != gateway.None {
			continue
		}
		what := "an appointment"
		if c.What == "a visit by telephone" {
			what = "a telephone appointment"
		}
		for _, day := range []int{21, 27} {
			hour, minute := 9+i*10/60, i*10%60
			o := owed{
				to:  fmt.Sprintf("+447700900%03d", 100+i),
				due: london(time.October, day, hour, minute),
				body: "You have " + what + " with Riverside Surgery on Wednesday 28 October at " + gatewaytest.ClockWords(hour, minute) +
					". To change it, call 01632 960001. Reply STOP to stop these texts.",
			}
			if !o.due.After(by) {
				out = append(out, o)
			}
		}
	}
	return out
}

// wait lets everything arrive that is due by now, and nothing else.
func (f *forty) wait(v *serving) {
	f.t.Helper()
	now := f.clock.Now()
	want := len(f.owes(now))
	v.await("what is due has arrived", func() string {
		if n := count(f.reminders()); n != want {
			return fmt.Sprintf("at %s %d texts, want %d", local(now), n, want)
		}
		return ""
	})
	v.fresh()
	v.quiet()
}

func (f *forty) checkFirst() {
	f.t.Helper()
	// The clock of a scene is not redis's, and check says so. All else is well.
	_, out, errOut := f.run("check")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "FAIL") && !strings.HasPrefix(line, "FAIL  clock:") {
			f.t.Errorf("check: %s%s", line, errOut)
		}
	}
	if want := fmt.Sprintf("ok    feed of %s: 41 appointments", scenePractice); !strings.Contains(out, want) {
		f.t.Errorf("check does not say %q:\n%s", want, out)
	}
	var pulled struct {
		Complete     bool
		Appointments []struct{ Appointment, Number, Name string }
		Unreadable   []any
	}
	f.ask(&pulled, "pull", "--practice", scenePractice)
	if !pulled.Complete || len(pulled.Appointments) != 41 || len(pulled.Unreadable) != 0 {
		f.t.Errorf("pull: complete %t, %d appointments, %d unreadable", pulled.Complete, len(pulled.Appointments), len(pulled.Unreadable))
	}
	for _, a := range pulled.Appointments {
		if strings.Contains(a.Number, "07700") || a.Name != "" {
			f.t.Error("pull shows a name or number without --reveal")
		}
	}
}

// planned holds what `plan` says against the cases. sendable is what it says of
// those that are owed a text: send beforehand, suppress once it has gone.
func (f *forty) planned(sendable string) {
	f.t.Helper()
	var rows []planLine
	f.ask(&rows, "plan", "--practice", scenePractice)
	type said struct{ Rule, Start, Decision, Reason string }
	got, want := map[int][]said{}, map[int][]said{}
	for _, r := range rows {
		got[slotOf(r.Appointment)] = append(got[slotOf(r.Appointment)], said{r.Rule, r.Start, r.Decision, r.Reason})
		if (r.Decision == "send") != (r.Segments > 0) || r.Text != "" {
			f.t.Errorf("appointment %s: %s with %d segments and a text of %d letters", r.Appointment, r.Decision, r.Segments, len(r.Text))
		}
	}
	for i, c := range f.cases {
		minutes := i * 10
		if c.Why == gateway.Merged {
			minutes += 10
		}
		start := london(time.October, 28, 9+minutes/60, minutes%60).Format(time.RFC3339)
		for _, rule := range []string{"7d", "1d"} {
			w := said{rule, start, decisionOn(c.Why), c.Why.String()}
			if c.Why == gateway.None {
				w.Decision = sendable
				if sendable == "suppress" {
					w.Reason = "already_delivered"
				}
			}
			want[c.Slot] = append(want[c.Slot], w)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func decisionOn(why gateway.Reason) string {
	switch why {
	case gateway.None:
		return "send"
	case gateway.MobileUnclear:
		return "hold"
	}
	return "suppress"
}

// slotOf gives the slot that an appointment's id begins with.
func slotOf(id string) int {
	var slot int
	first, _, _ := strings.Cut(id, "-")
	_, _ = fmt.Sscan(first, &slot)
	return slot
}

// texts holds what arrived on the phones against what had to.
func (f *forty) texts() {
	f.t.Helper()
	got, want := map[string][]string{}, map[string][]string{}
	due := map[string][]time.Time{}
	for _, o := range f.owes(f.clock.Now()) {
		want[o.to] = append(want[o.to], o.body)
		due[o.to] = append(due[o.to], o.due)
	}
	for number, texts := range f.reminders() {
		for i, text := range texts {
			got[number] = append(got[number], text.Body)
			if i < len(due[number]) && (text.At.Before(due[number][i]) || text.At.After(due[number][i].Add(81*time.Minute))) {
				f.t.Errorf("the text to …%s due at %s came at %s", number[len(number)-3:], local(due[number][i]), local(text.At))
			}
			if text.From != sceneSender {
				f.t.Errorf("a text came from another sender")
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("texts (-want +got):\n%s", diff)
	}
}

// standing says where each reminder of a case must stand in the end.
func standing(why gateway.Reason) (state, reason string) {
	switch decisionOn(why) {
	case "send":
		return "delivered", ""
	case "hold":
		return "held", why.String()
	}
	return "withdrawn", why.String()
}

func (f *forty) queued() {
	f.t.Helper()
	var rows []queueLine
	f.ask(&rows, "queue")
	type stands struct{ Rule, State, Reason string }
	got, want := map[int][]stands{}, map[int][]stands{}
	for _, r := range rows {
		got[slotOf(r.Appointment)] = append(got[slotOf(r.Appointment)], stands{r.Rule, r.State, r.Reason})
		if r.Practice != scenePractice {
			f.t.Errorf("queue names practice %q", r.Practice)
		}
	}
	for _, c := range f.cases {
		state, reason := standing(c.Why)
		for _, rule := range []string{"7d", "1d"} {
			want[c.Slot] = append(want[c.Slot], stands{rule, state, reason})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("queue (-want +got):\n%s", diff)
	}
}

// explained asks for the story of every appointment by its slot.
func (f *forty) explained() {
	f.t.Helper()
	worded := 0
	for _, c := range f.cases {
		var story storyRead
		f.ask(&story, "explain", "--practice", scenePractice, "--appointment", fmt.Sprint(c.Slot))
		if slotOf(story.Appointment) != c.Slot || len(story.Events) == 0 || story.Events[0].What != "seen" {
			f.t.Errorf("%s: the story is of %s and begins with %+v", c.What, story.Appointment, story.Events)
			continue
		}
		if !slices.IsSortedFunc(story.Events, func(a, b struct{ At, What, Reason, Rule, To string }) int { return strings.Compare(a.At, b.At) }) {
			f.t.Errorf("%s: the story is out of order", c.What)
		}
		for _, rule := range []string{"7d", "1d"} {
			state, reason := standing(c.Why)
			last := ""
			for _, e := range story.Events {
				if e.What == "accepted" && worded == 0 {
					worded = strings.Count(f.do("explain", "--practice", scenePractice, "--appointment", fmt.Sprint(c.Slot)), ", in the words default v")
				}
				if e.Rule == rule && e.What != "planned" {
					last = e.What + " " + e.Reason
				}
			}
			if want := state + " " + reason; last != want {
				f.t.Errorf("%s: the story of %s ends with %q, want %q", c.What, rule, last, want)
			}
		}
	}
	if worded == 0 {
		f.t.Error("no story says in which words its text was sent")
	}
}
