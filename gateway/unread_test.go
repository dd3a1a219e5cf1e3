package gateway_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestAReplysNameReadsBackAndNothingElseDoes(t *testing.T) {
	id := gateway.ReplyID{Practice: "A81001", MessageID: "SM00000000000000000000000000000001"}
	if got, err := gateway.ParseReplyID(id.String()); err != nil || got != id {
		t.Errorf("%s reads back as %s: %v", id, got, err)
	}
	for _, wrong := range []string{"", "A81001", "A81001.", ".SM1", "a81001.SM1", "A81001.SM1 ", "A81001.SM1.2", "A81001.SM\n1", "A81001." + strings.Repeat("S", 65)} {
		if got, err := gateway.ParseReplyID(wrong); err == nil || strings.Contains(err.Error(), "SM1") {
			t.Errorf("%q is taken for %s: %v", wrong, got, err)
		}
	}
}

func TestWhatIsNotPlainlyUnderstoodNeedsAPerson(t *testing.T) {
	plain := map[gateway.ReplyKind]bool{gateway.ReplyStop: true, gateway.ReplyStart: true, gateway.ReplyHelp: true, gateway.ReplyConfirm: true}
	for k := range 256 {
		if kind := gateway.ReplyKind(k); kind.NeedsPerson() == plain[kind] {
			t.Errorf("kind %d (%s) needs a person: %v", k, kind, kind.NeedsPerson())
		}
	}
}

func TestTheAgeOfWhatWaits(t *testing.T) {
	p := gateway.Practice{Nation: gateway.England, Policy: gateway.Policy{Hours: surgeryHours()}}
	friday, monday := onClock(t, "2026-11-20 18:00"), onClock(t, "2026-11-23 09:00")
	whole, inHours := gateway.Unread{Replies: 2, Oldest: friday}.Age(p, monday)
	if whole != 63*time.Hour || inHours != 90*time.Minute {
		t.Errorf("it has waited %s, of which %s in hours", whole, inHours)
	}
	for what, u := range map[string]gateway.Unread{"nothing waits": {}, "written in the future, by the provider's clock": {Replies: 1, Oldest: monday.Add(time.Second)}} {
		if whole, inHours := u.Age(p, monday); whole != 0 || inHours != 0 {
			t.Errorf("%s: %s, %s", what, whole, inHours)
		}
	}
}

func TestACodeIsFoundInWordsOnlyByItself(t *testing.T) {
	for words, want := range map[string]bool{
		"CANCEL 4821": true, "cancel4821!": true, "(4821)": true, "not 1234 but 4821, please": true, "ＣＡＮＣＥＬ ４８２１": true,
		"": false, "CANCEL": false, "14821": false, "07700 900482 1": false, "48 21": false,
	} {
		if got := gateway.NamesVisit(words, "4821"); got != want {
			t.Errorf("%q: %v", words, got)
		}
	}
}
