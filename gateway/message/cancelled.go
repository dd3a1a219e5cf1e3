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
			out = append(out, visit+fill([]string{w.isCancelled, w.ifNotAsked}, g))
		}
		return strings.Join(out, "\n"), nil
	})
	if err != nil {
		return gateway.Text{}
	}
	return gateway.NewText(s)
}
