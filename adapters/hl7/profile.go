package hl7

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
)

// Profile says what one sending system means by which field. In the configuration
// it is the name of a built-in one, or keys that change one.
type Profile struct {
	Like string `yaml:"like"` // the built-in profile that the other keys change; empty: standard

	AppointmentID string            `yaml:"appointment_id"` // one place; never two loosely
	PatientID     PatientID         `yaml:"patient_id"`     //
	Start         []string          `yaml:"start"`          // the first that is filled counts
	Site          []string          `yaml:"site"`           // likewise
	Clinic        []string          `yaml:"clinic"`         // all that are filled count: they say whether the clinic is sensitive
	Phones        []string          `yaml:"phones"`         // fields of telephone numbers
	PhoneCodes    []string          `yaml:"phone_codes"`    // uses and kinds, the best first; none: no code at all
	Status        string            `yaml:"status"`         // where the word for the appointment's status stands
	Statuses      map[string]string `yaml:"statuses"`       // further words: booked, cancelled, arrived, finished, missed, not_booked
	Mode          Words             `yaml:"mode"`           // in_person, telephone, video, home_visit
	Declined      Words             `yaml:"declined"`       // yes, no
	Restricted    Words             `yaml:"restricted"`     // yes, no
	Needs         Words             `yaml:"needs"`          // text, interpreter, large_print, braille, audio, minicom, no_phone, somebody_else
	Zone          string            `yaml:"zone"`           // of times without an offset: Europe/London or UTC
}

// PatientID says which of a patient's identifiers is the id of the patient in the
// sender's system. Without it, the first that is not an NHS number.
type PatientID struct {
	Types     []string `yaml:"types"`     // PID-3.5, such as PI or MR
	Assigners []string `yaml:"assigners"` // PID-3.4, such as RJ1
	// Shared: the same id means the same patient whichever facility sends it.
	Shared bool `yaml:"shared"`
}

// Words says what the words at one place of a message mean.
type Words struct {
	Field string            `yaml:"field"`
	Words map[string]string `yaml:"words"`
}

// FromWord takes the name of a built-in profile.
func (p *Profile) FromWord(name string) error {
	if _, ok := builtIn[name]; !ok {
		return fmt.Errorf("is no profile that is known: write one of %s, or keys", strings.Join(profileNames(), ", "))
	}
	*p = Profile{Like: name}
	return nil
}

func profileNames() []string { return slices.Sorted(maps.Keys(builtIn)) }

// builtIn are the profiles that can be named. standard is the standard's own
// reading. The others are what is public of two senders; docs/adapters/hl7.md says
// from where.
var builtIn = map[string]Profile{
	"standard": {
		AppointmentID: "SCH-2.1",
		Start:         []string{"SCH-11.4", "TQ1-7", "AIS-4", "AIL-6", "AIP-6", "AIG-8"},
		Site:          []string{"AIL-3.4", "AIL-3.1", "PV1-3.4", "PV1-3.1", "PV1-3.9"},
		Clinic:        []string{"AIS-3.1", "AIS-3.2", "SCH-8.1", "SCH-8.2", "AIL-3.1", "AIL-3.9", "PV1-3.1", "PV1-3.9", "PV1-10"},
		Phones:        []string{"PID-13", "PID-14", "PID-40"},
		PhoneCodes:    []string{"CP", "PRS", "ORN", "PRN", "none"},
		Status:        "SCH-25",
		Zone:          "Europe/London",
	},
	"openmaxims": {AppointmentID: "SCH-2.1", Start: []string{"SCH-11.4"}, Site: []string{"AIL-3.1", "AIL-3.4", "AIL-3.9"}},
	"pkb":        {AppointmentID: "SCH-1.1", Start: []string{"SCH-11.4"}, Site: []string{"PV1-3.9"}},
}

// rules is a profile that has been understood.
type rules struct {
	appointment message.Path
	patient     PatientID
	start, site []message.Path
	clinic      []message.Path
	phones      []message.Path
	ranks       map[string]int // by code, the best is 0
	status      message.Path
	statuses    map[string]gateway.Status
	mode        wording[gateway.Mode]
	declined    wording[gateway.Flag]
	restricted  wording[gateway.Flag]
	needs       wording[gateway.Needs]
	zone        *time.Location
	facility    facilityRule
}

// wording is the words at one place and what they mean. Without words nothing is
// looked at.
type wording[T any] struct {
	at    message.Path
	means map[string]T
}

// rules understands a profile. Faults are given all at once, with paths in the
// section.
func (p Profile) rules(faults []gateway.Fault) (rules, []gateway.Fault) {
	add := func(path, problem string) {
		faults = append(faults, gateway.Fault{Path: "profile." + path, Problem: problem})
	}
	if _, ok := builtIn[p.Like]; p.Like != "" && !ok {
		add("like", "is no profile that is known: write one of "+strings.Join(profileNames(), ", "))
	}
	p = p.over(builtIn[p.Like]).over(builtIn["standard"])
	place := func(key, s string) message.Path {
		at, err := message.ParsePath(s)
		if err != nil {
			add(key, err.Error())
		}
		return at
	}
	places := func(key string, all []string) []message.Path {
		out := make([]message.Path, len(all))
		for i, s := range all {
			out[i] = place(fmt.Sprintf("%s[%d]", key, i), s)
		}
		return out
	}
	r := rules{
		appointment: place("appointment_id", p.AppointmentID), patient: p.PatientID, status: place("status", p.Status),
		start: places("start", p.Start), site: places("site", p.Site), clinic: places("clinic", p.Clinic), phones: places("phones", p.Phones),
		ranks: map[string]int{}, statuses: maps.Clone(statusWords), zone: gateway.London(),
	}
	for i, code := range p.PhoneCodes {
		r.ranks[strings.ToUpper(code)] = i
	}
	for word, means := range p.Statuses {
		s, ok := statusNames[means]
		if !ok {
			add("statuses", "must map words to "+strings.Join(slices.Sorted(maps.Keys(statusNames)), ", "))
			break
		}
		r.statuses[fold(word)] = s
	}
	r.mode = meanings(p.Mode, "mode", modeNames, add)
	r.declined = meanings(p.Declined, "declined", flagNames, add)
	r.restricted = meanings(p.Restricted, "restricted", flagNames, add)
	r.needs = meanings(p.Needs, "needs", needNames, add)
	switch p.Zone {
	case "Europe/London":
	case "UTC":
		r.zone = time.UTC
	default:
		add("zone", "must be Europe/London or UTC")
	}
	return r, faults
}

// over gives the profile with the gaps filled from another.
func (p Profile) over(base Profile) Profile {
	list := func(of, base []string) []string {
		if len(of) == 0 {
			return base
		}
		return of
	}
	p.AppointmentID, p.Status, p.Zone = cmp.Or(p.AppointmentID, base.AppointmentID), cmp.Or(p.Status, base.Status), cmp.Or(p.Zone, base.Zone)
	p.Start, p.Site = list(p.Start, base.Start), list(p.Site, base.Site)
	p.Clinic = list(p.Clinic, base.Clinic)
	p.Phones, p.PhoneCodes = list(p.Phones, base.Phones), list(p.PhoneCodes, base.PhoneCodes)
	return p
}

func meanings[T any](w Words, key string, names map[string]T, add func(path, problem string)) wording[T] {
	if w.Field == "" && len(w.Words) == 0 {
		return wording[T]{}
	}
	at, err := message.ParsePath(w.Field)
	if err != nil {
		add(key+".field", err.Error())
	}
	out := wording[T]{at, map[string]T{}}
	for word, name := range w.Words {
		means, ok := names[name]
		if !ok {
			add(key+".words", "must map words to "+strings.Join(slices.Sorted(maps.Keys(names)), ", "))
			break
		}
		out.means[fold(word)] = means
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

var statusNames = map[string]gateway.Status{
	"booked": gateway.StatusBooked, "cancelled": gateway.StatusCancelled, "arrived": gateway.StatusArrived,
	"finished": gateway.StatusFinished, "missed": gateway.StatusMissed, "not_booked": gateway.StatusNotBooked,
}

// statusWords is table 0278 of the standard.
var statusWords = map[string]gateway.Status{
	"booked": gateway.StatusBooked, "overbook": gateway.StatusBooked,
	"started": gateway.StatusArrived, "complete": gateway.StatusFinished, "noshow": gateway.StatusMissed,
	"cancelled": gateway.StatusCancelled, "dc": gateway.StatusCancelled, "discontinued": gateway.StatusCancelled, "deleted": gateway.StatusCancelled,
	"pending": gateway.StatusNotBooked, "waitlist": gateway.StatusNotBooked, "blocked": gateway.StatusNotBooked,
}

var modeNames = map[string]gateway.Mode{
	"in_person": gateway.ModeInPerson, "telephone": gateway.ModeTelephone, "video": gateway.ModeVideo, "home_visit": gateway.ModeHomeVisit,
}

var flagNames = map[string]gateway.Flag{"yes": gateway.FlagYes, "no": gateway.FlagNo}
