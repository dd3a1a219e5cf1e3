package fhirshape

import (
	"encoding/json"
	"strings"

	"bellman/gateway"
	"bellman/gateway/born"
)

// Communication is a language in which a patient can be spoken to.
type Communication struct {
	Language  One[Label]      `json:"language"`
	Preferred json.RawMessage `json:"preferred"`
}

// Label is a meaning in words and codes, for what is classified and never shown.
type Label struct {
	Text   Word `json:"text"`
	Coding Many[struct {
		Code    Word `json:"code"`
		Display Word `json:"display"`
	}] `json:"coding"`
}

// words gives everything that a label says.
func (l Label) words() []string {
	out := []string{l.Text.Value}
	for _, c := range l.Coding.Items {
		out = append(out, c.Value.Display.Value, c.Value.Code.Value)
	}
	return out
}

// Clinic gives what the server calls the kind of visit: category and type of
// service, specialty, and type of appointment.
func (a *Appointment) Clinic() gateway.ClinicName {
	var all []string
	for _, labels := range []Many[Label]{a.ServiceCategory, a.ServiceType, a.Specialty, a.AppointmentType} {
		for _, l := range labels.Items {
			all = append(all, l.Value.words()...)
		}
	}
	return gateway.NewClinicName(all...)
}

// Born gives the date of birth, as it came or as it was remembered (gateway/born). A
// year or a month alone is unclear.
func (p *Patient) Born() gateway.Birth {
	if p.BirthDate.Bad {
		return gateway.UnclearBirth()
	}
	return born.Kept(p.BirthDate.Value)
}

// The codes of UK Core's ContactPreference and NHSCommunication that say how a
// patient can be reached. That one likes letters best keeps no text back.
var (
	methodNeeds = map[string]gateway.Needs{
		"1": 0, "2": 0, "3": 0, "4": 0, "5": gateway.NeedsMinicom, "6": gateway.NeedsSomebodyElse, "7": 0, "8": gateway.NeedsNoPhone, "9": 0,
	}
	formatNeeds = map[string]gateway.Needs{"11": gateway.NeedsLargePrint, "12": gateway.NeedsBraille, "13": gateway.NeedsAudio}
)

// Needs reads how the patient can be reached. A code that is not on the list is not
// understood.
func (p *Patient) Needs() gateway.Needs {
	var out gateway.Needs
	for _, e := range p.Extensions().Named("ContactPreference") {
		out |= needsIn(e.Inner().Named("PreferredContactMethod"), methodNeeds)
		out |= needsIn(e.Inner().Named("PreferredWrittenCommunicationFormat"), formatNeeds)
	}
	for _, e := range p.Extensions().Named("NHSCommunication") {
		for _, asked := range e.Inner().Named("interpreterRequired") {
			var yes bool
			if json.Unmarshal(asked.ValueBoolean, &yes) == nil && yes {
				out |= gateway.NeedsInterpreter
			}
		}
		for _, l := range e.Inner().Named("language") {
			for _, code := range l.Codes() {
				if strings.EqualFold(code, "q1") {
					out |= gateway.NeedsBraille
				}
			}
		}
	}
	return out
}

func needsIn(exts []Extension, table map[string]gateway.Needs) gateway.Needs {
	var out gateway.Needs
	for _, e := range exts {
		codes := e.Codes()
		if len(codes) == 0 {
			out |= gateway.NeedsNotUnderstood
		}
		for _, c := range codes {
			need, known := table[c]
			if !known {
				need = gateway.NeedsNotUnderstood
			}
			out |= need
		}
	}
	return out
}

// Language gives the language that the patient would rather use: the preferred one,
// or the only one. Of several of which none is preferred nothing is said.
func (p *Patient) Language() gateway.Language {
	for _, e := range p.Extensions().Named("NHSCommunication") {
		for _, l := range e.Inner().Named("language") {
			for _, code := range l.Codes() {
				if said := gateway.LanguageOf(code); said != gateway.LanguageUnsaid {
					return said
				}
			}
		}
	}
	for _, c := range p.Communication.Items {
		var best bool
		if len(p.Communication.Items) > 1 && (json.Unmarshal(c.Value.Preferred, &best) != nil || !best) {
			continue
		}
		return c.Value.Language.Value.language()
	}
	return gateway.LanguageUnsaid
}

// language reads a label that is a language, by its code before its words.
func (l Label) language() gateway.Language {
	for _, c := range l.Coding.Items {
		if said := gateway.LanguageOf(c.Value.Code.Value); said != gateway.LanguageUnsaid {
			return said
		}
	}
	return gateway.LanguageOf(l.Text.Value)
}
