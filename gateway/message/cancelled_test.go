package message_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/message"
)

// both are the texts about a visit that its patient asked to cancel.
var both = []func(gateway.Practice, gateway.Appointment, time.Time) gateway.Text{message.Cancelled, message.Unclear}

func TestAPatientIsToldWhichVisitIsCancelled(t *testing.T) {
	t.Parallel()
	a := gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}
	for n, want := range map[gateway.Nation]string{
		gateway.England: "Your appointment with Riverside Surgery on Wednesday 8 July at 9:10am is cancelled, as you asked. " +
			"If you did not ask for this, or want another time, call 01632 960001.",
		gateway.Wales: "Mae eich apwyntiad gyda Riverside Surgery ar ddydd Mercher 8 Gorffennaf am 9:10am wedi'i ganslo, fel y gofynnoch. " +
			"Os na ofynnoch am hyn, neu os hoffech amser arall, ffoniwch 01632 960001.\n" +
			"Your appointment with Riverside Surgery on Wednesday 8 July at 9:10am is cancelled, as you asked. " +
			"If you did not ask for this, or want another time, call 01632 960001.",
	} {
		got := message.Cancelled(riverside(n), a, july).Reveal()
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", n, got, want)
		}
	}
}

// TestACancellationFitsAndStaysInTheCheapAlphabet tries the longest days of both
// languages at the longest times.
func TestACancellationFitsAndStaysInTheCheapAlphabet(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for _, start := range []time.Time{london(2027, time.September, 29, 0, 0), london(2026, time.November, 25, 0, 0)} {
			for _, word := range both {
				text := word(riverside(n), gateway.Appointment{Start: start.UTC()}, start.AddDate(-1, 0, 0)).Reveal()
				if alphabet, segments := message.Count(text); text == "" || alphabet != message.GSM7 || segments > message.MaxSegments {
					t.Errorf("%s: %d segments\n%s", n, segments, text)
				}
			}
		}
	}
}

// TestACancellationIsNeverTakenForAReminder: what is found in the provider's list
// with a visit's day and time would otherwise settle that the reminder had gone.
func TestACancellationIsNeverTakenForAReminder(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for _, word := range both {
			text := word(riverside(n), gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}, july)
			if start, names := message.Start(text, july); names {
				t.Errorf("%s: read as a reminder of %v", n, start)
			}
		}
	}
}

func TestWhereAVisitCannotBeNamedNobodyIsToldThatItIsCancelled(t *testing.T) {
	t.Parallel()
	start := london(2026, time.July, 8, 9, 10).UTC()
	name := riverside(gateway.England)
	name.Sender = "Riverside"
	odd := riverside(gateway.England)
	odd.Name = "<script>"
	for what, got := range map[string]gateway.Text{
		"nobody can answer the sender": message.Cancelled(name, gateway.Appointment{Start: start}, july),
		"the name cannot be written":   message.Cancelled(odd, gateway.Appointment{Start: start}, july),
		"the start is in doubt":        message.Cancelled(riverside(gateway.England), gateway.Appointment{Start: start, StartDoubt: gateway.TimeAmbiguous}, july),
		"there is no start":            message.Cancelled(riverside(gateway.England), gateway.Appointment{}, july),
	} {
		if !got.IsZero() {
			t.Errorf("%s: %s", what, got.Reveal())
		}
	}
}

// TestTheProvidersWordsAreNotOfferedInACancellation: a word on its own that blocks the
// number, or opens it again, must not be asked for.
func TestTheProvidersWordsAreNotOfferedInACancellation(t *testing.T) {
	t.Parallel()
	text := message.Cancelled(riverside(gateway.Wales), gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}, july).Reveal()
	for _, word := range []string{"CANCEL", "reply", "ateb"} {
		if strings.Contains(text, word) {
			t.Errorf("it says %q:\n%s", word, text)
		}
	}
}

func TestAPatientIsToldThatNobodyKnowsWhetherAVisitIsCancelled(t *testing.T) {
	t.Parallel()
	a := gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}
	for n, want := range map[gateway.Nation]string{
		gateway.England: "Your appointment with Riverside Surgery on Wednesday 8 July at 9:10am may or may not be cancelled: we could not find out. " +
			"Please call 01632 960001 to make sure.",
		gateway.Wales: "Mae eich apwyntiad gyda Riverside Surgery ar ddydd Mercher 8 Gorffennaf am 9:10am naill ai wedi'i ganslo neu heb ei ganslo: " +
			"ni allwn ddweud. Ffoniwch 01632 960001 i gadarnhau.\n" +
			"Your appointment with Riverside Surgery on Wednesday 8 July at 9:10am may or may not be cancelled: we could not find out. " +
			"Please call 01632 960001 to make sure.",
	} {
		got := message.Unclear(riverside(n), a, july).Reveal()
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", n, got, want)
		}
	}
}
