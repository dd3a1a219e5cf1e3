package message_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/message"
)

var answers = map[string]func(gateway.Practice) gateway.Text{
	"stopped": message.Stopped, "stopped all": message.StoppedAll, "closed": message.Closed,
	"started": message.Started, "help": message.Help, "not monitored": message.NotMonitored,
}

func TestAnswersNameThePracticeAndItsPhoneAndFit(t *testing.T) {
	t.Parallel()
	for name, answer := range answers {
		for _, n := range gateway.Nations {
			got := answer(riverside(n)).Reveal()
			if !strings.Contains(got, "Riverside Surgery") || !strings.Contains(got, "01632 960001") {
				t.Errorf("%s, %s: does not say who or where", name, n)
			}
			if _, count := message.Count(got); count > message.MaxSegments {
				t.Errorf("%s, %s: %d segments", name, n, count)
			}
			if welsh := strings.Contains(got, "ffoniwch") || strings.Contains(got, "Ffoniwch"); welsh != (n == gateway.Wales) {
				t.Errorf("%s, %s: Welsh %t", name, n, welsh)
			}
		}
	}
}

func TestWhereHelpIs(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for _, answer := range []func(gateway.Practice) gateway.Text{message.NotMonitored, message.Help} {
			got := answer(riverside(n)).Reveal()
			if !strings.Contains(got, "999") {
				t.Errorf("%s: no word of 999", n)
			}
			if has := strings.Contains(got, "111"); has != (n != gateway.NorthernIreland) {
				t.Errorf("%s: tells of 111: %t", n, has)
			}
		}
	}
}

func TestNoAnswerSoundsLikeACancellation(t *testing.T) {
	t.Parallel()
	for name, answer := range answers {
		for _, n := range gateway.Nations {
			got := strings.ToLower(answer(riverside(n)).Reveal())
			for _, word := range []string{"cancel", "canslo", "confirm", "booked"} {
				if strings.Contains(got, word) {
					t.Errorf("%s, %s: says %s", name, n, word)
				}
			}
		}
	}
	if !strings.Contains(message.NotMonitored(riverside(gateway.England)).Reveal(), "appointment stays as it is") {
		t.Error("the answer to free words leaves open whether the appointment stands")
	}
}

func TestASenderThatCannotReceiveAnswersNothing(t *testing.T) {
	t.Parallel()
	p := riverside(gateway.England)
	p.Sender = "Riverside"
	for name, answer := range answers {
		if !answer(p).IsZero() {
			t.Errorf("%s: answered", name)
		}
	}
}

func TestAStopIsAnsweredWhateverTheWordingIsCalled(t *testing.T) {
	t.Parallel()
	p := riverside(gateway.England)
	p.Policy.Wording = "friendly"
	if message.Stopped(p) != message.Stopped(riverside(gateway.England)) {
		t.Error("an unknown wording leaves a STOP unanswered")
	}
}

// TestNoTextOffersAWordThatTheProviderTakesForItsOwn reads everything that can
// ever be sent. CANCEL blocks a number at the provider and YES opens it again, so
// only the words that mean the same on both sides may be offered: STOP, START.
func TestNoTextOffersAWordThatTheProviderTakesForItsOwn(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)\b(stopall|unsubscribe|end|quit|cancel|revoke|opt-?out|yes|unstop|info|arret)\b`)
	offered := regexp.MustCompile(`\b[A-Z]{2,}\b`)
	for _, text := range everyText(t) {
		if word := forbidden.FindString(text); word != "" {
			t.Errorf("offers %q:\n%s", word, text)
		}
		for _, word := range offered.FindAllString(text, -1) {
			if word != "STOP" && word != "START" {
				t.Errorf("offers %q:\n%s", word, text)
			}
		}
	}
}

// TestEveryOfferedWordIsUnderstood sends the words we offer through our own ears.
func TestEveryOfferedWordIsUnderstood(t *testing.T) {
	t.Parallel()
	if gateway.ReadReply("STOP") != gateway.ReplyStop || gateway.ReadReply("START") != gateway.ReplyStart {
		t.Error("a word that our texts offer is not understood")
	}
}

// TestNoTextSellsAnything is the line between a reminder and marketing (R21).
func TestNoTextSellsAnything(t *testing.T) {
	t.Parallel()
	for _, text := range everyText(t) {
		if regexp.MustCompile(`(?i)£|offer|donat|survey|discount|http|www\.|\.uk`).MatchString(text) {
			t.Errorf("more than a reminder:\n%s", text)
		}
	}
}

func everyText(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, n := range gateway.Nations {
		p := riverside(n)
		for _, answer := range answers {
			out = append(out, answer(p).Reveal())
		}
		for _, sender := range []string{"+447700900001", "Riverside"} {
			p.Sender = sender
			for mode := range gateway.Mode(5) {
				a := gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC(), Mode: mode}
				out = append(out, words(t, p, a, july))
			}
		}
	}
	return out
}
