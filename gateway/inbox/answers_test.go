package inbox_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store/storetest"
)

func TestEachAnswerGoesToANumberOnceADay(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) { o.Taken = nil }) // a provider that answers nothing itself
	for words, says := range map[string]string{
		"help?": "sends appointment reminders from this number", "stop": "will send no more texts to this number",
		"START": "about appointments again", "how are you": "are not monitored for urgent help",
	} {
		for i := range 10 {
			got := s.sim.Reply(t.Context(), phone(1), fromRiverside, words)
			if i == 0 && (len(got.Texts) != 1 || !strings.Contains(got.Texts[0], says)) || i > 0 && len(got.Texts) != 0 {
				t.Errorf("%s, time %d: %d texts", words, i+1, len(got.Texts))
			}
		}
	}
	if n := len(s.replies(riverside)); n != 40 {
		t.Errorf("%d are kept", n)
	}
}

func TestAnAnswerArrivesAsItWasWorded(t *testing.T) {
	s := newStage(t)
	got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "I can't come")
	want := "Thank you. Texts to Smith & Jones' Surgery are not monitored for urgent help. For urgent advice call 111, in an emergency 999. " +
		"Your appointment stays as it is unless we tell you. To reach us, call 01632 960001."
	if len(got.Texts) != 1 || got.Texts[0] != want {
		t.Errorf("answered with %d texts, the words differ", len(got.Texts))
	}
}

func TestFreeWordsAndCancelAreAnsweredOnceADay(t *testing.T) {
	s := newStage(t)
	for i, words := range []string{"CANCEL 7834", "I can't come", "where are you?"} {
		got := s.sim.Reply(t.Context(), phone(1), fromRiverside, words)
		if want := 1; i == 0 && len(got.Texts) != want || i > 0 && len(got.Texts) != 0 {
			t.Errorf("answer %d: %d texts", i, len(got.Texts))
		}
	}
	if got := s.sim.Reply(t.Context(), phone(2), fromRiverside, "hello"); len(got.Texts) != 1 {
		t.Error("another patient is not answered")
	}
	if got := s.sim.Reply(t.Context(), phone(1), fromHillside, "hello"); len(got.Texts) != 1 {
		t.Error("the other practice does not answer")
	}
	raw := storetest.Client(t, s.address)
	keys := must(raw.Keys(t.Context(), "*:ack:*").Result())
	if len(keys) != 3 {
		t.Fatalf("%d numbers were answered", len(keys))
	}
	for _, k := range keys {
		if ttl := must(raw.TTL(t.Context(), k).Result()); ttl <= 23*time.Hour || ttl > 24*time.Hour {
			t.Errorf("not answered again for %s", ttl)
		}
		if err := raw.Del(t.Context(), k).Err(); err != nil { // the day is over
			t.Fatal(err)
		}
	}
	if got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "hello again"); len(got.Texts) != 1 {
		t.Error("not answered on another day")
	}
	for kind, n := range map[string]float64{"cancel": 1, "other": 5} {
		if got := s.metric("bellman_replies_total", kind); got != n {
			t.Errorf("%v are counted as %s, want %v", got, kind, n)
		}
	}
}

func TestConfirmationsAreKeptAndNotAnswered(t *testing.T) {
	s := newStage(t)
	for _, words := range []string{"YES 7567", "ok thanks", "I will be there"} {
		if got := s.sim.Reply(t.Context(), phone(1), fromRiverside, words); len(got.Texts) != 0 {
			t.Errorf("answered with %d texts", len(got.Texts))
		}
	}
	for _, r := range s.replies(riverside) {
		if r.Kind != gateway.ReplyConfirm {
			t.Errorf("kept as %s", r.Kind)
		}
	}
}

func TestWhatTheProviderAnswersItselfIsNotAnsweredTwice(t *testing.T) {
	s := newStage(t)
	for i, word := range []string{"STOP", "start", " Help ", "CANCEL", "yes"} {
		got := s.sim.Reply(t.Context(), phone(i), fromRiverside, word)
		if got.TookFor == "" || got.Status != 200 || len(got.Texts) != 0 {
			t.Errorf("word %d: the provider took it for %q, answered %d with %d texts", i, got.TookFor, got.Status, len(got.Texts))
		}
	}
	if s.optedOut(riverside, 0) != "patient" {
		t.Error("STOP is not in our own ledger")
	}
	if s.optedOut(riverside, 3) != "" {
		t.Error("CANCEL is about the visit, and was taken for STOP")
	}
}

func TestANumberThatIsNotOnTheListOfATrialIsHeardAndNotAnswered(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) {
		o.Allowed = func(n gateway.Phone) bool { return n != gateway.NewPhone(phone(1)) }
	})
	for _, words := range []string{"hello", "please stop texting me"} {
		if got := s.sim.Reply(t.Context(), phone(1), fromRiverside, words); got.Status != 200 || len(got.Texts) != 0 {
			t.Errorf("answered %d with %d texts", got.Status, len(got.Texts))
		}
	}
	if s.optedOut(riverside, 1) != "patient" || len(s.replies(riverside)) != 2 {
		t.Error("not heard")
	}
}

func TestAReplyIsFiledWithTheAppointmentOfTheLastText(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	accept := s.leaving(1)
	s.move(accept)
	s.clock.Advance(time.Minute)
	s.sim.Reply(t.Context(), phone(1), fromRiverside, "Cancel my appointment please 😀")
	s.sim.Reply(t.Context(), phone(2), fromRiverside, "")
	var about, none int
	for _, r := range s.replies(riverside) {
		switch {
		case r.About == accept.ID.Ref && r.Kind == gateway.ReplyCancel && r.Text.Reveal() == "Cancel my appointment please 😀" && r.At.Equal(monday.Add(time.Minute)):
			about++
		case r.About == (gateway.Ref{}) && r.From == gateway.NewPhone(phone(2)):
			none++
		}
	}
	if about != 1 || none != 1 {
		t.Errorf("%d replies about the visit, %d about none; want one each", about, none)
	}
}
