// Package meeting reads from the labels of a clinical system how patient and
// clinician meet. Such labels (the name of a slot type, a flag) are free text of
// the practice, so nothing but the plain words is understood, and it guesses at
// nothing: a patient told to come in who should have waited by the telephone has
// missed the appointment.
package meeting

import (
	"strings"

	"bellman/gateway"
)

// words are the plain words for how people meet.
var words = []struct {
	words string
	mode  gateway.Mode
}{
	{"telephone", gateway.ModeTelephone},
	{"phone", gateway.ModeTelephone},
	{"video", gateway.ModeVideo},
	{"face to face", gateway.ModeInPerson},
	{"home visit", gateway.ModeHomeVisit},
}

// ModeOf finds how people meet in the labels of one appointment. Labels that hold
// words for two ways are as unknown as labels that hold none.
func ModeOf(labels ...string) gateway.Mode {
	found := gateway.ModeUnknown
	for _, label := range labels {
		plain := " " + strings.Join(strings.FieldsFunc(strings.ToLower(label), notLetter), " ") + " "
		for _, w := range words {
			if !strings.Contains(plain, " "+w.words+" ") {
				continue
			}
			if found != gateway.ModeUnknown && found != w.mode {
				return gateway.ModeUnknown
			}
			found = w.mode
		}
	}
	return found
}

func notLetter(r rune) bool { return r < 'a' || r > 'z' }
