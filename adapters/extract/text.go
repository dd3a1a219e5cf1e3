package extract

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Encoding says how the text of an extract is written.
type Encoding uint8

// The encodings.
const (
	// Guess takes a cell for UTF-8 when it is valid UTF-8, else for Windows-1252:
	// for extracts whose vendor does not say. A mark at the start is passed over.
	Guess Encoding = iota
	// Windows1252 is never anything else, for extracts whose vendor says so.
	Windows1252
)

var markUTF8 = []byte{0xEF, 0xBB, 0xBF}

// text gives a cell as UTF-8.
func (e Encoding) text(b []byte) string {
	if plain(b) || (e == Guess && utf8.Valid(b)) {
		return string(b)
	}
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = charmap.Windows1252.DecodeByte(c)
	}
	return string(out)
}

// plain reports whether a cell is ASCII, which all encodings share.
func plain(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// otherKind names what a file is that cannot be CSV in one of our encodings, or
// gives nothing.
func otherKind(head []byte) string {
	head = bytes.TrimPrefix(head, markUTF8)
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return "it is UTF-16, and not UTF-8 or Windows-1252"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "it is a ZIP file, and not CSV"
	case bytes.HasPrefix(trimmed, []byte("<")):
		return "it is a web page, and not CSV"
	case bytes.HasPrefix(head, []byte("-----BEGIN PGP")):
		return "it is encrypted, and its name does not say so"
	case bytes.IndexByte(head, 0) >= 0:
		return "it holds bytes that no text has"
	}
	return ""
}
