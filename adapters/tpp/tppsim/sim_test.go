package tppsim_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// client speaks to the simulator as any program might.
type client struct {
	t    *testing.T
	sim  *tppsim.Sim
	d    *surgery.Diary
	conn net.Conn
	r    *bufio.Reader
	n    int
}

func newClient(t *testing.T, o tppsim.Options) *client {
	t.Helper()
	o.Clock, o.APIKey = gatewaytest.NewClock(monday), "k"
	d := surgery.New(o.Clock)
	c := &client{t: t, sim: tppsim.New(d, o), d: d}
	t.Cleanup(c.sim.Close)
	address, err := c.sim.Start()
	if err != nil {
		t.Fatal(err)
	}
	if c.conn, err = net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.conn.Close() })
	c.r = bufio.NewReader(c.conn)
	return c
}

// ask sends one request, and gives its answer; empty when none comes in time.
func (c *client) ask(device, function, parameters string, within time.Duration) string {
	c.t.Helper()
	c.n++
	c.send(fmt.Sprintf("<ClientIntegrationRequest><APIKey>k</APIKey><DeviceID>%s</DeviceID><DeviceVersion>test</DeviceVersion><RequestUID>%d</RequestUID>"+
		"<Function>%s</Function><FunctionVersion>1.0</FunctionVersion><FunctionParameters>%s</FunctionParameters></ClientIntegrationRequest>\n", device, c.n, function, parameters))
	return c.hear(within)
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) hear(within time.Duration) string {
	_ = c.conn.SetReadDeadline(time.Now().Add(within))
	line, err := c.r.ReadString('\n')
	if err != nil {
		return ""
	}
	return line
}

const patience = 5 * time.Second

var approved = tppsim.Options{Devices: []string{"d1"}}

func (c *client) person() (id int) {
	return c.d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: "07700 900501", Home: "01632 960001"})
}

func TestADeviceWaitsForAPersonsClick(t *testing.T) {
	c := newClient(t, tppsim.Options{})
	if got := c.ask("", "GetFunctions", "", 200*time.Millisecond); got != "" {
		t.Fatalf("answered without a click: %s", got)
	}
	gatewaytest.Await(t, "the dialog is there", func() bool { return c.sim.Click(true) })
	got := c.hear(patience)
	id := regexp.MustCompile(`<DeviceID>([0-9a-f]{16})</DeviceID>`).FindStringSubmatch(got)
	if id == nil || !strings.Contains(got, "<SupportedFunction><Function>GetDiary</Function>") {
		t.Fatalf("the answer after the click: %s", got)
	}
	if got := c.ask(id[1], "GetFunctions", "", patience); strings.Contains(got, "ErrorMessage") {
		t.Errorf("the approved device: %s", got)
	}
	for _, device := range []string{"0123456789abcdef"} {
		if got := c.ask(device, "GetFunctions", "", patience); !strings.Contains(got, "<PermanentError>true</PermanentError>") {
			t.Errorf("an unknown device: %s", got)
		}
	}
	c.sim.Block(true)
	if got := c.ask(id[1], "GetFunctions", "", patience); !strings.Contains(got, "ErrorMessage") {
		t.Errorf("a blocked device: %s", got)
	}
}

func TestWhatComesTooFastVanishes(t *testing.T) {
	o := approved
	o.Throttle, o.RecordThrottle = 300*time.Millisecond, time.Hour
	c := newClient(t, o)
	c.person()
	if got := c.ask("d1", "GetFunctions", "", patience); got == "" {
		t.Fatal("the first request vanished")
	}
	if got := c.ask("d1", "GetFunctions", "", 100*time.Millisecond); got != "" || c.sim.Dropped() != 1 {
		t.Error("a request within the pause was answered")
	}
	whole, demographics := "<Identity><NhsNumber>9990000018</NhsNumber></Identity>", "<Identity><NHSNumber>9990000018</NHSNumber></Identity><Filter><Demographics></Demographics></Filter>"
	for i, c2 := range []struct {
		parameters string
		answered   bool
	}{{whole, true}, {whole, false}, {demographics, true}, {demographics, true}} {
		time.Sleep(350 * time.Millisecond)
		if got := c.ask("d1", "GetPatientRecord", c2.parameters, 200*time.Millisecond); (got != "") != c2.answered {
			t.Errorf("record %d: answered %t, want %t", i, got != "", c2.answered)
		}
	}
}

func TestTheDiaryIsThatOfTheStretchAskedFor(t *testing.T) {
	c := newClient(t, approved)
	p := c.person()
	slot := c.d.Book(surgery.Visit{Person: p, Start: time.Date(2027, time.March, 29, 13, 15, 0, 0, time.UTC), Site: 5, Mode: gateway.ModeTelephone})
	day := "<MinDateTime>2027-03-29T00:00:00</MinDateTime><MaxDateTime>2027-03-29T23:59:59</MaxDateTime><Appointments></Appointments>"
	got := c.ask("d1", "GetDiary", day, patience)
	for _, want := range []string{"<NHSNumber>9990000018</NHSNumber>", "<DateTimeStart>2027-03-29T14:15:00</DateTimeStart>", "<Status>Booked</Status>", "<SlotType>Telephone Appointment Slot</SlotType>", "<RequestUID>1</RequestUID>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the diary lacks %s", want)
		}
	}
	if strings.Contains(got, "07700") {
		t.Error("the diary holds a telephone number")
	}
	if got := c.ask("d1", "GetDiary", strings.ReplaceAll(day, "-29T", "-30T"), patience); strings.Contains(got, "<Result>") || !strings.Contains(got, "<Response></Response>") {
		t.Errorf("the next day: %s", got)
	}
	c.d.Cancel(slot)
	if got := c.ask("d1", "GetDiary", day, patience); strings.Contains(got, "<Result>") {
		t.Error("a cancelled visit stays")
	}
	c.sim.SetFaults(tppsim.Faults{ShowsGone: true, Zone: true})
	if got := c.ask("d1", "GetDiary", day, patience); !strings.Contains(got, "Cancelled by Unit") || !strings.Contains(got, "T14:15:00.0Z<") {
		t.Errorf("with cancelled visits shown: %s", got)
	}
	c.d.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusNotBooked })
	if got := c.ask("d1", "GetDiary", day, patience); strings.Contains(got, "<Result>") {
		t.Error("a textual appointment is given")
	}
}

func TestRequestsOfManyLinesAreUnderstood(t *testing.T) {
	c := newClient(t, approved)
	c.send("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<ClientIntegrationRequest>\r\n  <APIKey>k</APIKey>\r\n  <DeviceID>d1</DeviceID>\r\n  <RequestUID>7</RequestUID>\r\n  <Function>GetOrganisationMetaData</Function>\r\n  <FunctionParameters/>\r\n</ClientIntegrationRequest>\r\n")
	if got := c.hear(patience); !strings.Contains(got, "<ID>A81001</ID>") {
		t.Errorf("answered %s", got)
	}
}

func TestChangesAreMadeInTheDiary(t *testing.T) {
	c := newClient(t, approved)
	p := c.person()
	slot := c.d.Book(surgery.Visit{Person: p, Start: monday.AddDate(0, 0, 7)})
	who := "<Identity><NhsNumber>9990000018</NhsNumber></Identity>"
	c.ask("d1", "UpdatePatientRecord", who+"<Demographics><SMSConsent>No</SMSConsent></Demographics>", patience)
	if person, _ := c.d.Person(p); !person.Declined {
		t.Error("the consent was not changed")
	}
	uid := fmt.Sprintf("65103%011d", slot)
	c.ask("d1", "UpdatePatientRecord", who+"<NonClinical><Appointment><AppointmentUID>"+uid+"</AppointmentUID><Status>Cancelled by Patient</Status></Appointment></NonClinical>", patience)
	if v, _ := c.d.Visit(slot); v.Status != gateway.StatusCancelled {
		t.Error("the visit was not cancelled")
	}
	for _, parameters := range []string{
		"<Identity><NhsNumber>9990000026</NhsNumber></Identity><Demographics><SMSConsent>No</SMSConsent></Demographics>",
		who + "<Demographics><SMSConsent>Maybe</SMSConsent></Demographics>",
		who + "<NonClinical><Appointment><AppointmentUID>1</AppointmentUID><Status>Arrived</Status></Appointment></NonClinical>",
	} {
		if got := c.ask("d1", "UpdatePatientRecord", parameters, patience); !strings.Contains(got, "ErrorMessage") {
			t.Errorf("taken: %s", got)
		}
	}
}

func TestAPersonPlaysTheStaffByCurl(t *testing.T) {
	c := newClient(t, approved)
	p := c.person()
	slot := c.d.Book(surgery.Visit{Person: p, Start: monday.AddDate(0, 0, 7)})
	server := httptest.NewServer(c.sim)
	t.Cleanup(server.Close)
	for _, step := range []struct {
		path, body string
		want       int
	}{
		{fmt.Sprintf("/sim/visits/%d/move", slot), "start=2026-11-24T09:10:00Z", 204},
		{fmt.Sprintf("/sim/visits/%d/status", slot), "words=Patient+Walked+Out", 204},
		{fmt.Sprintf("/sim/visits/%d/cancel", slot), "", 204},
		{"/sim/visits/1/cancel", "", 404},
		{"/sim/visits/1/status", "words=x", 404},
		{fmt.Sprintf("/sim/visits/%d/move", slot), "start=soon", 400},
		{fmt.Sprintf("/sim/people/%d", p), "mobile=07700+900777&died=2026-11-01&left=&consent=", 204},
		{fmt.Sprintf("/sim/people/%d", p), "died=yesterday", 400},
		{"/sim/people/1", "mobile=1", 404},
		{"/sim/device/approve", "", 404},
		{"/sim/device/block", "", 204},
		{"/sim/device/unblock", "", 204},
		{"/sim/device/kick", "", 400},
		{"/sim/faults", `{"drop_every": 3}`, 200},
		{"/sim/faults", `{"nonsense": 3}`, 400},
	} {
		kind := "application/x-www-form-urlencoded"
		if strings.HasPrefix(step.body, "{") {
			kind = "application/json"
		}
		res, err := http.Post(server.URL+step.path, kind, strings.NewReader(step.body)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != step.want {
			t.Errorf("%s with %q: status %d, want %d", step.path, step.body, res.StatusCode, step.want)
		}
	}
	if person, _ := c.d.Person(p); person.Mobile != "07700 900777" || person.Died.IsZero() {
		t.Error("the person was not changed")
	}
	if c.sim.Faults().DropEvery != 3 {
		t.Error("the fault was not set")
	}
}
