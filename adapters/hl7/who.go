package hl7

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/born"
)

// Bounds of what is kept of the names of a visit's clinic.
const (
	maxClinics = 12
	maxClinic  = 120
)

// clinicOf gives what the sender calls the clinic, the service or the kind of visit: all
// that stands at the profile's places, in every segment of their names, each once.
func (r rules) clinicOf(m *message.Message) []string {
	var out []string
	for _, at := range r.clinic {
		for s := range m.Segments(at.Segment) {
			p := s.At(at)
			if at.Component == 0 {
				p = whole(p)
			}
			word := strings.Join(strings.Fields(p.Text()), " ")
			if word == "" || p.IsNull() || len(word) > maxClinic || len(out) == maxClinics || slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, word) }) {
				continue
			}
			out = append(out, word)
		}
	}
	return out
}

// timeOfBirth is a date of birth as the standard writes one that is exact to the day,
// whatever follows of the time of day.
var timeOfBirth = regexp.MustCompile(`^([0-9]{8})([0-9]{2}([0-9]{2}([0-9]{2}(\.[0-9]{1,4})?)?)?)?([+-][0-9]{4})?$`)

// notADay is kept where something stands that is no date of birth exact to the day.
const notADay = "not a day"

// bornIn reads PID-7 as it may be kept; nil: nothing is said. A date exact to the year
// or the month only, by its length or by the old degree of precision, is unclear.
func bornIn(f message.Field, now time.Time) *string {
	p := f.Part()
	day := strings.TrimSpace(p.Part(1).Text())
	switch {
	case f.IsEmpty() || day == "":
		return nil
	case p.IsNull() || p.Part(1).IsNull():
		return new(string)
	}
	found := timeOfBirth.FindStringSubmatch(day)
	precision := strings.ToUpper(strings.TrimSpace(p.Part(2).Text()))
	if found == nil || precision == "Y" || precision == "L" {
		day = notADay
	} else {
		day = found[1]
	}
	kept := born.Keep(day, now, "20060102")
	return &kept
}

// languageIn reads PID-15, by its code before its words; nil: nothing is said.
func languageIn(f message.Field) *gateway.Language {
	if f.IsEmpty() {
		return nil
	}
	said := gateway.LanguageUnsaid
	for n := 1; n <= 2 && said == gateway.LanguageUnsaid && !f.IsNull(); n++ {
		said = gateway.LanguageOf(f.Part().Part(n).Text())
	}
	return &said
}

// needNames are what the words of a profile's needs can mean.
var needNames = map[string]gateway.Needs{
	"text": 0, "interpreter": gateway.NeedsInterpreter, "large_print": gateway.NeedsLargePrint, "braille": gateway.NeedsBraille,
	"audio": gateway.NeedsAudio, "minicom": gateway.NeedsMinicom, "no_phone": gateway.NeedsNoPhone, "somebody_else": gateway.NeedsSomebodyElse,
}
