package sender

import "bellman/gateway"

// Trouble notes that a receipt told of an account, or of a practice's own sender,
// that does not work: texts that the provider took did not leave it. everywhere
// says that the whole account is meant.
func (s *Sender) Trouble(p gateway.ODS, everywhere bool) {
	status := badRequest
	if everywhere {
		status = 0
	}
	s.breaker.broke(p, status, s.o.Clock.Now())
	s.o.Log.Error("a receipt says that the provider's account, or the practice's sender, does not work", "practice", p)
}
