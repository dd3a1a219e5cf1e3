package hl7sim_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/hl7/message"
	"bellman/adapters/hl7/mllp"
	"bellman/adapters/surgery"
	"bellman/gateway/gatewaytest"
)

var now = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// engine is a listener that accepts everything and remembers it.
type engine struct {
	t    *testing.T
	at   string
	code string

	mu  sync.Mutex
	got []*message.Message
}

func listen(t *testing.T) *engine {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	e := &engine{t: t, at: l.Addr().String(), code: "AA"}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go e.hear(c)
		}
	}()
	return e
}

func (e *engine) hear(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := mllp.NewReader(c, 1<<20)
	for {
		f, err := r.Next()
		if err != nil {
			return
		}
		m, err := message.Parse([]byte(string(f.Body)))
		if err != nil {
			e.t.Error("what the hospital sends is no message")
			return
		}
		e.mu.Lock()
		e.got = append(e.got, m)
		code := e.code
		e.mu.Unlock()
		if mllp.Write(c, []byte("MSH|^~\\&|A|B|C|D|20261116||ACK|1|P|2.4\rMSA|"+code+"|"+m.Header().Field(10).Part().Text()+"\r")) != nil {
			return
		}
	}
}

func (e *engine) answer(code string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code = code
}

// events gives the events that came, and forgets them.
func (e *engine) events() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, m := range e.got {
		out = append(out, m.Header().Field(9).Part().Part(2).Text())
	}
	e.got = nil
	return out
}

func hospital(t *testing.T) (*hl7sim.Sim, *surgery.Diary, *engine) {
	t.Helper()
	clock := gatewaytest.NewClock(now)
	e, d := listen(t), surgery.New(clock)
	sim := hl7sim.New(d, hl7sim.Options{Clock: clock, To: func() string { return e.at }})
	t.Cleanup(sim.Close)
	return sim, d, e
}

func TestEveryChangeIsToldByItsEvent(t *testing.T) {
	t.Parallel()
	sim, d, e := hospital(t)
	p := d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: "07700 900101", Home: "01632 960101"})
	other := d.Register(surgery.Person{Given: "Huw", Family: "Holt", NHSNumber: "9990000026"})
	slot := 0
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"booked", func() { slot = d.Book(surgery.Visit{Person: p, Start: now.AddDate(0, 0, 7), Site: 5}) }, []string{"S12"}},
		{"nothing", func() {}, nil},
		{"moved", func() { d.Move(slot, now.AddDate(0, 0, 8)) }, []string{"S13"}},
		{"another site", func() { d.Change(slot, func(v *surgery.Visit) { v.Site = 6 }) }, []string{"S14"}},
		{"another number", func() { d.Edit(p, func(p *surgery.Person) { p.Mobile = "07700 900102" }) }, []string{"A31"}},
		{"another patient's number", func() { d.Edit(other, func(p *surgery.Person) { p.Mobile = "07700 900103" }) }, nil},
		{"died", func() { d.Edit(p, func(p *surgery.Person) { p.Died = now }) }, []string{"A31"}},
		{"taken out", func() { d.Edit(p, func(p *surgery.Person) { p.Deducted = now }) }, []string{"A29"}},
		{"put back", func() { d.Edit(p, func(p *surgery.Person) { p.Deducted = time.Time{} }) }, []string{"A28"}},
		{"merged", func() { sim.Merge(p, other) }, []string{"A40"}},
		{"cancelled", func() { d.Cancel(slot) }, []string{"S15"}},
		{"removed", func() { d.Remove(slot) }, []string{"S17"}},
		{"replayed", func() { sim.Replay() }, nil},
	} {
		step.do()
		if err := sim.Flush(t.Context()); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got := e.events(); !slices.Equal(got, step.want) {
			t.Errorf("%s: told by %q, want %q", step.what, got, step.want)
		}
	}
}

func TestWhatIsNotAcknowledgedIsSentAgain(t *testing.T) {
	t.Parallel()
	sim, d, e := hospital(t)
	p := d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018"})
	d.Book(surgery.Visit{Person: p, Start: now.AddDate(0, 0, 7), Site: 5})
	e.answer("AE")
	if sim.Flush(t.Context()) == nil {
		t.Error("a message that was not kept is taken for delivered")
	}
	e.answer("AA")
	if err := sim.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if got := e.events(); !slices.Equal(got, []string{"S12", "S12", "S12", "S12"}) {
		t.Errorf("sent were %q", got)
	}
	if c := sim.Counts(); c.Accepted != 1 || c.Failed != 3 || c.Waiting != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestAPersonDrivesItByHTTP(t *testing.T) {
	t.Parallel()
	sim, d, e := hospital(t)
	cases := surgery.Forty(d, now, 7)
	srv := httptest.NewServer(sim.Control())
	t.Cleanup(srv.Close)
	if err := sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.events()
	slot, person := cases[20].Slot, 0
	if v, ok := d.Visit(slot); ok {
		person = v.Person
	}
	post := func(path string, form url.Values, want int) {
		t.Helper()
		res, err := http.PostForm(srv.URL+path, form)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	visit, who := "/sim/visits/"+str(slot), "/sim/people/"+str(person)
	post(visit+"/move", url.Values{"start": {"2026-11-30T09:10:00Z"}}, http.StatusNoContent)
	post(visit+"/move", url.Values{"start": {"tomorrow"}}, http.StatusBadRequest)
	post(who, url.Values{"mobile": {"07700 900999"}}, http.StatusNoContent)
	post(who, url.Values{"died": {"x"}}, http.StatusBadRequest)
	post("/sim/visits/1/cancel", nil, http.StatusNotFound)
	post("/sim/visits/1/remove", nil, http.StatusNotFound)
	if err := sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.events(); !slices.Equal(got, []string{"A31", "S13"}) {
		t.Errorf("told by %q", got)
	}
	post(visit+"/cancel", nil, http.StatusNoContent)
	post(who+"/merge", url.Values{"into": {str(person + 1)}}, http.StatusNoContent)
	post(who+"/merge", url.Values{"into": {"7"}}, http.StatusNotFound)
	if err := sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.events(); !slices.Equal(got, []string{"A40", "S15"}) {
		t.Errorf("told by %q", got)
	}
	for body, want := range map[string]int{`{"twice": true}`: http.StatusOK, `{"nonsense": true}`: http.StatusBadRequest, `x`: http.StatusBadRequest} {
		res, err := http.Post(srv.URL+"/sim/faults", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", body, res.StatusCode, want)
		}
	}
	if !sim.Faults().Twice {
		t.Error("the fault is not set")
	}
	for path, keys := range map[string][]string{"/sim/visits": {"slot", "start", "status"}, "/sim/sent": {"accepted", "waiting"}, "/sim/faults": {"twice", "drops_answer"}} {
		res, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		for _, k := range keys {
			if !json.Valid(b) || !strings.Contains(string(b), `"`+k+`"`) {
				t.Errorf("%s has no %s", path, k)
			}
		}
	}
}

func str(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}
