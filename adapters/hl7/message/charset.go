package message

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Charset is how the characters beyond ASCII of a message are written.
type Charset uint8

// The character sets. Guessed, the zero value, is for messages that do not say:
// UTF-8 where the bytes are that, else Windows-1252, which are the two that systems
// of this country send unannounced.
const (
	Guessed Charset = iota
	UTF8
	Western // ISO 8859-1, read as its superset Windows-1252
	Latin9  // ISO 8859-15
)

// declared gives the character set that MSH-18 names (table 0211). A name that is
// not known here says nothing.
func declared(name string) Charset {
	switch strings.ToUpper(name) {
	case "UNICODE UTF-8", "UTF-8", "UTF8":
		return UTF8
	case "8859/1", "ISO-8859-1", "ISO 8859-1", "WINDOWS-1252":
		return Western
	case "8859/15", "ISO-8859-15":
		return Latin9
	}
	return Guessed
}

// decode gives bytes as Unicode. Bytes that are not what the message declares are
// taken for Windows-1252, in which every byte is something.
func (c Charset) decode(b []byte) string {
	if ascii(b) || c != Western && c != Latin9 && utf8.Valid(b) {
		return string(b)
	}
	table := charmap.Windows1252
	if c == Latin9 {
		table = charmap.ISO8859_15
	}
	var s strings.Builder
	for _, one := range b {
		s.WriteRune(table.DecodeByte(one))
	}
	return s.String()
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
