package message_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/message"
)

// everything is a practice that has its texts say all that they can.
func everything(n gateway.Nation) gateway.Practice {
	p := riverside(n)
	p.Policy.Extras = gateway.Extras{
		FirstName: true, Sites: map[string]string{"5": "Quay Branch"}, CancelByText: true,
		Cost: gateway.Cost{Pounds: 30, Source: "an invented figure"},
	}
	if n == gateway.Wales { // two languages leave no room for it
		p.Policy.Extras.Cost = gateway.Cost{}
	}
	return p
}

func visit(m gateway.Mode, name string) gateway.Appointment {
	return gateway.Appointment{
		ID: "88001-17", Start: london(2026, time.July, 8, 9, 10).UTC(), Site: "5", Mode: m,
		Patient: gateway.Patient{ID: "17", Greeting: gateway.NewName(name)},
	}
}

func TestWhatAPracticeMayHaveItsTextsSay(t *testing.T) {
	t.Parallel()
	const (
		opening = "ou have an appointment with Riverside Surgery on Wednesday 8 July at 9:10am."
		change  = " To change it, call 01632 960001."
		stop    = " Reply STOP to stop these texts."
	)
	code := gateway.VisitCode("A81001", visit(gateway.ModeInPerson, ""))
	for what, c := range map[string]struct {
		extras gateway.Extras
		want   string
	}{
		"nothing": {gateway.Extras{}, "Y" + opening + change + stop},
		"a name":  {gateway.Extras{FirstName: true}, "Sam, y" + opening + change + stop},
		"a place": {gateway.Extras{Sites: map[string]string{"5": "Quay Branch"}}, "Y" + opening + " It is at Quay Branch." + change + stop},
		"no place that nobody named": {
			gateway.Extras{Sites: map[string]string{"6": "Quay Branch"}}, "Y" + opening + change + stop,
		},
		"how to cancel": {gateway.Extras{CancelByText: true}, "Y" + opening + change + " To cancel, reply CANCEL " + code + "." + stop},
		"what it costs": {
			gateway.Extras{Cost: gateway.Cost{Pounds: 30}}, "Y" + opening + " A missed appointment costs the NHS about £30." + change + stop,
		},
		"all of it": {
			everything(gateway.England).Policy.Extras,
			"Sam, y" + opening + " It is at Quay Branch. A missed appointment costs the NHS about £30." + change + " To cancel, reply CANCEL " + code + "." + stop,
		},
	} {
		p := riverside(gateway.England)
		p.Policy.Extras = c.extras
		if got := words(t, p, visit(gateway.ModeInPerson, "Sam"), july); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", what, got, c.want)
		}
	}
}

func TestInWalesBothLanguagesSayIt(t *testing.T) {
	t.Parallel()
	code := gateway.VisitCode("A81001", visit(gateway.ModeInPerson, ""))
	want := "Sam, mae gennych apwyntiad gyda Riverside Surgery ar ddydd Mercher 8 Gorffennaf am 9:10am. Lleoliad: Quay Branch. I'w newid, ffoniwch 01632 960001. I ganslo, atebwch CANCEL " + code + ". Atebwch STOP i stopio'r negeseuon hyn.\n" +
		"You have an appointment with Riverside Surgery on Wednesday 8 July at 9:10am. It is at Quay Branch. To change it, call 01632 960001. To cancel, reply CANCEL " + code + ". Reply STOP to stop these texts."
	if got := words(t, everything(gateway.Wales), visit(gateway.ModeInPerson, "Sam"), july); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestThePlaceIsToldOnlyOfAVisitInPerson(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for mode := range gateway.Mode(6) {
			got := words(t, everything(n), visit(mode, "Sam"), july)
			if told := strings.Contains(got, "Quay Branch"); told != (mode == gateway.ModeInPerson) {
				t.Errorf("%s, mode %d: tells the place: %t", n, mode, told)
			}
		}
	}
}

func TestThePlaceOfASensitiveVisitIsNotTold(t *testing.T) {
	t.Parallel()
	a := visit(gateway.ModeInPerson, "")
	a.Class = gateway.ClinicSensitive
	if got := words(t, everything(gateway.England), a, july); strings.Contains(got, "Quay Branch") {
		t.Errorf("tells the place:\n%s", got)
	}
}

func TestASenderThatCannotReceiveOffersNoCancellation(t *testing.T) {
	t.Parallel()
	p := everything(gateway.England)
	p.Sender = "Riverside"
	if got := words(t, p, visit(gateway.ModeInPerson, "Sam"), july); strings.Contains(got, "CANCEL") || strings.Contains(got, "eply") {
		t.Errorf("asks for an answer that would reach nobody:\n%s", got)
	}
}

// TestTheCodeInATextIsUnderstoodInAnAnswer sends what a text offers through our own
// ears, and holds it against the list of words that the provider acts on.
func TestTheCodeInATextIsUnderstoodInAnAnswer(t *testing.T) {
	t.Parallel()
	_, offered, _ := strings.Cut(words(t, everything(gateway.England), visit(gateway.ModeInPerson, "Sam"), july), "To cancel, reply ")
	offered, _, _ = strings.Cut(offered, ".")
	if gateway.ReadReply(offered) != gateway.ReplyCancel || !strings.Contains(offered, " ") {
		t.Errorf("%q is not understood as a wish to cancel", offered)
	}
}

func TestANameThatCannotStandInATextIsLeftOut(t *testing.T) {
	t.Parallel()
	bare := words(t, everything(gateway.England), visit(gateway.ModeInPerson, ""), july)
	for _, name := range []string{
		"{name}", "Sam{phone}", "<b>", "Sam1", "Sam\u202e", "S", "'Sam", "on Monday 6 July at 9am.", "http://x", strings.Repeat("Sam", 7),
	} {
		if got := words(t, everything(gateway.England), visit(gateway.ModeInPerson, name), july); got != bare {
			t.Errorf("%q stands in the text:\n%s", name, got)
		}
	}
}

func TestNoNameIsToldThatThePracticeDoesNotWant(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		if got := words(t, riverside(n), visit(gateway.ModeInPerson, "Zebedee"), july); strings.Contains(got, "Zebedee") {
			t.Errorf("%s: the practice greets nobody by name:\n%s", n, got)
		}
	}
}

func TestAccentsAreKeptOrDroppedAsThePracticeWants(t *testing.T) {
	t.Parallel()
	p := everything(gateway.England)
	p.Name, p.Policy.Extras.Sites = "Meddygfa Tŷ Gwyn", map[string]string{"5": "Tŷ Coch"}
	p.Policy.Extras.Cost, p.Policy.Extras.CancelByText = gateway.Cost{}, false
	p.Policy.Extras.DropAccents = true
	got := words(t, p, visit(gateway.ModeInPerson, "Siân"), july)
	encoding, _ := message.Count(got)
	if encoding != message.GSM7 || !strings.Contains(got, "Sian, ") || !strings.Contains(got, "Ty Gwyn") || !strings.Contains(got, "Ty Coch") {
		t.Errorf("accents stand in it:\n%s", got)
	}
	if answer := message.Stopped(p).Reveal(); !strings.Contains(answer, "Ty Gwyn") {
		t.Errorf("accents stand in an answer:\n%s", answer)
	}
	p.Policy.Extras.DropAccents, p.Policy.Extras.Sites = false, nil
	if got := words(t, p, visit(gateway.ModeInPerson, "Siân"), july); !strings.Contains(got, "Siân, ") || !strings.Contains(got, "Tŷ Gwyn") {
		t.Errorf("accents are dropped where there is room for them:\n%s", got)
	}
}

// TestWhereANameWouldTakeATextOverItsLengthItGoesAndNotTheText has a letter that no
// accent explains: without the name the text is short again.
func TestWhereANameWouldTakeATextOverItsLengthItGoesAndNotTheText(t *testing.T) {
	t.Parallel()
	p := everything(gateway.England)
	p.Policy.Extras.FirstName = false
	bare := words(t, p, visit(gateway.ModeInPerson, ""), july)
	p.Policy.Extras.FirstName = true
	if got := words(t, p, visit(gateway.ModeInPerson, "Łukasz"), july); got != bare {
		t.Errorf("%s\nwant\n%s", got, bare)
	}
}

func TestFitsTellsWhatThePolicyAddsFromWhatThePracticeIs(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		if err := message.Fits(everything(n)); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
	p := everything(gateway.Wales)
	p.Policy.Extras.Cost.Pounds = 30
	p.Policy.Extras.Sites["6"] = "The Health Centre on the Old Quay at Conwy"
	if err := message.Fits(p); !errors.Is(err, message.ErrExtras) {
		t.Errorf("more than fits in two languages: %v", err)
	}
	p.Name = strings.Repeat("Long ", 100)
	if err := message.Fits(p); err == nil || errors.Is(err, message.ErrExtras) {
		t.Errorf("a name that is too long: %v", err)
	}
	p = everything(gateway.England)
	p.Policy.Extras.Sites["6"] = "{place}"
	if message.Fits(p) == nil {
		t.Error("a place that is a template fits")
	}
}

// TestEveryTextThatFitsSaysWhatItShould renders random visits of a practice whose
// policy fits: none is refused, each names the place, the code and the day.
func TestEveryTextThatFitsSaysWhatItShould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := everything(rapid.SampledFrom(gateway.Nations).Draw(t, "nation"))
		p.Policy.Extras.DropAccents = rapid.Bool().Draw(t, "accents dropped")
		a := visit(gateway.ModeInPerson, rapid.StringMatching(`[A-ZŴÉŁ][a-zâêŵŷéł'-]{1,19}`).Draw(t, "name"))
		now := time.Unix(rapid.Int64Range(1_750_000_000, 2_000_000_000).Draw(t, "now"), 0)
		a.Start = now.Add(time.Duration(rapid.IntRange(1, 24*500*60).Draw(t, "minutes ahead")) * time.Minute).Truncate(time.Minute).UTC()
		if _, doubt := gateway.FromWall(wall(a.Start)); doubt != gateway.NoDoubt {
			return // an hour that the clocks repeat is refused
		}
		text, n, err := message.Render(p, a, now)
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		got := text.Reveal()
		for _, told := range []string{"Quay Branch", "CANCEL " + gateway.VisitCode(p.ODS, a), a.Start.In(gateway.London()).Format("on Monday 2 January")} {
			if !strings.Contains(got, told) {
				t.Errorf("does not say %q:\n%s", told, got)
			}
		}
		if _, counted := message.Count(got); counted != n || n > message.MaxSegments {
			t.Errorf("%d segments told, %d counted", n, counted)
		}
	})
}

func wall(t time.Time) (year int, month time.Month, day, hour, minute, second int) {
	l := t.In(gateway.London())
	return l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second()
}
