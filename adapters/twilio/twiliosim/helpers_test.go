package twiliosim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	phone    = "+447700900123"
	surgery  = "+447700900001"
	pool     = "MG00000000000000000000000000000001"
	resource = "/2010-04-01/Accounts/" + DefaultAccount
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func byHand() *gatewaytest.Clock {
	return gatewaytest.NewClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
}

func start(t *testing.T, o Options) *Sim {
	t.Helper()
	if o.Clock == nil {
		o.Clock = gateway.ClockFunc(time.Now)
	}
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

// post asks the simulator to send a text and gives its answer.
func post(t *testing.T, s *Sim, form url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, resource+"/Messages.json", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ask(t, s, r)
}

func get(t *testing.T, s *Sim, path string) (int, map[string]any) {
	t.Helper()
	return ask(t, s, httptest.NewRequest(http.MethodGet, path, nil))
}

func ask(t *testing.T, s *Sim, r *http.Request) (int, map[string]any) {
	t.Helper()
	r.SetBasicAuth(s.account, s.token)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	var v map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
			t.Fatalf("the answer is no JSON: %v", err)
		}
	}
	return rec.Code, v
}

func text(body string) url.Values {
	return url.Values{"To": {phone}, "From": {surgery}, "Body": {body}}
}

func with(form url.Values, key, v string) url.Values {
	form.Set(key, v)
	return form
}

// practice is the server of a practice: it remembers what it was called with.
type practice struct {
	mu    sync.Mutex
	calls []url.Values
	head  []http.Header
	say   func(w http.ResponseWriter)
	url   string
}

func newPractice(t *testing.T) *practice {
	p := &practice{say: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls, p.head = append(p.calls, r.PostForm), append(p.head, r.Header)
		p.say(w)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *practice) statuses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, c := range p.calls {
		all = append(all, c.Get("MessageStatus"))
	}
	return all
}
