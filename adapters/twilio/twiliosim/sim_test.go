package twiliosim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bellman/gateway"
)

const (
	phone    = "+447700900123"
	surgery  = "+447700900001"
	pool     = "MG00000000000000000000000000000001"
	resource = "/2010-04-01/Accounts/" + DefaultAccount
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hand is a clock that is set by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) on(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func byHand() *hand { return &hand{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

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

func TestATextMovesOnWithTheClock(t *testing.T) {
	clock := byHand()
	s := start(t, Options{Clock: clock, Manual: true, Pace: Pace{Queue: 2 * time.Second, Network: time.Second, Receipt: 5 * time.Second}})
	s.AddService(Service{SID: pool, Senders: []string{surgery}})
	status, made := post(t, s, url.Values{"To": {phone}, "MessagingServiceSid": {pool}, "Body": {"hello"}})
	if status != 201 || made["status"] != "accepted" || made["from"] != nil || made["num_segments"] != "0" || made["date_sent"] != nil {
		t.Fatalf("made: %d %v", status, made)
	}
	sid := made["sid"].(string)
	for _, step := range []struct {
		wait  time.Duration
		want  string
		texts int
	}{{time.Second, "queued", 0}, {time.Second, "sending", 0}, {time.Second, "sent", 0}, {5 * time.Second, "delivered", 1}} {
		clock.on(step.wait)
		_, m := get(t, s, resource+"/Messages/"+sid+".json")
		if m["status"] != step.want || len(s.Phone(phone)) != step.texts {
			t.Errorf("got %v and %d texts, want %s and %d", m["status"], len(s.Phone(phone)), step.want, step.texts)
		}
	}
}

func TestATextThatWaitedLongerThanItsValidityNeverArrives(t *testing.T) {
	clock := byHand()
	s := start(t, Options{Clock: clock, Manual: true, PerSecond: 1})
	for range 5 {
		if status, _ := post(t, s, with(text("hello"), "ValidityPeriod", "3")); status != 201 {
			t.Fatal(status)
		}
	}
	clock.on(time.Minute)
	if n := len(s.Phone(phone)); n != 4 { // at 0, 1, 2 and 3 seconds
		t.Errorf("%d texts arrived, want 4", n)
	}
	_, list := get(t, s, resource+"/Messages.json")
	last := list["messages"].([]any)[0].(map[string]any)
	if last["status"] != "failed" || last["error_code"] != 30036.0 {
		t.Errorf("the last one: %v (%v)", last["status"], last["error_code"])
	}
}

func TestASenderWithTenHoursOfWorkTakesNoMore(t *testing.T) {
	s := start(t, Options{Clock: byHand(), Manual: true, PerSecond: 1})
	s.book.free[surgery] = s.clock.Now().Add(queueLimit + time.Second)
	if status, v := post(t, s, text("hello")); status != 400 || v["code"] != 21611.0 {
		t.Errorf("got %d %v", status, v["code"])
	}
}

func TestWhatTwilioWouldRefuseIsRefused(t *testing.T) {
	s := start(t, Options{Manual: true})
	s.AddSender(Sender{Number: surgery})
	s.AddService(Service{SID: pool})
	s.SetFate("+447700900140", Fate{Code: 21635})
	rows := []struct {
		code int
		form url.Values
	}{
		{21604, with(text("x"), "To", "")},
		{21602, text("")},
		{21603, with(text("x"), "From", "")},
		{21617, text(strings.Repeat("é", 1601))},
		{21609, with(text("x"), "StatusCallback", "https://a_b.example.org/s")},
		{21609, with(text("x"), "StatusCallback", "not an address")},
		{badRequest, with(text("x"), "ValidityPeriod", "0")},
		{badRequest, with(text("x"), "ValidityPeriod", "36001")},
		{badRequest, with(text("x"), "ValidityPeriod", "soon")},
		{21606, with(text("x"), "From", "+447700900009")},
		{21705, with(text("x"), "MessagingServiceSid", "MG00000000000000000000000000000002")},
		{21211, with(text("x"), "To", "07700900123")},
		{21211, with(text("x"), "To", "+44770090012a")},
		{21266, with(text("x"), "To", surgery)},
		{21614, with(text("x"), "To", "+441632960001")},
		{21635, with(text("x"), "To", "+447700900140")},
		{21211, with(text("x"), "To", "+15005550001")},
		{21212, with(text("x"), "From", "+15005550001")},
	}
	for _, row := range rows {
		status, v := post(t, s, row.form)
		if status != 400 || v["code"] != float64(row.code) || v["status"] != 400.0 {
			t.Errorf("got %d %v, want %d", status, v["code"], row.code)
		}
	}
	if status, _ := post(t, s, text(strings.Repeat("é", 1600))); status != 201 {
		t.Errorf("1,600 characters: %d", status)
	}
	if n := s.Counts().Taken; n != 1 {
		t.Errorf("%d texts were taken", n)
	}
}

func TestOnlyTheAccountsOwnKeysComeIn(t *testing.T) {
	s := start(t, Options{Manual: true, APIKeys: map[string]string{"SK1": "secret"}})
	rows := []struct {
		user, password, path string
		status               int
	}{
		{DefaultAccount, DefaultToken, resource + ".json", 200},
		{"SK1", "secret", resource + "/Messages.json", 200},
		{"SK1", "secret", resource + ".json", 401}, // a standard key may not look at the account
		{"SK1", "wrong", resource + "/Messages.json", 401},
		{"", "", resource + "/Messages.json", 401},
		{DefaultAccount, DefaultToken, "/2010-04-01/Accounts/AC2/Messages.json", 404},
		{DefaultAccount, DefaultToken, resource + "/Calls.json", 404},
		{DefaultAccount, DefaultToken, resource + "/Messages/SM1.json", 404},
	}
	for _, row := range rows {
		r := httptest.NewRequest(http.MethodGet, row.path, nil)
		r.SetBasicAuth(row.user, row.password)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != row.status {
			t.Errorf("%s for %q: %d, want %d", row.path, row.user, rec.Code, row.status)
		}
	}
}

func TestARedactedTextIsGoneFromTheListButNotFromThePhone(t *testing.T) {
	s := start(t, Options{Manual: true})
	_, made := post(t, s, text("hello"))
	path := resource + "/Messages/" + made["sid"].(string) + ".json"
	change := func(form string) (int, map[string]any) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return ask(t, s, r)
	}
	if status, v := change("Status=canceled"); status != 400 || v["code"] != float64(cannotStop) {
		t.Errorf("cancelling a text that is on its way: %d %v", status, v)
	}
	if status, v := change("Body="); status != 200 || v["body"] != "" {
		t.Errorf("redacting: %d %v", status, v["body"])
	}
	if status, _ := change("Body=other"); status != 400 {
		t.Errorf("changing the words: %d", status)
	}
	if texts := s.Phone(phone); len(texts) != 1 || texts[0].Body != "hello" {
		t.Errorf("the phone: %v", texts)
	}
}

func TestTheListIsFilteredAndPaged(t *testing.T) {
	clock := byHand()
	s := start(t, Options{Clock: clock, Manual: true})
	for i := range 25 {
		clock.on(time.Hour)
		form := text(fmt.Sprint(i))
		if i%5 == 0 {
			form.Set("To", "+447700900124")
		}
		post(t, s, form)
	}
	s.Reply(t.Context(), phone, surgery, "hi")
	bodies := func(query string) []string {
		var all []string
		path := resource + "/Messages.json?" + query
		for path != "" {
			status, v := get(t, s, path)
			if status != 200 {
				t.Fatalf("%s: %d", query, status)
			}
			for _, m := range v["messages"].([]any) {
				all = append(all, m.(map[string]any)["body"].(string))
			}
			path, _ = v["next_page_uri"].(string)
		}
		return all
	}
	if got := bodies("PageSize=7"); len(got) != 26 || got[0] != "hi" || got[25] != "0" {
		t.Errorf("all: %v", got)
	}
	if got := bodies("To=%2B447700900124&PageSize=2"); !slices.Equal(got, []string{"20", "15", "10", "5", "0"}) {
		t.Errorf("to one number: %v", got)
	}
	if got := bodies("From=%2B447700900123"); !slices.Equal(got, []string{"hi"}) {
		t.Errorf("from one number: %v", got)
	}
	if got := bodies("DateSent=2026-11-23"); len(got) != 14 {
		t.Errorf("sent on a day: %v", got)
	}
	if got := bodies("DateSent%3E=2026-11-24T09:30:00Z"); !slices.Equal(got, []string{"hi", "24"}) {
		t.Errorf("sent after: %v", got)
	}
	for _, query := range []string{"PageSize=0", "PageSize=x", "Page=-1", "PageToken=PAx", "DateSent=yesterday"} {
		if status, _ := get(t, s, resource+"/Messages.json?"+query); status != 400 {
			t.Errorf("%s: %d", query, status)
		}
	}
}

func TestSignaturesAreThoseOfTwiliosOwnLibrary(t *testing.T) {
	raw, err := os.ReadFile("../../../../shared/samples/oracles/twilio_signature_vectors.json")
	if err != nil {
		t.Skip("the shared samples are not on this machine")
	}
	var v struct {
		AuthToken string
		Cases     []struct {
			Name, URL, Body, Signature string
			Params                     [][2]string
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Cases {
		form := url.Values{}
		for _, p := range c.Params {
			form.Add(p[0], p[1])
		}
		if got := sign(v.AuthToken, c.URL, form); got != c.Signature {
			t.Errorf("%s: got %s, want %s", c.Name, got, c.Signature)
		}
	}
}

func TestSegmentsAreCountedAsTwilioCountsThem(t *testing.T) {
	raw, err := os.ReadFile("../../../../shared/samples/oracles/sms_segment_vectors.json")
	if err != nil {
		t.Skip("the shared samples are not on this machine")
	}
	var v struct {
		Vectors []struct {
			Name, Text string
			Segments   int
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Vectors {
		if got := segmentsOf(c.Text); got != c.Segments {
			t.Errorf("%s: %d, want %d", c.Name, got, c.Segments)
		}
	}
}

func TestTheSameSeedTellsTheSameStoryInAnyOrder(t *testing.T) {
	story := func(order []int, seed uint64) map[string]int {
		s := start(t, Options{Manual: true, Seed: seed})
		if err := s.SetRates(map[Fault]float64{TooMany: 0.3, ErrorTaken: 0.3}); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, i := range order {
			to := fmt.Sprintf("+447700900%03d", i)
			status, _ := post(t, s, with(text("x"), "To", to))
			got[to] = status
		}
		return got
	}
	there, back := make([]int, 60), make([]int, 60)
	for i := range 60 {
		there[i], back[59-i] = i, i
	}
	a, b, c := story(there, 7), story(back, 7), story(there, 8)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("another order gave another story")
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("another seed gave the same story")
	}
	kinds := map[int]int{}
	for _, status := range a {
		kinds[status]++
	}
	if kinds[201] < 10 || kinds[429] < 5 || kinds[500] < 5 {
		t.Errorf("the chances are not kept: %v", kinds)
	}
}

func TestTheControlDoorWorksWithCurl(t *testing.T) {
	s := start(t, Options{Manual: true})
	p := newPractice(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	do := func(method, path, kind, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(got)
	}
	const form = "application/x-www-form-urlencoded"
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	post(t, s, text("hello"))
	if status, got := do("GET", "/sim/phones", "", ""); status != 200 || !strings.Contains(got, `"body":"hello"`) {
		t.Errorf("phones: %d %s", status, got)
	}
	if status, _ := do("POST", "/sim/senders", form, url.Values{"number": {surgery}, "inbound_url": {p.url}}.Encode()); status != 204 {
		t.Errorf("senders: %d", status)
	}
	if status, got := do("POST", "/sim/reply", form, url.Values{"from": {phone}, "to": {surgery}, "body": {"STOP"}}.Encode()); status != 200 || !strings.Contains(got, `"took_for":"STOP"`) {
		t.Errorf("reply: %d %s", status, got)
	}
	if status, _ := do("POST", "/sim/fate", form, "number=%2B447700900150&code=30005"); status != 204 {
		t.Errorf("fate: %d", status)
	}
	if status, _ := do("POST", "/sim/fate", form, "number=%2B447700900150&code=bad"); status != 400 {
		t.Errorf("a bad fate: %d", status)
	}
	if status, got := do("POST", "/sim/faults", "application/json", `{"script":["too-many"],"rates":{"slow":0.1},"receipts":{"lost":0.5}}`); status != 200 || !strings.Contains(got, "too-many") {
		t.Errorf("faults: %d %s", status, got)
	}
	for _, bad := range []string{`{"rates":{"nonsense":1}}`, `{"script":["nonsense"]}`, `{"other":1}`, `x`} {
		if status, _ := do("POST", "/sim/faults", "application/json", bad); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	if status, got := do("GET", "/sim/faults", "", ""); status != 200 || !strings.Contains(got, `"lost":0.5`) {
		t.Errorf("faults: %d %s", status, got)
	}
	if status, got := do("GET", "/sim/counts", "", ""); status != 200 || !strings.Contains(got, `"taken":1`) {
		t.Errorf("counts: %d %s", status, got)
	}
}
