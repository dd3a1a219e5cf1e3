package message_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/message"
)

func TestOnlyWhoChoseWelshInWalesReadsWelshAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.July, 8, 9, 10, 0, 0, time.UTC)
	for _, n := range gateway.Nations {
		for _, chosen := range []gateway.Language{gateway.LanguageUnsaid, gateway.LanguageEnglish, gateway.LanguageWelsh, gateway.LanguageOther, 99} {
			a := gateway.Appointment{Start: at, Mode: gateway.ModeInPerson, Patient: gateway.Patient{Language: chosen}}
			text, _, err := message.Render(riverside(n), a, at.AddDate(0, 0, -1))
			if err != nil {
				t.Fatal(err)
			}
			told := message.Cancelled(riverside(n), a, at.AddDate(0, 0, -1))
			for what, words := range map[string]string{"reminder": text.Reveal(), "cancelled": told.Reveal()} {
				welsh, english := strings.Contains(words, "Mae "), strings.Contains(words, "appointment with")
				if welsh != (n == gateway.Wales) || english != (n != gateway.Wales || chosen != gateway.LanguageWelsh) {
					t.Errorf("%s, %s, language %d: Welsh %t, English %t", what, n, chosen, welsh, english)
				}
				if welsh && english && strings.Index(words, "Mae ") > strings.Index(words, "appointment with") {
					t.Errorf("%s, language %d: Welsh does not come first", what, chosen)
				}
			}
		}
	}
}

func TestATextInWelshAloneGivesBackItsStart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.March, 8, 12, 0, 0, 0, time.UTC)
	now := at.AddDate(0, 0, -3)
	text, _, err := message.Render(riverside(gateway.Wales), gateway.Appointment{Start: at, Patient: gateway.Patient{Language: gateway.LanguageWelsh}}, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := message.Start(text, now); !ok || !got.Equal(at) {
		t.Errorf("read back: %v, %t", got, ok)
	}
}
