package message

import "unicode/utf16"

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

// gsmWidths gives the septets of every character of the GSM alphabet; 0 is not in
// it. Characters from 128 on are looked up in gsmOthers.
var gsmWidths, gsmOthers = gsmTables()

func gsmTables() (ascii [128]uint8, others map[rune]uint8) {
	others = map[rune]uint8{}
	for width, alphabet := range map[uint8]string{1: gsmBasic, 2: gsmExtension} {
		for _, r := range alphabet {
			if r < 128 {
				ascii[r] = width
			} else {
				others[r] = width
			}
		}
	}
	return ascii, others
}

// Count gives the encoding of a text and the number of segments that are paid
// for. The empty text counts as one segment. It does not foresee a provider that
// replaces characters on the way ("smart encoding"): then the truth is cheaper.
func Count(text string) (encoding Encoding, segments int) {
	for _, r := range text {
		if septets(r) == 0 {
			return UCS2, parts(text, units, ucsAlone, ucsPart)
		}
	}
	return GSM7, parts(text, septets, gsmAlone, gsmPart)
}

// septets gives the width of a character in the GSM alphabet, 0 when it is not
// in it.
func septets(r rune) int {
	if r < 128 {
		return int(gsmWidths[r])
	}
	return int(gsmOthers[r])
}

// units gives the width of a character in UTF-16: two outside the basic plane.
func units(r rune) int { return max(1, utf16.RuneLen(r)) }

// parts fills segments one character after the other. A character of width two
// does not straddle a border: it leaves a hole and opens the next segment, which
// is why dividing the sum gives too few.
func parts(text string, width func(rune) int, alone, part int) int {
	total, count, used := 0, 1, 0
	for _, r := range text {
		w := width(r)
		if total += w; used+w > part {
			count, used = count+1, 0
		}
		used += w
	}
	if total <= alone {
		return 1
	}
	return count
}
