package hl7

import (
	"bytes"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
)

// answer is what became of a message, for its sender.
type answer uint8

const (
	answerKept    answer = iota // AA: what it says is durable, or nothing had to be kept
	answerFailed                // AE: it could not be kept; send it again
	answerRefused               // AR: it can never be understood
)

// codes are MSA-1 in the original and the enhanced mode (table 0008).
var codes = map[answer][2]string{
	answerKept: {"AA", "CA"}, answerFailed: {"AE", "CE"}, answerRefused: {"AR", "CR"},
}

// maxEcho bounds what of a message's header is sent back with its answer.
const maxEcho = 250

// reply makes the answer to a message; nil: the sender wants none. m is nil when
// what came was no message at all.
//
// In the original mode (MSH-15 and MSH-16 empty) it is AA, AE or AR. In the enhanced
// one MSH-15 says when CA, CE or CR is wanted, which means that the message is kept
// or not; where MSH-15 wants none and MSH-16 does, it is AA, AE or AR. Never both:
// the second would be taken for the answer to the next message.
func (a *Adapter) reply(m *message.Message, what answer, why string, now time.Time) []byte {
	if m == nil {
		return acknowledgement(message.Standard, nil, codes[what][0], why, now)
	}
	h := m.Header()
	accept, application := word(h.Field(15).Part()), word(h.Field(16).Part())
	enhanced := accept != "" || application != ""
	code := codes[what][0]
	if enhanced && a.config.Acknowledge == AckAuto {
		switch {
		case wanted(accept, what):
			code = codes[what][1]
		case !wanted(application, what):
			return nil
		}
	}
	return acknowledgement(m.Delimiters(), m, code, why, now)
}

// wanted reads MSH-15 or MSH-16 (table 0155). A word that is not in it wants an
// answer: a sender that waits for none loses nothing by one.
func wanted(condition string, what answer) bool {
	switch condition {
	case "", "NE":
		return false
	case "ER":
		return what != answerKept
	case "SU":
		return what == answerKept
	}
	return true
}

// acknowledgement writes an ACK in the message's own delimiters. Its control id is
// the message's, which no two of one sender share.
func acknowledgement(d message.Delimiters, m *message.Message, code, why string, now time.Time) []byte {
	var b bytes.Buffer
	echo := func(n int) []byte {
		if m == nil {
			return nil
		}
		raw := m.Header().Field(n).Raw()
		return raw[:min(len(raw), maxEcho)]
	}
	field := func(values ...[]byte) {
		for _, v := range values {
			b.WriteByte(d.Field)
			b.Write(v)
		}
	}
	b.WriteString("MSH")
	b.WriteByte(d.Field)
	for _, c := range []byte{d.Component, d.Repetition, d.Escape, d.Subcomponent} {
		if c != 0 {
			b.WriteByte(c)
		}
	}
	field(echo(5), echo(6), echo(3), echo(4), []byte(now.UTC().Format("20060102150405-0700")), nil)
	field(messageType(d, m), echo(10), or1(echo(11), "P"), or1(echo(12), "2.4"))
	b.WriteByte('\r')
	b.WriteString("MSA")
	field([]byte(code), echo(10))
	if why != "" {
		field([]byte(plainWords(why)))
	}
	b.WriteByte('\r')
	return b.Bytes()
}

// messageType is ACK, the event, and the structure where the sender names one, too.
func messageType(d message.Delimiters, m *message.Message) []byte {
	out := []byte("ACK")
	if m == nil {
		return out
	}
	k := kindOf(m)
	_, trigger, known := strings.Cut(k.name, "^")
	if !known || d.Component == 0 {
		return out
	}
	out = append(append(out, d.Component), trigger...)
	if !m.Header().Field(9).Part().Part(3).IsEmpty() {
		out = append(append(out, d.Component), "ACK"...)
	}
	return out
}

func or1(b []byte, fallback string) []byte {
	if len(b) == 0 {
		return []byte(fallback)
	}
	return b
}

// plainWords keeps our own words free of everything that may be a delimiter.
func plainWords(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return ' '
	}, s)
}
