package tppextract

import (
	"strings"

	"bellman/gateway"
)

// statusBeginnings say what terms of SRMapping mean as a status, by how they
// begin: the terms go on in many ways. A term that begins otherwise is unknown.
var statusBeginnings = []struct {
	beginning string
	status    gateway.Status
}{
	{"booked", gateway.StatusBooked},
	{"arrived", gateway.StatusArrived},
	{"waiting", gateway.StatusArrived},
	{"in progress", gateway.StatusArrived},
	{"finished", gateway.StatusFinished},
	{"did not attend", gateway.StatusMissed},
	{"no access visit", gateway.StatusMissed},
	{"cancelled", gateway.StatusCancelled},
	{"patient walked out", gateway.StatusCancelled},
	{"rejected", gateway.StatusCancelled},
}

// statusOf gives the meaning of a term, StatusUnknown when it has none here.
func (w words) statusOf(term string) gateway.Status {
	t := folded(term)
	if s, ok := w.statuses[t]; ok {
		return s
	}
	for _, b := range statusBeginnings {
		if strings.HasPrefix(t, b.beginning) {
			return b.status
		}
	}
	return gateway.StatusUnknown
}

// kind says what a row of SRPatientContactDetails is.
type kind uint8

const (
	kindUnknown kind = iota
	kindMobile
	kindOther // home, work, pager, ...
)

// kindOf gives the meaning of a term of ContactType; no term: unknown.
func kindOf(term string) kind {
	switch t := folded(term); {
	case t == "":
		return kindUnknown
	case strings.HasPrefix(t, "mobile"):
		return kindMobile
	}
	return kindOther
}

// answer is yes, no, or something else.
type answer uint8

const (
	answerUnclear answer = iota
	answerYes
	answerNo
)

// yesOrNo reads a cell of yes or no in any of the forms that are known or likely:
// consumers have seen 1 and 0 in one column, true and false in another.
func yesOrNo(s string) answer {
	switch folded(s) {
	case "1", "y", "yes", "true":
		return answerYes
	case "0", "n", "no", "false":
		return answerNo
	}
	return answerUnclear
}

// consent reads a value of SmsConsent: yes, the patient may be texted, or no. No
// consumer has published what stands there; a value may also be the id of a term.
func (w words) consent(value string, terms map[string]string) answer {
	for _, s := range []string{value, terms[value]} {
		if a, ok := w.consents[folded(s)]; ok && folded(s) != "" {
			return a
		}
		if a := yesOrNo(s); a != answerUnclear {
			return a
		}
	}
	return answerUnclear
}

// words are the meanings of words, the section's and the built-in ones.
type words struct {
	rotas    map[string]string
	statuses map[string]gateway.Status
	consents map[string]answer
	records  map[string]gateway.Flag
}

func newWords(c Config) words {
	return words{
		rotas:    byFolded(c.RotaTypes, func(s string) string { return s }),
		statuses: byFolded(c.Statuses, func(s string) gateway.Status { return statusWords[s] }),
		consents: byFolded(c.Consents, yesOrNo),
		records: byFolded(c.RecordStatuses, func(s string) gateway.Flag {
			if s == wordOpen {
				return gateway.FlagNo
			}
			return gateway.FlagYes
		}),
	}
}
