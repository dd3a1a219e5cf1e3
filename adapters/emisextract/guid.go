package emisextract

import "bytes"

// guid is a GUID as a number, so that it can be compared without regard to case
// and remembered in little room.
type guid [16]byte

// parseGUID reads a GUID, with or without braces around it.
func parseGUID(b []byte) (guid, bool) {
	if len(b) == 38 && b[0] == '{' && b[37] == '}' {
		b = b[1:37]
	}
	var g guid
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return g, false
	}
	n := 0
	for _, group := range [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		for i := group[0]; i < group[1]; i += 2 {
			high, low := nibble(b[i]), nibble(b[i+1])
			if high < 0 || low < 0 {
				return guid{}, false
			}
			g[n] = byte(high<<4 | low)
			n++
		}
	}
	return g, true
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// String writes the GUID in lower case.
func (g guid) String() string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, c := range g {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// truth is what a cell for true and false says.
type truth uint8

const (
	saidNothing truth = iota // nothing
	saidFalse                //
	saidTrue                 //
	saidUnclear              // something else
)

func truthOf(b []byte) truth {
	switch {
	case len(b) == 0:
		return saidNothing
	case bytes.EqualFold(b, []byte("false")):
		return saidFalse
	case bytes.EqualFold(b, []byte("true")):
		return saidTrue
	}
	return saidUnclear
}
