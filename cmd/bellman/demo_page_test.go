package main

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestTheDemosPageShowsTheDiaryThePhonesAndTheReasons(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	v := s.sees("a delivered text", func(v demoView) bool { return v.Counts.Delivered > 0 })
	res, body := s.get("/")
	for _, want := range []string{"The surgery’s diary", "Ann Ashdown", "07700 900111", "no mobile number is recorded", "bubble reminder", `<label for="book-person">`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("the page may run other scripts than its own: %q", csp)
	}
	if strings.Contains(body, "onclick") || strings.Count(body, "<script") != 1 {
		t.Error("the page has a script in its text, which its own rules forbid")
	}
	if res, _ := s.get("/demo.js"); res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the script: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if v.Counts.Unexplained != 0 || v.Counts.Read != 57 || len(v.Whys) < 6 || len(v.Events) == 0 || len(v.Missing) != 0 {
		t.Errorf("counts %+v, %d reasons, %d events, missing %q", v.Counts, len(v.Whys), len(v.Events), v.Missing)
	}
	for part, html := range v.HTML {
		if html == "" || !strings.Contains(body, `id="`+part+`"`) {
			t.Errorf("the part %q is empty or has no place on the page", part)
		}
	}
}

func TestWhatHappensToAVisitWithholdsItsText(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	for i, c := range []struct {
		what, path string
		form       url.Values
		want       string
		undo       url.Values // nil: there is no way back
		undoPath   string
	}{
		{"cancelled", "/cancel", nil, "not sent: the appointment is no longer in the diary", url.Values{}, "/restore"},
		{"moved by a day", "/move", url.Values{"by": {"day"}}, "", nil, ""},
		{"the patient died", "", url.Values{"set": {"died"}}, "not sent: the patient is recorded as deceased", url.Values{"set": {"alive"}}, ""},
		{"the patient left", "", url.Values{"set": {"left"}}, "not sent: the patient has left the practice", url.Values{"set": {"back"}}, ""},
		{"a landline", "", url.Values{"set": {"mobile"}, "mobile": {"01632 960077"}}, "not sent: the number recorded as mobile is a landline", nil, ""},
		{"a note beside the number", "", url.Values{"set": {"mobile"}, "mobile": {"07700 900177 (son)"}}, "held: the mobile field holds more than one plain number", nil, ""},
	} {
		person := s.free(i)
		slot, path := s.visitLater(person)
		at := func(p string) string {
			if p == "" {
				return "/people/" + strconv.Itoa(person.ID)
			}
			return path + p
		}
		before, _ := s.diary.Visit(slot)
		s.press(at(c.path), c.form)
		if c.want == "" {
			after, _ := s.diary.Visit(slot)
			if want := before.Start.In(gateway.London()).AddDate(0, 0, 1); !after.Start.Equal(want) {
				t.Errorf("%s: it starts at %v, want %v", c.what, after.Start, want)
			}
			s.sees(c.what, func(v demoView) bool { return strings.HasPrefix(v.reminder(slot).Words, "due ") && v.moved(person) })
			continue
		}
		s.sees(c.what, func(v demoView) bool { return v.reminder(slot).Words == c.want })
		if c.undo != nil {
			s.press(at(c.undoPath), c.undo)
			s.sees(c.what+", taken back", func(v demoView) bool { return v.reminder(slot).State == "queued" })
		}
	}
}

// moved reports whether the page tells that a visit of a person was moved.
func (v demoView) moved(p surgery.Person) bool {
	return slices.ContainsFunc(v.Events, func(e demoEvent) bool {
		return e.Who == demoName(p) && strings.HasPrefix(e.Words, "moved from ")
	})
}

func TestAnswersToATextAreShownWithWhatWasMadeOfThem(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	person := s.free(0)
	const number = "+447700900126"
	slot, _ := s.visitLater(person)
	write := func(form url.Values) {
		form.Set("from", number)
		s.press("/phones", form)
	}
	write(url.Values{"body": {"Is there parking? I walk badly"}})
	write(url.Values{"quick": {"STOP"}})
	v := s.sees("the opt-out", func(v demoView) bool {
		f := v.phone(number)
		return len(f.Marks) == 2 && f.count("automatic") == 1 && f.count("answer") == 1 &&
			v.reminder(slot).Words == "not sent: the patient said STOP or what looks like it, or staff recorded an opt-out, or the number is said not to be the patient's"
	})
	if f := v.phone(number); f.Owner != demoName(person) || f.count("patient") != 2 || f.count("reminder") != 0 {
		t.Errorf("the phone shows %+v", f)
	}
	write(url.Values{"quick": {"START"}})
	s.sees("the text waiting again after START", func(v demoView) bool {
		return len(v.phone(number).Marks) == 0 && v.reminder(slot).State == "queued"
	})
	told := func(words string) bool {
		return slices.ContainsFunc(s.state().Events, func(e demoEvent) bool { return e.Who == demoName(person) && strings.Contains(e.Words, words) })
	}
	for _, words := range []string{"wrote “Is there parking? I walk badly”: left for a person to read", "wrote “STOP”: read as STOP", "wrote “START”: read as START"} {
		if !told(words) {
			t.Errorf("the page does not tell that the patient %s", words)
		}
	}
	s.quiet("parking")
}

// quiet checks that the log of Bellman itself names nobody: only the page may.
func (s *stage) quiet(more ...string) {
	s.t.Helper()
	log := s.log.String()
	if !strings.Contains(log, "read the diary") {
		s.t.Error("there is no log to look at")
	}
	for _, p := range s.diary.People() {
		more = append(more, p.Family, p.NHSNumber)
	}
	for _, secret := range append(more, "7700900", "7700 900") {
		if strings.Contains(log, secret) {
			s.t.Error("the log names a patient, a number or what somebody wrote")
		}
	}
}

func TestWhatTheDemoCannotDoItSaysInWords(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	before := s.diary.Visits()
	slot := "/visits/" + strconv.Itoa(before[0].Slot)
	people := "/people/" + strconv.Itoa(before[0].Person)
	for _, c := range []struct {
		path   string
		form   url.Values
		status int
		want   string
	}{
		{"/visits", nil, 400, "choose a patient"},
		{"/visits", url.Values{"person": {"7"}, "seconds": {"5"}}, 400, "choose a patient"},
		{"/visits", url.Values{"person": {"1001"}, "seconds": {"soon"}}, 400, "write whole seconds from 2 to 3600"},
		{"/visits", url.Values{"person": {"1001"}, "seconds": {"1"}}, 400, "write whole seconds from 2 to 3600"},
		{"/visits/5/cancel", nil, 404, "there is no such visit in the diary"},
		{"/visits/x/restore", nil, 404, "there is no such visit in the diary"},
		{slot + "/move", nil, 400, "write a date and a time"},
		{slot + "/move", url.Values{"start": {"tomorrow"}}, 400, "write a date and a time"},
		{slot + "/move", url.Values{"start": {"2020-01-06T09:10"}}, 400, "that time has passed; choose one to come"},
		{slot + "/move", url.Values{"start": {"2030-03-31T01:30"}}, 400, "the clocks change in that hour; choose another time"},
		{"/people/5", url.Values{"set": {"died"}}, 404, "there is no such patient"},
		{people, url.Values{"set": {"rich"}}, 400, "say what to change"},
		{people, url.Values{"set": {"mobile"}, "mobile": {strings.Repeat("0", 61)}}, 400, "the mobile field takes at most 60 letters"},
		{"/phones", url.Values{"from": {"+441632960001"}, "body": {"hello"}}, 400, "that is no phone of this demo"},
		{"/phones", url.Values{"from": {"+447700900126"}, "body": {" "}}, 400, "write a text of 1 to 480 letters"},
	} {
		if status, got := s.post(c.path, c.form); status != c.status || got.Words != c.want {
			t.Errorf("POST %s %v: %d %q, want %d %q", c.path, c.form, status, got.Words, c.status, c.want)
		}
	}
	if !slices.Equal(before, s.diary.Visits()) {
		t.Error("the diary was changed all the same")
	}
}

func TestAnotherSitesPageCannotPressTheDemosButtons(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	path := "/visits/" + strconv.Itoa(s.diary.Visits()[0].Slot) + "/cancel"
	header := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	for _, foreign := range []func(*http.Request){
		header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"), header("Origin", "https://example.org"), header("Origin", "null"),
	} {
		if status, _ := s.post(path, nil, foreign); status != http.StatusForbidden {
			t.Errorf("status %d, want 403", status)
		}
	}
	if s.diary.Visits()[0].Status != gateway.StatusBooked {
		t.Fatal("the visit was cancelled")
	}
	if status, _ := s.post(path, nil, header("Origin", s.url), header("Sec-Fetch-Site", "same-origin")); status != http.StatusOK {
		t.Errorf("its own page: status %d", status)
	}
}

func TestWithoutItsScriptThePageWorksByReloading(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	send := func(path string, form url.Values) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(b)
	}
	slot := strconv.Itoa(s.diary.Visits()[0].Slot)
	if res, _ := send("/visits/"+slot+"/cancel", nil); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/#visit-"+slot {
		t.Errorf("%d %q, want to be sent back to the visit", res.StatusCode, res.Header.Get("Location"))
	}
	if _, body := send("/visits", nil); !strings.Contains(body, "choose a patient") || !strings.Contains(body, "The surgery’s diary") {
		t.Error("what went wrong does not stand on the page")
	}
}

func TestWhatPatientsWriteIsNeverMarkup(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	const evil = `<img src=x onerror=alert(1)> & "quotes"`
	s.press("/phones", url.Values{"from": {"+447700900126"}, "body": {evil}})
	s.press("/people/1027", url.Values{"set": {"mobile"}, "mobile": {`"><script>alert(1)</script>`}})
	v := s.sees("the text", func(v demoView) bool { return v.phone("+447700900126").count("patient") == 1 })
	_, body := s.get("/")
	for _, html := range append([]string{body}, string(v.HTML["phones"]), string(v.HTML["diary"]), string(v.HTML["reasons"])) {
		if strings.Contains(html, "<img") || strings.Contains(html, "<script>") {
			t.Error("somebody's words became a part of the page")
		}
	}
	if !strings.Contains(string(v.HTML["phones"]), "&lt;img src=x") {
		t.Error("the words are not shown as they were written")
	}
}
