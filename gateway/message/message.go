// Package message words what patients read: reminders, and the answers to their
// own texts. It counts what they cost, writes dates and times as the NHS does,
// in English and for Wales in both languages, and reads every reminder again
// before it lets go of it. It decides nothing and sends nothing.
//
// A text names the practice, the day, the time and the practice's telephone. It
// cannot name the patient, the clinician, the clinic, the reason or the site,
// since a phone is read by others too (R01, HAZ-02).
package message

import (
	"cmp"
	"errors"
	"fmt"
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
	plain := v
	plain.practice = withoutAccents(v.practice)
	return Pen{practice: p, shown: []shown{v, plain}, err: err}
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

// Fits says whether every reminder of practice p can be worded within
// MaxSegments: it renders the longest day and time for each kind of meeting. It
// is for `bellman check`, so that a long name is found before a patient misses a
// text. The error says what is wrong with the practice's name, phone or wording.
func Fits(p gateway.Practice) error {
	// The longest day is a Wednesday in September, in both languages together one
	// in November; the longest time is midnight. 25 November 2026
	// and 29 September 2027 are Wednesdays.
	longest := []time.Time{
		time.Date(2027, time.September, 29, 0, 0, 0, 0, gateway.London()),
		time.Date(2026, time.November, 25, 0, 0, 0, 0, gateway.London()),
	}
	for _, start := range longest {
		now := start.AddDate(-1, 0, 0) // far enough for the year to be told
		for _, mode := range modes {
			a := gateway.Appointment{Start: start.UTC(), Mode: mode}
			if _, _, err := Render(p, a, now); err != nil {
				return err
			}
		}
	}
	return nil
}

var modes = []gateway.Mode{
	gateway.ModeUnknown, gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeHomeVisit,
}

// reminder words one reminder in the languages of the practice's nation and
// checks it.
func reminder(p gateway.Practice, v shown, a gateway.Appointment, now time.Time) (string, error) {
	out := make([]string, 0, 2)
	for _, l := range languages(p.Nation) {
		w := wordings[named(p.Policy.Wording)][l]
		words := []string{w.opening(a.Mode), w.change, w.stop}
		if !canReceive(p.Sender) {
			words = []string{w.opening(a.Mode), w.changeOrStop}
		}
		s := fill(words, gaps{practice: v.practice, phone: v.phone, day: Date(a.Start, now, l), time: Clock(a.Start, l)})
		if err := check(s, v, a.Start, l, now); err != nil {
			return "", err
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n"), nil
}

// check looks at a finished text as its reader will (HAZ-04, HAZ-19).
func check(s string, v shown, start time.Time, l Language, now time.Time) error {
	for _, leftover := range []string{"{", "}", "<", ">", "%!", "&#", "  ", "\n"} {
		if strings.Contains(s, leftover) {
			return errLeftover
		}
	}
	if !strings.Contains(s, v.practice) || !strings.Contains(s, v.phone) {
		return errLeftover
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

// languages of a nation: in Wales both, Welsh first, as long as the patient's
// own choice is not known (Welsh Language Standards (No. 7) Regulations 2018).
func languages(n gateway.Nation) []Language {
	if n == gateway.Wales {
		return []Language{Welsh, English}
	}
	return []Language{English}
}
