package tppextract_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/tppextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// The recorded nights are two extracts as TPP sends them, written by us: a full one
// and, a day later, what changed, with its columns in another order.
var (
	firstNight  = "20261115_0200"
	secondNight = "20261116_0200"
	morning     = time.Date(2026, time.November, 16, 8, 0, 0, 0, time.UTC)
)

// nights copies some of the recorded nights into a folder.
func nights(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("testdata", "nights", name))); err != nil {
			t.Fatal(err)
		}
		settle(t, filepath.Join(dir, name))
	}
	return dir
}

// settle makes the files of an extract old enough to be read.
func settle(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chtimes(f, morning.Add(-time.Hour), morning.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

func rotas(c tppextract.Config) tppextract.Config {
	c.RotaTypes = map[string]string{"surgery": "in_person", "Staff meeting": "none"}
	return c
}

func adapter(t *testing.T, c tppextract.Config, shelf gateway.Shelf) *tppextract.Adapter {
	t.Helper()
	a, err := tppextract.New(c, gateway.Surroundings{Clock: gatewaytest.NewClock(morning), Trial: true, Practice: practice, Shelf: shelf})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// read reads half a year.
func read(t *testing.T, s gateway.Source) gateway.Feed {
	t.Helper()
	f, err := s.Read(t.Context(), gateway.Span{From: morning, To: morning.AddDate(0, 6, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func byID(f gateway.Feed) map[gateway.AppointmentID]gateway.Appointment {
	out := map[gateway.AppointmentID]gateway.Appointment{}
	for _, a := range f.Appointments {
		out[a.ID] = a
	}
	return out
}

func TestTheRecordedPatientsAreReadForWhatTheyAre(t *testing.T) {
	const yes, unclear = gateway.FlagYes, gateway.FlagUnclear
	got := byID(read(t, adapter(t, rotas(tppextract.Config{Dir: nights(t, firstNight)}), gatewaytest.NewShelf())))
	for _, c := range []struct {
		patient int
		what    string
		number  string // the last three digits; empty: none
		want    gateway.Patient
	}{
		{1001, "an ordinary patient, whom another practice calls dead", "101", gateway.Patient{}},
		{1002, "died", "102", gateway.Patient{Deceased: yes}},
		{1003, "a test patient", "103", gateway.Patient{Restricted: yes}},
		{1004, "deregistered", "104", gateway.Patient{Left: yes}},
		{1005, "refused with N", "105", gateway.Patient{Declined: yes}},
		{1006, "a consent nobody understands", "106", gateway.Patient{Declined: unclear}},
		{1007, "two mobiles of one date", "", gateway.Patient{MobileKind: gateway.NumberUnclear}},
		{1008, "two mobiles, and a registration that will end", "208", gateway.Patient{}},
		{1009, "two mobiles of different dates", "209", gateway.Patient{}},
		{1010, "home and work numbers only", "", gateway.Patient{MobileKind: gateway.NumberMissing}},
		{1011, "a death to come", "111", gateway.Patient{Deceased: unclear}},
		{1012, "a test mark nobody understands", "112", gateway.Patient{Restricted: unclear}},
		{1013, "registered again", "113", gateway.Patient{}},
		{1014, "a later number of an unknown kind", "", gateway.Patient{MobileKind: gateway.NumberUnclear}},
		{1015, "refused at another organisation", "115", gateway.Patient{Declined: yes}},
		{1016, "refused once and agreed later", "116", gateway.Patient{}},
		{1017, "no NHS number", "117", gateway.Patient{}},
		{1018, "refused, told as the id of a term", "118", gateway.Patient{Declined: yes}},
	} {
		a, ok := got[gateway.AppointmentID(fmt.Sprintf("%d-%d", 5000+c.patient-1000, c.patient))]
		if !ok {
			t.Errorf("%s: not read", c.what)
			continue
		}
		p := a.Patient
		if c.number != "" {
			c.want.MobileKind, c.want.Mobile = gateway.NumberMobile, gateway.NewPhone("+447700900"+c.number)
		}
		c.want.ID, c.want.Name, c.want.NHSNumber, c.want.Born = p.ID, p.Name, p.NHSNumber, gateway.GrownBirth()
		if p != c.want {
			t.Errorf("%s: read as %+v, want %+v", c.what, p, c.want)
		}
		if a.Status != gateway.StatusBooked || a.Mode != gateway.ModeInPerson || a.Site != "Main Site" {
			t.Errorf("%s: status %d, mode %d", c.what, a.Status, a.Mode)
		}
	}
	if p := got["5001-1001"].Patient; p.Name != gateway.NewName("Siân") || p.NHSNumber != gateway.NewNHSNumber("9990001001") {
		t.Error("wrong name or NHS number")
	}
}

func TestTheRecordedVisitsAreReadForWhatTheyAre(t *testing.T) {
	f := read(t, adapter(t, rotas(tppextract.Config{Dir: nights(t, firstNight)}), gatewaytest.NewShelf()))
	got := byID(f)
	for _, c := range []struct {
		row    string
		what   string
		start  string // UTC
		status gateway.Status
		mode   gateway.Mode
	}{
		{"5101", "arrived", "2026-11-24T09:00:00Z", gateway.StatusArrived, gateway.ModeInPerson},
		{"5102", "finished", "2026-11-24T09:10:00Z", gateway.StatusFinished, gateway.ModeInPerson},
		{"5103", "did not attend", "2026-11-24T09:20:00Z", gateway.StatusMissed, gateway.ModeInPerson},
		{"5104", "cancelled", "2026-11-24T09:30:00Z", gateway.StatusCancelled, gateway.ModeInPerson},
		{"5105", "walked out", "2026-11-24T09:40:00Z", gateway.StatusCancelled, gateway.ModeInPerson},
		{"5106", "no access visit, by its beginning", "2026-11-24T09:50:00Z", gateway.StatusMissed, gateway.ModeInPerson},
		{"5107", "waiting", "2026-11-24T10:00:00Z", gateway.StatusArrived, gateway.ModeInPerson},
		{"5108", "booked, by its beginning", "2026-11-24T10:10:00Z", gateway.StatusBooked, gateway.ModeInPerson},
		{"5109", "rejected", "2026-11-24T10:20:00Z", gateway.StatusCancelled, gateway.ModeInPerson},
		{"5110", "a term nobody knows", "2026-11-24T10:30:00Z", gateway.StatusUnknown, gateway.ModeInPerson},
		{"5111", "an id without a term", "2026-11-24T10:40:00Z", gateway.StatusUnknown, gateway.ModeInPerson},
		{"5112", "no status", "2026-11-24T10:50:00Z", gateway.StatusUnknown, gateway.ModeInPerson},
		{"5113", "booked with a date of cancelling", "2026-11-24T11:00:00Z", gateway.StatusCancelled, gateway.ModeInPerson},
		{"5114", "booked with a date of cancelling in the year 9999", "2026-11-24T11:10:00Z", gateway.StatusUnknown, gateway.ModeInPerson},
		{"5117", "by telephone, without seconds", "2026-11-24T11:40:00Z", gateway.StatusBooked, gateway.ModeTelephone},
		{"5118", "by telephone in a rota of visits to the surgery", "2026-11-24T11:50:00Z", gateway.StatusBooked, gateway.ModeUnknown},
		{"5119", "a home visit by the plain words", "2026-11-24T12:00:00Z", gateway.StatusBooked, gateway.ModeHomeVisit},
		{"5120", "a rota without patients", "2026-11-24T12:10:00Z", gateway.StatusNotBooked, gateway.ModeUnknown},
		{"5124", "told twice alike", "2026-11-24T12:50:00Z", gateway.StatusBooked, gateway.ModeInPerson},
		{"5125", "told twice and not alike", "2026-11-24T13:30:00Z", gateway.StatusUnknown, gateway.ModeInPerson},
		{"5126", "the day after the clocks went forward", "2027-03-29T13:15:00Z", gateway.StatusBooked, gateway.ModeInPerson},
	} {
		a, ok := got[gateway.AppointmentID(c.row+"-1001")]
		if !ok {
			t.Errorf("%s: not read", c.what)
			continue
		}
		if at := a.Start.Format(time.RFC3339); at != c.start || a.StartDoubt != gateway.NoDoubt {
			t.Errorf("%s: starts at %s (doubt %d), want %s", c.what, at, a.StartDoubt, c.start)
		}
		if a.Status != c.status || a.Mode != c.mode {
			t.Errorf("%s: status %d and mode %d, want %d and %d", c.what, a.Status, a.Mode, c.status, c.mode)
		}
	}
	if a := got["5127-1001"]; a.StartDoubt != gateway.TimeMissing {
		t.Error("a time that the clocks skip is not in doubt")
	}
	orphan := got["5123-7777"].Patient
	if orphan.MobileKind != gateway.NumberUnclear || orphan.Deceased != gateway.FlagUnclear || orphan.Declined != gateway.FlagUnclear {
		t.Error("a patient of whom there is no row is taken for known")
	}
	// 18 patients' visits, the table above, the skipped hour, the orphan, and three
	// that only the second night is about.
	if want := 18 + 21 + 2 + 3; len(got) != want || len(f.Appointments) != want {
		t.Errorf("%d appointments, want %d", len(f.Appointments), want)
	}
	var why []string
	for _, u := range f.Unreadable {
		why = append(why, u.Where+": "+u.Why)
	}
	slices.Sort(why)
	want := []string{
		"SRAppointment of 20261115_0200, line 35: its start has no time of day",
		"SRAppointment of 20261115_0200, line 41: does not say at which organisation it is",
		"SRAppointment of 20261115_0200, line 49: its start is not a date and time",
	}
	if !slices.Equal(why, want) {
		t.Errorf("unreadable:\n%s\nwant:\n%s", strings.Join(why, "\n"), strings.Join(want, "\n"))
	}
	if !f.Complete || f.AsOf != time.Date(2026, time.November, 15, 2, 0, 0, 0, time.UTC) || !f.Covers.From.Equal(morning) {
		t.Errorf("complete %t as of %v, covers from %v", f.Complete, f.AsOf, f.Covers.From)
	}
}

func TestTheSecondRecordedNightChangesWhatTheFirstSaid(t *testing.T) {
	dir, shelf := nights(t, firstNight), gatewaytest.NewShelf()
	a := adapter(t, rotas(tppextract.Config{Dir: dir}), shelf)
	before := byID(read(t, a))
	if err := os.CopyFS(filepath.Join(dir, secondNight), os.DirFS(filepath.Join("testdata", "nights", secondNight))); err != nil {
		t.Fatal(err)
	}
	settle(t, filepath.Join(dir, secondNight))
	f := read(t, a)
	after := byID(f)
	if f.AsOf != time.Date(2026, time.November, 16, 2, 0, 0, 0, time.UTC) {
		t.Errorf("as of %v", f.AsOf)
	}
	for _, id := range []gateway.AppointmentID{"5131-1001", "5133-1001"} {
		if _, ok := before[id]; !ok {
			t.Errorf("%s was not there before", id)
		}
		if _, ok := after[id]; ok {
			t.Errorf("%s is still there", id)
		}
	}
	if a := after["5133-1002"]; a.Status != gateway.StatusBooked || a.Patient.Deceased != gateway.FlagYes {
		t.Error("the slot that another patient took is not theirs")
	}
	if a := after["5132-1001"]; !a.Start.Equal(time.Date(2026, time.November, 25, 14, 10, 0, 0, time.UTC)) {
		t.Errorf("the moved visit is at %v", a.Start)
	}
	if after["5140-1001"].Status != gateway.StatusCancelled {
		t.Error("a visit that came cancelled is not cancelled")
	}
	if after["5124-1001"].Status != gateway.StatusBooked {
		t.Error("a row that went for another practice went for this one")
	}
	if after["5111-1001"].Status != gateway.StatusBooked {
		t.Error("a term that came later is not used")
	}
	if after["5128-1001"].Status != gateway.StatusBooked || len(f.Unreadable) != 2 {
		t.Errorf("the row that was mended is not read; %d unreadable", len(f.Unreadable))
	}
	for patient, want := range map[int]gateway.Patient{
		1001: {MobileKind: gateway.NumberMobile, Mobile: gateway.NewPhone("+447700900401")},
		1005: {MobileKind: gateway.NumberMobile, Mobile: gateway.NewPhone("+447700900105")},
		1006: {MobileKind: gateway.NumberMobile, Mobile: gateway.NewPhone("+447700900106"), Declined: gateway.FlagYes},
		1007: {MobileKind: gateway.NumberMobile, Mobile: gateway.NewPhone("+447700900107")},
		1009: {MobileKind: gateway.NumberUnclear}, // the latest went, and an older one is left
	} {
		got := after[gateway.AppointmentID(fmt.Sprintf("%d-%d", 5000+patient-1000, patient))].Patient
		want.ID, want.Name, want.NHSNumber, want.Born = got.ID, got.Name, got.NHSNumber, gateway.GrownBirth()
		if got != want {
			t.Errorf("patient %d: %+v, want %+v", patient, got, want)
		}
	}
	// Whoever begins with both nights knows the same.
	both := byID(read(t, adapter(t, rotas(tppextract.Config{Dir: nights(t, firstNight, secondNight)}), gatewaytest.NewShelf())))
	if !maps.Equal(both, after) {
		t.Error("two nights taken in at once say something else than one after the other")
	}
}

// withRecords adds SRRecordStatus to the first recorded night.
func withRecords(t *testing.T) string {
	t.Helper()
	dir := nights(t, firstNight)
	const columns = `"RowIdentifier","IDOrganisationVisibleTo","MedicalRecordStatus","DateEvent","DateEventRecorded","IDPatient","IDOrganisation"`
	rows := columns
	for _, r := range []string{
		`"6001","A81001","41","01 Feb 2025 10:00:00","01 Feb 2025 10:00:00","1001","A81001"`,
		`"6002","A81001","42","01 Feb 2026 10:00:00","01 Feb 2026 10:00:00","1001","A81001"`,
		`"6003","A81001","41","01 Feb 2025 10:00:00","01 Feb 2025 10:00:00","1008","A81001"`,
		`"6004","A81001","31","01 Feb 2025 10:00:00","01 Feb 2025 10:00:00","1013","A81001"`,
	} {
		rows += "\n" + r // and no line end behind the last
	}
	add := func(name, content string) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(dir, firstNight, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(content); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	add("SRRecordStatus.csv", rows)
	add("SRManifest.csv", `"SRRecordStatus","N","N","","`+firstNight+`"`+"\r\n")
	settle(t, filepath.Join(dir, firstNight))
	return dir
}

func TestTheStatusOfARecordCountsAsTheSectionSays(t *testing.T) {
	dir := withRecords(t)
	c := tppextract.Config{Dir: dir, RecordStatuses: map[string]string{"yes": "open", "no": "restricted"}}
	got := byID(read(t, adapter(t, c, gatewaytest.NewShelf())))
	for id, want := range map[gateway.AppointmentID]gateway.Flag{
		"5001-1001": gateway.FlagYes, "5008-1008": gateway.FlagNo, "5013-1013": gateway.FlagUnclear, "5016-1016": gateway.FlagNo,
	} {
		if got[id].Patient.Restricted != want {
			t.Errorf("%s: restricted %d, want %d", id, got[id].Patient.Restricted, want)
		}
	}
	without := byID(read(t, adapter(t, tppextract.Config{Dir: dir}, gatewaytest.NewShelf())))
	if without["5001-1001"].Patient.Restricted != gateway.FlagNo {
		t.Error("without the section's words something is made of the status")
	}
	_, err := adapter(t, c, gatewaytest.NewShelf()).Read(t.Context(), gateway.Span{From: morning, To: morning.AddDate(0, 1, 0)})
	if err != nil {
		t.Error(err)
	}
}
