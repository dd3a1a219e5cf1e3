package message

import (
	"bytes"
	"encoding/hex"
)

// unescape undoes the escapes of a value, into the bytes of the message's own
// character set. An escape that is not understood stays as it stands: senders write
// paths and dates with a bare backslash. Without escapes nothing is copied.
//
// Source: HL7 v2 chapter 2, "Use of escape sequences in text fields".
func unescape(raw []byte, d Delimiters) []byte {
	if d.Escape == 0 || bytes.IndexByte(raw, d.Escape) < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		before, rest := cut(raw, d.Escape)
		out = append(out, before...)
		if rest == nil {
			break
		}
		code, after := cut(rest, d.Escape)
		meant, ok := meaning(code, d)
		if !ok || len(code) == len(rest) {
			out = append(out, d.Escape)
			raw = rest
			continue
		}
		out = append(out, meant...)
		raw = after
	}
	return out
}

// meaning gives what one escape stands for.
func meaning(code []byte, d Delimiters) ([]byte, bool) {
	if len(code) == 0 {
		return nil, false
	}
	if len(code) == 1 {
		var c byte
		switch code[0] {
		case 'F':
			c = d.Field
		case 'S':
			c = d.Component
		case 'R':
			c = d.Repetition
		case 'E':
			c = d.Escape
		case 'T':
			c = d.Subcomponent
		case 'H', 'N': // highlighting
			return nil, true
		}
		return []byte{c}, c != 0
	}
	switch code[0] {
	case 'X':
		out := make([]byte, hex.DecodedLen(len(code)-1))
		_, err := hex.Decode(out, code[1:])
		return out, err == nil
	case '.':
		return formatting(code)
	}
	return nil, false
}

// formatting gives what is left of a command for a printer: line breaks, as spaces
// would run words together.
func formatting(code []byte) ([]byte, bool) {
	if len(code) < 3 {
		return nil, false
	}
	switch string(code[1:3]) {
	case "br", "sp", "ce":
		return []byte{'\n'}, true
	case "in", "ti", "fi", "nf", "sk":
		return nil, true
	}
	return nil, false
}
