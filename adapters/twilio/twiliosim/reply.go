package twiliosim

import (
	"context"
	"encoding/xml"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is what came of a patient's text.
type Answer struct {
	MessageID string `json:"message_id"`
	// Status is what the practice's server answered; 0: it was not reached, or
	// nobody has said where it is.
	Status int `json:"status"`
	// TookFor is what Twilio took the words for: STOP, START, HELP or nothing.
	TookFor string `json:"took_for,omitempty"`
	// Texts are those that the practice's answer made Twilio send.
	Texts []string `json:"texts,omitempty"`
}

// automatic is the direction of Twilio's own answers, inside this package.
const automatic = "automatic"

// Twilio's own words for the default list (twilio.com/docs/messaging/tutorials/
// advanced-opt-out); a service with Advanced Opt-Out may cut its list down.
var (
	stopWords       = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"}
	startWords      = []string{"START", "YES", "UNSTOP"}
	helpWords       = []string{"HELP", "INFO"}
	shortStopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "REVOKE", "OPTOUT"}
	shortStartWords = []string{"START", "UNSTOP"}
)

// Reply plays a patient who texts a practice. It returns once the practice's
// server has answered. A word that Twilio takes for itself acts before the
// practice hears of it.
func (s *Sim) Reply(ctx context.Context, from, to, body string) Answer {
	now := s.clock.Now()
	m := &message{
		sid: s.newSID(), direction: inbound, from: from, to: to, body: body, said: body,
		created: now, leaves: now, sent: now, ends: now, final: "received", segments: segmentsOf(body),
	}
	s.book.mu.Lock()
	_, service := s.book.scope(to)
	if service != nil {
		m.service = service.SID
	}
	s.book.add(m)
	out := Answer{MessageID: m.sid, TookFor: s.obey(service, m, now)}
	address := s.book.senders[to].InboundURL
	if service != nil && service.InboundURL != "" {
		address = service.InboundURL
	}
	s.book.mu.Unlock()
	if address == "" {
		return out
	}
	advanced := service != nil && service.AdvancedOptOut
	got, err := s.call(ctx, address, s.inboundForm(m, out.TookFor, advanced))
	if err != nil {
		return out
	}
	out.Status = got.status
	if got.status/100 == 2 {
		out.Texts = textsIn(got)
		s.sendAnswers(m, out.Texts)
	}
	return out
}

// obey does what Twilio does by itself with a word of its own. The whole text
// must be the word, in any case. The caller holds the lock.
func (s *Sim) obey(service *Service, m *message, now time.Time) string {
	stops, starts, helps := stopWords, startWords, helpWords
	if service != nil && service.AdvancedOptOut {
		stops, starts, helps = pick(service.OptOutWords, shortStopWords), pick(service.OptInWords, shortStartWords), pick(service.HelpWords, helpWords)
	}
	scope, _ := s.book.scope(m.to)
	p := pair{scope, m.from}
	word := strings.ToUpper(strings.TrimSpace(m.said))
	switch {
	case slices.Contains(stops, word):
		s.book.blocked[p] = true
		s.say(m, automatic, "[automatic] You are unsubscribed from this number. Reply START to subscribe again.", now)
		return "STOP"
	case slices.Contains(starts, word):
		if s.book.blocked[p] {
			delete(s.book.blocked, p)
			s.say(m, automatic, "[automatic] You are subscribed to this number again. Reply STOP to unsubscribe.", now)
		}
		return "START"
	case slices.Contains(helps, word):
		s.say(m, automatic, "[automatic] Reply STOP to unsubscribe.", now)
		return "HELP"
	}
	return ""
}

func pick(words, otherwise []string) []string {
	if words == nil {
		return otherwise
	}
	return words
}

func (s *Sim) inboundForm(m *message, tookFor string, advanced bool) url.Values {
	form := url.Values{
		"AccountSid": {s.account}, "ApiVersion": {"2010-04-01"}, "Body": {m.said},
		"From": {m.from}, "FromCountry": {"GB"}, "FromCity": {""}, "FromState": {""}, "FromZip": {""},
		"To": {m.to}, "ToCountry": {"GB"}, "ToCity": {""}, "ToState": {""}, "ToZip": {""},
		"MessageSid": {m.sid}, "SmsSid": {m.sid}, "SmsMessageSid": {m.sid}, "SmsStatus": {"received"},
		"NumMedia": {"0"}, "NumSegments": {strconv.Itoa(m.segments)},
	}
	if m.service != "" {
		form.Set("MessagingServiceSid", m.service)
	}
	if advanced && tookFor != "" {
		form.Set("OptOutType", tookFor)
	}
	return form
}

// twiml is the part of Twilio's markup that sends texts.
type twiml struct {
	XMLName  xml.Name `xml:"Response"`
	Messages []struct {
		Text string `xml:",chardata"`
		Body string `xml:"Body"`
	} `xml:"Message"`
}

// textsIn reads the texts that a webhook's answer asks for. An answer in plain
// text is itself a text to the patient: the trap that this simulator must not
// hide.
func textsIn(a answer) []string {
	kind, _, _ := mime.ParseMediaType(a.kind)
	switch kind {
	case "text/plain":
		if len(a.body) > 0 {
			return []string{string(a.body)}
		}
	case "text/xml", "application/xml", "text/html":
		var doc twiml
		if xml.Unmarshal(a.body, &doc) != nil {
			return nil
		}
		var texts []string
		for _, m := range doc.Messages {
			if t := strings.TrimSpace(m.Text + m.Body); t != "" {
				texts = append(texts, t)
			}
		}
		return texts
	}
	return nil
}

func (s *Sim) sendAnswers(m *message, texts []string) {
	now := s.clock.Now()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	for _, t := range texts {
		s.say(m, outboundText, t, now)
	}
}

// say texts the patient who wrote m, unless the patient has blocked the sender;
// Twilio's own answers come through nevertheless. The caller holds the lock.
func (s *Sim) say(m *message, direction, body string, now time.Time) {
	sent := now.Add(s.pace.Queue + s.pace.Network)
	a := &message{
		sid: s.newSID(), direction: direction, from: m.to, to: m.from, body: body, said: body,
		created: now, leaves: now.Add(s.pace.Queue), sent: sent, ends: sent.Add(s.pace.Receipt),
		final: "delivered", arrives: true, segments: segmentsOf(body),
	}
	scope, _ := s.book.scope(m.to)
	if direction == outboundText && s.book.blocked[pair{scope, m.from}] {
		a.fail(21610, now)
	}
	s.book.add(a)
}
