// Package number reads telephone numbers as clinics write them. It accepts only
// what is plainly one UK mobile number, and says what the rest is.
package number

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"bellman/gateway"
)

// Parse reads the content of a mobile field. The phone is set only with
// gateway.NumberMobile. trial lets Ofcom's drama numbers (07700 900000 to
// 900999) count as mobiles, as sim and test mode do.
//
// The library is lenient where we must not be: it turns letters into digits and
// drops extensions, so anything but digits and the usual separators is unclear
// before it is asked.
func Parse(raw string, trial bool) (gateway.Phone, gateway.NumberKind) {
	s, ok := plain(raw)
	switch {
	case !ok:
		return gateway.Phone{}, gateway.NumberUnclear
	case s == "":
		return gateway.Phone{}, gateway.NumberMissing
	}
	n, err := phonenumbers.Parse(s, "GB")
	if err != nil {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	if drama(e164) {
		if trial {
			return gateway.NewPhone(e164), gateway.NumberMobile
		}
		return gateway.Phone{}, gateway.NumberOther
	}
	if !phonenumbers.IsValidNumber(n) {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	if n.GetCountryCode() != 44 {
		return gateway.Phone{}, gateway.NumberOther
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE:
		return gateway.NewPhone(e164), gateway.NumberMobile
	case phonenumbers.FIXED_LINE:
		return gateway.Phone{}, gateway.NumberLandline
	default:
		return gateway.Phone{}, gateway.NumberOther
	}
}

// drama reports whether the number is one that Ofcom keeps for fiction.
func drama(e164 string) bool {
	return len(e164) == len("+447700900000") && strings.HasPrefix(e164, "+447700900")
}

// plain drops the separators that clinics use. It reports false when anything
// else but ASCII digits and a leading plus remains.
func plain(raw string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.TrimSpace(raw) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case unicode.IsSpace(r) || strings.ContainsRune("()-.‐‑–\u200b\u200e\u202c\u202a", r):
		default:
			return "", false
		}
	}
	return b.String(), true
}
