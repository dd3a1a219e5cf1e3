package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// stage is a demo that runs, its page, and what it logs.
type stage struct {
	*demo
	t   *testing.T
	url string
	log *gatewaytest.Log
}

// playDemo starts a whole demo, as the command does, and its page.
func playDemo(t *testing.T) *stage {
	t.Helper()
	w := &world{clock: gateway.ClockFunc(time.Now)}
	t.Cleanup(w.close)
	s := &stage{t: t, log: &gatewaytest.Log{}}
	d, err := newDemo(t.Context(), w, t.TempDir(), s.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	if err := d.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d.pageHandler())
	t.Cleanup(server.Close)
	s.demo, s.url = d, server.URL
	return s
}

// post presses a button, as the page's script does, and gives the answer.
func (s *stage) post(path string, form url.Values, edit ...func(*http.Request)) (int, demoDone) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	for _, e := range edit {
		e(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got demoDone
	if res.Header.Get("Content-Type") == "application/json" {
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			s.t.Fatal(err)
		}
	}
	return res.StatusCode, got
}

// press is post where it must succeed.
func (s *stage) press(path string, form url.Values) demoDone {
	s.t.Helper()
	status, got := s.post(path, form)
	if status != http.StatusOK || got.Words == "" {
		s.t.Fatalf("POST %s: %d %q", path, status, got.Words)
	}
	return got
}

func (s *stage) get(path string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(b)
}

func (s *stage) state() demoView {
	s.t.Helper()
	res, body := s.get("/state")
	var v demoView
	if err := json.Unmarshal([]byte(body), &v); err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("GET /state: %d %v", res.StatusCode, err)
	}
	return v
}

// reminder gives what the page says of a visit's reminder of one day before.
func (v demoView) reminder(slot int) demoReminder {
	for _, day := range v.Days {
		for _, visit := range day.Visits {
			if visit.Slot == slot && len(visit.Reminders) > 0 {
				return visit.Reminders[len(visit.Reminders)-1]
			}
		}
	}
	return demoReminder{}
}

func (v demoView) phone(n string) demoPhone {
	i := slices.IndexFunc(v.Phones, func(f demoPhone) bool { return f.Number == n })
	if i < 0 {
		return demoPhone{}
	}
	return v.Phones[i]
}

func (f demoPhone) count(kind string) (n int) {
	for _, b := range f.Bubbles {
		if b.Kind == kind {
			n++
		}
	}
	return n
}

// sees waits until the page shows what is wanted.
func (s *stage) sees(what string, wanted func(demoView) bool) demoView {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		v := s.state()
		if wanted(v) {
			return v
		}
		if time.Now().After(end) {
			s.t.Fatalf("the page does not show %s; counts %+v", what, v.Counts)
		}
	}
}

// free gives a patient who can be texted and has nothing in the next days.
func (s *stage) free(n int) surgery.Person { return s.diary.People()[26+n] }

// visitLater books a visit whose text is due long after the test.
func (s *stage) visitLater(p surgery.Person) (slot int, path string) {
	s.t.Helper()
	got := s.press("/visits", url.Values{"person": {strconv.Itoa(p.ID)}, "seconds": {"3000"}})
	slot, err := strconv.Atoi(strings.TrimPrefix(got.At, "visit-"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sees("the booked visit's reminder", func(v demoView) bool { return v.reminder(slot).State == "queued" })
	return slot, "/visits/" + strconv.Itoa(slot)
}
