package tppsim

import (
	"bufio"
	"bytes"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway/gatewaytest"
)

// FuzzRequests plays what anybody may send: the simulator answers or hangs up, and
// never falls over.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		`<ClientIntegrationRequest><APIKey>k</APIKey><DeviceID>d</DeviceID><RequestUID>1</RequestUID><Function>GetDiary</Function><FunctionParameters><MinDateTime>2026-11-23T00:00:00</MinDateTime><MaxDateTime>2026-11-23T23:59:59</MaxDateTime><Appointments></Appointments></FunctionParameters></ClientIntegrationRequest>` + "\n",
		"<ClientIntegrationRequest>\n <APIKey>k</APIKey>\n <DeviceID>d</DeviceID>\n <Function>GetPatientRecord</Function>\n <FunctionParameters>\n <Identity>\n<NHSNumber>9990000018</NHSNumber></Identity><Filter><Demographics/></Filter></FunctionParameters></ClientIntegrationRequest>",
		`<ClientIntegrationRequest><APIKey>k</APIKey><DeviceID>d</DeviceID><Function>UpdatePatientRecord</Function><FunctionParameters><Demographics><SMSConsent>No</SMSConsent></Demographics></FunctionParameters></ClientIntegrationRequest>`,
		`<a/>`, `text`, `<!DOCTYPE a>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		clock := gatewaytest.NewClock(time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC))
		d := surgery.New(clock)
		p := d.Register(surgery.Person{NHSNumber: "9990000018", Mobile: "07700 900123"})
		d.Book(surgery.Visit{Person: p, Start: clock.Now().AddDate(0, 0, 7)})
		s := New(d, Options{Clock: clock, APIKey: "k", Devices: []string{"d"}})
		r := bufio.NewReader(bytes.NewReader(b))
		for range 4 {
			q, err := readRequest(r)
			if err != nil {
				return
			}
			if q.DeviceID == "" { // that would wait for a click
				continue
			}
			if out, ok := s.respond(q); ok && len(out) == 0 {
				t.Fatal("an answer of nothing")
			}
		}
	})
}
