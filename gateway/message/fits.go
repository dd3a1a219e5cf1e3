package message

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bellman/gateway"
)

// ErrExtras is in the error of Fits when only what the practice has its texts say
// besides the least does not fit.
var ErrExtras = errors.New("the greeting, place, cost or way to cancel that the policy adds")

// Fits says whether every text of practice p can be worded within MaxSegments and
// holds nothing that Lint refuses: it renders the longest day, time, name and place
// for each kind of meeting. It is for `bellman check` and the reader of the
// configuration, so that a long name is found before a patient misses a text. The
// error says what is wrong with the practice's name, phone, wording or extras.
func Fits(p gateway.Practice) error {
	err := fits(p)
	if err == nil {
		return nil
	}
	bare := p
	bare.Policy.Extras = gateway.Extras{DropAccents: p.Policy.Extras.DropAccents}
	if fits(bare) == nil {
		return fmt.Errorf("%w: %w", ErrExtras, err)
	}
	return err
}

func fits(p gateway.Practice) error {
	pen := NewPen(p)
	if len(pen.shown) > 2 {
		pen.shown = pen.shown[:2] // who is greeted is greeted in every text
	}
	for _, a := range longestVisits(p, longestNamePlain) {
		now := a.Start.AddDate(-1, 0, 0) // far enough for the year to be told
		text, _, err := pen.Render(a, now)
		if err == nil {
			err = lintText(text, p.Sender)
		}
		if err != nil {
			return err
		}
	}
	for _, a := range answersOf(p) {
		if err := lintText(a.text, p.Sender); err != nil {
			return err
		}
	}
	return nil
}

func lintText(t gateway.Text, sender string) error {
	if t.IsZero() {
		return nil
	}
	if found := Lint(t.Reveal(), sender); len(found) > 0 {
		return fmt.Errorf("a text of it %s", found[0])
	}
	return nil
}

// The names that try out whether a text has room: as many letters as a greeting
// may have, without and with accents that GSM lacks.
const (
	longestNamePlain  = "Christopher-Benjamin"
	longestNameAccent = "Gwenhwyfar-Llŷr-Siân"
)

// longestStart gives the longest day and time there is in the practice's languages:
// midnight on a Wednesday in September, and in both languages together on one in
// November. 25 November 2026 and 29 September 2027 are Wednesdays.
func longestStart(p gateway.Practice) time.Time {
	if p.Nation == gateway.Wales {
		return time.Date(2026, time.November, 25, 0, 0, 0, 0, gateway.London()).UTC()
	}
	return time.Date(2027, time.September, 29, 0, 0, 0, 0, gateway.London()).UTC()
}

// longestVisits gives a visit of each kind of meeting, at the longest day and the
// place with the longest name, of a patient with that name.
func longestVisits(p gateway.Practice, name string) []gateway.Appointment {
	site := ""
	for _, id := range slices.Sorted(maps.Keys(p.Policy.Extras.Sites)) {
		if costlier(p.Policy.Extras.Sites[id], p.Policy.Extras.Sites[site]) {
			site = id
		}
	}
	out := make([]gateway.Appointment, 0, len(modes))
	for _, m := range modes {
		out = append(out, gateway.Appointment{
			ID: "1", Site: site, Start: longestStart(p), Mode: m, Patient: gateway.Patient{Greeting: gateway.NewName(name)},
		})
	}
	return out
}

// costlier reports whether a takes more room in a text than b, in plain letters.
func costlier(a, b string) bool {
	return cmp.Compare(room(withoutAccents(tidy(a))), room(withoutAccents(tidy(b)))) > 0
}

// room gives the septets of a text, and more for one that has none.
func room(s string) int {
	n := 0
	for _, r := range s {
		if w := septets(r); w > 0 {
			n += w
		} else {
			n += 2 * gsmAlone // nothing is longer than what GSM cannot write
		}
	}
	return n
}
