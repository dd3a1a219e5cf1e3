package fhir

import (
	"encoding/json"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
)

// telecom is one way to reach a patient.
type telecom struct {
	System string          `json:"system"`
	Value  string          `json:"value"`
	Use    string          `json:"use"`
	Rank   json.RawMessage `json:"rank"`
	Period *loose[period]  `json:"period"`
}

// mobile is a number that may be texted, and where the clinic ranks it.
type mobile struct {
	phone gateway.Phone
	kind  gateway.NumberKind
	rank  int // 0: not ranked
}

// before reports whether the clinic ranks m before o. One that is not ranked is
// neither before nor after another.
func (m mobile) before(o mobile) bool { return m.rank != 0 && o.rank != 0 && m.rank < o.rank }

// mobile finds the one number to text: marked as mobile, in use now. Home, work
// and old numbers are never texted. Of several different ones the clinic's rank
// decides; where it does not, the number is unclear.
func (p *person) mobile(now time.Time, trial bool) (gateway.Phone, gateway.NumberKind) {
	if p.Telecom.Bad {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	var found []mobile
	for _, t := range p.Telecom.Value {
		if t.Bad {
			found = append(found, mobile{kind: gateway.NumberUnclear})
			continue
		}
		if m, ok := t.Value.mobile(now, trial); ok {
			found = append(found, m)
		}
	}
	return choose(found)
}

// mobile reads one telecom; false when it is not a mobile number in use.
func (t telecom) mobile(now time.Time, trial bool) (mobile, bool) {
	if t.Use != "mobile" || strings.TrimSpace(t.Value) == "" {
		return mobile{}, false
	}
	unclear := mobile{kind: gateway.NumberUnclear}
	switch t.System {
	case "phone", "sms":
	case "email", "fax", "pager", "url", "other":
		return mobile{}, false
	default:
		return unclear, true
	}
	switch periodAt(t.Period, now) {
	case past, future:
		return mobile{}, false
	case unclearWhen:
		return unclear, true
	case current:
	}
	m := mobile{}
	if said(t.Rank) && (json.Unmarshal(t.Rank, &m.rank) != nil || m.rank < 1) {
		return unclear, true
	}
	m.phone, m.kind = number.Parse(t.Value, trial)
	return m, true
}

// choose gives the number that the clinic puts first, or unclear when that
// cannot be told.
func choose(found []mobile) (gateway.Phone, gateway.NumberKind) {
	if len(found) == 0 {
		return gateway.Phone{}, gateway.NumberMissing
	}
	first := found[0]
	for _, m := range found[1:] {
		if m.before(first) {
			first = m
		}
	}
	for _, m := range found {
		if !first.before(m) && (m.phone != first.phone || m.kind != first.kind) {
			return gateway.Phone{}, gateway.NumberUnclear
		}
	}
	return first.phone, first.kind
}
