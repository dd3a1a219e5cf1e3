package twiliosim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

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
		clock.Advance(step.wait)
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
	clock.Advance(time.Minute)
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
		clock.Advance(time.Hour)
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
