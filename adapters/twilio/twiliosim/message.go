package twiliosim

import (
	"encoding/hex"
	"time"
)

// message is one text, in or out. What becomes of it is settled when it is made:
// where it stands at a moment follows from the moment, so that nothing has to
// run for a text to move on. Guarded by book.mu.
type message struct {
	index     int // in the book
	nth       int // among the texts to and from its patient
	sid       string
	direction string
	from, to  string
	service   string
	body      string // what the API shows; empty after redaction
	said      string // what the phone got
	callback  string
	segments  int
	validity  time.Duration
	removed   bool

	created, leaves, sent, ends time.Time
	never                       bool // ends in the queue: it is never sending nor sent
	final                       string
	code                        int
	arrives                     bool // the phone gets it when it ends
}

const (
	inbound      = "inbound"
	outboundAPI  = "outbound-api"
	outboundText = "outbound-reply"
)

// status says where the text stands at a moment.
func (m *message) status(now time.Time) string {
	switch {
	case !now.Before(m.ends):
		return m.final
	case m.never || now.Before(m.leaves):
		if m.service != "" && !now.After(m.created) {
			return "accepted"
		}
		return "queued"
	case now.Before(m.sent):
		return "sending"
	}
	return "sent"
}

// sentAt gives the date of sending that is known at a moment.
func (m *message) sentAt(now time.Time) (time.Time, bool) {
	if m.never || now.Before(m.sent) {
		return time.Time{}, false
	}
	return m.sent, true
}

// updated gives the last moment at which something changed, as of now.
func (m *message) updated(now time.Time) time.Time {
	last := m.created
	for _, t := range []time.Time{m.leaves, m.sent, m.ends} {
		if !t.After(now) && t.After(last) {
			last = t
		}
	}
	return last
}

// newSID makes an id that no other message of this simulator has. Its two halves
// are one-to-one functions of a counter.
func (s *Sim) newSID() string {
	n := s.made.Add(1)
	var raw [16]byte
	for i := range 8 {
		raw[i] = byte(mix(n^s.seed) >> (8 * i))
		raw[8+i] = byte(mix(n+1<<32+s.seed) >> (8 * i))
	}
	sid := make([]byte, 2, 34)
	copy(sid, "SM")
	return string(hex.AppendEncode(sid, raw[:]))
}

// mix scatters a number (the finaliser of splitmix64, by Sebastiano Vigna).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance makes a number from 0 up to 1 of the seed, a text and a count.
func chance(seed uint64, text string, n uint64) float64 {
	h := mix(seed ^ n)
	for i := range len(text) {
		h = mix(h ^ uint64(text[i]))
	}
	return float64(h>>11) / (1 << 53)
}
