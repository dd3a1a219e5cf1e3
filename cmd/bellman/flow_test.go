package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// patient is one of a few that a test follows.
type patient struct {
	id, slot int
	number   string
}

// booked registers patients, each with a visit of its own on the day, ten minutes
// apart from nine o'clock.
func (s *scene) booked(day time.Time, n int) []patient {
	out := make([]patient, n)
	for i := range out {
		number := fmt.Sprintf("+447700900%03d", 200+i)
		id := s.diary.Register(surgery.Person{
			Title: "Ms", Given: "Iona", Family: "Jessop", NHSNumber: "9990000018",
			Born: time.Date(1950+i, 3, 4, 0, 0, 0, 0, time.UTC), Mobile: "0" + number[3:],
		})
		slot := s.diary.Book(surgery.Visit{Person: id, Start: day.Add(time.Duration(i) * 10 * time.Minute), Site: 5, Mode: gateway.ModeInPerson})
		out[i] = patient{id, slot, number}
	}
	s.drop()
	return out
}

// bodies gives the days and times that the reminders to a phone name, in order.
func (s *scene) bodies(p patient) []string {
	var out []string
	for _, text := range s.reminders()[p.number] {
		_, when, _ := strings.Cut(text.Body, "Riverside Surgery on ")
		when, _, _ = strings.Cut(when, ".")
		out = append(out, when)
	}
	return out
}

// stands gives where the reminders of a patient's visit stand, "rule state reason".
func (s *scene) stands(p patient) []string {
	s.t.Helper()
	var rows []queueLine
	s.ask(&rows, "queue", "--practice", scenePractice)
	var out []string
	for _, r := range rows {
		if slotOf(r.Appointment) == p.slot {
			out = append(out, strings.TrimSpace(r.Rule+" "+r.State+" "+r.Reason))
		}
	}
	return out
}

// told gives what explain tells of a patient's visit, "what rule reason".
func (s *scene) told(p patient) []string {
	s.t.Helper()
	var story storyRead
	s.ask(&story, "explain", "--practice", scenePractice, "--appointment", fmt.Sprint(p.slot))
	var out []string
	for _, e := range story.Events {
		out = append(out, strings.TrimSpace(e.What+" "+e.Rule+" "+e.Reason))
	}
	return out
}

// optedOut is what `optout check` says.
func (s *scene) optedOut(p patient) (out bool, by string) {
	s.t.Helper()
	var said struct {
		OptedOut         bool `json:"opted_out"`
		Since, By, Scope string
	}
	s.ask(&said, "optout", "check", "--practice", scenePractice, "--number", p.number)
	return said.OptedOut, said.By
}

// hour lets everything come that is due until a moment.
func (v *serving) hour(to time.Time) {
	v.s.t.Helper()
	// No jump over a text that is just leaving: its lease would run out in it.
	v.quiet()
	v.s.clock.set(to.Add(-2 * time.Minute))
	v.s.drop()
	v.fresh()
	v.quiet()
	// What was held in that moment for want of a fresh read is looked at again a
	// minute later.
	v.s.clock.set(to)
	v.await("what was due is done", func() string {
		now, late := v.s.clock.Now(), 0
		var rows []queueLine
		v.s.ask(&rows, "queue")
		for _, r := range rows {
			due, err := time.Parse(time.RFC3339, r.Due)
			if r.Reason == "feed_stale" || err == nil && r.State == "queued" && !due.After(now) {
				late++
			}
		}
		if late > 0 {
			return fmt.Sprintf("%d are due and wait", late)
		}
		return ""
	})
	v.quiet()
}

const (
	firstDay  = "Wednesday 28 October at "
	secondDay = "Thursday 29 October at "
)

func TestWhatChangesBetweenTwoRemindersIsObeyed(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir", "files"}, func(t *testing.T, source string) {
		s := newScene(t, source, london(time.October, 20, 17, 0))
		all := s.booked(london(time.October, 28, 9, 0), 8)
		stays, off, gone, moved, dies, leaves, renumbered, stops := all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]
		v := s.live()
		v.hour(london(time.October, 21, 10, 12))
		if n := count(s.reminders()); n != 8 {
			t.Fatalf("a week before, %d texts came, want 8", n)
		}

		// Too late for a reminder a week before the moved visit's new day.
		s.clock.set(london(time.October, 23, 10, 0))
		s.drop()
		v.fresh()
		s.diary.Cancel(off.slot)
		s.diary.Remove(gone.slot)
		s.diary.Move(moved.slot, london(time.October, 29, 15, 30))
		s.diary.Edit(dies.id, func(p *surgery.Person) { p.Died = s.clock.Now() })
		s.diary.Edit(leaves.id, func(p *surgery.Person) { p.Deducted = s.clock.Now().AddDate(0, 0, -1) })
		s.diary.Edit(renumbered.id, func(p *surgery.Person) { p.Mobile = "07700 900299" })
		s.drop()
		// Not a word that the provider knows: our own ledger has to know it.
		if a := s.twilio.Reply(t.Context(), stops.number, sceneSender, "Please stop texting me"); a.Status != http.StatusOK || a.TookFor != "" || len(a.Texts) != 1 || !strings.Contains(a.Texts[0], "no more texts") {
			t.Errorf("the wish to get no more texts was answered with status %d, %q", a.Status, a.Texts)
		}
		v.read()

		for _, at := range []time.Time{london(time.October, 27, 9, 12), london(time.October, 27, 10, 12), london(time.October, 28, 15, 35)} {
			v.hour(at)
		}
		for _, c := range []struct {
			who    string
			p      patient
			texts  []string
			stands []string
		}{
			{"whose visit stays", stays, []string{firstDay + "9am", firstDay + "9am"}, []string{"7d delivered", "1d delivered"}},
			{"whose visit was cancelled", off, []string{firstDay + "9:10am"}, []string{"7d delivered", "1d withdrawn " + cancelled(source)}},
			{"whose visit was taken out of the diary", gone, []string{firstDay + "9:20am"}, []string{"7d delivered", "1d withdrawn gone"}},
			{"whose visit was moved", moved, []string{firstDay + "9:30am", secondDay + "3:30pm"}, []string{"7d withdrawn booked_late", "1d delivered"}},
			{"who died", dies, []string{firstDay + "9:40am"}, []string{"7d delivered", "1d withdrawn deceased"}},
			{"who left", leaves, []string{firstDay + "9:50am"}, []string{"7d delivered", "1d withdrawn left_practice"}},
			{"who has another number", renumbered, []string{firstDay + "10am"}, []string{"7d delivered", "1d delivered"}},
			{"who wants no texts", stops, []string{firstDay + "10:10am"}, []string{"7d delivered", "1d withdrawn opted_out"}},
		} {
			if diff := cmp.Diff(c.texts, s.bodies(c.p)); diff != "" {
				t.Errorf("the patient %s (-want +got):\n%s", c.who, diff)
			}
			if diff := cmp.Diff(c.stands, s.stands(c.p)); diff != "" {
				t.Errorf("the visit of the patient %s (-want +got):\n%s", c.who, diff)
			}
		}
		if got := s.bodies(patient{number: "+447700900299"}); !slices.Equal(got, []string{firstDay + "10am"}) {
			t.Errorf("the new number got %q", got)
		}
		if got := s.told(moved); !slices.Contains(got, "moved") {
			t.Errorf("the story of the moved visit does not say so: %q", got)
		}
		if got := s.told(stops); !slices.Contains(got, "reply 7d stop") {
			t.Errorf("the story of the visit whose patient said stop does not say so: %q", got)
		}
		v.stop()
	})
}

// cancelled is what a source lets one know of a cancelled visit: EMIS no longer
// lists it.
func cancelled(source string) string {
	if source == "emis" {
		return "gone"
	}
	return "cancelled"
}

// The diary is read once, long before, and then by nobody: only the look in the moment
// of sending can find what has changed since.
func TestTheLastLookBeforeSendingFindsWhatChangedSinceTheRead(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir"}, func(t *testing.T, source string) {
		s := newScene(t, source, london(time.October, 26, 17, 0))
		s.edit("policy: {}", "policy: {stale_after: 24h, reminders: [{before: 1d}]}")
		all := s.booked(london(time.October, 28, 9, 0), 5)
		stays, off, moved, dies, emptied := all[0], all[1], all[2], all[3], all[4]
		s.live().stop()
		v := s.serve("--only", "sender,web")
		s.diary.Cancel(off.slot)
		s.diary.Move(moved.slot, london(time.October, 28, 16, 0))
		s.diary.Edit(dies.id, func(p *surgery.Person) { p.Died = s.clock.Now() })
		s.diary.Edit(emptied.id, func(p *surgery.Person) { p.Mobile = "" })
		s.clock.set(london(time.October, 27, 9, 45))
		want := map[string][]string{
			stays.number: {"1d delivered"}, off.number: {"1d withdrawn cancelled"}, moved.number: {"1d queued"},
			dies.number: {"1d withdrawn deceased"}, emptied.number: {"1d withdrawn no_mobile"},
		}
		v.await("every visit stands where it should", func() string {
			got := map[string][]string{}
			for _, p := range all {
				got[p.number] = s.stands(p)
			}
			return cmp.Diff(want, got)
		})
		s.clock.set(london(time.October, 27, 16, 1))
		v.await("the moved visit's text has come", func() string { return cmp.Diff([]string{firstDay + "4pm"}, s.bodies(moved)) })
		v.quiet()
		if n := count(s.reminders()); n != 2 {
			t.Errorf("%d texts came, want two: of the visit that stays and of the one that was moved", n)
		}
		v.stop()
	})
}

func TestSTOPEndsTheTextsAndSTARTBringsThemBack(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	all := s.booked(london(time.October, 28, 9, 0), 3)
	stops, returns, staff := all[0], all[1], all[2]
	v := s.live()
	v.hour(london(time.October, 21, 9, 30))

	for _, p := range []patient{stops, returns} {
		if a := s.twilio.Reply(t.Context(), p.number, sceneSender, "STOP"); a.Status != http.StatusOK || len(a.Texts) != 0 {
			t.Errorf("STOP was answered with status %d and %d texts; the provider answers it itself", a.Status, len(a.Texts))
		}
		if out, by := s.optedOut(p); !out || by != "patient" {
			t.Errorf("after STOP the number is opted out: %t, by %q", out, by)
		}
	}
	s.do("optout", "add", "--practice", scenePractice, "--number", staff.number, "--yes")
	var list []struct{ Practice, Number, Since, By, Scope string }
	s.ask(&list, "optout", "list")
	var shown []string
	for _, o := range list {
		shown = append(shown, o.Practice+" "+o.Number+" "+o.By+" "+o.Scope)
		if _, err := time.Parse(time.RFC3339, o.Since); err != nil || !strings.HasSuffix(o.Since, "Z") {
			t.Errorf("since is %q, not a time in UTC", o.Since)
		}
	}
	slices.Sort(shown)
	if diff := cmp.Diff([]string{"A81001 …200 patient practice", "A81001 …201 patient practice", "A81001 …202 staff practice"}, shown); diff != "" {
		t.Errorf("optout list (-want +got):\n%s", diff)
	}
	if got := s.stands(returns); !slices.Equal(got, []string{"7d delivered", "1d withdrawn opted_out"}) {
		t.Errorf("after STOP the visit stands at %q", got)
	}
	var rows []planLine
	s.ask(&rows, "plan", "--practice", scenePractice)
	for _, r := range rows {
		if r.Rule == "1d" && (r.Decision != "suppress" || r.Reason != "opted_out") {
			t.Errorf("plan says %s %s of a patient who opted out", r.Decision, r.Reason)
		}
	}

	v.read()
	for _, p := range []patient{returns, staff} {
		s.twilio.Reply(t.Context(), p.number, sceneSender, "START")
	}
	if out, _ := s.optedOut(returns); out {
		t.Error("after START the number is still opted out")
	}
	if out, by := s.optedOut(staff); !out || by != "staff" {
		t.Error("START undid what staff had recorded")
	}
	v.read()
	v.hour(london(time.October, 27, 9, 30))
	for p, want := range map[patient]int{stops: 1, returns: 2, staff: 1} {
		if got := s.bodies(p); len(got) != want {
			t.Errorf("the phone ending in %s got %q, want %d texts", p.number[10:], got, want)
		}
	}
	if got := s.stands(stops); !slices.Equal(got, []string{"7d delivered", "1d withdrawn opted_out"}) {
		t.Errorf("the visit of the patient who said STOP stands at %q", got)
	}
	if n := v.metric("bellman_replies_total", `kind="stop"`); n != 2 {
		t.Errorf("%v replies of kind stop were counted, want 2", n)
	}
	if n := v.metric("bellman_optouts"); n != 2 {
		t.Errorf("%v numbers count as opted out, want 2", n)
	}
	v.stop()
}

func TestASecondServiceGoesOnWhereTheFirstStopped(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	all := s.booked(london(time.October, 28, 9, 0), 12)
	s.do("keys", "new")
	s.public.patient.Store(true)
	v := s.serve()
	v.fresh()
	s.clock.set(london(time.October, 21, 9, 52)) // six are due
	v.await("some texts have come", func() string {
		if count(s.reminders()) == 0 {
			return "none"
		}
		return ""
	})
	v.stop() // in the middle of the others
	for _, want := range []string{"stopping", "door open"} {
		if !strings.Contains(v.log.String(), want) {
			t.Errorf("the log does not tell of %q", want)
		}
	}
	again := s.serve()
	again.hour(london(time.October, 21, 10, 55))
	again.stop()
	third := s.serve()
	third.fresh()
	third.quiet()
	third.stop()
	for i, p := range all {
		if got := s.bodies(p); len(got) != 1 {
			t.Errorf("patient %d got %q, want one text", i, got)
		}
		if got := s.stands(p); !slices.Equal(got, []string{"7d delivered", "1d queued"}) {
			t.Errorf("the visit of patient %d stands at %q", i, got)
		}
	}
}

func TestAPageThatFailsInTheMiddleOfAFeedCancelsNobody(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	s.edit("auth: {type: none}", `auth: {type: none}, query: {_count: ["10"]}`)
	cases := surgery.Forty(s.diary, s.clock.Now(), 8)
	v := s.live()
	before := s.standsAll()
	for what, f := range map[string]fhirsim.Faults{
		"fails":                   {FailPage: 2},
		"breaks off":              {TruncatePage: 2},
		"is half a text":          {CutPage: 2},
		"leads to another server": {ForeignNext: "http://192.0.2.1/fhir"},
	} {
		was := v.metric("bellman_feed_failures_total")
		s.fhir.SetFaults(f)
		v.await("a read has met a second page that "+what, func() string {
			if v.metric("bellman_feed_failures_total") < was+2 {
				return "not yet"
			}
			return ""
		})
		if diff := cmp.Diff(before, s.standsAll()); diff != "" {
			t.Errorf("a second page that %s changed the queue (-before +after):\n%s", what, diff)
		}
	}
	s.fhir.SetFaults(fhirsim.Faults{})
	v.read()
	if diff := cmp.Diff(before, s.standsAll()); diff != "" || len(before) != 2*len(cases) {
		t.Errorf("after the faults (-before +after):\n%s", diff)
	}
	v.stop()
}

// standsAll gives where every reminder stands.
func (s *scene) standsAll() map[string]string {
	s.t.Helper()
	var rows []queueLine
	s.ask(&rows, "queue")
	out := map[string]string{}
	for _, r := range rows {
		out[r.Appointment+" "+r.Rule] = r.State + " " + r.Reason
	}
	return out
}
