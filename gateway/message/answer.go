package message

import (
	"strings"

	"bellman/gateway"
)

// Stopped answers STOP: no more texts, and what that does not mean.
func Stopped(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.stopped })
}

// StoppedAll answers STOP ALL. It names no other practice: whoever reads it need not
// know where else the patient goes.
func StoppedAll(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.stoppedAll })
}

// Closed answers whoever says that the phone is not the patient's, and STOP where the
// practice itself keeps the number from being texted. It offers no START, which would
// lift nothing there, and tells a stranger nothing of an appointment (HAZ-03).
func Closed(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.closed })
}

// Started answers START.
func Started(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.started })
}

// Help answers HELP: who writes, how to speak to a person, how to stop.
func Help(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.help })
}

// NotMonitored answers what a person must read. It says that nobody watches for
// urgent words and where help is (HAZ-13), and that the appointment stands until
// the practice says otherwise, so that nobody takes the answer for a cancellation
// (HAZ-12).
func NotMonitored(p gateway.Practice) gateway.Text {
	return answer(p, func(s script) string { return s.notMonitored })
}

// Answers gives the words of every answer to a patient's text.
func Answers() map[gateway.Answer]func(gateway.Practice) gateway.Text {
	return map[gateway.Answer]func(gateway.Practice) gateway.Text{
		gateway.AnswerStopped:      Stopped,
		gateway.AnswerStoppedAll:   StoppedAll,
		gateway.AnswerClosed:       Closed,
		gateway.AnswerStarted:      Started,
		gateway.AnswerHelp:         Help,
		gateway.AnswerNotMonitored: NotMonitored,
	}
}

// answer words an answer in the languages of the practice's nation: whoever writes
// need not be the patient, so nobody's choice is known. It is the
// zero Text, and nothing is answered, when the practice's sender cannot be
// written to or its name or phone cannot stand in a text. Unlike a reminder it
// is not refused for its length: it may be the answer to a call for help.
func answer(p gateway.Practice, of func(script) string) gateway.Text {
	if !CanReceive(p.Sender) {
		return gateway.Text{}
	}
	s, err := shortest(p, func(v shown) (string, error) {
		var out []string
		for _, l := range languages(p.Nation, gateway.LanguageUnsaid) {
			w := answers(p)[l]
			urgent := w.urgent
			if p.Nation == gateway.NorthernIreland {
				urgent = w.urgentNI
			}
			out = append(out, fill([]string{of(w)}, gaps{practice: v.practice, phone: v.phone, urgent: urgent}))
		}
		return strings.Join(out, "\n"), nil
	})
	if err != nil {
		return gateway.Text{}
	}
	return gateway.NewText(s)
}

// answers gives the practice's wording. An unknown one falls back to the
// default: a patient who said STOP is answered whatever the configuration says.
func answers(p gateway.Practice) map[Language]script {
	if w, ok := wordings[named(p.Policy.Wording)]; ok {
		return w
	}
	return wordings[defaultWording]
}
