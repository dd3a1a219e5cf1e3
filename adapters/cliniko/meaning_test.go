package cliniko

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// row makes a record of the plain one with fields changed: "field":value, ... A field
// with the value of nothing is taken out.
func row[T any](t *testing.T, plain, changes string) T {
	t.Helper()
	fields, more := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if json.Unmarshal([]byte(plain), &fields) != nil || json.Unmarshal([]byte("{"+changes+"}"), &more) != nil {
		t.Fatalf("the test's own record is wrong: %s", changes)
	}
	for k, v := range more {
		if string(v) == `"-"` {
			delete(fields, k)
		} else {
			fields[k] = v
		}
	}
	var out T
	if err := json.Unmarshal(marshal(fields), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStatusOfAnIndividualAppointment(t *testing.T) {
	for changes, want := range map[string]gateway.Status{
		``:                                             gateway.StatusBooked,
		`"cancelled_at":"2026-11-20T10:00:00Z"`:        gateway.StatusCancelled,
		`"archived_at":"2026-11-20T10:00:00Z"`:         gateway.StatusCancelled,
		`"deleted_at":"2026-11-20T10:00:00Z"`:          gateway.StatusCancelled,
		`"cancelled_at":"some day"`:                    gateway.StatusCancelled,
		`"cancelled_at":1795000000`:                    gateway.StatusCancelled,
		`"cancelled_at":true`:                          gateway.StatusUnknown,
		`"cancelled_at":{}`:                            gateway.StatusUnknown,
		`"cancelled_at":"-"`:                           gateway.StatusUnknown,
		`"cancelled_at":""`:                            gateway.StatusBooked,
		`"cancelled_at":false`:                         gateway.StatusBooked,
		`"archived_at":"-","deleted_at":"-"`:           gateway.StatusBooked, // as older versions of the API have it
		`"archived_at":[]`:                             gateway.StatusUnknown,
		`"did_not_arrive":true`:                        gateway.StatusMissed,
		`"patient_arrived":true`:                       gateway.StatusArrived,
		`"patient_arrived":null`:                       gateway.StatusBooked,
		`"did_not_arrive":"yes"`:                       gateway.StatusUnknown,
		`"did_not_arrive":"-"`:                         gateway.StatusUnknown,
		`"did_not_arrive":true,"patient_arrived":true`: gateway.StatusUnknown,
		`"cancelled_at":"2026-11-20T10:00:00Z","patient_arrived":true`: gateway.StatusCancelled,
		`"cancelled_at":{},"archived_at":"2026-11-20T10:00:00Z"`:       gateway.StatusCancelled,
	} {
		if got := row[individual](t, seedIndividual, changes).status(); got != want {
			t.Errorf("%s: status %d, want %d", changes, got, want)
		}
	}
}

func TestStatusOfAnAttendee(t *testing.T) {
	const done = `"2026-11-20T10:00:00Z"`
	for _, c := range []struct {
		attendee, group string
		want            gateway.Status
	}{
		{``, ``, gateway.StatusBooked},
		{`"cancelled_at":` + done, ``, gateway.StatusCancelled},
		{`"archived_at":` + done, ``, gateway.StatusCancelled},
		{`"deleted_at":` + done, ``, gateway.StatusCancelled},
		{``, `"archived_at":` + done, gateway.StatusCancelled},
		{``, `"deleted_at":` + done, gateway.StatusCancelled},
		{``, `"deleted_at":[]`, gateway.StatusUnknown},
		{`"cancelled_at":"-"`, ``, gateway.StatusUnknown},
		{`"arrived":true`, ``, gateway.StatusArrived},
		{`"arrived":false`, ``, gateway.StatusUnknown},
		{`"arrived":"-"`, ``, gateway.StatusUnknown},
		{`"arrived":""`, ``, gateway.StatusBooked},
	} {
		if got := row[attendee](t, seedAttendee, c.attendee).status(row[group](t, seedGroup, c.group)); got != c.want {
			t.Errorf("%s of %s: status %d, want %d", c.attendee, c.group, got, c.want)
		}
	}
}

func TestStartsAreInstants(t *testing.T) {
	for written, want := range map[string]string{
		`"2026-11-23T09:10:00Z"`: "2026-11-23T09:10:00Z", `"2026-06-23T09:10:00+01:00"`: "2026-06-23T08:10:00Z", `"2026-11-23T09:10:00.750Z"`: "2026-11-23T09:10:00Z",
		`"2026-11-23T09:10:00"`: "", `"2026-11-23 09:10"`: "", `"23/11/2026 09:10"`: "", `1795000000`: "", `null`: "", `""`: "", `"2026-02-30T09:10:00Z"`: "", `"0001-01-01T00:00:00Z"`: "",
	} {
		at, ok := scalar{[]byte(written)}.when()
		if ok != (want != "") || ok && at.Format(time.RFC3339) != want {
			t.Errorf("%s: %v %t", written, at, ok)
		}
	}
}

func TestIDsKeepAllTheirDigits(t *testing.T) {
	for written, want := range map[string]string{
		`"1390726237000088001"`: "1390726237000088001", `1390726237000088001`: "1390726237000088001", `7`: "7", `" 7 "`: "7", `"18446744073709551615"`: "18446744073709551615",
		`"007"`: "", `1.39e18`: "", `-7`: "", `"7a"`: "", `""`: "", `null`: "", `"123456789012345678901"`: "", `"٧"`: "", `[]`: "",
	} {
		if id, ok := (scalar{[]byte(written)}).id(); ok != (want != "") || ok && id != want {
			t.Errorf("%s: %q %t", written, id, ok)
		}
	}
}

func TestLinksNameTheOtherRecord(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.uk1.cliniko.com/v1/patients/1390710863000001001": "1390710863000001001", "/v1/patients/7": "7", "https://x/v1/patients/7?a=b": "7",
		"https://x/v1/patients/": "", "https://x/v1/patients/abc": "", "": "", ":": "",
	} {
		l := row[individual](t, seedIndividual, fmt.Sprintf(`"patient":{"links":{"self":%q}}`, address)).Patient
		if id, ok := l.id(); ok != (want != "") || ok && id != want {
			t.Errorf("%s: %q %t", address, id, ok)
		}
	}
}

func TestWhichNumberIsTexted(t *testing.T) {
	number := func(is, n, normal string) string {
		return fmt.Sprintf(`{"phone_type":%q,"number":%q,"normalized_number":%s}`, is, n, normal)
	}
	for what, c := range map[string]struct {
		phones string
		kind   gateway.NumberKind
		last   string
	}{
		"one mobile":                             {number("Mobile", "07700 900123", `"447700900123"`), gateway.NumberMobile, "123"},
		"without what Cliniko makes of it":       {number("Mobile", "07700 900123", `null`), gateway.NumberMobile, "123"},
		"Cliniko makes another number of it":     {number("Mobile", "07700 900123", `"447700900124"`), gateway.NumberUnclear, ""},
		"Cliniko takes it for another country's": {number("Mobile", "07700 900123", `"617700900123"`), gateway.NumberUnclear, ""},
		"a mobile beside a home number":          {number("Home", "01632 960001", `null`) + "," + number("Mobile", "07700 900123", `null`), gateway.NumberMobile, "123"},
		"the same twice":                         {number("Mobile", "07700 900123", `null`) + "," + number("Mobile", "+44 7700 900123", `null`), gateway.NumberMobile, "123"},
		"two mobiles":                            {number("Mobile", "07700 900123", `null`) + "," + number("Mobile", "07700 900124", `null`), gateway.NumberUnclear, ""},
		"a mobile and a landline, both Mobile":   {number("Mobile", "07700 900123", `null`) + "," + number("Mobile", "01632 960001", `null`), gateway.NumberUnclear, ""},
		"a mobile under Home":                    {number("Home", "07700 900123", `"447700900123"`), gateway.NumberMissing, ""},
		"a mobile under Work and Other":          {number("Work", "07700 900123", `null`) + "," + number("Other", "07700 900124", `null`), gateway.NumberMissing, ""},
		"a landline under Mobile":                {number("Mobile", "01632 960001", `"441632960001"`), gateway.NumberLandline, ""},
		"words beside the number":                {number("Mobile", "07700 900123 (wife)", `"447700900123"`), gateway.NumberUnclear, ""},
		"only what Cliniko makes of words":       {number("Mobile", "see notes", `"447700900123"`), gateway.NumberUnclear, ""},
		"an empty one":                           {number("Mobile", "", `null`) + "," + number("Mobile", "07700 900123", `null`), gateway.NumberMobile, "123"},
		"a number of another kind of value":      {`{"phone_type":"Mobile","number":7700900123}`, gateway.NumberUnclear, ""},
		"a type that is no word":                 {`{"phone_type":[],"number":"07700 900123"}`, gateway.NumberUnclear, ""},
		"an entry that is no record":             {`"07700 900123"`, gateway.NumberUnclear, ""},
		"none":                                   {``, gateway.NumberMissing, ""},
		"fifty-one":                              {strings.Repeat(number("Home", "01632 960001", "null")+",", 50) + number("Mobile", "07700 900123", "null"), gateway.NumberUnclear, ""},
	} {
		n, kind := row[person](t, seedPatient, `"patient_phone_numbers":[`+c.phones+`]`).mobile(true)
		if kind != c.kind || n.LastThree() != c.last {
			t.Errorf("%s: kind %d, want %d", what, kind, c.kind)
		}
	}
	for changes, want := range map[string]gateway.NumberKind{
		`"patient_phone_numbers":null`: gateway.NumberMissing, `"patient_phone_numbers":"-"`: gateway.NumberUnclear, `"patient_phone_numbers":{}`: gateway.NumberUnclear,
	} {
		if _, kind := row[person](t, seedPatient, changes).mobile(true); kind != want {
			t.Errorf("%s: kind %d, want %d", changes, kind, want)
		}
	}
}

func TestWhoWantsTexts(t *testing.T) {
	const none = `"reminder_type":"-"`
	for changes, want := range map[string]gateway.Flag{
		`"reminder_type":"SMS"`:         gateway.FlagNo,
		`"reminder_type":"SMS & Email"`: gateway.FlagNo,
		`"reminder_type":"Email"`:       gateway.FlagYes,
		`"reminder_type":"None"`:        gateway.FlagYes,
		`"reminder_type":"WhatsApp"`:    gateway.FlagUnclear,
		`"reminder_type":7`:             gateway.FlagUnclear,
		`"reminder_type":null`:          gateway.FlagUnclear,
		none:                            gateway.FlagUnclear,
		none + `,"reminders_communication_channels":[1,2]`:               gateway.FlagNo,
		none + `,"reminders_communication_channels":["1"]`:               gateway.FlagNo,
		none + `,"reminders_communication_channels":[2]`:                 gateway.FlagYes,
		none + `,"reminders_communication_channels":[]`:                  gateway.FlagYes,
		none + `,"reminders_communication_channels":[1,3]`:               gateway.FlagUnclear,
		none + `,"reminders_communication_channels":"SMS"`:               gateway.FlagUnclear,
		none + `,"reminders_communication_channels":null`:                gateway.FlagUnclear,
		`"reminder_type":"SMS","reminders_communication_channels":[2]`:   gateway.FlagYes,
		`"reminder_type":"Email","reminders_communication_channels":[1]`: gateway.FlagYes,
		`"reminder_type":"SMS","reminders_communication_channels":[1]`:   gateway.FlagNo,
		`"reminder_type":"SMS","reminders_communication_channels":null`:  gateway.FlagNo,
		`"reminder_type":"SMS","accepted_sms_marketing":false`:           gateway.FlagNo,
		`"reminder_type":"SMS","unsubscribe_sms_marketing":true`:         gateway.FlagNo,
	} {
		if got := row[person](t, seedPatient, changes).declined(); got != want {
			t.Errorf("%s: %d, want %d", changes, got, want)
		}
	}
}

func TestWhoHasLeftAndWhatTheyAreCalled(t *testing.T) {
	const done = `"2026-11-20T10:00:00Z"`
	for changes, want := range map[string]gateway.Flag{
		``: gateway.FlagNo, `"archived_at":` + done: gateway.FlagYes, `"deleted_at":` + done: gateway.FlagYes, `"merged_at":` + done: gateway.FlagUnclear,
		`"archived_at":""`: gateway.FlagNo, `"archived_at":[]`: gateway.FlagUnclear, `"merged_at":` + done + `,"archived_at":` + done: gateway.FlagYes,
	} {
		if got := row[person](t, seedPatient, changes).left(); got != want {
			t.Errorf("%s: %d, want %d", changes, got, want)
		}
	}
	for changes, want := range map[string]string{``: "Ann", `"preferred_first_name":"Annie"`: "Annie", `"preferred_first_name":""`: "Ann", `"first_name":null`: ""} {
		if row[person](t, seedPatient, changes).patient("1", true).Name != gateway.NewName(want) {
			t.Errorf("%s: another name", changes)
		}
	}
}

func TestWhetherClinikoReminds(t *testing.T) {
	off, on, unsaid := `"appointment_reminders_enabled":false`, `"appointment_reminders_enabled":true`, `"x":1`
	bare, hung, mute := `"appointment_reminder_template_ids":[]`, `"appointment_reminder_template_ids":["7"]`, `"x":1`
	for _, c := range []struct {
		sent, place, kind string
		withhold, once    gateway.Flag
	}{
		{`false`, off, bare, gateway.FlagNo, gateway.FlagNo},
		{`null`, off, bare, gateway.FlagNo, gateway.FlagNo},
		{`true`, off, bare, gateway.FlagYes, gateway.FlagYes},
		{`false`, on, bare, gateway.FlagYes, gateway.FlagNo},
		{`false`, off, hung, gateway.FlagYes, gateway.FlagNo},
		{`false`, unsaid, bare, gateway.FlagUnclear, gateway.FlagNo},
		{`false`, off, mute, gateway.FlagUnclear, gateway.FlagNo},
		{`false`, unsaid, hung, gateway.FlagYes, gateway.FlagNo},
		{`"maybe"`, off, bare, gateway.FlagUnclear, gateway.FlagUnclear},
		{`"-"`, off, bare, gateway.FlagUnclear, gateway.FlagUnclear},
		{`false`, off, `"appointment_reminder_template_ids":null`, gateway.FlagNo, gateway.FlagNo},
	} {
		s := settings{
			Businesses: map[string]business{"1": row[business](t, `{"id":"1"}`, c.place)}, Types: map[string]kind{"2": row[kind](t, `{"id":"2"}`, c.kind)},
		}
		for own, want := range map[string]gateway.Flag{RemindersWithhold: c.withhold, RemindersOnceSent: c.once} {
			a, err := reading{settings: s, own: own}.individual("1", row[individual](t, seedIndividual, `"sms_reminder_sent":`+c.sent))
			if err != nil || a.Reminded != want {
				t.Errorf("sent %s, place %s, type %s, %s: %d, want %d", c.sent, c.place, c.kind, own, a.Reminded, want)
			}
		}
	}
}

func TestHowPeopleMeetIsWhatTheTypeSays(t *testing.T) {
	for changes, want := range map[string]gateway.Mode{
		`"telehealth_enabled":true`:                                  gateway.ModeVideo,
		`"telehealth_enabled":true,"name":"Video consultation"`:      gateway.ModeVideo,
		`"telehealth_enabled":true,"name":"Physiotherapy"`:           gateway.ModeVideo,
		`"telehealth_enabled":true,"name":"Telephone consultation"`:  gateway.ModeUnknown,
		`"telehealth_enabled":false,"name":"Telephone consultation"`: gateway.ModeTelephone,
		`"telehealth_enabled":false,"name":"Home visit"`:             gateway.ModeHomeVisit,
		`"telehealth_enabled":false,"name":"Video or telephone"`:     gateway.ModeUnknown,
		`"telehealth_enabled":false,"name":"Video consultation"`:     gateway.ModeUnknown,
		`"telehealth_enabled":false,"name":"Physiotherapy"`:          gateway.ModeUnknown,
		`"telehealth_enabled":false`:                                 gateway.ModeUnknown,
		`"name":"Telephone consultation"`:                            gateway.ModeUnknown,
	} {
		s := settings{Types: map[string]kind{"2": row[kind](t, `{"id":"2"}`, changes)}}
		i := row[individual](t, seedIndividual, `"telehealth_url":"https://clinic.uk1.cliniko.com/appointments/1/connect"`)
		if got := s.mode(i.Type); got != want {
			t.Errorf("%s: %d, want %d", changes, got, want)
		}
	}
	if got := (settings{}).mode(link{}); got != gateway.ModeUnknown {
		t.Errorf("without a type: %d", got)
	}
}

func TestAPlaceWithOtherClocksIsInDoubt(t *testing.T) {
	winter, summer := fuzzNow, fuzzNow.AddDate(0, 7, 0)
	for zone, want := range map[string][2]gateway.Doubt{
		`"Europe/London"`: {}, `"Europe/Belfast"`: {}, `"Europe/Jersey"`: {}, `"GB"`: {}, `"Europe/Dublin"`: {}, `"Europe/Lisbon"`: {}, `null`: {}, `""`: {},
		`"UTC"`:          {gateway.NoDoubt, gateway.TimeElsewhere},
		`"Europe/Paris"`: {gateway.TimeElsewhere, gateway.TimeElsewhere}, `"Australia/Sydney"`: {gateway.TimeElsewhere, gateway.TimeElsewhere},
		`"Edinburgh"`: {gateway.TimeElsewhere, gateway.TimeElsewhere}, `"Local"`: {gateway.TimeElsewhere, gateway.TimeElsewhere},
		`"../../etc/localtime"`: {gateway.TimeElsewhere, gateway.TimeElsewhere}, `7`: {gateway.TimeElsewhere, gateway.TimeElsewhere},
	} {
		s := settings{Businesses: map[string]business{"1": row[business](t, `{"id":"1"}`, `"time_zone_identifier":`+zone)}}
		place := row[individual](t, seedIndividual, ``).Business
		if got := [2]gateway.Doubt{s.doubt(place, winter), s.doubt(place, summer)}; got != want {
			t.Errorf("%s: %v, want %v", zone, got, want)
		}
	}
}
