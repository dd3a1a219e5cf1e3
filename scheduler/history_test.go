package scheduler_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// history plays a random story of a diary, its reads, its patients' words and its
// texts against a simple model of what must come of it.
type history struct {
	*stage
	shown    map[gateway.AppointmentID]gateway.Appointment // what the newest read showed
	seen     map[gateway.AppointmentID]sighting            // when each was first known at its start
	complete time.Time                                     // the last complete read
	stopped  map[gateway.Phone]bool
	judged   int // texts that were looked at
	texted   map[gateway.ReminderID]int
}

type sighting struct{ start, at time.Time }

func TestWhateverHappensNobodyIsTextedTwiceAndEverybodyIsAccountedFor(t *testing.T) {
	s := newStage(t)
	s.rules(day, hours)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		h := s.history(rt, n)
		rt.Repeat(map[string]func(*rapid.T){
			"book":       func(rt *rapid.T) { h.book(rt) },
			"change":     func(rt *rapid.T) { h.change(rt) },
			"drop":       func(rt *rapid.T) { h.diary.drop(h.someone(rt)) },
			"read":       func(rt *rapid.T) { h.readWhole(rt) },
			"half read":  func(rt *rapid.T) { h.readHalf(rt) },
			"no read":    func(rt *rapid.T) { h.readNothing(rt) },
			"send":       func(rt *rapid.T) { h.sendAndJudge(rt) },
			"stop":       func(rt *rapid.T) { h.stop(rt) },
			"start":      func(rt *rapid.T) { h.start(rt) },
			"time flies": func(rt *rapid.T) { h.wait(rt) },
		})
	})
}

// history begins a story in a practice of its own.
func (s *stage) history(rt *rapid.T, n int) *history {
	s.t = rt
	s.clock.Set(friday)
	s.surgery.ODS = gateway.ODS(fmt.Sprintf("P%d", n))
	s.diary.visits = map[gateway.AppointmentID]gateway.Appointment{}
	s.phones.sent, s.moves = nil, nil
	s.metrics = newRegistry()
	s.sched = s.newScheduler(s.metrics, s.surgery)
	s.store.Serve([]gateway.ODS{s.surgery.ODS})
	return &history{
		stage: s, seen: map[gateway.AppointmentID]sighting{}, stopped: map[gateway.Phone]bool{}, texted: map[gateway.ReminderID]int{},
	}
}

// Two patients with two reminders each stay below the brake, which has tests of
// its own.
func (h *history) someone(rt *rapid.T) gateway.Appointment {
	return person(rapid.IntRange(1, 2).Draw(rt, "patient"))
}

func (h *history) book(rt *rapid.T) {
	a := h.someone(rt)
	a.Start = tuesday.AddDate(0, 0, rapid.IntRange(-1, 3).Draw(rt, "day")).Add(time.Duration(rapid.IntRange(-1, 5).Draw(rt, "hour")) * time.Hour)
	h.diary.book(a)
}

func (h *history) change(rt *rapid.T) {
	a, ok := h.diary.visits[h.someone(rt).ID]
	if !ok {
		return
	}
	switch rapid.IntRange(0, 5).Draw(rt, "change") {
	case 0:
		a.Status = gateway.StatusCancelled
	case 1:
		a.Status = gateway.StatusBooked
	case 2:
		a.Patient.Deceased = rapid.SampledFrom([]gateway.Flag{gateway.FlagNo, gateway.FlagYes, gateway.FlagUnclear}).Draw(rt, "deceased")
	case 3:
		a.Patient.Mobile = number(rapid.IntRange(1, 3).Draw(rt, "number"))
	case 4:
		a.Patient.Declined = gateway.FlagYes
	case 5:
		a.Status = gateway.StatusUnknown
	}
	h.diary.book(a)
}

func (h *history) stop(rt *rapid.T) {
	n := number(rapid.IntRange(1, 3).Draw(rt, "number"))
	o := gateway.OptOut{Practice: h.surgery.ODS, Number: n, Since: h.clock.Now(), By: "patient"}
	if err := h.store.AddOptOut(rt.Context(), o); err != nil {
		rt.Fatal(err)
	}
	if _, err := h.store.WithdrawNumber(rt.Context(), h.surgery.ODS, n, h.clock.Now(), gateway.OptedOut); err != nil {
		rt.Fatal(err)
	}
	h.stopped[n] = true
}

func (h *history) start(rt *rapid.T) {
	n := number(rapid.IntRange(1, 3).Draw(rt, "number"))
	if err := h.store.RemoveOptOut(rt.Context(), h.surgery.ODS, n, h.clock.Now(), "patient"); err != nil {
		rt.Fatal(err)
	}
	delete(h.stopped, n)
}

func (h *history) wait(rt *rapid.T) {
	h.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 15, 45, 120, 600, 1440}).Draw(rt, "minutes")) * time.Minute)
}

func (h *history) readNothing(rt *rapid.T) {
	h.diary.fails = errDown
	defer func() { h.diary.fails = nil }()
	if err := h.sched.Tick(rt.Context(), h.surgery); err == nil {
		rt.Error("nobody is told of a read that failed")
	}
	h.sound()
}

func (h *history) readWhole(rt *rapid.T) {
	h.t = rt
	h.read()
	h.judge(rt, true)
	h.complete = h.clock.Now()
}

func (h *history) readHalf(rt *rapid.T) {
	all := maps.Clone(h.diary.visits)
	defer func() { h.diary.visits, h.diary.complete = all, true }()
	h.diary.complete = false
	h.diary.drop(h.someone(rt))
	h.t = rt
	h.read()
	h.judge(rt, false)
}

// judge compares every reminder with what the newest read says of it.
func (h *history) judge(rt *rapid.T, certain bool) {
	now, p := h.clock.Now(), h.surgery.Policy
	h.shown = maps.Clone(h.diary.visits)
	for id, a := range h.shown {
		if !a.Start.After(now) {
			continue
		}
		if was, ok := h.seen[id]; !ok || !was.start.Equal(a.Start) {
			h.seen[id] = sighting{a.Start, h.knownFrom(now)}
		}
		for _, o := range p.Plan(a.Start, gateway.England, h.seen[id].at) {
			d := p.Decide(a, o, gateway.England, gateway.Moment{Now: now, FeedAsOf: now, OptedOut: h.stopped[a.Patient.Mobile]})
			h.compare(rt, h.id(a, o.Rule), d)
		}
	}
	for id, was := range h.seen {
		if a, ok := h.shown[id]; ok && a.Start.Equal(was.start) || !was.start.After(now) {
			continue
		}
		for _, r := range p.Rules {
			a := person(0)
			for n := 1; a.ID != id; n++ {
				a = person(n)
			}
			a.Start = was.start
			if st := h.where(rt, h.id(a, r)); st.State == gateway.Queued || certain && st.State == gateway.Held {
				rt.Errorf("one that the read does not show is %s", st.State)
			}
		}
	}
}

// knownFrom gives since when what a read newly shows counts as known: since the last
// complete read, where that was so long ago that nothing could be sent on it.
func (h *history) knownFrom(now time.Time) time.Time {
	if !h.complete.IsZero() && now.Sub(h.complete) > h.surgery.Policy.StaleAfter {
		return h.complete
	}
	return now
}

func (h *history) where(rt *rapid.T, id gateway.ReminderID) gateway.Standing {
	st, ok, err := h.store.Reminder(rt.Context(), id)
	if err != nil {
		rt.Fatal(err)
	}
	if !ok {
		st.State = gateway.Queued
	}
	return st
}

func (h *history) compare(rt *rapid.T, id gateway.ReminderID, d gateway.Decision) {
	st := h.where(rt, id)
	if h.texted[id] > 0 {
		if st.State != gateway.Accepted {
			rt.Errorf("one that was texted is %s", st.State)
		}
		return
	}
	want := map[gateway.Verdict]gateway.State{gateway.Send: gateway.Queued, gateway.Hold: gateway.Held, gateway.Suppress: gateway.Withdrawn}[d.Verdict]
	// The sender held it for an old feed, and looks again within a minute.
	waits := want == gateway.Queued && st.State == gateway.Held && st.Reason == gateway.FeedStale
	if (st.State != want || st.Reason != d.Reason) && !waits {
		rt.Errorf("the %s reminder is %s (%s), want %s (%s)", id.Rule, st.State, st.Reason, want, d.Reason)
	}
}

// sendAndJudge lets what is due leave, and asks of every text whether it should
// have left.
func (h *history) sendAndJudge(rt *rapid.T) {
	h.t = rt
	h.send()
	now, p := h.clock.Now(), h.surgery.Policy
	for _, m := range h.phones.sent[h.judged:] {
		h.texted[m.Reminder]++
		var a gateway.Appointment
		for _, x := range h.shown {
			if h.id(x, m.Reminder.Rule) == m.Reminder {
				a = x
			}
		}
		switch {
		case h.texted[m.Reminder] > 1:
			rt.Error("a text left twice")
		case a.Status != gateway.StatusBooked || a.Patient.Deceased != gateway.FlagNo || a.Patient.Declined != gateway.FlagNo:
			rt.Error("the newest read does not show the visit, or says that it is not to be texted")
		case a.Patient.Mobile != m.To:
			rt.Error("it went to another number")
		case h.stopped[m.To]:
			rt.Error("the patient had said STOP")
		case now.Sub(h.complete) > p.StaleAfter:
			rt.Error("the diary was too old")
		case !p.Hours.Open(now, gateway.England), !now.Before(a.Start.Add(-p.Latest)):
			rt.Error("it left outside the hours, or too late")
		}
	}
	h.judged = len(h.phones.sent)
	h.sound()
}
