package twilio_test

import (
	"net/http"
	"strings"
	"testing"

	"bellman/gateway"
)

const oneMessage = "SM00000000000000000000000000000001"

func TestOneMessageIsReadByItsID(t *testing.T) {
	asked := ""
	p := answering(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		_, _ = w.Write([]byte(`{"sid":"` + oneMessage + `","date_created":"Sat, 21 Nov 2026 20:40:04 +0000","status":"undelivered","error_code":30003}`))
	})
	l, ok, err := p.Message(t.Context(), oneMessage)
	if err != nil || !ok || l.MessageID != oneMessage || l.State != gateway.Undelivered || l.Code != 30003 || l.Class != gateway.TryLater {
		t.Errorf("got %s, code %d, %t, %v", l.State, l.Code, ok, err)
	}
	if !strings.HasPrefix(asked, "GET ") || !strings.HasSuffix(asked, "/Messages/"+oneMessage+".json") {
		t.Errorf("asked %s", asked)
	}
}

func TestAMessageThatTwilioDoesNotHaveIsNoError(t *testing.T) {
	p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"code":20404,"status":404}`))
	})
	if _, ok, err := p.Message(t.Context(), oneMessage); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestWhatIsNoMessageIDIsNotAskedFor(t *testing.T) {
	p := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	for _, id := range []string{"", "SM1", "../Calls", oneMessage + "/Media"} {
		if _, ok, err := p.Message(t.Context(), id); ok || err != nil {
			t.Errorf("%q: %t, %v", id, ok, err)
		}
	}
}

func TestAMessageThatCannotBeReadIsAnErrorAndNoAbsence(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"refused": {401, `{"code":20003}`}, "broken": {500, ``}, "a page": {200, `<html>`}, "nothing": {200, `{}`},
	} {
		p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		})
		if _, ok, err := p.Message(t.Context(), oneMessage); ok || err == nil {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}
