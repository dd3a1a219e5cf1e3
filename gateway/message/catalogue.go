package message

import (
	"errors"
	"slices"
	"time"

	"bellman/gateway"
)

// Sample is one text of a practice as patients would get it, with an invented
// patient and visit.
type Sample struct {
	Name     string // which text it is, such as "reminder, by telephone"
	Case     string // one of the cases below
	Text     string
	Encoding Encoding
	Segments int
	Flips    []rune // the letters that put it into UCS-2, each once
	Err      error  // why it cannot be worded; Text is empty then
}

// The cases of a Sample.
const (
	UsualCase   = "usual"
	LongestCase = "longest"
	AccentsCase = "accents"      // the name is one that GSM cannot write
	WelshCase   = "Welsh chosen" // to a patient in Wales who chose Welsh
)

// Catalogue gives every text that a practice may send: its reminders, for each kind
// of meeting in the usual and the longest case, and its answers. A sender that
// cannot be written to has no answers.
func Catalogue(p gateway.Practice) []Sample {
	var out []Sample
	pen := NewPen(p)
	for i, m := range modes {
		for _, c := range cases(p, m) {
			text, _, err := pen.Render(c.visit, c.now)
			out = append(out, sample("reminder, "+modeNames[i], c.name, text, err))
		}
	}
	for _, a := range answersOf(p) {
		if CanReceive(p.Sender) {
			out = append(out, sample(a.name, UsualCase, a.text, nil))
		}
	}
	return out
}

// Example gives a practice's usual reminder of a visit in person, with an invented
// day and, where the practice greets patients, an invented name.
func Example(p gateway.Practice) (string, error) {
	c := cases(p, gateway.ModeInPerson)[0]
	text, _, err := Render(p, c.visit, c.now)
	return text.Reveal(), err
}

// modeNames names the kinds of meeting, in the order of modes.
var modeNames = []string{"kind not known", "in person", "by telephone", "by video", "home visit"}

// occasion is an invented visit and the moment at which its text is read.
type occasion struct {
	name  string
	visit gateway.Appointment
	now   time.Time
}

func cases(p gateway.Practice, m gateway.Mode) []occasion {
	longest := longestVisits(p, longestNamePlain)
	i := slices.IndexFunc(longest, func(a gateway.Appointment) bool { return a.Mode == m })
	long, usual := longest[i], longest[i]
	usual.Start = time.Date(2026, time.August, 5, 9, 10, 0, 0, gateway.London()).UTC()
	usual.Patient.Greeting = gateway.NewName("Sam")
	out := []occasion{
		{UsualCase, usual, usual.Start.AddDate(0, 0, -7)},
		{LongestCase, long, long.Start.AddDate(-1, 0, 0)},
	}
	if p.Nation == gateway.Wales {
		chosen := usual
		chosen.Patient.Language = gateway.LanguageWelsh
		out = append(out, occasion{WelshCase, chosen, chosen.Start.AddDate(0, 0, -7)})
	}
	if p.Policy.Extras.FirstName {
		long.Patient.Greeting = gateway.NewName(longestNameAccent)
		out = append(out, occasion{AccentsCase, long, long.Start.AddDate(-1, 0, 0)})
	}
	return out
}

var errNoAnswer = errors.New("the practice's name or phone cannot stand in a text")

func sample(name, kind string, t gateway.Text, err error) Sample {
	if err == nil && t.IsZero() {
		err = errNoAnswer
	}
	s := Sample{Name: name, Case: kind, Err: err}
	if err == nil {
		s.Text = t.Reveal()
		s.Encoding, s.Segments = Count(s.Text)
		s.Flips = flips(s.Text)
	}
	return s
}

// flips gives the letters of a text that GSM cannot write, each once, in order.
func flips(text string) []rune {
	var out []rune
	for _, r := range text {
		if septets(r) == 0 && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// namedAnswer is an answer of the catalogue with its name.
type namedAnswer struct {
	name string
	text gateway.Text
}

// answersOf words every answer of a practice; each is zero where it cannot be.
func answersOf(p gateway.Practice) []namedAnswer {
	freed := cases(p, gateway.ModeInPerson)[0]
	return []namedAnswer{
		{"answer to STOP", Stopped(p)},
		{"answer to STOP ALL", StoppedAll(p)},
		{"answer to STOP or a wrong number, where START lifts nothing", Closed(p)},
		{"answer to START", Started(p)},
		{"answer to HELP", Help(p)},
		{"answer to anything else", NotMonitored(p)},
		{"answer to CANCEL that freed the visit", Cancelled(p, freed.visit, freed.now)},
		{"answer to CANCEL that may have freed the visit", Unclear(p, freed.visit, freed.now)},
	}
}
