// Package message reads messages of HL7 version 2 as they lie on the wire: segments
// of fields, with whatever delimiters the message itself declares. Nothing is
// copied or decoded until somebody asks for a value. It knows the grammar and
// nothing of what the fields mean.
//
// Source: HL7 v2 chapter 2 (control). What real senders do besides is accepted
// where it leaves no doubt: lines that end in LF or CR LF, a missing last line end,
// values whose escapes are wrong.
package message

import (
	"bytes"
	"errors"
	"iter"
)

// Limits of one message.
const (
	maxSegments = 10_000
	header      = "MSH"
)

// The reasons why a message cannot be read. They say nothing of what stood there.
var (
	ErrNotHL7     = errors.New("it does not begin with an MSH segment")
	ErrDelimiters = errors.New("the delimiters in MSH-1 and MSH-2 cannot be used")
	ErrTooMany    = errors.New("it has more than ten thousand segments")
)

// Delimiters are the separating characters of one message. A zero byte is one
// that the message does not have.
type Delimiters struct {
	Field, Component, Repetition, Escape, Subcomponent byte
}

// Standard are the delimiters that nearly everybody uses.
var Standard = Delimiters{'|', '^', '~', '\\', '&'}

// Message is one message. It keeps to the bytes it was made of, which must not be
// changed meanwhile. It is safe for concurrent use.
type Message struct {
	delimiters Delimiters
	segments   []Segment
	charset    Charset
}

// Segment is one line of a message. The zero Segment has no fields.
type Segment struct {
	m    *Message
	line []byte // without its end
}

// Parse finds the segments of a message. raw is what stood between the frame's
// ends; what cannot be a segment is passed over.
func Parse(raw []byte) (*Message, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.TrimLeft(raw, " \t\r\n")
	d, err := delimitersOf(raw)
	if err != nil {
		return nil, err
	}
	end := lineEnd(raw)
	n := bytes.Count(raw, []byte{end}) + 1
	if n > maxSegments {
		return nil, ErrTooMany
	}
	m := &Message{delimiters: d, segments: make([]Segment, 0, n)}
	for len(raw) > 0 {
		var line []byte
		line, raw = cut(raw, end)
		if line = bytes.Trim(line, "\r\n"); isSegment(line, d.Field) {
			m.segments = append(m.segments, Segment{m, line})
		}
	}
	m.charset = declared(m.Header().Field(18).Part().Text())
	return m, nil
}

// lineEnd gives what ends the lines of a message: LF only where its first line ends
// so, since in a message of the standard's CR a LF may stand in a text.
func lineEnd(raw []byte) byte {
	if i := bytes.IndexAny(raw, "\r\n"); i >= 0 {
		return raw[i]
	}
	return '\r'
}

func cut(b []byte, sep byte) (before, after []byte) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

func delimitersOf(raw []byte) (Delimiters, error) {
	if !bytes.HasPrefix(raw, []byte(header)) || len(raw) < len(header)+2 {
		return Delimiters{}, ErrNotHL7
	}
	d := Delimiters{Field: raw[3]}
	end := bytes.IndexAny(raw[4:], "\r\n")
	if end < 0 {
		end = len(raw) - 4
	}
	others, _ := cut(raw[4:4+end], d.Field)
	for i, to := range []*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent} {
		if i < len(others) {
			*to = others[i]
		}
	}
	// A fifth one (truncation, since 2.7) says nothing that is needed here.
	all := append([]byte{d.Field}, others...)
	if len(others) == 0 || len(others) > 5 {
		return Delimiters{}, ErrDelimiters
	}
	for i, c := range all {
		if !punctuation(c) || bytes.IndexByte(all[:i], c) >= 0 {
			return Delimiters{}, ErrDelimiters
		}
	}
	return d, nil
}

// punctuation reports whether a character may delimit: a sign of ASCII that no
// name, number or time is made of. The minus and the full stop are, but a sender
// that declares them means it.
func punctuation(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' &&
		(c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

// isSegment reports whether a line begins as a segment does: three capitals or
// digits, the first a letter, and then a field or nothing.
func isSegment(line []byte, field byte) bool {
	if len(line) < 3 || len(line) > 3 && line[3] != field {
		return false
	}
	for i, c := range line[:3] {
		if (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Delimiters gives the separating characters of the message.
func (m *Message) Delimiters() Delimiters { return m.delimiters }

// Header gives the MSH segment.
func (m *Message) Header() Segment { return m.segments[0] }

// Segment gives the first segment of a name, and whether there is one.
func (m *Message) Segment(name string) (Segment, bool) {
	for s := range m.Segments(name) {
		return s, true
	}
	return Segment{}, false
}

// Segments gives the segments of a name, in order.
func (m *Message) Segments(name string) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for _, s := range m.segments {
			if s.Name() == name && !yield(s) {
				return
			}
		}
	}
}

// All gives every segment, in order.
func (m *Message) All() iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for _, s := range m.segments {
			if !yield(s) {
				return
			}
		}
	}
}

// Name gives the three characters that a segment is named by; empty for the zero
// Segment.
func (s Segment) Name() string {
	if len(s.line) < 3 {
		return ""
	}
	return string(s.line[:3])
}

// Raw gives the segment as it stands, without its line end.
func (s Segment) Raw() []byte { return s.line }

// Field gives a field by its number in the standard, from 1; one that is not there
// is empty. MSH-1 is the field separator itself.
func (s Segment) Field(n int) Field {
	if n < 1 || len(s.line) < 4 {
		return Field{}
	}
	sep, rest := s.m.delimiters.Field, s.line[4:]
	if s.Name() == header {
		if n == 1 {
			return Field{s.m, s.line[3:4]}
		}
		n-- // the separator after the name is a field of its own there
	}
	for ; n > 1 && rest != nil; n-- {
		_, rest = cut(rest, sep)
	}
	value, _ := cut(rest, sep)
	return Field{s.m, value}
}
