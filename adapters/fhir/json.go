package fhir

import (
	"encoding/json"
	"strings"
	"time"

	"bellman/gateway"
)

// loose decodes a value that may have drifted from the standard. It never fails
// the record around it; Bad says that something stood there that we do not
// understand, so that the reader can choose the safe side.
type loose[T any] struct {
	Value T
	Bad   bool
}

// UnmarshalJSON never returns an error.
func (l *loose[T]) UnmarshalJSON(b []byte) error {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		l.Bad = true
		return nil
	}
	l.Value = v
	return nil
}

// meta is what a resource says of itself.
type meta struct {
	VersionID string   `json:"versionId"`
	Security  []coding `json:"security"`
	Tag       []coding `json:"tag"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

// identifier is a business identifier, such as an NHS number.
type identifier struct {
	System string         `json:"system"`
	Value  string         `json:"value"`
	Use    string         `json:"use"`
	Period *loose[period] `json:"period"`
}

// nhsNumber is the system of NHS numbers in the UK's FHIR profiles.
const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"

// hidden are the elements that change what a resource means. FHIR forbids to
// read on past one that is not understood, and we understand none.
type hidden struct {
	ImplicitRules     json.RawMessage `json:"implicitRules"`
	ModifierExtension json.RawMessage `json:"modifierExtension"`
}

func (h hidden) present() bool { return said(h.ImplicitRules) || said(h.ModifierExtension) }

// said reports whether there is anything but null.
func said(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// extension is one extension, its value left as it stands.
type extension struct {
	URL                  string          `json:"url"`
	ValueCode            json.RawMessage `json:"valueCode"`
	ValueCoding          json.RawMessage `json:"valueCoding"`
	ValueCodeableConcept json.RawMessage `json:"valueCodeableConcept"`
	ValuePeriod          *loose[period]  `json:"valuePeriod"`
	Extension            json.RawMessage `json:"extension"`
}

// extensions reads a list of extensions. It reports false when a part of it
// cannot be read.
func extensions(raw json.RawMessage) ([]extension, bool) {
	if !said(raw) {
		return nil, true
	}
	var list []loose[extension]
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	out, whole := make([]extension, 0, len(list)), true
	for _, e := range list {
		whole = whole && !e.Bad
		out = append(out, e.Value)
	}
	return out, whole
}

// named picks the extensions whose address ends in name, so that the versions
// and publishers of one extension are read alike.
func named(list []extension, name string) []extension {
	var out []extension
	for _, e := range list {
		if e.URL == name || strings.HasSuffix(e.URL, "/"+name) {
			out = append(out, e)
		}
	}
	return out
}

// codes gives the codes of an extension, whether it is a code, a coding or a
// concept; none when it holds no code that can be read.
func (e extension) codes() []string {
	var code string
	if said(e.ValueCode) && json.Unmarshal(e.ValueCode, &code) == nil {
		return []string{code}
	}
	var one coding
	if said(e.ValueCoding) && json.Unmarshal(e.ValueCoding, &one) == nil {
		return []string{one.Code}
	}
	var c concept
	if !said(e.ValueCodeableConcept) || json.Unmarshal(e.ValueCodeableConcept, &c) != nil {
		return nil
	}
	out := make([]string, 0, len(c.Coding))
	for _, x := range c.Coding {
		out = append(out, x.Code)
	}
	return out
}

// period is a stretch of time in FHIR's partial dates.
type period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// when says how a period lies to a moment.
type when uint8

const (
	unclearWhen when = iota
	past
	current
	future
)

// at places now against the period. An end without a time includes its whole
// day (or month, or year), as FHIR lays down.
func (p period) at(now time.Time) when {
	if p.End != "" {
		_, end, ok := stretch(p.End)
		if !ok {
			return unclearWhen
		}
		if !now.Before(end) {
			return past
		}
	}
	if p.Start != "" {
		start, _, ok := stretch(p.Start)
		if !ok {
			return unclearWhen
		}
		if now.Before(start) {
			return future
		}
	}
	return current
}

// periodAt is at for a period that may be absent or malformed.
func periodAt(p *loose[period], now time.Time) when {
	switch {
	case p == nil:
		return current
	case p.Bad:
		return unclearWhen
	}
	return p.Value.at(now)
}

// stretch reads a FHIR dateTime (a year, a month, a day, or an instant) and
// gives the time it covers: from inclusive, to exclusive. Days are London days.
func stretch(s string) (from, to time.Time, ok bool) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.ParseInLocation(form.layout, s, gateway.London()); err == nil {
			return t, t.AddDate(form.years, form.months, form.days), true
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, t.Add(time.Second), true
	}
	return time.Time{}, time.Time{}, false
}
