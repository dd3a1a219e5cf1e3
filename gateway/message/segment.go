package message

import (
	"strings"
	"unicode/utf16"
)

// Encoding is how a text travels over the phone network.
type Encoding string

// The encodings. One character outside the GSM alphabet puts the whole text into
// UCS-2, in which a segment holds less than half.
const (
	GSM7 Encoding = "GSM-7"
	UCS2 Encoding = "UCS-2"
)

// The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 6.2.1).
// A character of the extension is sent as an escape and a second septet.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// Room in one segment, in septets or in UTF-16 units: of a text that fits into
// one, and of each part of a longer one, which carries a header (3GPP TS 23.040
// 9.2.3.24.1).
const (
	gsmAlone, gsmPart = 160, 153
	ucsAlone, ucsPart = 70, 67
)

// Count gives the encoding of a text and the number of segments that are paid
// for. The empty text counts as one segment. It does not foresee a provider that
// replaces characters on the way ("smart encoding"): then the truth is cheaper.
func Count(text string) (encoding Encoding, segments int) {
	if widths, ok := septets(text); ok {
		return GSM7, parts(widths, gsmAlone, gsmPart)
	}
	return UCS2, parts(units(text), ucsAlone, ucsPart)
}

// septets gives the width of every character in the GSM alphabet, and false when
// one is not in it.
func septets(text string) ([]int, bool) {
	widths := make([]int, 0, len(text))
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			widths = append(widths, 1)
		case strings.ContainsRune(gsmExtension, r):
			widths = append(widths, 2)
		default:
			return nil, false
		}
	}
	return widths, true
}

// units gives the width of every character in UTF-16: two outside the basic plane.
func units(text string) []int {
	widths := make([]int, 0, len(text))
	for _, r := range text {
		widths = append(widths, max(1, utf16.RuneLen(r)))
	}
	return widths
}

// parts fills segments one character after the other. A character of width two
// does not straddle a border: it leaves a hole and opens the next segment, which
// is why dividing the sum gives too few.
func parts(widths []int, alone, part int) int {
	total := 0
	for _, w := range widths {
		total += w
	}
	if total <= alone {
		return 1
	}
	count, used := 1, 0
	for _, w := range widths {
		if used+w > part {
			count, used = count+1, 0
		}
		used += w
	}
	return count
}
