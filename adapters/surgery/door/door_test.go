package door_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// played is a simulator that has nothing but a door, with one visit in its diary.
type played struct {
	t      *testing.T
	diary  *surgery.Diary
	url    string
	person int
	slot   int
}

// open opens a door after edit has added to it; edit may be nil.
func open(t *testing.T, edit func(*door.Door)) *played {
	t.Helper()
	p := &played{t: t, diary: surgery.New(gatewaytest.NewClock(monday))}
	p.person = p.diary.Register(surgery.Person{Given: "Iona", Family: "Jessop", Mobile: "07700 900201"})
	p.slot = p.diary.Book(surgery.Visit{Person: p.person, Start: monday.AddDate(0, 0, 2)})
	d := door.Door{
		Diary: p.diary,
		Show: func(v surgery.Visit) any {
			return struct {
				door.Visit
				Site int `json:"site"`
			}{door.Show(v), v.Site}
		},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "left": door.Deducted(door.Date), "declined": door.Declined(door.Yes),
		},
	}
	if edit != nil {
		edit(&d)
	}
	mux := http.NewServeMux()
	d.Open(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *played) visit() surgery.Visit {
	v, _ := p.diary.Visit(p.slot)
	return v
}

// post posts a form written as "a=b&c=d" and wants a status; it gives the answer.
func (p *played) post(path, form string, want int) string {
	p.t.Helper()
	res, err := http.Post(p.url+path, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		p.t.Errorf("%s with %q: status %d, want %d: %s (error %v)", path, form, res.StatusCode, want, body, err)
	}
	return string(body)
}

func TestVisitsAreShownWithTheVendorsOwnWordsBeside(t *testing.T) {
	p := open(t, nil)
	res, err := http.Get(p.url + "/sim/visits")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	const want = `[{"slot":88001,"person":1001,"start":"2026-11-18T10:00:00Z","site":0}]` + "\n"
	if string(body) != want || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("shown: %s as %s", body, res.Header.Get("Content-Type"))
	}
}

func TestAVisitIsMovedAndCalledOff(t *testing.T) {
	p := open(t, nil)
	p.post("/sim/visits/88001/move", "start="+url.QueryEscape("2026-11-19T10:10:00+01:00"), 204)
	if got := p.visit().Start; got != time.Date(2026, time.November, 19, 9, 10, 0, 0, time.UTC) {
		t.Errorf("it starts at %v", got)
	}
	p.post("/sim/visits/88001/move", "start=soon", 400)
	p.post("/sim/visits/7/move", "start=2026-11-19T09:10:00Z", 404)
	p.post("/sim/visits/7/cancel", "", 404)
	p.post("/sim/visits/x/cancel", "", 404)
	p.post("/sim/visits/88001/dance", "", 404)
	if p.visit().Status != gateway.StatusBooked {
		t.Error("it was called off too early")
	}
	p.post("/sim/visits/88001/cancel", "", 204)
	if p.visit().Status != gateway.StatusCancelled {
		t.Error("it was not called off")
	}
}

func TestAVisitIsCalledOffInTheVendorsFormsOnly(t *testing.T) {
	said := 0
	p := open(t, func(d *door.Door) {
		d.CalledOff = map[string]func(slot int){"removed": d.Diary.Remove, "loudly": func(slot int) { said = slot }}
	})
	if says := p.post("/sim/visits/88001/cancel", "form=softly", 400); !strings.Contains(says, "loudly, removed") {
		t.Errorf("it says %q", says)
	}
	p.post("/sim/visits/88001/cancel", "form=loudly", 204)
	p.post("/sim/visits/88001/cancel", "form=removed", 204)
	if _, there := p.diary.Visit(p.slot); there || said != p.slot {
		t.Errorf("it is there: %t; the vendor's form was given slot %d", there, said)
	}
	p.post("/sim/visits/88001/cancel", "form=loudly", 404)
}

func TestStaffActInTheVendorsWays(t *testing.T) {
	p := open(t, func(d *door.Door) {
		d.Acts = map[string]door.Act{
			"remove": door.Do(d.Diary.Remove),
			"status": func(_ int, form url.Values) error {
				if form.Get("word") == "" {
					return errors.New("word is missing")
				}
				return nil
			},
		}
	})
	p.post("/sim/visits/88001/status", "word=late", 204)
	p.post("/sim/visits/88001/status?word=late", "", 204)
	if says := p.post("/sim/visits/88001/status", "", 400); says != "word is missing\n" {
		t.Errorf("it says %q", says)
	}
	p.post("/sim/visits/88001/remove", "", 204)
	p.post("/sim/visits/88001/remove", "", 404)
}

func TestOfAPersonTheFormsFieldsChangeAndNoOther(t *testing.T) {
	p := open(t, nil)
	at := "/sim/people/1001"
	p.post(at, "died=2026-07-01&declined=yes", 204)
	who, _ := p.diary.Person(p.person)
	if who.Mobile != "07700 900201" || !who.Died.Equal(time.Date(2026, time.July, 1, 11, 0, 0, 0, time.UTC)) || !who.Declined || !who.Deducted.IsZero() {
		t.Error("the person is not as the form says")
	}
	p.post(at, "died=&left=2026-11-01&declined=no&mobile=", 204)
	who, _ = p.diary.Person(p.person)
	if who.Mobile != "" || !who.Died.IsZero() || who.Declined || who.Deducted.IsZero() {
		t.Error("it was not undone")
	}
	for range 20 { // fields are taken in any order
		if says := p.post(at, "mobile=07700+900999&left=yesterday", 400); !strings.HasPrefix(says, "left is not a date") {
			t.Errorf("it says %q", says)
		}
	}
	if who, _ = p.diary.Person(p.person); who.Mobile != "" {
		t.Error("half of a wrong form was carried out")
	}
	p.post("/sim/people/7", "mobile=1", 404)
	p.post("/sim/people/x", "mobile=1", 404)
	p.post(at, "mobile=%zz", 400)
	p.post(at, "mobile="+strings.Repeat("0", 1<<17), 400)
}

func TestWhatFollowsAChangeFollowsNothingElse(t *testing.T) {
	followed, beside := 0, 0
	var fails error
	p := open(t, func(d *door.Door) {
		d.Missing = http.StatusBadRequest
		d.Then = func() error { followed++; return fails }
		d.Beside = func(int, url.Values) { beside++ }
	})
	p.post("/sim/visits/7/cancel", "", 400)
	p.post("/sim/people/7", "mobile=1", 400)
	p.post("/sim/people/1001", "died=soon", 400)
	p.post("/sim/visits/88001/move", "start=soon", 400)
	if followed != 0 || beside != 0 {
		t.Errorf("nothing changed, and was followed %d times, and %d beside", followed, beside)
	}
	p.post("/sim/people/1001", "mobile=1", 204)
	fails = errors.New("full")
	p.post("/sim/visits/88001/cancel", "", 500)
	if followed != 2 || beside != 1 {
		t.Errorf("two changes were followed %d times, and %d beside", followed, beside)
	}
}

func TestADoorWithoutFieldsLeavesPeopleAlone(t *testing.T) {
	open(t, func(d *door.Door) { d.Fields = nil }).post("/sim/people/1001", "mobile=1", 404)
}

func TestFaultsAreLaidOverThoseThatAreSet(t *testing.T) {
	type faults struct {
		Status int  `json:"status"`
		Page   bool `json:"page"`
	}
	var set faults
	mux := http.NewServeMux()
	door.Faults(mux, func() faults { return set }, func(f faults) { set = f })
	ask := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/sim/faults", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	for _, body := range []string{`{"status": 500}`, `{"page": true}`} {
		if status, says := ask(http.MethodPost, body); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", body, status, says)
		}
	}
	for _, body := range []string{``, `x`, `[]`, `{"status": 404, "stat": 1}`, `{"status": "404"}`, `{"status": 404} {}`, `{"status": 404}` + strings.Repeat(" ", 1<<17)} {
		if status, says := ask(http.MethodPost, body); status != http.StatusBadRequest || !strings.Contains(says, "faults that GET /sim/faults lists") {
			t.Errorf("%.40s: status %d: %s", body, status, says)
		}
	}
	if status, says := ask(http.MethodGet, ""); status != http.StatusOK || says != `{"status":500,"page":true}`+"\n" {
		t.Errorf("status %d: %s", status, says)
	}
}
