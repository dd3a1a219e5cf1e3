package inbox_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// said is what the public door answered.
type said struct {
	status int
	kind   string
	body   string
}

// post calls the public door with a form that the provider signed.
func (s *stage) post(path string, form url.Values) said {
	s.t.Helper()
	form.Set("AccountSid", twiliosim.DefaultAccount)
	return s.send(path, form.Encode(), sign(twiliosim.DefaultToken, s.door+path, form))
}

// send calls the public door with any body under any signature.
func (s *stage) send(path, body, signature string) said {
	s.t.Helper()
	r := must(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.door+path, strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", signature)
	return s.do(r)
}

func (s *stage) do(r *http.Request) said {
	s.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Error(err)
		return said{}
	}
	defer func() { _ = res.Body.Close() }()
	got := said{res.StatusCode, res.Header.Get("Content-Type"), string(must(io.ReadAll(res.Body)))}
	if !strings.HasPrefix(got.kind, "text/xml") {
		s.t.Errorf("answered %d in %q, which the provider might text", got.status, got.kind)
	}
	return got
}

// sign makes X-Twilio-Signature as twilio.com/docs/usage/security describes it.
func sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, address)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		_, _ = io.WriteString(mac, key+form.Get(key))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// text is the form of a patient's text to a practice.
func text(n int, to, body, id string) url.Values {
	return url.Values{"From": {phone(n)}, "To": {to}, "Body": {body}, "MessageSid": {id}}
}

// receipt posts a receipt.
func (s *stage) receipt(id gateway.ReminderID, status string, code string) said {
	s.t.Helper()
	form := url.Values{"MessageSid": {sid(1)}, "MessageStatus": {status}}
	if code != "" {
		form.Set("ErrorCode", code)
	}
	return s.post(inbox.StatusPath+"?r="+id.String(), form)
}
