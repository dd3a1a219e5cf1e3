package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// TestAKilledProcessNeverAsksTwiceAndTellsNoFalsehood kills the program itself, by a
// signal that it cannot hear, while the clinical system has not answered: before
// anything was written down of a cancellation, after that and before it was asked for,
// and when it is cancelled there and nobody has heard of it.
func TestAKilledProcessNeverAsksTwiceAndTellsNoFalsehood(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("bellman")
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, "cliniko", time.Now())
	redis := newRedis(t) // somebody else's: it lives on
	redis.start()
	s.useRedis(redis)
	s.edit("policy: {}", `policy: {reminders: [{before: 30h}], cancel_by_text: true, window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", bank_holidays: true}}`)
	s.edit(`    poll: "@every 1s"`, cancelSwitchedOn)
	s.edit("twilio: {", "twilio: {custom_opt_out_words: true, ")
	s.do("keys", "new")
	people := s.soon(3)
	const look, write = "GET /v1/individual_appointments/", "PATCH /v1/individual_appointments/"
	moments := []struct {
		what    string
		call    string
		nth     int
		done    bool   // it was cancelled all the same
		asks    int    // how often it was asked for, with what the patient wrote again
		told    string // the last that explain tells of it; empty: nothing
		another string // what the patient reads who asks again
	}{
		{"before anything was written down", look, 1, false, 1, "", "is cancelled, as you asked"},
		{"before it was asked for", look, 2, false, 0, "the clinical system is asked to cancel it; unless a later line says more", "may or may not be cancelled"},
		{"before anybody heard of it", write, 1, true, 1, "the clinical system is asked to cancel it; unless a later line says more", "Thank you."},
	}
	v := s.process(program, syscall.SIGKILL)
	v.await("everybody has been told a code", func() string {
		if n := count(s.reminders()); n < len(people) {
			return fmt.Sprintf("%d texts\n%s", n, v.log)
		}
		return ""
	})
	v.quiet()
	ids := s.planned()
	for i, m := range moments {
		p, code, asked := people[i], s.codeTold(people[i]), s.count(write)
		met := s.holds(m.call, m.nth, m.done)
		answered := make(chan string)
		go func() {
			answered <- strings.Join(s.twilio.Reply(t.Context(), p.number, sceneSender, "Cancel "+code).Texts, "")
		}()
		select {
		case <-met:
		case text := <-answered:
			t.Fatalf("%s: the call was not made, and the patient reads %q\n%s", m.what, text, v.log)
		}
		v.end()
		if text := <-answered; text != "" {
			t.Errorf("%s: the patient reads %q", m.what, text)
		}
		s.asked.breaking(nil)

		v = s.process(program, syscall.SIGKILL)
		v.awaitReady(http.StatusOK, "ready")
		if is := s.isBooked(p.slot); is == m.done {
			t.Errorf("%s: the visit is booked: %t", m.what, is)
		}
		if story := s.do("explain", "--practice", scenePractice, "--appointment", ids[p.slot].Appointment); !strings.Contains(story, m.told) || strings.Contains(story, "has confirmed") || m.told == "" && strings.Contains(story, "is asked to cancel") {
			t.Errorf("%s: explain tells\n%s", m.what, story)
		}
		if out := s.do("replies"); m.told != "" && !strings.Contains(out, "was asked to cancel it, and nobody knows whether it did") {
			t.Errorf("%s: who reads the replies is not told of it:\n%s", m.what, out)
		}
		if words := s.openWords(p); len(words) != 1 || words[0] != "Cancel "+code {
			t.Errorf("%s: the inbox has %q", m.what, words)
		}
		v.read() // until the diary shows what became of it
		if text := s.writes(p, "CANCEL "+code); !strings.Contains(text, m.another) || strings.Contains(text, "is cancelled") != (m.told == "") {
			t.Errorf("%s: whoever asks again reads %q", m.what, text)
		}
		if n := s.count(write) - asked; n != m.asks {
			t.Errorf("%s: asked to cancel %d times, want %d", m.what, n, m.asks)
		}
	}
	v.end()
	if n := count(s.reminders()); n != len(people) {
		t.Errorf("%d reminders came, want one each", n)
	}
}

// soon books visits whose texts are due in a moment, by the true clock.
func (s *scene) soon(n int) []patient {
	s.t.Helper()
	start := time.Now().Truncate(time.Second).Add(30*time.Hour + 4*time.Second)
	out := make([]patient, n)
	for i := range out {
		number := fmt.Sprintf("+447700900%03d", 600+i)
		id := s.diary.Register(surgery.Person{
			Given: "Mair", Family: "Holt", NHSNumber: surgery.NHSNumber(i), Mobile: "0" + number[3:], Born: time.Date(1960+i, 1, 2, 0, 0, 0, 0, time.UTC),
		})
		slot := s.diary.Book(surgery.Visit{Person: id, Start: start.Add(time.Duration(i) * time.Second), Site: 5, Mode: gateway.ModeInPerson})
		out[i] = patient{id, slot, number}
	}
	return out
}

// count says how often the clinical system was called so.
func (s *scene) count(call string) (n int) {
	for _, uri := range s.asked.all() {
		if strings.HasPrefix(uri, call) {
			n++
		}
	}
	return n
}

// holds keeps the nth call of a kind from now on, carried out or not, for as long as
// somebody waits for its answer.
func (s *scene) holds(call string, nth int, done bool) (met chan struct{}) {
	met = make(chan struct{})
	s.asked.breaking(func(r *http.Request, carryOut func()) bool {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, call) {
			return false
		}
		if nth--; nth != 0 {
			return false
		}
		if done {
			carryOut()
		}
		close(met)
		<-r.Context().Done()
		return true
	})
	return met
}

// openWords gives what waits for a person of what a patient wrote.
func (s *scene) openWords(p patient) (words []string) {
	s.t.Helper()
	for _, r := range s.replies("--reveal") {
		if r.Number == p.number {
			words = append(words, r.Text)
		}
	}
	return words
}
