package inbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

func TestAForgedCallIsRefusedAndChangesNothing(t *testing.T) {
	s := newStage(t)
	s.come(friday)
	s.booked(riverside, person(1))
	s.come(monday)
	accept := s.leaving(1)
	statusPath := inbox.StatusPath + "?r=" + accept.ID.String()
	for name, path := range map[string]string{"inbound": inbox.InboundPath, "status": statusPath} {
		form := text(1, fromRiverside, "STOP", sid(7))
		form.Set("AccountSid", twiliosim.DefaultAccount)
		form.Set("MessageStatus", "delivered")
		good := sign(twiliosim.DefaultToken, s.door+path, form)
		tampered := strings.Replace(form.Encode(), "STOP", "STOP+IT", 1)
		for how, call := range map[string][2]string{
			"without a signature":         {form.Encode(), ""},
			"under another token":         {form.Encode(), sign("0000", s.door+path, form)},
			"signed for another address":  {form.Encode(), sign(twiliosim.DefaultToken, "https://elsewhere.example"+path, form)},
			"with another body":           {tampered, good},
			"with something added":        {form.Encode() + "&OptOutType=START", good},
			"with a signature that is no": {form.Encode(), "not base64"},
		} {
			if got := s.send(path, call[0], call[1]); got.status != http.StatusForbidden {
				t.Errorf("%s %s: answered %d", name, how, got.status)
			}
		}
	}
	if s.optedOut(riverside, 1) != "" || len(s.replies(riverside)) != 0 {
		t.Error("a forged STOP was obeyed or kept")
	}
	s.stands(accept.ID, gateway.Sending, gateway.None)
	if n := s.metric("bellman_webhook_rejected_total", "signature"); n != 12 {
		t.Errorf("%v were counted, want 12", n)
	}
}

func TestACallThatIsNotUnderstoodIsRefused(t *testing.T) {
	s := newStage(t)
	reminder := inbox.StatusPath + "?r=" + s.id(riverside, person(1)).String()
	for name, c := range map[string]struct {
		path string
		form url.Values
	}{
		"a text without an id":       {inbox.InboundPath, url.Values{"From": {phone(1)}, "To": {fromRiverside}, "Body": {"STOP"}}},
		"a text from nobody":         {inbox.InboundPath, url.Values{"MessageSid": {sid(1)}, "To": {fromRiverside}, "Body": {"STOP"}}},
		"a receipt of no text":       {reminder, url.Values{"MessageStatus": {"delivered"}}},
		"a receipt without a status": {reminder, url.Values{"MessageSid": {sid(1)}}},
		"a status of its own":        {reminder, url.Values{"MessageSid": {sid(1)}, "MessageStatus": {"vanished"}}},
		"a code in words":            {reminder, url.Values{"MessageSid": {sid(1)}, "MessageStatus": {"failed"}, "ErrorCode": {"lots"}}},
		"an id that is none of ours": {inbox.StatusPath + "?r=A81001.x", url.Values{"MessageSid": {sid(1)}, "MessageStatus": {"delivered"}}},
	} {
		if got := s.post(c.path, c.form); got.status != http.StatusBadRequest {
			t.Errorf("%s: answered %d", name, got.status)
		}
	}
	if n := s.metric("bellman_webhook_rejected_total", "malformed"); n != 7 {
		t.Errorf("%v were counted, want 7", n)
	}
	huge := text(1, fromRiverside, strings.Repeat("STOP ", 20_000), sid(1))
	if got := s.post(inbox.InboundPath, huge); got.status != http.StatusBadRequest {
		t.Errorf("a huge text: answered %d", got.status)
	}
	if n := s.metric("bellman_webhook_rejected_total", "unreadable"); n != 1 {
		t.Errorf("%v were counted as unreadable", n)
	}
	if len(s.replies(riverside)) != 0 {
		t.Error("something was kept")
	}
}

func TestNothingElseIsBehindTheDoor(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, inbox.InboundPath, http.StatusMethodNotAllowed},
		{http.MethodPut, inbox.StatusPath, http.StatusMethodNotAllowed},
		{http.MethodPost, inbox.InboundPath + "/", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusNotFound},
	} {
		r := must(http.NewRequestWithContext(t.Context(), c.method, s.door+c.path, nil))
		if got := s.do(r); got.status != c.status {
			t.Errorf("%s %s: answered %d", c.method, c.path, got.status)
		}
	}
}

func TestATextToAnUnknownSenderOrFromANameIsCountedAndNotKept(t *testing.T) {
	s := newStage(t)
	if got := s.post(inbox.InboundPath, text(1, "+441632960199", "STOP", sid(1))); got.status != http.StatusOK {
		t.Errorf("answered %d", got.status)
	}
	form := text(1, fromRiverside, "Your parcel is on its way", sid(2))
	form.Set("From", "PARCELS")
	if got := s.post(inbox.InboundPath, form); got.status != http.StatusOK || strings.Contains(got.body, "Message") {
		t.Errorf("answered %d, or with a text", got.status)
	}
	for _, why := range []string{"unknown_sender", "not_a_number"} {
		if n := s.metric("bellman_webhook_rejected_total", why); n != 1 {
			t.Errorf("%s was counted %v times", why, n)
		}
	}
	if len(s.replies(riverside)) != 0 {
		t.Error("something was kept")
	}
}

func TestWithoutRedisTheProviderIsAskedToSendItAgain(t *testing.T) {
	s := newStage(t)
	s.come(monday)
	id := s.id(riverside, person(1))
	if err := s.memory.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.post(inbox.InboundPath, text(1, fromRiverside, "I will be late", sid(1))); got.status != http.StatusServiceUnavailable {
		t.Errorf("a text: answered %d", got.status)
	}
	if got := s.receipt(id, "delivered", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("a receipt: answered %d", got.status)
	}
	if got := s.post(inbox.InboundPath, text(2, fromRiverside, "STOP", sid(2))); got.status != http.StatusServiceUnavailable {
		t.Errorf("STOP: answered %d", got.status)
	}
}
