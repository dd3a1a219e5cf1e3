// Package number reads telephone numbers as clinics write them. It accepts only
// what is plainly one UK mobile number, and says what the rest is. It guesses at
// nothing: a text to a number that was nearly right reaches a stranger.
package number

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"bellman/gateway"
)

// longest bounds what is looked at, in characters. The longest plain number with
// country code, brackets and a space after every digit is well below it.
const longest = 48

// mobile is what every accepted number looks like in the end, whatever the
// library thinks: 070 (personal) and 076 (pagers) are not for texts, but 07624
// is the Isle of Man's mobile range.
var mobile = regexp.MustCompile(`^\+447(?:[1-57-9][0-9]{2}|624)[0-9]{6}$`)

// Parse reads the content of a mobile field. The phone is set only with
// gateway.NumberMobile, and is then +44 and ten digits. trial lets Ofcom's drama
// numbers (07700 900000 to 900999) count as mobiles, as sim and test mode do.
//
// The library is lenient where we must not be: it turns letters into digits and
// drops extensions, so anything but digits and the usual separators is unclear
// before it is asked. It also refuses Jersey, Guernsey and Man when asked for
// Britain, so the country code and the type are asked instead of the region.
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
	kind := kindOf(n, e164, trial)
	if kind != gateway.NumberMobile {
		return gateway.Phone{}, kind
	}
	return gateway.NewPhone(e164), kind
}

func kindOf(n *phonenumbers.PhoneNumber, e164 string, trial bool) gateway.NumberKind {
	switch {
	case drama(e164, "+447700900") && trial:
		return gateway.NumberMobile
	case drama(e164, "+447700900"):
		return gateway.NumberOther
	case drama(e164, "+441632960"):
		return gateway.NumberLandline
	case !phonenumbers.IsValidNumber(n), filler(e164):
		return gateway.NumberUnclear
	case n.GetCountryCode() != 44:
		return gateway.NumberOther
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE:
		if !mobile.MatchString(e164) {
			return gateway.NumberUnclear
		}
		return gateway.NumberMobile
	case phonenumbers.FIXED_LINE:
		return gateway.NumberLandline
	default:
		return gateway.NumberOther
	}
}

// drama reports whether the number is one of a range that Ofcom keeps for
// fiction (ofcom.org.uk, "Telephone numbers for use in TV and radio drama
// programmes"): 07700 900000 to 900999, 01632 960000 to 960999. The library
// knows neither.
func drama(e164, prefix string) bool {
	return len(e164) == len(prefix)+3 && strings.HasPrefix(e164, prefix)
}

// filler reports whether a number is one that reception types to get past a
// compulsory field, such as 07777 777777: everything after the 7 is one digit.
// Somebody may own it, and it is hardly ever this patient.
func filler(e164 string) bool {
	rest, ok := strings.CutPrefix(e164, "+447")
	return ok && strings.Trim(rest, rest[:1]) == ""
}

// plain drops the separators that clinics use: spaces, dots, dashes, brackets,
// and the invisible marks that come with pasted text. It reports false when
// anything else but ASCII digits and a leading plus remains.
func plain(raw string) (string, bool) {
	if utf8.RuneCountInString(raw) > longest {
		return "", strings.TrimSpace(raw) == ""
	}
	var b strings.Builder
	for _, r := range raw {
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case separator(r):
		default:
			return "", false
		}
	}
	return b.String(), true
}

func separator(r rune) bool {
	const minusSign = '\u2212'
	return strings.ContainsRune("().", r) || r == minusSign ||
		unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf)
}
