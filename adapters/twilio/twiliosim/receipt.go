package twiliosim

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// receiptsOf lists the status callbacks of a text: none for the state that the
// answer to the request told; "queued" once a service has picked a sender; then
// "sent", and how it ended.
func (s *Sim) receiptsOf(m *message) []receipt {
	mischief := s.faults.receipts()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	var all []receipt
	add := func(at time.Time, status string) {
		if s.luck(m, status+"lost") < mischief.Lost {
			return
		}
		all = append(all, receipt{due: at, m: m, status: status})
		if s.luck(m, status+"doubled") < mischief.Doubled {
			all = append(all, receipt{due: at, m: m, status: status})
		}
	}
	if m.service != "" {
		add(m.created, "queued")
	}
	shuffled := s.luck(m, "shuffled") < mischief.Shuffled
	switch {
	case m.never:
		add(m.ends, m.final)
	case shuffled:
		add(m.sent, m.final)
		add(m.ends, "sent")
	default:
		if s.everyStatus {
			add(m.leaves, "sending")
		}
		add(m.sent, "sent")
		add(m.ends, m.final)
	}
	return all
}

// luck draws for one text and one purpose. Ids follow the order of requests, so
// the number and how often it was texted are drawn on instead.
func (s *Sim) luck(m *message, purpose string) float64 {
	return chance(s.seed, m.to+purpose, uint64(m.nth))
}

func (s *Sim) sendReceipt(ctx context.Context, r receipt) {
	m := r.m
	form := url.Values{
		"AccountSid": {s.account}, "ApiVersion": {"2010-04-01"}, "To": {m.to},
		"MessageSid": {m.sid}, "SmsSid": {m.sid},
		"MessageStatus": {r.status}, "SmsStatus": {r.status},
	}
	if m.from != "" {
		form.Set("From", m.from)
	}
	if m.service != "" {
		form.Set("MessagingServiceSid", m.service)
	}
	if r.status == m.final {
		if m.code != 0 {
			form.Set("ErrorCode", strconv.Itoa(m.code))
		}
		if !m.never {
			form.Set("RawDlrDoneDate", m.ends.UTC().Format("0601021504"))
		}
	}
	answer, err := s.call(ctx, m.callback, form)
	if err != nil || answer.status/100 != 2 {
		s.counts.callbacksFailed.Add(1)
		return
	}
	s.counts.callbacks.Add(1)
}
