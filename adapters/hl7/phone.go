package hl7

import (
	"fmt"
	"strings"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/number"
)

// phone is one telephone number as it was sent, with the codes beside it.
type phone struct {
	Number string `json:"n"`
	Use    string `json:"u,omitempty"` // XTN-2: PRN, ORN, PRS, WPN...
	Kind   string `json:"k,omitempty"` // XTN-3: PH, CP, FX...
}

func pathKey(at message.Path) string { return fmt.Sprintf("%s-%d", at.Segment, at.Field) }

// phonesIn lists the numbers of a field (XTN). It reports false when the field says
// nothing; two quotation marks say that there are none.
func phonesIn(f message.Field) (list []phone, said bool) {
	for xtn := range f.Repetitions() {
		if xtn.IsNull() || xtn.Part(1).IsNull() {
			said = true
			continue
		}
		p := phone{strings.TrimSpace(numberOf(xtn)), word(xtn.Part(2)), word(xtn.Part(3))}
		mail := !xtn.Part(4).IsEmpty() || strings.Contains(p.Number, "@")
		if said = said || p.Number != "" || mail; p.Number == "" || mail && strings.Contains(p.Number, "@") {
			continue
		}
		if len(p.Number) > maxPhone {
			p.Number = p.Number[:maxPhone] // no number, and stays none
		}
		if len(list) < maxPhones {
			list = append(list, p)
		}
	}
	return list, said
}

// numberOf gives the number of an XTN from the first place that is filled: text
// (1), unformatted (12), area and local number (6, 7), any text (9).
func numberOf(xtn message.Part) string {
	for _, s := range []string{
		xtn.Part(1).Text(), xtn.Part(12).Text(), dialled(xtn), xtn.Part(9).Text(),
	} {
		if strings.TrimSpace(s) != "" && s != `""` {
			return s
		}
	}
	return ""
}

func dialled(xtn message.Part) string {
	country, area, local := xtn.Part(5).Text(), xtn.Part(6).Text(), xtn.Part(7).Text()
	if local == "" {
		return ""
	}
	if country = strings.TrimSpace(strings.TrimPrefix(country, "+")); country != "" {
		return "+" + country + strings.TrimPrefix(area, "0") + local
	}
	return area + local
}

// rank says how likely a number is the patient's mobile by its codes; false: it is
// not to be used. The kind of equipment goes before the use.
func (r rules) rank(p phone) (int, bool) {
	switch p.Kind {
	case "FX", "MD", "BP", "TDD", "INTERNET", "X.400":
		return 0, false // no telephone
	}
	for _, code := range []string{p.Kind, p.Use} {
		if n, ok := r.ranks[code]; ok && code != "" {
			return n, true
		}
	}
	if p.Use == "" && (p.Kind == "" || p.Kind == "PH") {
		n, ok := r.ranks["NONE"]
		return n, ok
	}
	return 0, false
}

// mobile picks the number to text: the mobile with the best codes. Two different
// ones with the same codes are unclear, and so is a number that cannot be read and
// has codes at least as good. Where there is no mobile, the kind is that of what
// stands where the mobile should.
func (r rules) mobile(phones []phone, trial bool) (gateway.Phone, gateway.NumberKind) {
	var found gateway.Phone
	kind, best := gateway.NumberMissing, len(r.ranks)
	for _, p := range phones {
		n, usable := r.rank(p)
		if !usable {
			continue
		}
		got, is := number.Parse(p.Number, trial)
		switch {
		case is == gateway.NumberMissing, !texted(is) && (texted(kind) || n > 0):
			continue // a landline among others says nothing
		case !texted(is):
			if kind == gateway.NumberMissing {
				kind = is
			}
		case !texted(kind) || n < best:
			found, kind, best = got, is, n
		case n == best && (is != kind || got != found):
			found, kind = gateway.Phone{}, gateway.NumberUnclear
		}
	}
	return found, kind
}

// texted reports whether a kind is a mobile, or may be one.
func texted(k gateway.NumberKind) bool {
	return k == gateway.NumberMobile || k == gateway.NumberUnclear
}
