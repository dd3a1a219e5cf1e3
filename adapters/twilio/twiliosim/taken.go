package twiliosim

import "time"

// Taken is a text that was handed to the simulator and that it took, whatever it
// answered.
type Taken struct {
	At        time.Time
	From, To  string
	Body      string
	Callback  string // where its receipts go
	MessageID string
	Validity  time.Duration // for how long it might be tried
	Arrived   bool          // at the phone
	Segments  int           // what it costs
}

// Taken gives every text that the account handed over, in the order in which
// they were taken. Automatic answers and answers to webhooks are not among them.
func (s *Sim) Taken() []Taken {
	now := s.clock.Now()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	var all []Taken
	for _, m := range s.book.all {
		if m.direction == outboundAPI {
			all = append(all, Taken{
				At: m.created, From: m.from, To: m.to, Body: m.said, Callback: m.callback, MessageID: m.sid,
				Validity: m.validity, Segments: m.segments,
				Arrived: m.arrives && !now.Before(m.ends),
			})
		}
	}
	return all
}
