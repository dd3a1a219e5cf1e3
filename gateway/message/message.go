// Package message words what patients read: reminders, and the answers to their
// own texts. It counts what they cost, writes dates and times as the NHS does,
// in English and for Wales in both languages, and reads every reminder again
// before it lets go of it. It decides nothing and sends nothing.
//
// A text names the practice, the day, the time and the practice's telephone, and
// where the practice wants it the patient's first name and the place. It cannot
// name the clinician, the clinic or the reason, since a phone is read by others too
// (R01, HAZ-02).
package message

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// MaxSegments is the longest text that is sent, in segments (R26). A longer one
// is refused, never cut: the cut could take the time with it.
const MaxSegments = 3

var (
	errWording  = errors.New("the wording is not one that Bellman has")
	errTooLong  = fmt.Errorf("the text would take more than %d segments", MaxSegments)
	errStart    = errors.New("the appointment's start is not certain")
	errLeftover = errors.New("the text holds what should have been filled in")
)

// Pen words the reminders of one practice. What does not change from text to text
// is looked at once. The zero Pen words nothing.
type Pen struct {
	practice gateway.Practice
	shown    []shown // the practice as it may be named, the preferred form first
	err      error
}

// NewPen makes the pen of a practice. When its name, phone or wording cannot stand
// in a text, every Render says so.
func NewPen(p gateway.Practice) Pen {
	v, err := shownAs(p)
	if err == nil && !Known(p.Policy.Wording) {
		err = errWording
	}
	return Pen{practice: p, shown: v.forms(), err: err}
}

// Render words one reminder, as the function Render does.
func (p Pen) Render(a gateway.Appointment, now time.Time) (gateway.Text, int, error) {
	if p.err != nil || len(p.shown) == 0 {
		return gateway.Text{}, 0, cmp.Or(p.err, errWording)
	}
	if a.StartDoubt != gateway.NoDoubt || a.Start.IsZero() {
		return gateway.Text{}, 0, errStart
	}
	for _, v := range p.shown {
		s, err := reminder(p.practice, v, a, now)
		if err != nil {
			return gateway.Text{}, 0, err
		}
		if _, n := Count(s); n <= MaxSegments {
			return gateway.NewText(s), n, nil
		}
	}
	return gateway.Text{}, 0, errTooLong
}

// Render words the reminder of an appointment of practice p, for a patient who
// reads it at now, and gives the number of segments it costs. An error means
// that no text may be sent: the wording or practice is not fit, the start is not
// certain, or the finished text does not give the start back to its reader. No
// error holds anything of the patient.
func Render(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error) {
	return NewPen(p).Render(a, now)
}

var modes = []gateway.Mode{
	gateway.ModeUnknown, gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeHomeVisit,
}

// reminder words one reminder in the languages of the practice's nation and
// checks it.
func reminder(p gateway.Practice, v shown, a gateway.Appointment, now time.Time) (string, error) {
	g, name := fillings(p, v, a), ""
	if p.Policy.Extras.FirstName {
		name = v.greeted(a.Patient.Greeting)
	}
	out := make([]string, 0, 2)
	for _, l := range languages(p.Nation, a.Patient.Language) {
		g.day, g.time = Date(a.Start, now, l), Clock(a.Start, l)
		s := greet(name, fill(wordings[named(p.Policy.Wording)][l].reminder(CanReceive(p.Sender), a.Mode, g), g))
		if err := check(s, g, a.Start, l, now); err != nil {
			return "", err
		}
		out, name = append(out, s), "" // nobody is greeted twice in one text
	}
	return strings.Join(out, "\n"), nil
}

// fillings gives what stands in the gaps of one reminder in every language. The
// place is told only of a visit in person: whoever is rung up, or visited, must
// not set out for it (HAZ-24). A sensitive visit's is not told at all (R36).
func fillings(p gateway.Practice, v shown, a gateway.Appointment) gaps {
	g := gaps{practice: v.practice, phone: v.phone}
	x := p.Policy.Extras
	if a.Mode == gateway.ModeInPerson && a.Class != gateway.ClinicSensitive {
		g.place = v.places[a.Site]
	}
	if x.CancelByText && CanReceive(p.Sender) {
		g.code = gateway.VisitCode(p.ODS, a)
	}
	if x.Cost.Pounds > 0 {
		g.pounds = strconv.Itoa(x.Cost.Pounds)
	}
	return g
}

// greet puts a name before a text, whose first letter is then a small one.
func greet(name, s string) string {
	if name == "" {
		return s
	}
	return name + ", " + strings.ToLower(s[:1]) + s[1:]
}

// check looks at a finished text as its reader will (HAZ-04, HAZ-19).
func check(s string, g gaps, start time.Time, l Language, now time.Time) error {
	for _, leftover := range []string{"{", "}", "<", ">", "%!", "&#", "  ", "\n"} {
		if strings.Contains(s, leftover) {
			return errLeftover
		}
	}
	for _, told := range []string{g.practice, g.phone, g.place, g.code} {
		if !strings.Contains(s, told) {
			return errLeftover
		}
	}
	read, err := readBack(s, l, now)
	if err != nil {
		return err
	}
	// A text names the minute; a start that holds seconds is in that minute.
	if !read.Equal(start.Truncate(time.Minute)) {
		return errWrongWhen
	}
	return nil
}

// languages of a text in a nation to whoever chose a language: in Wales Welsh alone
// for those who chose it, and for all others both, Welsh first (Welsh Language
// Standards (No. 7) Regulations 2018). That somebody speaks English is no word against
// Welsh.
func languages(n gateway.Nation, chosen gateway.Language) []Language {
	switch {
	case n != gateway.Wales:
		return []Language{English}
	case chosen == gateway.LanguageWelsh:
		return []Language{Welsh}
	}
	return []Language{Welsh, English}
}
