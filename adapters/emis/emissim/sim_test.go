package emissim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// desk is a simulator with a hand to call it.
type desk struct {
	t     *testing.T
	diary *surgery.Diary
	sim   *emissim.Sim
	url   string
	token string
	clock *gatewaytest.Clock
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, clock: gatewaytest.NewClock(monday)}
	d.diary = surgery.New(d.clock)
	d.sim = emissim.New(d.diary, emissim.Options{Clock: d.clock, ClientID: "id", ClientSecret: "secret", ApplicationID: "app", Organisation: "ern:1"})
	server := httptest.NewServer(d.sim)
	t.Cleanup(server.Close)
	d.url = server.URL
	d.signIn()
	return d
}

func (d *desk) signIn() {
	d.t.Helper()
	res, err := http.PostForm(d.url+emissim.TokenPath, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Token string `json:"access_token"`
		Life  int    `json:"expires_in"`
	}
	if json.NewDecoder(res.Body).Decode(&answer) != nil || answer.Token == "" || answer.Life != 3600 {
		d.t.Fatalf("no token: status %d", res.StatusCode)
	}
	d.token = answer.Token
}

// call makes one call with good headers, changed by edit.
func (d *desk) call(method, path string, edit func(*http.Request)) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Header.Set("applicationId", "app")
	r.Header.Set("Accept", "application/json")
	if edit != nil {
		edit(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (d *desk) post(path, kind, body string) (int, string) {
	d.t.Helper()
	res, err := http.Post(d.url+path, kind, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

const (
	api       = "/api/v1/appointments/"
	bookedNow = api + "GetBookedPatientsV2?minutesBefore=0&minutesWithin=20000"
	formType  = "application/x-www-form-urlencoded"
)

// visit books somebody.
func (d *desk) visit(start time.Time) (slot, person int) {
	person = d.diary.Register(surgery.Person{Given: "Ann", Family: "Kerr", Mobile: "07700 900123", Born: monday.AddDate(-60, 0, 0)})
	return d.diary.Book(surgery.Visit{Person: person, Start: start, Site: 5}), person
}

func TestWhoIsLetIn(t *testing.T) {
	d := open(t)
	for what, test := range map[string]struct {
		want int
		edit func(*http.Request)
	}{
		"a good call":             {200, nil},
		"without a token":         {401, func(r *http.Request) { r.Header.Del("Authorization") }},
		"with an invented token":  {401, func(r *http.Request) { r.Header.Set("Authorization", "Bearer a.b.c") }},
		"without applicationId":   {400, func(r *http.Request) { r.Header.Del("applicationId") }},
		"for a picture":           {415, func(r *http.Request) { r.Header.Set("Accept", "image/png") }},
		"without a preferred way": {200, func(r *http.Request) { r.Header.Set("Accept", "*/*") }},
	} {
		status, body := d.call("GET", bookedNow, test.edit)
		if status != test.want {
			t.Errorf("%s: status %d, want %d", what, status, test.want)
		}
		if status >= 400 && !strings.Contains(strings.ToLower(body), "legacyoutcome") {
			t.Errorf("%s: no ErrorResponse", what)
		}
	}
	d.clock.Advance(61 * time.Minute)
	if status, _ := d.call("GET", bookedNow, nil); status != 401 {
		t.Errorf("with a token that has run out: status %d", status)
	}
	d.signIn()
	d.sim.ExpireTokens()
	if status, _ := d.call("GET", bookedNow, nil); status != 401 {
		t.Errorf("with a token that was made to run out: status %d", status)
	}
	if status, body := d.post(emissim.TokenPath, formType, "grant_type=client_credentials&client_id=id&client_secret=wrong"); status != 401 || !strings.Contains(body, "invalid_client") {
		t.Errorf("with a wrong secret: status %d", status)
	}
}

func TestTheWindowIsClampedOrRefused(t *testing.T) {
	d := open(t)
	d.visit(monday.Add(29 * 24 * time.Hour))
	d.visit(monday.Add(31 * 24 * time.Hour))
	d.visit(monday.Add(-50 * time.Minute))
	d.visit(monday.Add(-70 * time.Minute))
	const wide = api + "GetBookedPatientsV2?minutesBefore=300&minutesWithin=99999"
	if status, body := d.call("GET", wide, nil); status != 200 || strings.Count(body, `"mobile"`) != 2 {
		t.Errorf("clamped: status %d, %d rows", status, strings.Count(body, `"mobile"`))
	}
	d.sim.SetFaults(emissim.Faults{RefuseWide: true})
	if status, _ := d.call("GET", wide, nil); status != 400 {
		t.Errorf("refused: status %d", status)
	}
	for _, q := range []string{"", "?minutesBefore=0", "?minutesBefore=0&minutesWithin=-1", "?minutesBefore=0&minutesWithin=99999999999", "?minutesBefore=a&minutesWithin=1"} {
		if status, _ := d.call("GET", api+"GetBookedPatientsV2"+q, nil); status != 400 {
			t.Errorf("%q: status %d", q, status)
		}
	}
}

func TestOnlyWhoIsStillExpectedIsInTheBookedList(t *testing.T) {
	d := open(t)
	slot, person := d.visit(monday.AddDate(0, 0, 1))
	seen := func() bool {
		_, body := d.call("GET", bookedNow, nil)
		return strings.Contains(body, fmt.Sprintf(`"dbid":"%d"`, slot))
	}
	own := func() string {
		_, body := d.call("GET", fmt.Sprintf("%sGetPatientAppointmentsV2?patientNumber=%d&startDate=17/11/2026&endDate=18/11/2026", api, person), nil)
		return body
	}
	if !seen() || !strings.Contains(own(), `"Slot Available"`) {
		t.Error("a booked visit is not shown as one")
	}
	if status, _ := d.call("PATCH", fmt.Sprintf("%sSetAppointmentStatus?statusId=2&slotId=%d", api, slot), nil); status != 204 {
		t.Errorf("arrive: status %d", status)
	}
	if seen() || !strings.Contains(own(), `"Arrived"`) {
		t.Error("an arrived patient is still expected, or not shown as arrived")
	}
	d.diary.Cancel(slot)
	if seen() || strings.Contains(own(), "slotID") {
		t.Error("a cancelled visit is still somewhere")
	}
}

func TestBookingAndCancellingAreGETsThatAreCounted(t *testing.T) {
	d := open(t)
	slot, person := d.visit(monday.AddDate(0, 0, 1))
	_, other := d.visit(monday.AddDate(0, 0, 2))
	cancel := fmt.Sprintf("%sCancelAppointment?slotId=%d&patientNumber=%d", api, slot, person)
	status, body := d.call("GET", cancel, nil)
	if status != 200 || !strings.Contains(body, `"patientInforamtion"`) {
		t.Errorf("cancel: status %d, or the name is spelled right", status)
	}
	if status, _ := d.call("GET", cancel, nil); status != 404 {
		t.Errorf("cancel again: status %d", status)
	}
	if n := d.sim.Calls("CancelAppointment"); n != 2 {
		t.Errorf("%d cancellations counted, want 2", n)
	}
	book := fmt.Sprintf("%sBookAppointment?slotId=%d&patientNumber=%d&reason=x&bookedBy=y", api, slot, other)
	if status, _ := d.call("GET", book, nil); status != 200 {
		t.Errorf("book: status %d", status)
	}
	if status, _ := d.call("GET", book, nil); status != 400 {
		t.Errorf("book a taken slot: status %d", status)
	}
	if v, _ := d.diary.Visit(slot); v.Person != other || v.Status != gateway.StatusBooked {
		t.Error("the slot is not the other patient's")
	}
}

func TestADeathInJSONIsOrdinalNoughtAndInXMLTheMark(t *testing.T) {
	d := open(t)
	_, person := d.visit(monday.AddDate(0, 0, 1))
	if _, body := d.call("GET", bookedNow, nil); !strings.Contains(body, `"dead":0,"deadSpecified":false`) {
		t.Error("nobody's death is told otherwise than by an unspecified nought")
	}
	d.diary.Edit(person, func(p *surgery.Person) { p.Died = monday })
	d.sim.SetFaults(emissim.Faults{DeadMarkOnly: true})
	if _, body := d.call("GET", bookedNow, nil); !strings.Contains(body, `"dateOfDeath":null,"dead":0,"deadSpecified":true`) {
		t.Error("the mark in JSON is not the ordinal")
	}
	_, body := d.call("GET", bookedNow, func(r *http.Request) { r.Header.Set("Accept", "application/xml") })
	if !strings.Contains(body, "<Dead>1</Dead>") || strings.Contains(body, "DateOfDeath") {
		t.Error("the mark in XML is not 1, or a date stands beside it")
	}
}

func TestAStrangeRowIsTheFirstOnly(t *testing.T) {
	d := open(t)
	d.visit(monday.AddDate(0, 0, 1))
	d.visit(monday.AddDate(0, 0, 2))
	d.sim.SetFaults(emissim.Faults{NullSessionHolder: true, NullPatientID: true, FirstTime: "noon"})
	_, body := d.call("GET", bookedNow, nil)
	for word, want := range map[string]int{`"sessionHolder":null`: 1, `"patient":{"dbid":null`: 1, `"time":"noon"`: 1} {
		if got := strings.Count(body, word); got != want {
			t.Errorf("%s stands %d times, want %d", word, got, want)
		}
	}
}

func TestAPersonPlaysTheStaffWithCurl(t *testing.T) {
	d := open(t)
	slot, person := d.visit(monday.AddDate(0, 0, 1))
	at := fmt.Sprintf("/sim/visits/%d/", slot)
	who := fmt.Sprintf("/sim/people/%d", person)
	steps := []struct {
		path, kind, body string
		want             int
	}{
		{at + "move", formType, "start=2026-11-18T11:00:00Z", 204},
		{at + "move", formType, "start=tomorrow", 400},
		{"/sim/visits/7/cancel", formType, "", 404},
		{who, formType, "mobile=07700+900999&died=2026-11-15&deducted=2026-11-14", 204},
		{who, formType, "died=&deducted=", 204},
		{who, formType, "died=soon", 400},
		{"/sim/people/7", formType, "mobile=1", 404},
		{"/sim/faults", "application/json", `{"status":500,"slow_ms":1}`, 200},
		{"/sim/faults", "application/json", `{"truncate":true}`, 200},
		{"/sim/faults", "application/json", `{"no_such_fault":true}`, 400},
		{"/sim/faults", "application/json", `{"expire_tokens":true}`, 200},
		{at + "cancel", formType, "", 204},
	}
	for _, s := range steps {
		if status, body := d.post(s.path, s.kind, s.body); status != s.want {
			t.Errorf("POST %s %s: status %d, want %d: %s", s.path, s.body, status, s.want, body)
		}
	}
	v, _ := d.diary.Visit(slot)
	p, _ := d.diary.Person(person)
	if v.Status != gateway.StatusCancelled || !v.Start.Equal(time.Date(2026, 11, 18, 11, 0, 0, 0, time.UTC)) || p.Mobile != "07700 900999" || !p.Died.IsZero() || !p.Deducted.IsZero() {
		t.Error("the diary is not as the staff left it")
	}
	if f := d.sim.Faults(); f.Status != 500 || f.SlowMS != 1 || !f.Truncate {
		t.Errorf("the faults are %+v", f)
	}
	var visits []struct {
		Slot   int
		Status string
	}
	res, err := http.Get(d.url + "/sim/visits")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if json.NewDecoder(res.Body).Decode(&visits) != nil || len(visits) != 1 || visits[0].Slot != slot || visits[0].Status != "(cancelled)" {
		t.Errorf("the visits shown are %v", visits)
	}
	if status, _ := d.call("GET", bookedNow, nil); status != 401 {
		t.Errorf("the token lives on: status %d", status)
	}
}

func TestAFullDiaryIsShownWhileItChanges(t *testing.T) {
	d := open(t)
	for i := range 1000 {
		d.visit(monday.Add(time.Duration(i+1) * 2 * time.Minute))
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			_, body := d.call("GET", bookedNow, func(r *http.Request) { r.Header.Set("Accept", "application/xml") })
			if n := strings.Count(body, "<Booked>"); n != 1000 || !strings.HasSuffix(body, "</BookedPatientsV2>") {
				t.Errorf("%d rows, want 1000 and a whole answer", n)
			}
			d.diary.Edit(1001+n, func(p *surgery.Person) { p.Mobile = "" })
			d.sim.SetFaults(emissim.Faults{})
		})
	}
	wg.Wait()
}
