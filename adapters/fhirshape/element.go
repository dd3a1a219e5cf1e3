package fhirshape

import (
	"encoding/json"
	"regexp"
	"strings"

	"bellman/gateway"
)

// Meta is what a resource says of itself.
type Meta struct {
	VersionID Word         `json:"versionId"`
	Security  Many[Coding] `json:"security"`
	Tag       Many[Coding] `json:"tag"`
}

// Restricted reads the confidentiality of a resource: R and V are sensitive. A
// label that is not understood is unclear, and so is a resource that the server
// has thinned out (SUBSETTED), for the very element that warns may be missing.
func (m Meta) Restricted() gateway.Flag {
	flag := gateway.FlagNo
	if !m.Security.Whole() || !m.Tag.Whole() {
		flag = gateway.FlagUnclear
	}
	for _, label := range m.Security.Items {
		switch label.Value.Code.Value {
		case "U", "L", "M", "N":
		case "R", "V", "REDACTED":
			return gateway.FlagYes
		default:
			flag = gateway.FlagUnclear
		}
	}
	for _, tag := range m.Tag.Items {
		if tag.Value.Code.Value == "SUBSETTED" {
			flag = gateway.FlagUnclear
		}
	}
	return flag
}

// Coding is a code of some list.
type Coding struct {
	System Word `json:"system"`
	Code   Word `json:"code"`
}

// Concept is a meaning with its codes. Its text is never read.
type Concept struct {
	Coding Many[Coding] `json:"coding"`
}

// Identifier is a business identifier, such as an NHS number.
type Identifier struct {
	System    Word            `json:"system"`
	Value     Word            `json:"value"`
	Use       Word            `json:"use"`
	Period    One[Period]     `json:"period"`
	Extension Many[Extension] `json:"extension"`
}

// NHSNumber is the system of NHS numbers in the UK's FHIR profiles.
const NHSNumber = "https://fhir.nhs.uk/Id/nhs-number"

// Key is the identifier as a search takes it: system, bar, value.
func (i Identifier) Key() string { return i.System.Value + "|" + i.Value.Value }

// Hidden are the elements that change what a resource means. FHIR forbids to read
// on past one that is not understood, and we understand none.
type Hidden struct {
	ImplicitRules     json.RawMessage `json:"implicitRules"`
	ModifierExtension json.RawMessage `json:"modifierExtension"`
}

// Present reports whether there is one.
func (h Hidden) Present() bool { return Said(h.ImplicitRules) || Said(h.ModifierExtension) }

// Extension is one extension, with the kinds of value that we look at.
type Extension struct {
	URL                  string          `json:"url"`
	ValueCode            json.RawMessage `json:"valueCode"`
	ValueCoding          json.RawMessage `json:"valueCoding"`
	ValueCodeableConcept json.RawMessage `json:"valueCodeableConcept"`
	ValueBoolean         json.RawMessage `json:"valueBoolean"`
	ValuePeriod          One[Period]     `json:"valuePeriod"`
	// Extension stays raw until it is asked for: extensions may lie in one another
	// to any depth, and only the first is of use.
	Extension json.RawMessage `json:"extension"`
}

// Extensions is a list of extensions.
type Extensions struct{ Many[Extension] }

// Whole reports whether everything in the list could be read; an extension without
// an address says nothing that can be read.
func (l Extensions) Whole() bool {
	for _, e := range l.Items {
		if e.Value.URL == "" {
			return false
		}
	}
	return l.Many.Whole()
}

// Named picks the extensions of one name, so that the versions and publishers of an
// extension are read alike: "DeliveryChannel" is Extension-UKCore-DeliveryChannel
// and Extension-GPConnect-DeliveryChannel-2.
func (l Extensions) Named(name string) []Extension {
	var out []Extension
	for _, e := range l.Items {
		if base := baseName(e.Value.URL); strings.EqualFold(base, name) || endsWith(base, "-"+name) {
			out = append(out, e.Value)
		}
	}
	return out
}

// Inner gives the extensions that are the parts of this one.
func (e Extension) Inner() Extensions {
	var inner Many[Extension]
	_ = inner.UnmarshalJSON(e.Extension)
	return Extensions{inner}
}

// version is what stands behind the name of an extension: "-2" in STU3, "|2.6.1"
// in a canonical address.
var version = regexp.MustCompile(`(-[0-9]+)?(\|.*)?$`)

func baseName(url string) string {
	url = version.ReplaceAllString(url, "")
	return url[strings.LastIndex(url, "/")+1:]
}

func endsWith(s, end string) bool {
	return len(s) > len(end) && strings.EqualFold(s[len(s)-len(end):], end)
}

// Codes gives the codes of an extension, whether it is a code, a coding or a
// concept; none when it holds no code that can be read.
func (e Extension) Codes() []string {
	var code Word
	if Said(e.ValueCode) && code.UnmarshalJSON(e.ValueCode) == nil && !code.Bad {
		return []string{code.Value}
	}
	var one One[Coding]
	if Said(e.ValueCoding) && one.UnmarshalJSON(e.ValueCoding) == nil && !one.Bad {
		return []string{one.Value.Code.Value}
	}
	var c One[Concept]
	if !Said(e.ValueCodeableConcept) || c.UnmarshalJSON(e.ValueCodeableConcept) != nil || c.Bad || !c.Value.Coding.Whole() {
		return nil
	}
	out := make([]string, 0, len(c.Value.Coding.Items))
	for _, x := range c.Value.Coding.Items {
		out = append(out, x.Value.Code.Value)
	}
	return out
}

// Worst gives the graver of flags: yes before unclear before no.
func Worst(flags ...gateway.Flag) gateway.Flag {
	out := gateway.FlagNo
	for _, f := range flags {
		if f == gateway.FlagYes {
			return f
		}
		if f == gateway.FlagUnclear {
			out = f
		}
	}
	return out
}

// eachCode looks up every code of the extensions; one that is not in the table, or
// no code at all, is unclear.
func eachCode(exts []Extension, table map[string]gateway.Flag) gateway.Flag {
	var flags []gateway.Flag
	for _, e := range exts {
		for _, code := range e.Codes() {
			flag, known := table[code]
			if !known {
				flag = gateway.FlagUnclear
			}
			flags = append(flags, flag)
		}
	}
	if len(flags) == 0 {
		return gateway.FlagUnclear
	}
	return Worst(flags...)
}
