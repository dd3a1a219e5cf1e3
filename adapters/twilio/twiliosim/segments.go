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
	var widths []int
	for _, r := range body {
		w := gsmWidth(r)
		if w == 0 {
			return count(ucsWidths(body), 70, 67)
		}
		widths = append(widths, w)
	}
	return count(widths, 160, 153)
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

func ucsWidths(body string) []int {
	var widths []int
	for _, r := range body {
		widths = append(widths, max(utf16.RuneLen(r), 1))
	}
	return widths
}

func count(widths []int, single, several int) int {
	total := 0
	for _, w := range widths {
		total += w
	}
	if total <= single {
		return 1
	}
	parts, used := 1, 0
	for _, w := range widths {
		if used+w > several {
			parts, used = parts+1, 0
		}
		used += w
	}
	return parts
}
