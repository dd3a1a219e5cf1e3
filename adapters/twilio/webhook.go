package twilio

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bellman/gateway"
	"bellman/gateway/number"
)

// What is wrong with a call that claims to come from Twilio.
var (
	// ErrSignature means that Twilio did not sign this: answer 403, change nothing.
	ErrSignature = errors.New("webhook: not signed by Twilio")
	// ErrMalformed means that Twilio signed it, and it is not understood.
	ErrMalformed = errors.New("webhook: not understood")
)

// MaxWebhook is the largest body that is looked at, in bytes. Twilio's own are
// below 8 KiB.
const MaxWebhook = 64 << 10

// ParseInbound reads a text that somebody sent to a practice's number. rawQuery
// is the query of the request as it came, without its question mark; signature
// is its header X-Twilio-Signature; body is its body, untouched.
//
// From is zero when the sender is not a telephone number (networks send texts
// under names). Very long texts sometimes come encoded in base64; they are left
// as they are, for a person to read, since a guess could invent a STOP or hide
// one.
func (p *Provider) ParseInbound(rawQuery, signature string, body []byte) (gateway.Inbound, error) {
	form, err := p.open(InboundPath, rawQuery, signature, body)
	if err != nil {
		return gateway.Inbound{}, err
	}
	id := form.Get("MessageSid")
	if id == "" || len(id) > 64 || !isAlphanumeric(id) || form.Get("From") == "" || form.Get("To") == "" {
		return gateway.Inbound{}, ErrMalformed
	}
	return gateway.Inbound{
		MessageID: id,
		From:      p.sender(form.Get("From")),
		To:        form.Get("To"),
		Text:      gateway.NewText(form.Get("Body")),
		OptOut:    optOutType(form.Get("OptOutType")),
	}, nil
}

// ParseStatus reads a receipt. Its parameters are those of ParseInbound. The
// reminder is zero when the address that Twilio called carries none. Class is
// that of the code, as Classify gives it.
func (p *Provider) ParseStatus(rawQuery, signature string, body []byte) (gateway.Receipt, error) {
	form, err := p.open(StatusPath, rawQuery, signature, body)
	if err != nil {
		return gateway.Receipt{}, err
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return gateway.Receipt{}, ErrMalformed
	}
	r := gateway.Receipt{MessageID: form.Get("MessageSid")}
	if !validMessageSID(r.MessageID) {
		return gateway.Receipt{}, ErrMalformed
	}
	if id := query.Get("r"); id != "" {
		if r.Reminder, err = gateway.ParseReminderID(id); err != nil {
			return gateway.Receipt{}, ErrMalformed
		}
	}
	var ok bool
	if r.Code, ok = codeOf(form.Get("ErrorCode")); !ok {
		return gateway.Receipt{}, ErrMalformed
	}
	if r.State, ok = fate(form.Get("MessageStatus"), r.Code); !ok {
		return gateway.Receipt{}, ErrMalformed
	}
	r.Class, _ = Classify(r.Code)
	r.Everywhere = slices.Contains(wholeAccount, r.Code)
	return r, nil
}

// open checks the signature on exactly the address that is configured at Twilio
// (never the Host header, which anybody can choose), then reads the form.
func (p *Provider) open(path, rawQuery, signature string, body []byte) (url.Values, error) {
	if len(body) > MaxWebhook {
		return nil, ErrMalformed
	}
	address := p.public + path
	if rawQuery != "" {
		address += "?" + rawQuery
	}
	// With bodySHA256 in the address the library would check a JSON call, which
	// none of ours is.
	if signature == "" || strings.Contains(rawQuery, "bodySHA256") || !p.validator.ValidateBody(address, body, signature) {
		return nil, ErrSignature
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, ErrMalformed
	}
	// The library signs the first value of a key only: a second one could have
	// been added by anybody.
	for _, values := range form {
		if len(values) != 1 {
			return nil, ErrMalformed
		}
	}
	if form.Get("AccountSid") != p.account {
		return nil, ErrMalformed
	}
	return form, nil
}

// sender reads who wrote. Twilio gives E.164 where it can; where it could not,
// only what is plainly a UK mobile is taken.
func (p *Provider) sender(from string) gateway.Phone {
	if digits, ok := strings.CutPrefix(from, "+"); ok && isDigits(digits) {
		return gateway.NewPhone(from)
	}
	phone, _ := number.Parse(from, p.trial)
	return phone
}

// optOutType reads what Twilio itself took the words for. It says so only with
// Advanced Opt-Out.
func optOutType(s string) gateway.ReplyKind {
	switch s {
	case "STOP":
		return gateway.ReplyStop
	case "START":
		return gateway.ReplyStart
	case "HELP":
		return gateway.ReplyHelp
	}
	return gateway.ReplyOther
}

// stateOf ranks Twilio's statuses. Only a phone's own receipt is Delivered.
func stateOf(status string) (gateway.State, bool) {
	switch status {
	case "accepted", "scheduled", "queued", "sending", "sent", "receiving":
		return gateway.Accepted, true
	case "delivered", "read", "received":
		return gateway.Delivered, true
	case "undelivered", "failed", "canceled":
		return gateway.Undelivered, true
	}
	return 0, false
}

// fate is stateOf with the code that came with it. Twilio calls a text failed also
// where the network only did not answer, so as not to hand it over twice: then
// nobody knows whether the phone has it.
func fate(status string, code int) (gateway.State, bool) {
	state, ok := stateOf(status)
	if state == gateway.Undelivered && codes[code] == unanswered {
		state = gateway.Unknown
	}
	return state, ok
}

// codeOf reads an error code; none is 0.
func codeOf(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	if len(s) > 6 || !isDigits(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
