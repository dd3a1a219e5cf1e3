package tpp

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/gateway"
)

var fuzzNow = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// FuzzAnswer reads bytes off a socket as answers, as a read and a look do. Nothing
// is booked without an id, a patient and a time; no error repeats what stood there;
// and an answer told in many lines says the same as in one.
func FuzzAnswer(f *testing.F) {
	const head = `<ClientIntegrationResponse><DeviceID>00aa</DeviceID><RequestUID>r-1</RequestUID><Function>GetDiary</Function><Response>`
	const tail = `</Response></ClientIntegrationResponse>` + "\n"
	const visit = `<Result><Identity><NHSNumber>9990000018</NHSNumber><StrategicReportingIdentifier>84521</StrategicReportingIdentifier></Identity><Demographics><FirstName>Ann</FirstName></Demographics><Appointment><AppointmentUID>6510300000000000</AppointmentUID><Status>Booked</Status><Flag>Telephone</Flag><Clinic><UserName>jbell</UserName><SiteName>S</SiteName><Slot><SlotType>Slot</SlotType><DateTimeStart>2026-11-23T09:10:00.0Z</DateTimeStart><Duration>10</Duration></Slot></Clinic></Appointment></Result>`
	for _, seed := range []string{
		head + visit + visit + tail,
		head + tail + head + `<ErrorMessage>XQCANARY</ErrorMessage><PermanentError>true</PermanentError>` + tail,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + strings.ReplaceAll(head+visit+tail, "><", ">\n<"),
		head + `<Identity><PseudoNumber>P1</PseudoNumber><StrategicReportingIdentifier>1</StrategicReportingIdentifier></Identity><Demographics><MobileTelephone>07700 900123</MobileTelephone><SMSConsent></SMSConsent><DateOfDeath>2026-11-01</DateOfDeath><CareEndDate>x</CareEndDate></Demographics>` + tail,
		head + `<Site><ID>A81001</ID><CurrentSite/></Site><SupportedFunction/>` + tail,
		`<!DOCTYPE html><html><body>XQCANARY</body></html>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><ClientIntegrationResponse>&b;</ClientIntegrationResponse>`,
		"XQCANARY\n", "  \r\n", head, head + visit[:200],
		head + `<Result><Appointment><Clinic><Slot><DateTimeStart>2027-03-28T01:30:00</DateTimeStart></Slot></Clinic></Appointment></Result>` + tail,
	} {
		f.Add([]byte(seed))
	}
	adapter := &Adapter{config: Config{}.withDefaults("A81001"), env: gateway.Surroundings{Trial: true}}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		for range 8 {
			a, err := readAnswer(r)
			quiet(t, err)
			if err != nil {
				return
			}
			got, err := understood(a, question{function: fnDiary})
			quiet(t, err)
			if err == nil {
				check(t, adapter, got)
			}
		}
	})
}

func check(t *testing.T, adapter *Adapter, b *body) {
	c := collector{span: gateway.Span{From: fuzzNow, To: fuzzNow.AddDate(1, 0, 0)}, seen: map[gateway.AppointmentID]int{}}
	c.collect(visits(b.Results, "diary", c.unreadable))
	for _, u := range c.feed.Unreadable {
		if strings.Contains(u.Where+u.Why, adaptertest.Canary) {
			t.Fatal("an unreadable record is quoted")
		}
	}
	seen := map[gateway.AppointmentID]bool{}
	for _, v := range c.visits {
		if v.Start.IsZero() || v.Patient.ID == "" || !strings.HasSuffix(string(v.ID), "-"+string(v.Patient.ID)) || len(v.ID) > 80 || seen[v.ID] {
			t.Fatal("a visit without a time, a patient or an id of its own")
		}
		seen[v.ID] = true
		if p := unknownPatient(v); p.MobileKind == gateway.NumberMobile || p.Declined == gateway.FlagNo {
			t.Fatal("a patient of whom nothing is known may be texted")
		}
	}
	if b.Demographics == nil {
		return
	}
	p := adapter.patient(visit{}, details{Mobile: b.Demographics.MobileTelephone, Consent: b.Demographics.SMSConsent, Died: trim(b.Demographics.DateOfDeath), CareEnd: trim(b.Demographics.CareEndDate)}, fuzzNow)
	if (p.MobileKind == gateway.NumberMobile) == p.Mobile.IsZero() {
		t.Fatal("the number does not fit its kind")
	}
	said := b.Demographics.SMSConsent
	if p.Declined == gateway.FlagNo && (said == nil || !strings.EqualFold(trim(*said), "yes")) {
		t.Fatal("consent that was not given")
	}
	if p.Deceased == gateway.FlagNo && trim(b.Demographics.DateOfDeath) != "" {
		t.Fatal("a date of death that means nothing")
	}
}

func quiet(t *testing.T, err error) {
	if err != nil && strings.Contains(err.Error(), adaptertest.Canary) {
		t.Fatal("an error repeats what stood there")
	}
}

// FuzzWall compares the reading of moments with a slow and obvious one.
func FuzzWall(f *testing.F) {
	for _, seed := range []string{
		"2027-03-29T14:15:00", "2017-12-19T12:45:12.0Z", "2027-03-28T01:30:00", "2026-10-25T01:30:00Z", "2026-02-29T09:00:00",
		"2026-11-23T24:00:00", "2026-11-23T09:10:00+00:00", "2026-11-23T09:10:00+01:00", " 2026-11-23T09:10:00\n", "2026-11-23", "0000-00-00T00:00:00", "2026-11-23T09:10:60",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, doubt, ok := parseWall(s)
		want, obvious := slowly(s)
		if ok != obvious {
			t.Fatalf("read: %t, by the obvious reading: %t", ok, obvious)
		}
		if !ok {
			return
		}
		if doubt == gateway.NoDoubt && got.In(gateway.London()).Format("2006-01-02T15:04:05") != want.Format("2006-01-02T15:04:05") {
			t.Fatal("another time on the wall")
		}
		if again, sure, ok := parseWall(writeWall(got)); doubt == gateway.NoDoubt && (!ok || sure != gateway.NoDoubt || !again.Equal(got)) {
			t.Fatal("written and read again it is another")
		}
	})
}

// slowly reads a moment the obvious way.
func slowly(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if cut, ok := strings.CutSuffix(s, "Z"); ok {
		s = cut
	} else {
		s = strings.TrimSuffix(s, "+00:00")
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok {
		if len(fraction) < 1 || len(fraction) > 9 || strings.Trim(fraction, "0123456789") != "" {
			return time.Time{}, false
		}
		s = whole
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", s, time.UTC)
	return t, err == nil && len(s) == len("2006-01-02T15:04:05")
}

// FuzzRequest writes requests about anything, and reads them as XML again: one line,
// and every value where it belongs.
func FuzzRequest(f *testing.F) {
	f.Add("key", "id", "9990000018", "6510300000000000", "Cancelled by Patient")
	f.Add("<k>&amp;\n", "]]>", "\"'", "\r\n\t", "ñ\u2028</Status>")
	f.Fuzz(func(t *testing.T, key, device, nhs, uid, words string) {
		b, err := encode(question{fnUpdate, parameters{
			Identity: &identityAsked{NhsNumber: nhs}, NonClinical: &nonClinicalPart{statusChange{uid, words}},
		}}, "r-1", gateway.NewSecret(key), gateway.NewSecret(device))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, '\n') != len(b)-1 {
			t.Fatal("not one line")
		}
		var back envelope
		if err := xml.Unmarshal(b, &back); err != nil {
			t.Fatalf("what was written cannot be read")
		}
		p := back.FunctionParameters
		for i, pair := range [][2]string{{back.APIKey, key}, {back.DeviceID, device}, {p.NonClinical.Appointment.AppointmentUID, uid}, {p.NonClinical.Appointment.Status, words}} {
			if pair[0] != readable(pair[1]) {
				t.Fatalf("value %d came out another", i)
			}
		}
	})
}

// readable gives a text as XML can hold it.
func readable(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	var out struct {
		V string `xml:",chardata"`
	}
	_ = xml.Unmarshal([]byte("<v>"+b.String()+"</v>"), &out)
	return out.V
}
