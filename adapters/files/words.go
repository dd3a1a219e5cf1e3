package files

import (
	"maps"
	"strings"
	"time"

	"bellman/gateway"
)

// statusNames are the words of the configuration for our statuses.
var statusNames = map[string]gateway.Status{
	"booked":     gateway.StatusBooked,
	"cancelled":  gateway.StatusCancelled,
	"arrived":    gateway.StatusArrived,
	"finished":   gateway.StatusFinished,
	"missed":     gateway.StatusMissed,
	"not_booked": gateway.StatusNotBooked,
}

// statusWords are those that mean the same wherever they are used. "Rescheduled"
// and "pending" are left out on purpose: they mean different things to different
// systems.
var statusWords = map[string]gateway.Status{
	"booked": gateway.StatusBooked, "confirmed": gateway.StatusBooked, "scheduled": gateway.StatusBooked,
	"cancelled": gateway.StatusCancelled, "canceled": gateway.StatusCancelled,
	"arrived": gateway.StatusArrived, "checked in": gateway.StatusArrived,
	"finished": gateway.StatusFinished, "completed": gateway.StatusFinished, "attended": gateway.StatusFinished,
	"missed": gateway.StatusMissed, "dna": gateway.StatusMissed, "did not attend": gateway.StatusMissed, "no show": gateway.StatusMissed,
	"blocked": gateway.StatusNotBooked, "waiting list": gateway.StatusNotBooked,
}

// permissionNames are the words of the configuration for a permission, as what
// they say of declining.
var permissionNames = map[string]gateway.Flag{"yes": gateway.FlagNo, "no": gateway.FlagYes}

// permissionWords are the plain answers of a column that says whether a patient
// may be texted, as what they say of declining.
var permissionWords = map[string]gateway.Flag{
	"yes": gateway.FlagNo, "y": gateway.FlagNo, "true": gateway.FlagNo, "1": gateway.FlagNo,
	"no": gateway.FlagYes, "n": gateway.FlagYes, "false": gateway.FlagYes, "0": gateway.FlagYes,
}

// formatNames are the words of the configuration for what a patient needs; text is
// nothing besides.
var formatNames = map[string]gateway.Needs{
	"text": 0, "interpreter": gateway.NeedsInterpreter, "large_print": gateway.NeedsLargePrint, "braille": gateway.NeedsBraille,
	"audio": gateway.NeedsAudio, "minicom": gateway.NeedsMinicom, "no_phone": gateway.NeedsNoPhone, "somebody_else": gateway.NeedsSomebodyElse,
}

// formatWords are those that mean the same wherever they are used.
var formatWords = map[string]gateway.Needs{
	"": 0, "none": 0, "no": 0, "n/a": 0, "standard": 0, "standard print": 0, "text": 0, "sms": 0, "text message": 0, "email": 0, "e mail": 0,
	"letter": 0, "easy read": 0, "interpreter": gateway.NeedsInterpreter, "bsl interpreter": gateway.NeedsInterpreter,
	"large print": gateway.NeedsLargePrint, "braille": gateway.NeedsBraille, "audio": gateway.NeedsAudio, "audio tape": gateway.NeedsAudio,
	"audio cd": gateway.NeedsAudio, "minicom": gateway.NeedsMinicom, "textphone": gateway.NeedsMinicom, "text phone": gateway.NeedsMinicom,
	"no telephone contact": gateway.NeedsNoPhone, "no phone contact": gateway.NeedsNoPhone, "no phone": gateway.NeedsNoPhone,
}

// flagWords are the plain answers of a yes-or-no column.
var flagWords = map[string]gateway.Flag{
	"yes": gateway.FlagYes, "y": gateway.FlagYes, "true": gateway.FlagYes, "1": gateway.FlagYes,
	"no": gateway.FlagNo, "n": gateway.FlagNo, "false": gateway.FlagNo, "0": gateway.FlagNo,
}

// modeWords say how patient and clinician meet. Others get neutral wording.
var modeWords = map[string]gateway.Mode{
	"in person": gateway.ModeInPerson, "face to face": gateway.ModeInPerson, "f2f": gateway.ModeInPerson,
	"telephone": gateway.ModeTelephone, "phone": gateway.ModeTelephone,
	"video": gateway.ModeVideo, "online": gateway.ModeVideo,
	"home visit": gateway.ModeHomeVisit,
}

// words knows what the words of one practice's files mean.
type words struct {
	statuses    map[string]gateway.Status
	permissions map[string]gateway.Flag
	formats     map[string]gateway.Needs
}

func newWords(c Config) words {
	w := words{statuses: maps.Clone(statusWords), permissions: maps.Clone(permissionWords), formats: maps.Clone(formatWords)}
	for word, name := range c.Statuses {
		w.statuses[plainWord(word)] = statusNames[name]
	}
	for word, name := range c.Permissions {
		w.permissions[plainWord(word)] = permissionNames[name]
	}
	for word, name := range c.Formats {
		w.formats[plainWord(word)] = formatNames[name]
	}
	return w
}

// status reads a status. An empty cell is as unclear as a word that nobody has
// explained, unless the configuration explains "".
func (w words) status(word string) gateway.Status { return w.statuses[plainWord(word)] }

// declined reads a permission to text, turned round: no permission is declined.
func (w words) declined(word string) gateway.Flag {
	if f, ok := w.permissions[plainWord(word)]; ok {
		return f
	}
	return gateway.FlagUnclear
}

// needs reads how a patient can be reached: one or several words, with a comma,
// semicolon or slash between. A word that nobody has explained is not understood.
func (w words) needs(cell string) gateway.Needs {
	var out gateway.Needs
	if n, ok := w.formats[plainWord(cell)]; ok {
		return n
	}
	for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ';' || r == '/' }) {
		n, ok := w.formats[plainWord(word)]
		if !ok {
			n = gateway.NeedsNotUnderstood
		}
		out |= n
	}
	return out
}

// flag reads a column for death or leaving: yes, no, or the date when it came to
// pass. Nothing there means no; a date still to come, and any other word, is
// unclear.
func (w words) flag(word string, dates dateReader, now time.Time) gateway.Flag {
	if word == "" {
		return gateway.FlagNo
	}
	if f, ok := flagWords[plainWord(word)]; ok {
		return f
	}
	if d, problem, err := dates.date(word); err == nil && problem == "" && !d.midnight().After(now) {
		return gateway.FlagYes
	}
	return gateway.FlagUnclear
}

// plainWord is the form in which words are compared.
func plainWord(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '-' || r == '_' || r == '\u00a0' || r == '\t' || r == '\n'
	}), " "))
}
