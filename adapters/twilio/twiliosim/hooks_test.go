package twiliosim

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReceiptsFollowATextThroughItsLife(t *testing.T) {
	clock := byHand()
	s := start(t, Options{Clock: clock, Manual: true, Pace: Pace{Queue: time.Second, Network: time.Second, Receipt: time.Second}})
	p := newPractice(t)
	s.SetFate("+447700900130", Fate{Code: 30003})
	s.SetFate("+447700900131", Fate{Code: 30002})
	for _, to := range []string{phone, "+447700900130", "+447700900131"} {
		post(t, s, with(with(text("hello"), "StatusCallback", p.url+"/s?r=1"), "To", to))
	}
	s.Flush(t.Context())
	if got := p.statuses(); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	clock.Advance(2 * time.Second)
	s.Flush(t.Context())
	if got := p.statuses(); !slices.Equal(got, []string{"failed", "sent", "sent"}) {
		t.Errorf("after sending: %v", got)
	}
	clock.Advance(time.Second)
	s.Flush(t.Context())
	last := p.calls[len(p.calls)-2:]
	if last[0].Get("MessageStatus") != "delivered" || last[0].Get("ErrorCode") != "" || last[0].Get("RawDlrDoneDate") != "2611230900" {
		t.Errorf("delivered: %v", last[0])
	}
	if last[1].Get("MessageStatus") != "undelivered" || last[1].Get("ErrorCode") != "30003" {
		t.Errorf("undelivered: %v", last[1])
	}
	if p.calls[0].Get("ErrorCode") != "30002" {
		t.Errorf("failed: %v", p.calls[0])
	}
	for i, c := range p.calls {
		if got := p.head[i].Get("X-Twilio-Signature"); got != sign(DefaultToken, p.url+"/s?r=1", c) {
			t.Error("a receipt is not signed")
		}
	}
}

func TestReceiptsAreDeliveredByThemselvesOnARealClock(t *testing.T) {
	s := start(t, Options{Pace: Pace{Network: 20 * time.Millisecond, Receipt: 20 * time.Millisecond}, EveryStatus: true})
	p := newPractice(t)
	for range 50 {
		post(t, s, with(text("hello"), "StatusCallback", p.url))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, status := range p.statuses() {
		count[status]++
	}
	if count["sending"] != 50 || count["sent"] != 50 || count["delivered"] != 50 {
		t.Errorf("receipts: %v", count)
	}
	if c := s.Counts(); c.Callbacks != 150 || c.CallbacksFailed != 0 {
		t.Errorf("counts: %+v", c)
	}
}

func TestReceiptsAreLostDoubledShuffledAndEarlyOnRequest(t *testing.T) {
	run := func(m Mischief) []string {
		s := start(t, Options{Manual: true})
		p := newPractice(t)
		s.SetMischief(m)
		post(t, s, with(text("hello"), "StatusCallback", p.url))
		if m.Early > 0 && len(p.statuses()) != 1 {
			t.Error("no receipt came before the answer")
		}
		s.Flush(t.Context())
		return p.statuses()
	}
	for _, row := range []struct {
		m    Mischief
		want []string
	}{
		{Mischief{}, []string{"sent", "delivered"}},
		{Mischief{Lost: 1}, nil},
		{Mischief{Doubled: 1}, []string{"sent", "sent", "delivered", "delivered"}},
		{Mischief{Shuffled: 1}, []string{"delivered", "sent"}},
		{Mischief{Early: 1}, []string{"sent", "delivered"}},
	} {
		if got := run(row.m); !slices.Equal(got, row.want) {
			t.Errorf("%+v: got %v, want %v", row.m, got, row.want)
		}
	}
}

func TestClosingEndsWhatIsStillToCome(t *testing.T) {
	s := start(t, Options{Pace: Pace{Receipt: time.Hour}})
	p := newPractice(t)
	post(t, s, with(text("hello"), "StatusCallback", p.url))
	done := make(chan struct{})
	go func() { s.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("Close does not end")
	}
}

// TestTwiliosOwnWordsActBeforeThePractice covers the default list of words.
func TestTwiliosOwnWordsActBeforeThePractice(t *testing.T) {
	rows := []struct {
		body, took string
		blocked    bool
	}{
		{"STOP", "STOP", true}, {" stop ", "STOP", true}, {"Cancel", "STOP", true}, {"END", "STOP", true}, {"quit", "STOP", true},
		{"STOP PLEASE", "", false}, {"STOP.", "", false}, {"CANCEL 7834", "", false}, {"stopp", "", false}, {"HELP", "HELP", false},
		{"YES", "START", false}, {"", "", false},
	}
	for _, row := range rows {
		t.Run(row.body, func(t *testing.T) {
			s := start(t, Options{Manual: true})
			p := newPractice(t)
			s.AddSender(Sender{Number: surgery, InboundURL: p.url})
			a := s.Reply(t.Context(), phone, surgery, row.body)
			if a.TookFor != row.took || a.Status != 204 || s.Blocked(surgery, phone) != row.blocked {
				t.Errorf("got %+v, blocked %t", a, s.Blocked(surgery, phone))
			}
			if len(p.calls) != 1 || p.calls[0].Get("Body") != row.body || p.calls[0].Has("OptOutType") {
				t.Error("the practice was not told of the text as it was written")
			}
			status, v := post(t, s, text("reminder"))
			if row.blocked && (status != 400 || v["code"] != 21610.0) {
				t.Errorf("the next text: %d %v", status, v["code"])
			}
			if !row.blocked && status != 201 {
				t.Errorf("the next text: %d", status)
			}
		})
	}
}

func TestStartLiftsABlockAndAnotherSenderWasNeverBlocked(t *testing.T) {
	s := start(t, Options{Manual: true})
	s.Reply(t.Context(), phone, surgery, "STOP")
	if status, _ := post(t, s, with(text("x"), "From", "+447700900002")); status != 201 {
		t.Errorf("another practice: %d", status)
	}
	s.Reply(t.Context(), phone, surgery, "YES")
	if status, _ := post(t, s, text("x")); status != 201 {
		t.Errorf("after YES: %d", status)
	}
	var automatic int
	for _, got := range s.Phone(phone) {
		if got.Automatic {
			automatic++
		}
	}
	if automatic != 2 {
		t.Errorf("%d answers of Twilio's own, want 2", automatic)
	}
}

func TestAdvancedOptOutTellsWhatItTookAndRefusesInTheReceipt(t *testing.T) {
	s := start(t, Options{Manual: true})
	p := newPractice(t)
	s.AddSender(Sender{Number: surgery, InboundURL: "http://127.0.0.1:1"})
	s.AddService(Service{SID: pool, Senders: []string{surgery}, InboundURL: p.url, AdvancedOptOut: true})
	if a := s.Reply(t.Context(), phone, surgery, "CANCEL"); a.TookFor != "" || s.Blocked(pool, phone) {
		t.Errorf("CANCEL was taken off the list: %+v", a)
	}
	s.Reply(t.Context(), phone, surgery, "STOP")
	if got := p.calls[1]; got.Get("OptOutType") != "STOP" || got.Get("MessagingServiceSid") != pool {
		t.Errorf("the practice was told %v", got)
	}
	form := url.Values{"To": {phone}, "MessagingServiceSid": {pool}, "Body": {"x"}, "StatusCallback": {p.url}}
	if status, v := post(t, s, form); status != 201 || v["status"] != "accepted" {
		t.Errorf("the next text: %d %v", status, v["status"])
	}
	s.Flush(t.Context())
	last := p.calls[len(p.calls)-1]
	if last.Get("MessageStatus") != "failed" || last.Get("ErrorCode") != "21610" {
		t.Errorf("its receipt: %v", last)
	}
}

func TestAPlainTextAnswerIsTextedToThePatient(t *testing.T) {
	rows := map[string]struct {
		kind, body string
		texts      []string
	}{
		"plain":        {"text/plain; charset=utf-8", "ok", []string{"ok"}},
		"empty twiml":  {"text/xml", "<?xml version=\"1.0\"?><Response></Response>", nil},
		"twiml":        {"text/xml", "<Response><Message>One</Message><Message><Body>Two</Body></Message></Response>", []string{"One", "Two"}},
		"not twiml":    {"text/xml", "<html", nil},
		"another kind": {"application/json", "{}", nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Manual: true})
			p := newPractice(t)
			p.say = func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", row.kind)
				_, _ = w.Write([]byte(row.body))
			}
			s.AddSender(Sender{Number: surgery, InboundURL: p.url})
			if a := s.Reply(t.Context(), phone, surgery, "hello"); !slices.Equal(a.Texts, row.texts) {
				t.Errorf("got %v, want %v", a.Texts, row.texts)
			}
			var got []string
			for _, m := range s.Phone(phone) {
				got = append(got, m.Body)
			}
			if !slices.Equal(got, row.texts) {
				t.Errorf("the phone has %v", got)
			}
		})
	}
}

func TestAnAnswerToSomebodyWhoJustStoppedDoesNotArrive(t *testing.T) {
	s := start(t, Options{Manual: true})
	p := newPractice(t)
	p.say = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte("<Response><Message>You are off our list.</Message></Response>"))
	}
	s.AddSender(Sender{Number: surgery, InboundURL: p.url})
	s.Reply(t.Context(), phone, surgery, "STOP")
	if texts := s.Phone(phone); len(texts) != 1 || !texts[0].Automatic {
		t.Errorf("the phone has %v, want Twilio's own answer alone", texts)
	}
}

func TestAWebhookIsCalledAgainAsItsAddressAsks(t *testing.T) {
	rows := map[string]struct {
		fragment string
		status   int
		calls    int
	}{
		"by default a 500 is final":    {"", 500, 1},
		"5xx asked for":                {"#rc=3&rp=5xx,ct", 503, 4},
		"5xx asked for, but it is 403": {"#rc=3&rp=5xx", 403, 1},
		"everything asked for":         {"#rc=2&rp=all", 403, 3},
		"more than Twilio allows":      {"#rc=50&rp=all", 500, 6},
		"success":                      {"#rc=3&rp=all", 204, 1},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Manual: true})
			p := newPractice(t)
			p.say = func(w http.ResponseWriter) { w.WriteHeader(row.status) }
			s.AddSender(Sender{Number: surgery, InboundURL: p.url + "/in" + row.fragment})
			if a := s.Reply(t.Context(), phone, surgery, "hello"); a.Status != row.status || len(p.calls) != row.calls {
				t.Errorf("%d calls, status %d, want %d", len(p.calls), a.Status, row.calls)
			}
			if len(p.calls) > 0 && p.head[0].Get("X-Twilio-Signature") != sign(DefaultToken, p.url+"/in", p.calls[0]) {
				t.Error("the fragment is not to be signed")
			}
		})
	}
}

func TestAPracticeThatIsNotThereIsNoTrouble(t *testing.T) {
	s := start(t, Options{Manual: true})
	s.AddSender(Sender{Number: surgery, InboundURL: "http://127.0.0.1:1/in"})
	if a := s.Reply(t.Context(), phone, surgery, "STOP"); a.Status != 0 || a.TookFor != "STOP" || !strings.HasPrefix(a.MessageID, "SM") {
		t.Errorf("got %+v", a)
	}
	post(t, s, with(text("x"), "StatusCallback", "http://127.0.0.1:1/s"))
	post(t, s, with(with(text("x"), "To", "+447700900124"), "StatusCallback", "http://127.0.0.1:1/s"))
	s.Flush(t.Context())
	if c := s.Counts(); c.CallbacksFailed != 2 {
		t.Errorf("counts: %+v", c)
	}
}
