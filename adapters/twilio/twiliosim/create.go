package twiliosim

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Twilio's limits.
const (
	maxBody     = 1600 // characters of a text
	maxValidity = 36000
	queueLimit  = 10 * time.Hour
	maxRequest  = 64 << 10
)

// order is a request to send a text.
type order struct {
	to, from, service, body, callback string
	media                             bool
	validity                          int
}

// create answers POST Messages.json.
func (s *Sim) create(w http.ResponseWriter, r *http.Request) {
	fault, scripted := s.faults.scripted()
	if fault == ClosedUnread {
		hangUp(w)
		return
	}
	o, ok := readOrder(r)
	if !ok {
		writeError(w, badRequest)
		return
	}
	if !scripted {
		fault = s.drawFault(o.to)
	}
	s.play(w, r, fault, o)
}

// take accepts a text or gives the code of Twilio's refusal.
func (s *Sim) take(o order) (*message, int) {
	now := s.clock.Now()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if code := s.book.refusal(o); code != 0 {
		return nil, code
	}
	m := &message{
		sid: s.newSID(), direction: outboundAPI, from: o.from, to: o.to, service: o.service,
		body: o.body, said: o.body, callback: o.callback, created: now, segments: segmentsOf(o.body), validity: time.Duration(o.validity) * time.Second,
	}
	if code := s.schedule(m, o); code != 0 {
		return nil, code
	}
	s.book.add(m)
	s.counts.taken.Add(1)
	return m, 0
}

// schedule settles when the text leaves and what becomes of it.
func (s *Sim) schedule(m *message, o order) int {
	b := &s.book
	scope, service := b.scope(senderOf(o))
	if service != nil && m.from == "" && len(service.Senders) > 0 {
		m.from = service.Senders[0]
	}
	m.leaves = m.created.Add(s.pace.Queue)
	if s.perSecond > 0 {
		if free := b.free[scope]; free.After(m.leaves) {
			m.leaves = free
		}
		if m.leaves.Sub(m.created) > queueLimit {
			return 21611
		}
	}
	m.sent = m.leaves.Add(s.pace.Network)
	m.ends = m.sent.Add(s.pace.Receipt)
	m.final, m.arrives = "delivered", true
	fate := b.fates[o.to]
	switch {
	case b.blocked[pair{scope, o.to}]:
		m.fail(21610, m.leaves)
	case m.leaves.Sub(m.created) > time.Duration(o.validity)*time.Second:
		m.fail(30036, m.created.Add(time.Duration(o.validity)*time.Second))
		return 0
	case neverLeaves[fate.Code]:
		m.fail(fate.Code, m.leaves)
	case fate.Code != 0:
		m.final, m.code, m.arrives = "undelivered", fate.Code, fate.Arrives
	}
	if s.perSecond > 0 {
		b.free[scope] = m.leaves.Add(time.Duration(m.segments) * time.Second / time.Duration(s.perSecond))
	}
	return 0
}

// neverLeaves are the codes of texts that end in Twilio's own queue.
var neverLeaves = map[int]bool{30001: true, 30002: true, 30022: true, 30034: true, 30036: true, 30450: true, 30500: true}

func (m *message) fail(code int, at time.Time) {
	m.never, m.final, m.code, m.arrives = true, "failed", code, false
	m.leaves, m.sent, m.ends = at, at, at
}

func senderOf(o order) string {
	if o.service != "" {
		return o.service
	}
	return o.from
}

// refusal gives the code with which Twilio would not take the text, or 0.
func (b *book) refusal(o order) int {
	switch {
	case o.to == "":
		return 21604
	case o.body == "" && !o.media:
		return 21602
	case o.from == "" && o.service == "":
		return 21603
	case len(o.body) > maxBody && len(utf16.Encode([]rune(o.body))) > maxBody:
		return 21617
	case o.callback != "" && !callable(o.callback):
		return 21609
	case o.validity < 1 || o.validity > maxValidity:
		return badRequest
	}
	if code := b.senderRefusal(o); code != 0 {
		return code
	}
	return b.numberRefusal(o)
}

func (b *book) senderRefusal(o order) int {
	if code := magicFrom[o.from]; code != 0 {
		return code
	}
	if o.service != "" {
		if _, ok := b.services[o.service]; !ok && len(b.services) > 0 {
			return 21705
		}
		return 0
	}
	if _, ok := b.senders[o.from]; !ok && len(b.senders) > 0 && o.from != magicSender {
		return 21606
	}
	return 0
}

func (b *book) numberRefusal(o order) int {
	if code := magicTo[o.to]; code != 0 {
		return code
	}
	switch {
	case !isE164(o.to):
		return 21211
	case o.to == o.from:
		return 21266
	case strings.HasPrefix(o.to, "+441632960"): // Ofcom's drama landlines
		return 21614
	}
	if code := b.fates[o.to].Code; code/1000 == 21 {
		return code
	}
	if scope, service := b.scope(senderOf(o)); b.blocked[pair{scope, o.to}] && (service == nil || !service.AdvancedOptOut) {
		return 21610
	}
	return 0
}

// The numbers of Twilio's test credentials (twilio.com/docs/iam/test-credentials).
const magicSender = "+15005550006"

var (
	magicTo   = map[string]int{"+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614}
	magicFrom = map[string]int{"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
)

func isE164(s string) bool {
	if len(s) < 9 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// callable reports whether Twilio would take an address for receipts.
func callable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.Contains(u.Host, "_")
}

// readOrder reads the form by hand: building a map of it would cost more than
// everything else that the simulator does.
func readOrder(r *http.Request) (order, bool) {
	o := order{validity: maxValidity}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return o, false
	}
	raw, err := readAll(r)
	if err != nil {
		return o, false
	}
	for len(raw) > 0 {
		var field []byte
		field, raw, _ = bytes.Cut(raw, []byte{'&'})
		key, escaped, _ := bytes.Cut(field, []byte{'='})
		v, err := url.QueryUnescape(string(escaped))
		if err != nil {
			return o, false
		}
		switch string(key) {
		case "To":
			o.to = v
		case "From":
			o.from = v
		case "MessagingServiceSid":
			o.service = v
		case "Body":
			o.body = v
		case "MediaUrl":
			o.media = true
		case "StatusCallback":
			o.callback = v
		case "ValidityPeriod":
			if o.validity, err = strconv.Atoi(v); err != nil {
				return o, false
			}
		}
	}
	return o, true
}

func readAll(r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n >= 0 && n <= maxRequest {
		raw := make([]byte, n)
		_, err := io.ReadFull(r.Body, raw)
		return raw, err
	}
	return io.ReadAll(io.LimitReader(r.Body, maxRequest))
}
