package cliniko

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

var fuzzNow = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

const (
	seedIndividual = `{"id":"1390726237000088001","starts_at":"2026-11-23T09:10:00Z","updated_at":"2026-11-16T10:00:00Z","cancelled_at":null,"archived_at":null,"deleted_at":null,"did_not_arrive":false,"patient_arrived":false,"sms_reminder_sent":false,"patient":{"links":{"self":"https://api.uk1.cliniko.com/v1/patients/1390710863000001001"}},"business":{"links":{"self":"https://api.uk1.cliniko.com/v1/businesses/1"}},"appointment_type":{"links":{"self":"https://api.uk1.cliniko.com/v1/appointment_types/2"}}}`
	seedPatient    = `{"id":"1390710863000001001","first_name":"Ann","preferred_first_name":null,"patient_phone_numbers":[{"phone_type":"Mobile","number":"07700 900123","normalized_number":"447700900123"},{"phone_type":"Home","number":"01632 960001","normalized_number":null}],"reminder_type":"SMS & Email","archived_at":null,"deleted_at":null,"merged_at":null}`
	seedGroup      = `{"id":7,"starts_at":"2026-11-23T11:00:00Z","archived_at":"","deleted_at":"","business":{"links":{"self":"/v1/businesses/1"}},"appointment_type":{"links":{"self":"/v1/appointment_types/2"}}}`
	seedAttendee   = `{"id":"9","arrived":null,"cancelled_at":"","sms_reminder_sent":true,"booking":{"links":{"self":"/v1/bookings/7"}},"patient":{"links":{"self":"/v1/patients/1390710863000001001"}}}`
)

func FuzzLists(f *testing.F) {
	list := func(name, rows, rest string) []byte { return []byte(`{"` + name + `":[` + rows + `]` + rest + `}`) }
	for _, seed := range [][]byte{
		list("individual_appointments", seedIndividual, `,"total_entries":1,"links":{"self":"x"}`),
		list("individual_appointments", `null,7,"x",[],{},{"id":{}},{"id":1e3},{"id":"1","starts_at":"2026-02-30T00:00:00Z"}`, `,"total_entries":"8"`),
		list("patients", seedPatient+`,{"id":"1","patient_phone_numbers":{},"reminder_type":7}`, `,"total_entires":1`),
		list("patients", `{"id":"1","reminders_communication_channels":[1,"2",3],"patient_phone_numbers":[{"phone_type":"Mobile","number":"07700 900123"},{"phone_type":"mobile","number":"07700 900124"}]}`, ``),
		list("group_appointments", seedGroup, `,"links":{"next":null}`),
		list("attendees", seedAttendee+`,{"id":"10","booking":{"links":{"self":"/v1/bookings/8"}}}`, `,"links":{"next":"https://elsewhere.example/v1/attendees"}`),
		[]byte(`{"individual_appointments":null}`), []byte(`null`), []byte(`[]`), []byte(`<html>`), []byte(``),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := newMirror(fuzzNow, fuzzNow.AddDate(0, 0, 14))
		m.settings = settings{At: fuzzNow, Businesses: map[string]business{}, Types: map[string]kind{}}
		lost, rows := 0, 0
		for _, name := range []string{listGroups, listIndividuals, listAttendees, listPatients, listBusinesses, listTypes} {
			l := listing{pages: 1}
			if _, err := l.page("https://api.uk1.cliniko.com/v1", name, body); err != nil {
				if strings.Contains(err.Error(), "CANARY") {
					t.Fatal("an error repeats what stood there")
				}
				continue
			}
			rows += len(l.entries)
			switch name {
			case listGroups:
				lost += len(m.putGroups(l))
			case listIndividuals:
				lost += len(m.putIndividuals(l))
			case listAttendees:
				lost += len(m.putAttendees(l))
			case listPatients:
				lost += len(m.putPeople(l, func(string) bool { return true }))
			case listBusinesses:
				lost += len(put(m.settings.Businesses, l, func(string, business) bool { return true }))
			case listTypes:
				lost += len(put(m.settings.Types, l, func(string, kind) bool { return true }))
			}
		}
		if kept := len(m.groups) + len(m.individuals) + len(m.attendees) + len(m.people); kept+lost > rows {
			t.Fatal("records were made up")
		}
		checkMirror(t, m)
	})
}

// checkMirror checks what must hold of whatever is read: no appointment without its
// ids and its time, and the same feed from the shelf as from the wire.
func checkMirror(t *testing.T, m *mirror) {
	t.Helper()
	a := &Adapter{config: Config{OwnReminders: RemindersWithhold}, trial: true}
	span := gateway.Span{From: fuzzNow, To: fuzzNow.AddDate(0, 0, 14)}
	feed := a.feed(m, span)
	for _, got := range feed.Appointments {
		_, record, patient, ok := splitID(got.ID)
		if !ok || !isID(record) || patient != string(got.Patient.ID) || !span.Has(got.Start) {
			t.Fatal("an appointment without ids or time")
		}
		if (got.Patient.MobileKind == gateway.NumberMobile) == got.Patient.Mobile.IsZero() {
			t.Fatal("the number does not fit its kind")
		}
	}
	again := overTheShelf(t, m)
	if other := a.feed(again, span); !slices.Equal(other.Appointments, feed.Appointments) || !slices.Equal(other.Unreadable, feed.Unreadable) {
		t.Fatal("the diary reads differently after it was kept")
	}
}

// overTheShelf writes a mirror as it is kept, and reads it again.
func overTheShelf(t *testing.T, m *mirror) *mirror {
	t.Helper()
	whole := bucket{m.individuals, m.groups, m.attendees, m.people}
	mem := memory{kept: map[string]gateway.Kept{
		keyState: {Value: marshal(m.state)}, keySettings: {Value: marshal(m.settings)}, bucketKey(0): {Value: marshal(whole)},
	}}
	again := mem.read()
	if again == nil {
		t.Fatal("what was kept cannot be read")
	}
	return again
}

func FuzzAppointment(f *testing.F) {
	f.Add([]byte(seedIndividual), []byte(seedPatient))
	f.Add([]byte(seedAttendee), []byte(seedGroup))
	f.Add([]byte(`{"id":"1","cancelled_at":true,"starts_at":"2026-11-23T09:10:00+01:00","patient":{"links":{"self":"a/2"}}}`), []byte(`{"reminders_communication_channels":[]}`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		var i individual
		var p person
		if json.Unmarshal(one, &i) != nil || json.Unmarshal(two, &p) != nil {
			return
		}
		r := reading{people: map[string]person{}, own: RemindersOnceSent, trial: true}
		if id, ok := i.Patient.id(); ok {
			r.people[id] = p
		}
		a, err := r.individual("1", i)
		if err != nil {
			return
		}
		if booked := a.Status == gateway.StatusBooked; booked && (!undone(i.CancelledAt) || !undone(i.ArchivedAt) || !undone(i.DeletedAt)) {
			t.Fatal("what is called off counts as booked")
		}
		if said := string(p.ReminderType.raw); a.Patient.Declined == gateway.FlagNo && !strings.Contains(said, "SMS") && !strings.Contains(string(p.Channels.raw), "1") {
			t.Fatal("nobody asked for texts")
		}
		if a.Patient.MobileKind == gateway.NumberMobile && !strings.Contains(strings.ToLower(string(p.Phones.raw)), "mobile") && !strings.Contains(string(p.Phones.raw), `\u`) {
			t.Fatal("a number that is no mobile")
		}
	})
}

// undone is a slow second reading of "was not done": nothing there, null, "", spaces,
// or false.
func undone(s scalar) bool {
	var text string
	is := string(s.raw)
	return is == "" || is == "null" || is == "false" || json.Unmarshal(s.raw, &text) == nil && strings.TrimSpace(text) == ""
}

func FuzzFollow(f *testing.F) {
	const base = "https://api.uk1.cliniko.com/v1"
	for _, next := range []string{
		"", base + "/patients?page=2", "http://api.uk1.cliniko.com/v1/patients?page=2", "https://api.uk1.cliniko.com.evil.example/v1/patients",
		"https://key@api.uk1.cliniko.com/v1/patients", "//api.uk1.cliniko.com/v1/patients", "/v1/patients?page=2", base + "/patients/../users",
		base + "/patients#x", "https://api.uk1.cliniko.com:443/v1/patients", "https://api.uk1.cliniko.com\\@evil.example/v1/patients",
	} {
		f.Add(next)
	}
	f.Fuzz(func(t *testing.T, next string) {
		quoted, _ := json.Marshal(next)
		got, err := follow(base, "patients", scalar{quoted})
		if err != nil || got == "" {
			return
		}
		// Where a client would really go.
		r, err := http.NewRequest(http.MethodGet, got, nil)
		if err != nil || r.URL.Host != "api.uk1.cliniko.com" || r.URL.Scheme != "https" || r.URL.Path != "/v1/patients" || r.URL.User != nil {
			t.Fatal("the key would be sent somewhere else")
		}
	})
}

var slowID = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)

func FuzzScalar(f *testing.F) {
	for _, s := range []string{`"1390726237000088001"`, `1390726237000088001`, `1e18`, `-1`, `01`, `""`, `null`, `true`, `{"a":1}`, `"2026-11-23T09:10:00.5Z"`, `" 7 "`, `"\u0037"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s scalar
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		if id, ok := s.id(); ok != slowID.MatchString(id) {
			t.Fatal("an id that is none, or none that is one")
		}
		if at, ok := s.when(); ok {
			again, ok := scalar{[]byte(`"` + instant(at) + `"`)}.when()
			if !ok || !again.Equal(at) {
				t.Fatal("a moment reads differently as it is written in filters")
			}
		}
		again, err := json.Marshal(s)
		var other scalar
		if err != nil || json.Unmarshal(again, &other) != nil {
			t.Fatal("a value cannot be kept")
		}
		text, ok := s.text()
		if t2, ok2 := other.text(); ok != ok2 || text != t2 || s.happened() != other.happened() || s.truth() != other.truth() && !s.IsZero() {
			t.Fatal("a value reads differently after it was kept")
		}
	})
}

func FuzzWait(f *testing.F) {
	f.Add("1763287200", "", "Mon, 16 Nov 2026 10:00:00 GMT")
	f.Add("", "30", "")
	f.Add("99999999999999999999", "-1", "yesterday")
	f.Fuzz(func(t *testing.T, reset, after, date string) {
		h := http.Header{"X-Ratelimit-Reset": {reset}, "Retry-After": {after}, "Date": {date}}
		if wait := waitOf(h, fuzzNow); wait < leastWait {
			t.Fatalf("%v is no wait", wait)
		}
	})
}

func FuzzPhones(f *testing.F) {
	f.Add(`[{"phone_type":"Mobile","number":"07700 900123","normalized_number":"447700900123"}]`)
	f.Add(`[{"phone_type":"Mobile","number":"07700 900123"},{"phone_type":"Mobile","number":"+44 7700 900123"}]`)
	f.Add(`[{"phone_type":"Home","number":"07700 900123"}]`)
	f.Add(`[{"phone_type":1,"number":[]}]`)
	f.Fuzz(func(t *testing.T, raw string) {
		var p person
		if json.Unmarshal(fmt.Appendf(nil, `{"patient_phone_numbers":%s}`, raw), &p) != nil {
			return
		}
		n, kind := p.mobile(true)
		if (kind == gateway.NumberMobile) == n.IsZero() {
			t.Fatal("the number does not fit its kind")
		}
		// The order of the numbers must not decide.
		var phones []json.RawMessage
		if json.Unmarshal(p.Phones.raw, &phones) != nil {
			return
		}
		slices.Reverse(phones)
		p.Phones.raw = marshal(phones)
		if m, other := p.mobile(true); m != n || other != kind && len(phones) <= maxPhones {
			t.Fatal("the order of the numbers decides")
		}
	})
}

func FuzzAgent(f *testing.F) {
	f.Add("Riverside Clinic (it@riverside.example)")
	f.Add("a (b@c)\r\nX: y")
	f.Fuzz(func(t *testing.T, agent string) {
		if agentPattern.MatchString(agent) && strings.ContainsFunc(agent, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatal("unfit for a header")
		}
	})
}
