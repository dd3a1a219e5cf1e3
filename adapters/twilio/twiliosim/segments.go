package twiliosim

import (
	"strings"
	"unicode/utf16"
)

// The GSM 03.38 alphabet beyond letters, digits and what stands where ASCII has
// it; the second list costs two places.
const (
	gsmBasic    = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// segmentsOf counts what a text costs: 160 places of the GSM alphabet or 70 of
// UCS-2 in one segment, 153 or 67 in each of several. A character that takes two
// places is not torn apart between segments.
func segmentsOf(body string) int {
	if total, ok := places(body, gsmWidth); ok {
		return parts(body, gsmWidth, total, 160, 153)
	}
	total, _ := places(body, ucsWidth)
	return parts(body, ucsWidth, total, 70, 67)
}

// places adds up the widths; false: a character is not in the alphabet.
func places(body string, width func(rune) int) (int, bool) {
	total := 0
	for _, r := range body {
		w := width(r)
		if w == 0 {
			return 0, false
		}
		total += w
	}
	return total, true
}

func parts(body string, width func(rune) int, total, single, several int) int {
	if total <= single {
		return 1
	}
	n, used := 1, 0
	for _, r := range body {
		w := width(r)
		if used+w > several {
			n, used = n+1, 0
		}
		used += w
	}
	return n
}

func gsmWidth(r rune) int {
	switch {
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ':
		return 1
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtended, r):
		return 2
	}
	return 0
}

func ucsWidth(r rune) int { return max(utf16.RuneLen(r), 1) }
