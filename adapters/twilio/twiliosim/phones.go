package twiliosim

import "time"

// Text is a text that truly arrived at a phone.
type Text struct {
	At        time.Time `json:"at"`
	From      string    `json:"from"`
	Body      string    `json:"body"`
	MessageID string    `json:"message_id"`
	// Automatic marks Twilio's own answers to STOP, START and HELP.
	Automatic bool `json:"automatic,omitempty"`
	// Answer marks what the practice's webhook answered with.
	Answer bool `json:"answer,omitempty"`
}

// Phones gives every phone's own record, by number: what arrived there up to
// now, in the order of sending. It knows nothing of what was answered or
// receipted, and is what tells of a text that came twice.
func (s *Sim) Phones() map[string][]Text {
	now := s.clock.Now()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	phones := make(map[string][]Text, len(s.book.byPhone))
	for number := range s.book.byPhone {
		if texts := s.book.arrived(number, now); len(texts) > 0 {
			phones[number] = texts
		}
	}
	return phones
}

// Phone gives one phone's record, as Phones does.
func (s *Sim) Phone(number string) []Text {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.book.arrived(number, s.clock.Now())
}

func (b *book) arrived(number string, now time.Time) []Text {
	var texts []Text
	for _, m := range b.byPhone[number] {
		if m.direction == inbound || !m.arrives || now.Before(m.ends) {
			continue
		}
		texts = append(texts, Text{
			At: m.ends, From: m.from, Body: m.said, MessageID: m.sid,
			Automatic: m.direction == automatic, Answer: m.direction == outboundText,
		})
	}
	return texts
}
