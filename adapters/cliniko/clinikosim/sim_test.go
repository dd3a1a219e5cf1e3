package clinikosim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// These tests hold the simulator to what Cliniko publishes of its API, without our
// adapter in between.

const key = "simulated-key-uk1"

var now = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

type stage struct {
	t     *testing.T
	clock *gatewaytest.Clock
	diary *surgery.Diary
	sim   *clinikosim.Sim
	base  string
	edit  func(*http.Request)
}

func play(t *testing.T, perMinute int) *stage {
	t.Helper()
	s := &stage{t: t, clock: gatewaytest.NewClock(now)}
	s.diary = surgery.New(s.clock)
	s.sim = clinikosim.New(s.diary, clinikosim.Options{Clock: s.clock, Key: key, PerMinute: perMinute})
	server := httptest.NewServer(s.sim)
	t.Cleanup(server.Close)
	s.base = server.URL
	return s
}

// ask sends a request and gives status, headers and the decoded answer.
func (s *stage) ask(method, path, body string) (int, http.Header, map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(key, "")
	r.Header.Set("User-Agent", "A test (test@example.org)")
	if s.edit != nil {
		s.edit(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	var out map[string]any
	_ = json.Unmarshal(raw, &out)
	return res.StatusCode, res.Header, out
}

// list asks for a list with filters and gives the rows.
func (s *stage) list(name string, filters ...string) []any {
	s.t.Helper()
	status, _, body := s.ask("GET", "/v1/"+name+"?"+url.Values{"q[]": filters}.Encode(), "")
	if status != http.StatusOK {
		s.t.Fatalf("%s %q: status %d", name, filters, status)
	}
	rows, _ := body[name].([]any)
	if total, _ := body["total_entries"].(float64); int(total) < len(rows) {
		s.t.Errorf("total_entries is %v with %d rows", body["total_entries"], len(rows))
	}
	return rows
}

func field(row any, name string) any { return row.(map[string]any)[name] }

// shapes are the fields that Cliniko publishes, with the kinds of value each may have.
var shapes = map[string]map[string]string{
	"individual_appointments": {
		"id": "id", "starts_at": "time", "ends_at": "time", "created_at": "time", "updated_at": "time", "cancelled_at": "time?", "archived_at": "time?", "deleted_at": "time?",
		"cancellation_reason": "number?", "cancellation_reason_description": "text", "cancellation_note": "text?", "did_not_arrive": "bool", "patient_arrived": "bool",
		"email_reminder_sent": "bool", "sms_reminder_sent": "bool", "patient_name": "text", "notes": "text?", "telehealth_url": "text",
		"online_booking_policy_accepted": "bool?", "booking_ip_address": "text?", "invoice_status": "number?", "treatment_note_status": "number?",
		"patient": "link", "practitioner": "link", "business": "link", "appointment_type": "link", "attendees": "link",
	},
	"group_appointments": {
		"id": "id", "starts_at": "time", "ends_at": "time", "created_at": "time", "updated_at": "time", "archived_at": "time?", "deleted_at": "time?",
		"max_attendees": "number", "patient_ids": "ids", "notes": "text?", "practitioner": "link", "business": "link", "appointment_type": "link", "attendees": "link",
	},
	"attendees": {
		"id": "id", "created_at": "time", "updated_at": "time", "arrived": "bool?", "cancelled_at": "time?", "archived_at": "time?", "deleted_at": "time?",
		"cancellation_reason": "number?", "cancellation_url": "text", "sms_reminder_sent": "bool", "email_reminder_sent": "bool", "telehealth_url": "text", "booking": "link", "patient": "link",
	},
	"patients": {
		"id": "id", "created_at": "time", "updated_at": "time", "first_name": "text", "last_name": "text", "preferred_first_name": "text?", "title": "text", "date_of_birth": "text",
		"email": "text?", "patient_phone_numbers": "list", "reminder_type": "text", "receives_confirmation_emails": "bool", "accepted_sms_marketing": "bool?",
		"accepted_email_marketing": "bool?", "accepted_privacy_policy": "bool?", "time_zone": "text?", "archived_at": "time?", "deleted_at": "time?", "merged_at": "time?",
		"appointment_notes": "text?", "old_reference_id": "text?",
	},
	"businesses": {
		"id": "id", "business_name": "text", "display_name": "text", "contact_information": "text?", "time_zone": "text", "time_zone_identifier": "text",
		"appointment_reminders_enabled": "bool", "country_code": "text",
	},
	"appointment_types": {
		"id": "id", "name": "text", "duration_in_minutes": "number", "telehealth_enabled": "bool", "appointment_reminder_template_ids": "ids", "max_attendees": "number",
	},
}

var (
	instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	digits  = regexp.MustCompile(`^\d{19}$`)
)

// is reports whether a value is of a kind.
func is(v any, kind string) bool {
	if bare, ok := strings.CutSuffix(kind, "?"); ok {
		return v == nil || is(v, bare)
	}
	text, words := v.(string)
	switch kind {
	case "id":
		return digits.MatchString(text)
	case "time":
		return instant.MatchString(text)
	case "text":
		return words
	case "bool":
		_, ok := v.(bool)
		return ok
	case "number":
		_, ok := v.(float64)
		return ok
	case "list", "ids":
		all, ok := v.([]any)
		for _, one := range all {
			ok = ok && (kind == "list" || is(one, "id"))
		}
		return ok
	case "link":
		links, _ := v.(map[string]any)["links"].(map[string]any)
		self, _ := links["self"].(string)
		return strings.HasPrefix(self, "http://") && strings.Contains(self, "/v1/")
	}
	return false
}

func TestRecordsHaveThePublishedShape(t *testing.T) {
	s := play(t, 0)
	surgery.Forty(s.diary, now, 7)
	s.sim.Group(88001, 88002)
	s.diary.Cancel(88003)
	for list, shape := range shapes {
		rows := s.list(list, "archived_at:*")
		if strings.HasPrefix(list, "ind") {
			rows = s.list(list, "cancelled_at:*")
		}
		if len(rows) == 0 {
			t.Fatalf("%s: no rows", list)
		}
		for _, row := range rows {
			for name, kind := range shape {
				v, there := row.(map[string]any)[name]
				if !there || !is(v, kind) {
					t.Errorf("%s: %s is there: %t, and is no %s", list, name, there, kind)
				}
			}
		}
	}
}

func TestIDsAreMoreThanAFloatHolds(t *testing.T) {
	s := play(t, 0)
	s.diary.Book(surgery.Visit{Person: s.diary.Register(surgery.Person{}), Start: now.AddDate(0, 0, 7), Site: 5})
	id, _ := field(s.list("individual_appointments")[0], "id").(string)
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || int64(float64(n)) == n {
		t.Errorf("%s survives a float", id)
	}
}

func TestListsLeaveOutWhatIsCalledOffUnlessAsked(t *testing.T) {
	s := play(t, 0)
	for i := range 4 {
		s.diary.Book(surgery.Visit{Person: s.diary.Register(surgery.Person{}), Start: now.AddDate(0, 0, 7+i), Site: 5})
	}
	s.diary.Cancel(88001)
	s.sim.Archive(88002)
	s.sim.Delete(88003)
	for _, list := range []string{"individual_appointments", "attendees"} {
		for filter, want := range map[string]int{"": 1, "cancelled_at:*": 2, "archived_at:*": 2, "deleted_at:*": 2, "cancelled_at:?": 1, "archived_at:?": 1, "cancelled_at:!?": 1} {
			var filters []string
			if filter != "" {
				filters = []string{filter}
			}
			if got := len(s.list(list, filters...)); got != want {
				t.Errorf("%s with %q: %d rows, want %d", list, filter, got, want)
			}
		}
	}
	s.sim.SetFaults(clinikosim.Faults{MarkHides: true})
	if got := len(s.list("individual_appointments", "archived_at:?")); got != 0 {
		t.Errorf("%d rows are shown by a mark that hides", got)
	}
}

func TestFiltersCompareAsTheySay(t *testing.T) {
	s := play(t, 0)
	for i := range 3 {
		s.diary.Book(surgery.Visit{Person: s.diary.Register(surgery.Person{Given: "Ann"}), Start: now.AddDate(0, 0, 7+i), Site: 5})
	}
	first, _ := field(s.list("individual_appointments")[0], "id").(string)
	second, _ := field(s.list("individual_appointments")[1], "id").(string)
	at := now.AddDate(0, 0, 8).Format("2006-01-02T15:04:05Z")
	for filter, want := range map[string]int{
		"starts_at:>=" + at: 2, "starts_at:>" + at: 1, "starts_at:<" + at: 1, "starts_at:<=" + at: 2, "id:=" + first: 1, "id:=" + first + "," + second: 2, "id:!=" + first: 2, "id:>" + first: 2,
		"updated_at:>=2026-11-16T10:00:00Z": 3, "updated_at:>2026-11-16T10:00:00Z": 0,
	} {
		if got := len(s.list("individual_appointments", filter)); got != want {
			t.Errorf("%s: %d rows, want %d", filter, got, want)
		}
	}
	if got := len(s.list("patients", "first_name:~an")); got != 3 {
		t.Errorf("%d patients", got)
	}
	for _, wrong := range []string{"patients?q%5B%5D=deleted_at:*", "patients?q%5B%5D=phone:=1", "group_appointments?q%5B%5D=cancelled_at:*", "individual_appointments?q%5B%5D=starts_at:>=yesterday", "individual_appointments?q%5B%5D=id:=x"} {
		if status, _, body := s.ask("GET", "/v1/"+wrong, ""); status != http.StatusBadRequest || body["message"] == nil {
			t.Errorf("%s: status %d", wrong, status)
		}
	}
}

func TestPagesAreLinked(t *testing.T) {
	s := play(t, 0)
	for range 120 {
		s.diary.Book(surgery.Visit{Person: s.diary.Register(surgery.Person{}), Start: now.AddDate(0, 0, 7), Site: 5})
	}
	for per, want := range map[string]int{"": 50, "&per_page=100": 100, "&per_page=1000": 100, "&per_page=1": 1} {
		_, _, body := s.ask("GET", "/v1/individual_appointments?x=1"+per, "")
		links := body["links"].(map[string]any)
		if n := len(body["individual_appointments"].([]any)); n != want || body["total_entries"] != 120.0 || links["next"] == nil || links["previous"] != nil {
			t.Errorf("%s: %d rows of %v, links %v", per, n, body["total_entries"], links)
		}
	}
	seen, path := map[any]bool{}, "/v1/individual_appointments?per_page=50"
	for path != "" {
		_, _, body := s.ask("GET", path, "")
		for _, row := range body["individual_appointments"].([]any) {
			seen[field(row, "id")] = true
		}
		next, _ := body["links"].(map[string]any)["next"].(string)
		path = strings.TrimPrefix(next, s.base)
	}
	if len(seen) != 120 {
		t.Errorf("%d different rows over all pages", len(seen))
	}
}

func TestWhoMayAsk(t *testing.T) {
	s := play(t, 0)
	for what, c := range map[string]struct {
		edit func(*http.Request)
		want int
	}{
		"the key":                   {func(*http.Request) {}, 200},
		"the key without its shard": {func(r *http.Request) { r.SetBasicAuth("simulated-key", "") }, 200},
		"another key":               {func(r *http.Request) { r.SetBasicAuth("another-key-uk1", "") }, 401},
		"no key":                    {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"a password":                {func(r *http.Request) { r.SetBasicAuth(key, "x") }, 401},
		"nobody to write to":        {func(r *http.Request) { r.Header.Set("User-Agent", "Go-http-client/1.1") }, 403},
	} {
		s.edit = c.edit
		if status, _, _ := s.ask("GET", "/v1/patients", ""); status != c.want {
			t.Errorf("%s: status %d, want %d", what, status, c.want)
		}
	}
}

func TestTwoHundredRequestsAMinute(t *testing.T) {
	s := play(t, 200)
	s.clock.Advance(20 * time.Second)
	for n := range 200 {
		if status, _, _ := s.ask("GET", "/v1/patients", ""); status != http.StatusOK {
			t.Fatalf("request %d: status %d", n+1, status)
		}
	}
	status, header, body := s.ask("GET", "/v1/patients", "")
	reset, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
	if status != http.StatusTooManyRequests || err != nil || !time.Unix(reset, 0).Equal(now.Add(time.Minute)) || body["message"] == nil {
		t.Errorf("status %d, reset %q", status, header.Get("X-RateLimit-Reset"))
	}
	s.clock.Advance(40 * time.Second)
	if status, _, _ := s.ask("GET", "/v1/patients", ""); status != http.StatusOK {
		t.Errorf("in the next minute: status %d", status)
	}
}

func TestCancellingNeedsAReason(t *testing.T) {
	s := play(t, 0)
	s.diary.Book(surgery.Visit{Person: s.diary.Register(surgery.Person{}), Start: now.AddDate(0, 0, 7), Site: 5})
	id, _ := field(s.list("individual_appointments")[0], "id").(string)
	at, _ := field(s.list("attendees")[0], "id").(string)
	for body, want := range map[string]int{`{}`: 422, `{"cancellation_reason":51}`: 422, `{"cancellation_reason":"50"}`: 422, `x`: 400} {
		status, _, answer := s.ask("PATCH", "/v1/individual_appointments/"+id+"/cancel", body)
		if status != want || want == 422 && (answer["message"] != "Validation Failed" || answer["errors"].(map[string]any)["cancellation_reason"] == nil) {
			t.Errorf("%s: status %d, answer %v", body, status, answer)
		}
	}
	if status, _, _ := s.ask("PATCH", "/v1/attendees/"+at+"/cancel", `{"cancellation_reason":50}`); status != 422 {
		t.Errorf("the attendee of an individual appointment: status %d", status)
	}
	if status, _, _ := s.ask("PATCH", "/v1/individual_appointments/"+id+"/cancel", `{"cancellation_reason":50,"cancellation_note":"x"}`); status != 204 {
		t.Errorf("status %d", status)
	}
	if v, _ := s.diary.Visit(88001); v.Status != gateway.StatusCancelled || len(s.list("individual_appointments")) != 0 {
		t.Error("it still stands")
	}
	if status, _, _ := s.ask("PATCH", "/v1/individual_appointments/1/cancel", `{"cancellation_reason":50}`); status != 404 {
		t.Errorf("of nothing: status %d", status)
	}
}

func TestStaffMayBePlayedWithCurl(t *testing.T) {
	s := play(t, 0)
	surgery.Forty(s.diary, now, 7)
	for _, c := range []struct {
		path, form string
		want       int
	}{
		{"/sim/visits/88012/cancel", "", 204}, {"/sim/visits/88013/archive", "", 204}, {"/sim/visits/88014/delete", "", 204}, {"/sim/visits/88015/remove", "", 204},
		{"/sim/visits/88016/remind", "", 204}, {"/sim/visits/88017/missed", "", 204}, {"/sim/visits/88018/arrived", "", 204},
		{"/sim/visits/88019/move", "start=2026-11-24T09:10:00Z", 204}, {"/sim/visits/88019/move", "start=soon", 400}, {"/sim/visits/1/cancel", "", 404}, {"/sim/visits/88019/dance", "", 404},
		{"/sim/people/1012", "mobile=07700+900777&reminder_type=Email&archived=yes", 204}, {"/sim/people/1", "mobile=", 404}, {"/sim/places/5", "reminders=yes&zone=Europe/London", 204},
		{"/sim/faults", `{"status": 500}`, 200}, {"/sim/faults", `{"nonsense": 1}`, 400},
	} {
		s.edit = func(r *http.Request) {
			if !strings.HasPrefix(c.form, "{") {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
		}
		if status, _, _ := s.ask("POST", c.path, c.form); status != c.want {
			t.Errorf("%s %s: status %d, want %d", c.path, c.form, status, c.want)
		}
	}
	s.edit = nil
	if status, _, _ := s.ask("GET", "/v1/patients", ""); status != 500 || s.sim.Faults().Status != 500 {
		t.Errorf("the fault is not on: status %d", status)
	}
	s.sim.SetFaults(clinikosim.Faults{})
	if got := len(s.list("individual_appointments")); got != 37 {
		t.Errorf("%d visits stand, want 37", got)
	}
	if field(s.list("businesses")[0], "appointment_reminders_enabled") != true {
		t.Error("the place does not remind")
	}
}
