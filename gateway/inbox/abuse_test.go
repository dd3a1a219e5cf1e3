package inbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
)

// bare lets the provider take no words for its own, so that all answers are ours.
func bare(o *inbox.Options) { o.Taken = nil }

func TestAFloodOfSTOPsIsObeyedToTheLastAndTold(t *testing.T) {
	const told = "unusually many numbers opted out"
	for _, c := range []struct {
		name  string
		apart time.Duration
		want  int // how often it is told
	}{{"within ten minutes", 10 * time.Second, 1}, {"over a morning", 5 * time.Minute, 0}} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, bare)
			for i := range 30 {
				s.clock.Advance(c.apart)
				words := []string{"STOP", "stop texting me", "sotp"}[i%3]
				if got := s.post(inbox.InboundPath, text(i, fromRiverside, words, sid(i))); got.status != http.StatusOK || !strings.Contains(got.body, "reply START") {
					t.Errorf("STOP %d is answered with %d, or does not say how to undo it", i, got.status)
				}
			}
			for i := range 30 {
				if s.optedOut(riverside, i) == "" {
					t.Errorf("STOP %d is not obeyed", i)
				}
			}
			if n := s.metric("bellman_optouts_added_total", "patient") + s.metric("bellman_optouts_added_total", "unsure"); n != 30 {
				t.Errorf("%v are counted", n)
			}
			if got := strings.Count(s.log.String(), told); got != c.want {
				t.Errorf("it is told %d times, want %d", got, c.want)
			}
		})
	}
}

func TestTheSameSTOPAgainIsNoFlood(t *testing.T) {
	s := newStage(t, bare)
	for i := range 40 {
		s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(i)))
	}
	if strings.Contains(s.log.String(), "unusually many") || s.metric("bellman_optouts_added_total", "patient") != 1 {
		t.Error("one number that says STOP forty times is counted as forty")
	}
}

// Whoever asks about a number must not learn whether it is a patient's.
func TestNumbersThatWeKnowAndNumbersThatWeDoNotGetTheSameAnswers(t *testing.T) {
	s := newStage(t, bare)
	const known = 200
	var visits []gateway.Appointment
	for i := range known {
		visits = append(visits, person(i))
	}
	s.booked(riverside, visits...)
	s.come(monday)
	s.sendAll() // each of them has had a text, too
	said := []string{"hello?", "STOP please", "wrong number", "sotp", "START", "help", "CANCEL 1234", "yes"}
	bodies := map[string]string{}
	for i := range 2 * known {
		words := said[i%len(said)]
		got := s.post(inbox.InboundPath, text(i, fromRiverside, words, sid(i)))
		if got.status != http.StatusOK {
			t.Errorf("%q is answered with %d", words, got.status)
		}
		if before, ok := bodies[words]; ok && before != got.body {
			t.Errorf("%q of number %d is answered otherwise", words, i)
		}
		bodies[words] = got.body
	}
	if n := len(s.replies(riverside)); n != 2*known {
		t.Errorf("%d replies are kept", n)
	}
}

// Two machines that answer each other's texts must come to an end.
func TestWhateverAnswersOurAnswersComesToAnEnd(t *testing.T) {
	for name, respond := range map[string]func(string) string{
		"an echo":               func(got string) string { return got },
		"an out-of-office note": func(string) string { return "I am driving and will read your text later. Sent by DriveSafe" },
		"one that says STOP":    func(string) string { return "STOP please" },
		"one that cannot decide": func(got string) string {
			return map[bool]string{true: "START", false: "stop"}[strings.Contains(got, "no more texts")]
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, bare)
			words, answers := "hello", 0
			for range 50 {
				got := s.sim.Reply(t.Context(), phone(1), fromRiverside, words)
				if len(got.Texts) == 0 {
					break
				}
				answers += len(got.Texts)
				words = respond(got.Texts[0])
			}
			if answers > 4 {
				t.Errorf("it got %d answers in a day", answers)
			}
		})
	}
}

func TestASTARTThatIsReadLateLiftsNoLaterSTOP(t *testing.T) {
	for _, first := range []string{"STOP", "sotp"} {
		t.Run(first, func(t *testing.T) {
			s := newStage(t)
			s.writes(1, first)
			s.closeDoor()
			s.writes(1, "START") // the door was closed
			s.openDoor()
			s.writes(1, "stop texting me")
			s.catchUp()
			if by := s.optedOut(riverside, 1); by != gateway.OutByPatient {
				t.Errorf("opted out by %q", by)
			}
			if n := len(s.replies(riverside)); n != 3 {
				t.Errorf("%d replies are kept", n)
			}
		})
	}
}

func TestYESAtTheProviderNeverLiftsOurSTOPNorDoesItsUnblocking(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.writes(1, "STOP")
	if got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "YES"); got.TookFor != "START" {
		t.Fatalf("the provider took YES for %q", got.TookFor)
	}
	s.catchUp()
	if s.sim.Blocked(fromRiverside, phone(1)) || s.optedOut(riverside, 1) != gateway.OutByPatient {
		t.Error("the provider blocks it still, or we do not")
	}
	s.come(monday)
	s.sendAll()
	for _, x := range s.sim.Phone(phone(1)) {
		if !x.Automatic {
			t.Error("a text went to a number that said STOP")
		}
	}
}

// Hostile texts are data: they are kept as they are and change nothing else.
func TestAReplyWithoutWordsOrWithFarTooManyHarmsNothing(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	for i, words := range []string{"", " ", "\u200b", strings.Repeat("stop ", 320), strings.Repeat("ω", 1600), "stop\x00", "%00%ff", "\u202epots"} {
		form := text(10+i, fromRiverside, words, sid(i))
		form.Set("NumMedia", fmt.Sprint(i%2))
		if got := s.post(inbox.InboundPath, form); got.status != http.StatusOK {
			t.Errorf("text %d is answered with %d", i, got.status)
		}
	}
	if n := len(s.replies(riverside)); n != 8 {
		t.Errorf("%d are kept", n)
	}
	s.stands(s.id(riverside, person(1)), gateway.Queued, gateway.None)
}
