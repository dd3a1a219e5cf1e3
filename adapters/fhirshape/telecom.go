package fhirshape

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
)

// Telecom is one way to reach somebody.
type Telecom struct {
	System Loose[string]   `json:"system"`
	Value  Loose[string]   `json:"value"`
	Use    Loose[string]   `json:"use"`
	Rank   json.RawMessage `json:"rank"`
	Period One[Period]     `json:"period"`
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

// Mobile finds the one number to text: marked as mobile, in use now. Home, work
// and old numbers are never texted. Of several different ones the clinic's rank
// decides; where it does not, the number is unclear. trial is as in number.Parse.
func (p *Patient) Mobile(now time.Time, trial bool) (gateway.Phone, gateway.NumberKind) {
	if p.Telecom.Bad {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	var found []mobile
	for _, t := range p.Telecom.Items {
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
func (t Telecom) mobile(now time.Time, trial bool) (mobile, bool) {
	unclear := mobile{kind: gateway.NumberUnclear}
	switch {
	case t.Use.Bad:
		return unclear, true
	case t.Use.Value != "mobile":
		return mobile{}, false
	case t.Value.Bad:
		return unclear, true // a number as a JSON number has lost the zero it began with
	case strings.TrimSpace(t.Value.Value) == "":
		return mobile{}, false
	}
	switch t.System.Value {
	case "phone", "sms":
	case "email", "fax", "pager", "url", "other":
		return mobile{}, false
	default:
		return unclear, true
	}
	switch PeriodAt(t.Period, now) {
	case Past, Future:
		return mobile{}, false
	case UnclearWhen:
		return unclear, true
	case Current:
	}
	rank, ok := t.rank()
	if !ok {
		return unclear, true
	}
	m := mobile{rank: rank}
	m.phone, m.kind = number.Parse(t.Value.Value, trial)
	return m, true
}

// rank gives the clinic's order, 0 for none. It reports false when what stands
// there is no order.
func (t Telecom) rank() (int, bool) {
	if !Said(t.Rank) {
		return 0, true
	}
	var w Word
	_ = w.UnmarshalJSON(t.Rank)
	n, err := strconv.Atoi(w.Value)
	return n, !w.Bad && err == nil && n >= 1
}

// choose gives the number that the clinic puts first, or unclear when that cannot
// be told.
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
