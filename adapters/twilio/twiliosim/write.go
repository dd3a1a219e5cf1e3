package twiliosim

import (
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

var jsonType = []string{"application/json;charset=utf-8"}

// badRequest stands for Twilio's general complaint about a parameter.
const badRequest = 20001

type refusal struct {
	status  int
	message string
}

// refusals are Twilio's error answers, with the status that each comes with.
var refusals = map[int]refusal{
	20001:      {http.StatusBadRequest, "A parameter is not valid"},
	20003:      {http.StatusUnauthorized, "Authenticate"},
	20404:      {http.StatusNotFound, "The requested resource was not found"},
	20429:      {http.StatusTooManyRequests, "Too Many Requests"},
	20500:      {http.StatusInternalServerError, "Internal Server Error"},
	21610:      {http.StatusBadRequest, "Attempt to send to unsubscribed recipient"},
	cannotStop: {http.StatusBadRequest, "This message cannot be canceled"},
}

// cannotStop is the code for cancelling a text that was not scheduled.
const cannotStop = 30409

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// writeError answers with one of Twilio's error codes; codes without a wording
// of their own are 400.
func writeError(w http.ResponseWriter, code int) {
	r, ok := refusals[code]
	if !ok {
		r = refusal{http.StatusBadRequest, "The text cannot be sent"}
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
	}
	n := strconv.Itoa(code)
	writeJSON(w, r.status, []byte(`{"code":`+n+`,"message":"`+r.message+
		`","more_info":"https://www.twilio.com/docs/errors/`+n+`","status":`+strconv.Itoa(r.status)+`}`))
}

// show gives a message as it stands now.
func (s *Sim) show(m *message) []byte { return s.showAt(m, s.clock.Now()) }

// showCreated gives a message as it was before anything could happen to it.
func (s *Sim) showCreated(m *message) []byte { return s.showAt(m, time.Time{}) }

func (s *Sim) showAt(m *message, now time.Time) []byte {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.appendMessage(make([]byte, 0, 1100+len(m.body)), m, now)
}

// appendMessage writes a message as the API shows it, by hand: encoding/json
// would cost more than the rest of the answer. The caller holds the lock.
func (s *Sim) appendMessage(b []byte, m *message, now time.Time) []byte {
	status := m.status(now)
	ended := status == m.final
	sentAt, sent := m.sentAt(now)
	pool := m.service != "" && !ended && !sent // no sender is picked yet
	b = append(b, `{"account_sid":"`...)
	b = append(b, s.account...)
	b = append(b, `","api_version":"2010-04-01","body":`...)
	b = appendString(b, m.body)
	b = appendDate(b, `,"date_created":`, m.created, true)
	b = appendDate(b, `,"date_sent":`, sentAt, sent)
	b = appendDate(b, `,"date_updated":`, m.updated(now), true)
	b = append(b, `,"direction":"`...)
	b = append(b, direction(m)...)
	b = append(b, `","error_code":`...)
	if m.code != 0 && ended {
		b = strconv.AppendInt(b, int64(m.code), 10)
		b = append(b, `,"error_message":"The text was not delivered"`...)
	} else {
		b = append(b, `null,"error_message":null`...)
	}
	b = appendOptional(b, `,"from":`, m.from, !pool)
	b = appendOptional(b, `,"messaging_service_sid":`, m.service, m.service != "")
	b = append(b, `,"num_media":"0","num_segments":"`...)
	if pool {
		b = append(b, '0')
	} else {
		b = strconv.AppendInt(b, int64(m.segments), 10)
	}
	b = append(b, `","price":null,"price_unit":null,"sid":"`...)
	b = append(b, m.sid...)
	b = append(b, `","status":"`...)
	b = append(b, status...)
	b = append(b, `","subresource_uris":{"media":"`...)
	b = s.appendURI(b, m.sid)
	b = append(b, `/Media.json"},"to":`...)
	b = appendString(b, m.to)
	b = append(b, `,"uri":"`...)
	b = s.appendURI(b, m.sid)
	return append(b, `.json"}`...)
}

func (s *Sim) appendURI(b []byte, sid string) []byte {
	b = append(b, s.prefix...)
	b = append(b, "/Messages/"...)
	return append(b, sid...)
}

// direction is what the API shows; Twilio's own answers look like replies.
func direction(m *message) string {
	if m.direction == automatic {
		return outboundText
	}
	return m.direction
}

func appendDate(b []byte, key string, t time.Time, known bool) []byte {
	b = append(b, key...)
	if !known {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC1123Z)
	return append(b, '"')
}

func appendOptional(b []byte, key, v string, known bool) []byte {
	b = append(b, key...)
	if !known {
		return append(b, "null"...)
	}
	return appendString(b, v)
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. What is not UTF-8 becomes the replacement
// character, as encoding/json does.
func appendString(b []byte, v string) []byte {
	b = append(b, '"')
	for _, r := range v {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
