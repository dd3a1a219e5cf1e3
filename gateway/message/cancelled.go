package message

import (
	"strings"
	"time"

	"bellman/gateway"
)

// Cancelled tells a patient, who reads it at now, that the visit which they asked to
// cancel is cancelled. It may be sent only after the clinical system has confirmed it
// (HAZ-12). It names the day and the time, which are read back as in a reminder; that
// they do not end their sentence keeps it from ever being taken for one (see Start).
// It is the zero Text where it cannot be worded, or the sender not be written to.
func Cancelled(p gateway.Practice, a gateway.Appointment, now time.Time) gateway.Text {
	return aboutVisit(p, a, now, func(w script) []string { return []string{w.isCancelled, w.ifNotAsked} })
}

// Unclear tells a patient that the visit which they asked to cancel may or may not be
// cancelled, and whom to ask: the clinical system was asked and has not confirmed it.
// Neither that it stands nor that it is cancelled would be the truth. It is worded, or
// not, as Cancelled is.
func Unclear(p gateway.Practice, a gateway.Appointment, now time.Time) gateway.Text {
	return aboutVisit(p, a, now, func(w script) []string { return []string{w.maybeCancelled, w.makeSure} })
}

// aboutVisit names a visit, and says what follows of it.
func aboutVisit(p gateway.Practice, a gateway.Appointment, now time.Time, then func(script) []string) gateway.Text {
	if !CanReceive(p.Sender) || a.StartDoubt != gateway.NoDoubt || a.Start.IsZero() {
		return gateway.Text{}
	}
	s, err := shortest(p, func(v shown) (string, error) {
		var out []string
		for _, l := range languages(p.Nation, a.Patient.Language) {
			w := answers(p)[l]
			g := gaps{practice: v.practice, phone: v.phone, day: Date(a.Start, now, l), time: Clock(a.Start, l)}
			visit := fill([]string{w.yourVisit}, g)
			read, err := readBack(visit+".", l, now)
			if err != nil {
				return "", err
			}
			if !read.Equal(a.Start.Truncate(time.Minute)) {
				return "", errWrongWhen
			}
			out = append(out, visit+fill(then(w), g))
		}
		return strings.Join(out, "\n"), nil
	})
	if err != nil {
		return gateway.Text{}
	}
	return gateway.NewText(s)
}
