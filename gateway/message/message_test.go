package message_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/message"
)

func riverside(n gateway.Nation) gateway.Practice {
	return gateway.Practice{
		ODS: "A81001", Name: "Riverside Surgery", Phone: "01632 960001", Nation: n, Sender: "+447700900001",
		Policy: gateway.Policy{Wording: "default"},
	}
}

var july = london(2026, time.July, 1, 9, 0)

func words(t testing.TB, p gateway.Practice, a gateway.Appointment, now time.Time) string {
	t.Helper()
	text, segments, err := message.Render(p, a, now)
	if err != nil {
		t.Fatalf("not worded: %v", err)
	}
	if _, n := message.Count(text.Reveal()); n != segments || n > message.MaxSegments {
		t.Errorf("%d segments told, %d counted", segments, n)
	}
	return text.Reveal()
}

func TestReminderByKindOfMeeting(t *testing.T) {
	t.Parallel()
	at := london(2026, time.July, 8, 9, 10).UTC()
	const end = " with Riverside Surgery on Wednesday 8 July at 9:10am. To change it, call 01632 960001. Reply STOP to stop these texts."
	for mode, want := range map[gateway.Mode]string{
		gateway.ModeUnknown:   "You have an appointment" + end,
		gateway.ModeInPerson:  "You have an appointment" + end,
		gateway.ModeTelephone: "You have a telephone appointment" + end,
		gateway.ModeVideo:     "You have a video appointment" + end,
		gateway.ModeHomeVisit: strings.Replace("You have a home visit"+end, " with ", " from ", 1),
		gateway.Mode(99):      "You have an appointment" + end,
	} {
		if got := words(t, riverside(gateway.England), gateway.Appointment{Start: at, Mode: mode}, july); got != want {
			t.Errorf("mode %d:\n%s\nwant\n%s", mode, got, want)
		}
	}
}

func TestAnOrdinaryReminderIsOneSegment(t *testing.T) {
	t.Parallel()
	for _, mode := range []gateway.Mode{gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeHomeVisit} {
		a := gateway.Appointment{Start: london(2026, time.September, 23, 10, 10).UTC(), Mode: mode}
		if _, n, err := message.Render(riverside(gateway.England), a, july); err != nil || n != 1 {
			t.Errorf("mode %d: %d segments, %v", mode, n, err)
		}
	}
}

func TestNobodyIsToldToComeUnlessWeKnow(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for _, mode := range []gateway.Mode{gateway.ModeUnknown, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeHomeVisit} {
			a := gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC(), Mode: mode}
			got := " " + strings.ToLower(words(t, riverside(n), a, july)) + " "
			for _, word := range []string{" come ", " attend ", " arrive ", " visit us ", " at riverside ", " dewch ", " ym meddygfa ", " mynychu "} {
				if strings.Contains(got, word) {
					t.Errorf("%s, mode %d: says%s", n, mode, word)
				}
			}
		}
	}
}

func TestInWalesBothLanguagesWelshFirst(t *testing.T) {
	t.Parallel()
	a := gateway.Appointment{Start: london(2026, time.July, 8, 17, 0).UTC(), Mode: gateway.ModeTelephone}
	want := "Mae gennych apwyntiad teleffon gyda Riverside Surgery ar ddydd Mercher 8 Gorffennaf am 5pm. I'w newid, ffoniwch 01632 960001. Atebwch STOP i stopio'r negeseuon hyn.\n" +
		"You have a telephone appointment with Riverside Surgery on Wednesday 8 July at 5pm. To change it, call 01632 960001. Reply STOP to stop these texts."
	if got := words(t, riverside(gateway.Wales), a, july); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestASenderThatCannotReceiveAsksForNoAnswer(t *testing.T) {
	t.Parallel()
	for _, sender := range []string{"Riverside", "RIVERSIDE01", "62222", ""} {
		for _, n := range gateway.Nations {
			p := riverside(n)
			p.Sender = sender
			got := words(t, p, gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}, july)
			if strings.Contains(got, "STOP") || strings.Contains(got, "Reply") || strings.Contains(got, "Atebwch") {
				t.Errorf("sender %q, %s: asks for an answer that would reach nobody", sender, n)
			}
			if !strings.Contains(got, "To change it or to stop these texts, call 01632 960001.") {
				t.Errorf("sender %q, %s: no other way to stop", sender, n)
			}
		}
	}
}

// TestNothingOfThePatientIsTold puts a word that must not be seen into everything
// that an appointment holds.
func TestNothingOfThePatientIsTold(t *testing.T) {
	t.Parallel()
	a := gateway.Appointment{
		ID: "HIV-clinic-1", Site: "HIV-clinic", Version: "HIV-clinic", Start: london(2026, time.July, 8, 9, 10).UTC(),
		Patient: gateway.Patient{
			ID: "HIV-clinic", Name: gateway.NewName("HIV-clinic"), NHSNumber: gateway.NewNHSNumber("9990000018"),
			Mobile: gateway.NewPhone("+447700900123"), MobileKind: gateway.NumberMobile,
		},
	}
	for _, n := range gateway.Nations {
		got := words(t, riverside(n), a, july)
		for _, secret := range []string{"HIV", "999000", "900123", "A81001"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: the text tells what it must not", n)
			}
		}
	}
}

func TestPracticeNamesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	a := gateway.Appointment{Start: london(2026, time.July, 8, 9, 10).UTC()}
	for _, c := range []struct {
		name     string
		nation   gateway.Nation
		want     string
		segments int
	}{
		{"Riverside Surgery", gateway.England, "Riverside Surgery", 1},
		{"  Riverside \t Surgery ", gateway.England, "Riverside Surgery", 1},
		{"Dr O’Neill & Partners", gateway.NorthernIreland, "Dr O'Neill & Partners", 1},
		{"St Mary's – The Quay", gateway.England, "St Mary's - The Quay", 1},
		{"The “Old” Surgery", gateway.England, "The Old Surgery", 1},
		{"Cafe\u0301 Road Clinic", gateway.England, "Café Road Clinic", 1},
		{"Meddygfa Tŷ Gwyn", gateway.England, "Meddygfa Tŷ Gwyn", 3},
		{"Meddygfa Tŷ Gwyn", gateway.Wales, "Meddygfa Ty Gwyn", 2},
		{strings.Repeat("Long ", 30) + "Surgery", gateway.England, "Long Surgery", 2},
		{strings.Repeat("Long ", 15) + "Surgery", gateway.Wales, "Long Surgery", 3},
	} {
		p := riverside(c.nation)
		p.Name = c.name
		got := words(t, p, a, july)
		if _, n := message.Count(got); !strings.Contains(got, c.want) || n != c.segments {
			t.Errorf("%q: %d segments, want %d, and in it %q:\n%s", c.name, n, c.segments, c.want, got)
		}
	}
}

func TestWhatCannotBeWordedIsRefused(t *testing.T) {
	t.Parallel()
	at := london(2026, time.July, 8, 9, 10).UTC()
	for name, c := range map[string]struct {
		practice    func(*gateway.Practice)
		appointment func(*gateway.Appointment)
	}{
		"no name":                        {practice: func(p *gateway.Practice) { p.Name = "" }},
		"a name of spaces":               {practice: func(p *gateway.Practice) { p.Name = " \t" }},
		"a name with a template in it":   {practice: func(p *gateway.Practice) { p.Name = "{{.Practice}}" }},
		"a name with a gap in it":        {practice: func(p *gateway.Practice) { p.Name = "Surgery {phone}" }},
		"a name that is a missing value": {practice: func(p *gateway.Practice) { p.Name = "<no value>" }},
		"a name with an escape":          {practice: func(p *gateway.Practice) { p.Name = "Neill&#39;s" }},
		"a name that turns the line":     {practice: func(p *gateway.Practice) { p.Name = "Surgery\u202eyregruS" }},
		"a name that holds a date":       {practice: func(p *gateway.Practice) { p.Name = "A on Monday 6 July at 9am. B" }},
		"a name far too long":            {practice: func(p *gateway.Practice) { p.Name = strings.Repeat("Long ", 100) }},
		"no phone":                       {practice: func(p *gateway.Practice) { p.Phone = "" }},
		"a phone without digits":         {practice: func(p *gateway.Practice) { p.Phone = "ask reception" }},
		"a phone with too few digits":    {practice: func(p *gateway.Practice) { p.Phone = "0163" }},
		"an unknown wording":             {practice: func(p *gateway.Practice) { p.Policy.Wording = "friendly" }},
		"no start":                       {appointment: func(a *gateway.Appointment) { a.Start = time.Time{} }},
		"a start that stands twice":      {appointment: func(a *gateway.Appointment) { a.StartDoubt = gateway.TimeAmbiguous }},
		"a start that is skipped":        {appointment: func(a *gateway.Appointment) { a.StartDoubt = gateway.TimeMissing }},
		"the hour that stands twice, undoubted": {appointment: func(a *gateway.Appointment) {
			a.Start = time.Date(2026, time.October, 25, 0, 30, 0, 0, time.UTC)
		}},
	} {
		p, a := riverside(gateway.England), gateway.Appointment{Start: at}
		if c.practice != nil {
			c.practice(&p)
		}
		if c.appointment != nil {
			c.appointment(&a)
		}
		text, n, err := message.Render(p, a, july)
		if err == nil || !text.IsZero() || n != 0 {
			t.Errorf("%s: %d segments, error %v; want a refusal", name, n, err)
		}
	}
}

func TestOnlyTheClosedSetOfWordingsIsKnown(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"default": true, "": true, "Default": false, "friendly": false, "default ": false} {
		if got := message.Known(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

func TestOnBothSundaysOfTheClockChange(t *testing.T) {
	t.Parallel()
	for start, want := range map[time.Time]string{
		time.Date(2027, time.March, 28, 8, 10, 0, 0, time.UTC):   "Sunday 28 March at 9:10am.",
		time.Date(2027, time.March, 27, 9, 10, 0, 0, time.UTC):   "Saturday 27 March at 9:10am.",
		time.Date(2026, time.October, 25, 9, 10, 0, 0, time.UTC): "Sunday 25 October at 9:10am.",
		time.Date(2026, time.October, 24, 8, 10, 0, 0, time.UTC): "Saturday 24 October at 9:10am.",
	} {
		if got := words(t, riverside(gateway.England), gateway.Appointment{Start: start}, start.AddDate(0, 0, -7)); !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestEveryRenderedTextIsShortPlainAndTrue renders random appointments of random
// practices: whatever is not refused fits, is free of leftovers, and says the day
// and the time of the start by the standard library's own formatting.
func TestEveryRenderedTextIsShortPlainAndTrue(t *testing.T) {
	t.Parallel()
	name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Z][a-zéŵ]{2,12}( [A-Z][a-z'’&.-]{1,12}){0,4}`))
	rapid.Check(t, func(t *rapid.T) {
		p := riverside(rapid.SampledFrom(gateway.Nations).Draw(t, "nation"))
		p.Name = name.Draw(t, "name")
		p.Sender = rapid.SampledFrom([]string{"+447700900001", "Riverside"}).Draw(t, "sender")
		now := time.Unix(rapid.Int64Range(1_750_000_000, 2_000_000_000).Draw(t, "now"), 0)
		start := now.Add(time.Duration(rapid.IntRange(1, 24*500*60).Draw(t, "minutes ahead")) * time.Minute).Truncate(time.Minute)
		mode := gateway.Mode(rapid.IntRange(0, 4).Draw(t, "mode"))
		text, n, err := message.Render(p, gateway.Appointment{Start: start.UTC(), Mode: mode}, now)
		if err != nil {
			if !text.IsZero() {
				t.Error("a refusal came with a text")
			}
			return
		}
		got := text.Reveal()
		if n < 1 || n > message.MaxSegments || strings.ContainsAny(got, "{}<>%") {
			t.Errorf("%d segments:\n%s", n, got)
		}
		local := start.In(gateway.London())
		if !strings.Contains(got, local.Format("on Monday 2 January")) {
			t.Errorf("the day is missing:\n%s", got)
		}
		if local.Minute() != 0 && !strings.Contains(got, local.Format(" at 3:04pm.")) {
			t.Errorf("the time is missing:\n%s", got)
		}
	})
}

// TestNormalPracticesAreNeverRefused keeps the property above from being true of
// nothing.
func TestNormalPracticesAreNeverRefused(t *testing.T) {
	t.Parallel()
	start := london(2026, time.January, 1, 8, 0)
	for day := range 400 {
		for _, minute := range []int{0, 4 * 60, 4*60 + 5} {
			l := start.AddDate(0, 0, day)
			at, _ := gateway.FromWall(l.Year(), l.Month(), l.Day(), 8, minute, 0)
			for _, n := range []gateway.Nation{gateway.England, gateway.Wales} {
				a := gateway.Appointment{Start: at, Mode: gateway.Mode(day % 5)}
				if _, _, err := message.Render(riverside(n), a, at.AddDate(0, 0, -1-day)); err != nil {
					t.Fatalf("%s, %v: %v", n, at, err)
				}
			}
		}
	}
}

// TestFitsRendersTheLongestTextThereIs looks for a longer one on every day of
// a year.
func TestFitsRendersTheLongestTextThereIs(t *testing.T) {
	t.Parallel()
	for _, n := range []gateway.Nation{gateway.England, gateway.Wales} {
		p := riverside(n)
		room := "Surgery"
		for p.Name = room; message.Fits(p) == nil && len(room) < 1000; p.Name = room + "x" {
			room = p.Name
		}
		if p.Name = room; len(room) >= 1000 {
			t.Fatalf("%s: a name of %d letters fits", n, len(room))
		}
		for day := range 366 {
			for _, hour := range []int{0, 10, 12} {
				at := london(2026, time.January, 1, hour, 0).AddDate(0, 0, day).UTC()
				a := gateway.Appointment{Start: at, Mode: gateway.ModeTelephone}
				if _, _, err := message.Render(p, a, at.AddDate(-1, 0, 0)); err != nil {
					t.Fatalf("%s: a name of %d letters fits, but not on %v: %v", n, len(room), at, err)
				}
			}
		}
		t.Logf("%s: names of up to %d plain letters fit", n, len(room))
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Riverside Surgery", "01632 960001", "+447700900001", "wales", int64(1_783_500_000), int64(1_783_000_000))
	f.Add("{{.Practice}}", "", "Riverside", "england", int64(0), int64(0))
	f.Add("Tŷ\u202e", "0<no value>", "+1", "", int64(-1), int64(1<<40))
	f.Fuzz(func(t *testing.T, name, phone, sender, nation string, start, now int64) {
		p := gateway.Practice{Name: name, Phone: phone, Sender: sender, Nation: gateway.Nation(nation)}
		text, n, err := message.Render(p, gateway.Appointment{Start: time.Unix(start, 0).UTC()}, time.Unix(now, 0))
		if (err == nil) == text.IsZero() || n > message.MaxSegments {
			t.Errorf("%d segments, error %v, no text %t", n, err, text.IsZero())
		}
		for _, answer := range message.Answers() {
			if strings.ContainsAny(answer(p).Reveal(), "{}<>") {
				t.Error("an answer holds a gap")
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	pen := message.NewPen(riverside(gateway.England))
	at := time.Date(2026, time.July, 8, 9, 10, 0, 0, time.UTC)
	a := gateway.Appointment{Start: at, Mode: gateway.ModeInPerson}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := pen.Render(a, at.AddDate(0, 0, -1)); err != nil {
			b.Fatal(err)
		}
	}
}
