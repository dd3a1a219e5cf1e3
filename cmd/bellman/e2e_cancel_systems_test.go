package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// cancelScene is a practice in whose clinical system patients may cancel by text.
type cancelScene struct {
	*scene
	people []patient
	there  *surgery.Diary // what the clinical system has
	asks   func() int     // how often it was asked to cancel
	lose   func()         // from now on it cancels, and its answer is lost
	click  func() bool    // a person lets Bellman in; nil: nobody has to
}

// overHTTP has the calls that hold some words counted as those which cancel.
func overHTTP(s *scene, people []patient, there *surgery.Diary, words string) *cancelScene {
	asks := func() (n int) {
		for _, uri := range s.asked.all() {
			if strings.Contains(uri, words) {
				n++
			}
		}
		return n
	}
	lose := func() {
		s.asked.breaking(func(r *http.Request, carryOut func()) bool {
			lost := strings.Contains(r.Method+" "+r.URL.Path, words)
			if lost {
				carryOut()
			}
			return lost
		})
	}
	return &cancelScene{scene: s, people: people, there: there, asks: asks, lose: lose}
}

// cancelSystems are the clinical systems in which Bellman can cancel, what a patient
// of each writes, and what comes of a cancellation whose answer is lost: where the
// adapter looks again and sees it, it is confirmed.
var cancelSystems = map[string]struct {
	words  string
	lost   gateway.CancelEnd
	export bool // the diary is an export, which shows a cancellation later
	set    func(t *testing.T, now, day time.Time, n int) *cancelScene
}{
	"emis": {"Cancel %s", gateway.CancelUnclear, false, func(t *testing.T, now, day time.Time, n int) *cancelScene {
		s := newScene(t, "emis", now)
		return overHTTP(s, s.booked(day, n), s.diary, "CancelAppointment")
	}},
	"cliniko": {"cancel: %s.", gateway.CancelUnclear, false, func(t *testing.T, now, day time.Time, n int) *cancelScene {
		s := newScene(t, "cliniko", now)
		return overHTTP(s, s.booked(day, n), s.diary, "PATCH ")
	}},
	"tpp": {"CANCEL%s", gateway.CancelDone, false, func(t *testing.T, now, day time.Time, n int) *cancelScene {
		s := newScene(t, "fhir", now)
		sim := tppsim.New(s.diary, tppsim.Options{Clock: s.clock, APIKey: simAPIKey, Organisation: scenePractice})
		t.Cleanup(sim.Close)
		socket, err := sim.Start()
		if err != nil {
			t.Fatal(err)
		}
		s.configure(fmt.Sprintf("{type: tpp, address: %q, api_key: %s, organisation: A81001, pace_ms: 1, answer_within: 2s}", socket, simAPIKey), "")
		people := s.booked(day, n)
		for i, p := range people {
			s.diary.Edit(p.id, func(p *surgery.Person) { p.NHSNumber = surgery.NHSNumber(i) })
		}
		return &cancelScene{
			scene: s, people: people, there: s.diary,
			asks:  func() int { return sim.Calls("UpdatePatientRecord") },
			lose:  func() { sim.SetFaults(tppsim.Faults{LosesAnswer: true}) },
			click: func() bool { return sim.Click(true) },
		}
	}},
	"files beside PDS and GP Connect": {"canslo %s", gateway.CancelDone, true, func(t *testing.T, now, _ time.Time, n int) *cancelScene {
		s, people := newBesidePDS(t, "files", now, n)
		_, there := s.besideGPConnect(people)
		return overHTTP(s.scene, people, there, "PUT ")
	}},
}

var codeInText = regexp.MustCompile(`reply CANCEL ([0-9]{4})\.`)

// codeTold reads a visit's code from the last text that came to a patient's phone.
func (s *scene) codeTold(p patient) string {
	s.t.Helper()
	texts := s.reminders()[p.number]
	if len(texts) == 0 {
		s.t.Fatalf("no text has come to ...%s", p.number[10:])
	}
	code := codeInText.FindStringSubmatch(texts[len(texts)-1].Body)
	if code == nil {
		s.t.Fatal("the text tells no code")
	}
	return code[1]
}

// writes has a patient write, and gives what they read in answer.
func (s *scene) writes(p patient, words string) string {
	s.t.Helper()
	got := s.twilio.Reply(s.t.Context(), p.number, sceneSender, words)
	if got.Status != http.StatusOK || len(got.Texts) > 1 {
		s.t.Errorf("answered %d with %d texts", got.Status, len(got.Texts))
	}
	return strings.Join(got.Texts, "")
}

// TestInEverySystemThatCanAPatientFreesTheVisitOfTheirOwnCodeAndNoOther is the whole
// way, from the text that tells the code to the slot in the clinical system.
func TestInEverySystemThatCanAPatientFreesTheVisitOfTheirOwnCodeAndNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range cancelSystems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.set(t, london(time.October, 21, 8, 30), london(time.October, 28, 9, 0), 6)
			frees, mistaken, stays, moved, near, lost := s.people[0], s.people[1], s.people[2], s.people[3], s.people[4], s.people[5]
			for _, d := range []*surgery.Diary{s.diary, s.there} {
				d.Change(near.slot, func(v *surgery.Visit) { v.Start = london(time.October, 22, 9, 50) })
			}
			s.edit(`    poll: "@every 1s"`, `    poll: "@every 1s"
    max_requests: 6000
    writes: {cancellations: "A. Manager"}
    policy: {cancel_by_text: true, cancel: {automatic: true}}`)
			s.edit("twilio: {", "twilio: {custom_opt_out_words: true, ")
			s.do("keys", "new")
			v := s.serve()
			if s.click != nil {
				gatewaytest.Await(t, "a person is asked to let Bellman in", s.click)
			}
			v.fresh()
			v.hour(london(time.October, 21, 10, 30))
			v.await("every patient has been told a code", func() string {
				if n := len(s.reminders()); n < len(s.people) {
					return fmt.Sprintf("%d texts: %v", n, s.standsAll())
				}
				return ""
			})
			v.awaitReady(http.StatusOK, "ready") // our clock was set, and is compared again first
			ids := s.planned()
			write := func(p patient, words string) string {
				if !strings.Contains(words, " ") { // a code
					words = fmt.Sprintf(c.words, words)
				}
				return s.writes(p, words)
			}

			// The patient's own code.
			got := write(frees, s.codeTold(frees))
			if want := "Your appointment with Riverside Surgery on Wednesday 28 October at 9am is cancelled, as you asked. " +
				"If you did not ask for this, or want another time, call 01632 960001."; got != want {
				t.Fatalf("answered with %q\n%s", got, v.log)
			}
			if visit, _ := s.there.Visit(frees.slot); visit.Status != gateway.StatusCancelled || s.asks() != 1 {
				t.Errorf("the visit stands at %d, asked %d times", visit.Status, s.asks())
			}

			// What is not plain: another patient's code, one's own after that, a visit
			// too near, and one that was moved since the text told its code.
			for _, d := range []*surgery.Diary{s.diary, s.there} {
				d.Move(moved.slot, london(time.October, 28, 15, 0))
			}
			s.drop()
			for _, words := range []struct {
				p     patient
				words string
			}{
				{mistaken, s.codeTold(stays)}, {mistaken, s.codeTold(mistaken)}, {near, s.codeTold(near)}, {moved, s.codeTold(moved)},
				{stays, "Cancel my appointment please"},
			} {
				if got := write(words.p, words.words); strings.Contains(got, "cancelled") {
					t.Errorf("answered with %q", got)
				}
			}
			for _, p := range []patient{mistaken, stays, moved, near} {
				if visit, _ := s.there.Visit(p.slot); visit.Status != gateway.StatusBooked {
					t.Errorf("the visit %d stands at %d", p.slot, visit.Status)
				}
			}
			if s.asks() != 1 {
				t.Errorf("asked %d times", s.asks())
			}

			// It is cancelled, and the answer is lost on the way: once, and the truth.
			s.lose()
			code := s.codeTold(lost)
			told := map[gateway.CancelEnd]string{gateway.CancelDone: "is cancelled, as you asked", gateway.CancelUnclear: "may or may not be cancelled"}[c.lost]
			if got := write(lost, code); !strings.Contains(got, told) {
				t.Errorf("%s: answered with %q", c.lost, got)
			}
			if got := write(lost, code); strings.Contains(got, "is cancelled") || s.asks() != 2 {
				t.Errorf("the second time answered with %q, asked %d times", got, s.asks())
			}
			done := 1.0
			if c.lost == gateway.CancelDone {
				done = 2
			}
			for end, want := range map[gateway.CancelEnd]float64{
				gateway.CancelDone: done, gateway.CancelUnclear: 2 - done, gateway.CancelGuessed: 1, gateway.CancelTooNear: 1, gateway.CancelOtherWords: 1,
			} {
				if n := v.metric("bellman_cancellations_total", `outcome="`+end.String()+`"`); n != want {
					t.Errorf("%v ended as %s, want %v", n, end, want)
				}
			}
			s.waitForPeople(frees, mistaken, stays, moved, near, lost)

			// The eve of the visit, of which the diary had told of the move long before.
			if c.export {
				v.read()
			}
			v.hour(london(time.October, 27, 9, 45))
			for p, want := range map[patient]int{frees: 1, lost: 1, mistaken: 2, stays: 2, moved: 2} {
				if n := len(s.reminders()[p.number]); n != want {
					t.Errorf("%d texts came to the visit %d, want %d", n, p.slot, want)
				}
			}
			s.isTold(ids[frees.slot].Appointment, c.export)
			if n := v.metric("bellman_unexplained"); n != 0 {
				t.Errorf("%v reminders cannot be explained", n)
			}
			v.stop()
		})
	}
}

// waitForPeople checks that all replies but those that freed a visit wait, with the
// patients' own words.
func (s *cancelScene) waitForPeople(frees patient, others ...patient) {
	s.t.Helper()
	await(s.t, "the reply of who freed a visit is closed", func() string {
		for _, r := range s.scene.replies("--reveal") {
			if r.Number == frees.number {
				return "it is open"
			}
		}
		return ""
	}, func() string { return "" })
	for _, p := range others {
		if !slices.ContainsFunc(s.scene.replies("--reveal"), func(r replyLine) bool {
			return r.Number == p.number && strings.Contains(strings.ToLower(r.Text), "can")
		}) {
			s.t.Errorf("no reply of the visit %d waits with its words", p.slot)
		}
	}
}

// isTold checks what staff read of a visit that its patient freed. Where the diary is
// an export that still shows it as booked, its being cancelled is news again, and a
// task, once that is seen.
func (s *cancelScene) isTold(id string, export bool) {
	s.t.Helper()
	told := s.do("explain", "--practice", scenePractice, "--appointment", id)
	for _, want := range []string{"the patient replied: cancel", "the clinical system is asked to cancel it", "the clinical system has confirmed that it is cancelled"} {
		if !strings.Contains(told, want) {
			s.t.Errorf("explain does not tell %q:\n%s", want, told)
		}
	}
	all, _ := s.tasks()
	if is := slices.ContainsFunc(all, func(task taskLine) bool { return task.Appointment == id }); is != export {
		s.t.Errorf("a task is open: %t, want %t", is, export)
	}
	if trail := s.do("audit", "export"); !strings.Contains(trail, "cancel by text") {
		s.t.Error("the audit trail does not tell of it")
	}
}
