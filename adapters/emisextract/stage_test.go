package emisextract_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/emisextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// begin is the morning on which the hand-made stories begin: a Monday.
var begin = time.Date(2026, time.November, 16, 6, 0, 0, 0, time.UTC)

// Ids of the hand-made stories.
const (
	org     = "0b5c9000-0000-4000-8000-00000000a001"
	ann     = "a0000000-0000-4000-8000-000000000001"
	bilal   = "a0000000-0000-4000-8000-000000000002"
	slotOne = "a0000001-0000-4000-8000-000000000001"
	slotTwo = "a0000001-0000-4000-8000-000000000002"
	clinic  = "a0000002-0000-4000-8000-000000000001"
	doctor  = "a0000003-0000-4000-8000-000000000001"
)

// needed are the columns that a batch is written with, key first.
var needed = map[string]string{
	"Agreements_SharingOrganisation": "OrganisationGuid,IsActivated,Disabled,Deleted",
	"Admin_Organisation":             "OrganisationGuid,ODSCode",
	"Coding_ClinicalCode":            "CodeId,ReadTermId,SnomedCTConceptId",
	"Admin_Patient":                  "PatientGuid,OrganisationGuid,GivenName,NhsNumber,MobilePhone,DateOfDeath,DateOfDeactivation,PatientTypeDescription,DummyType,SpineSensitive,IsConfidential,Deleted,DateOfBirth",
	"Appointment_Session":            "AppointmentSessionGuid,OrganisationGuid,LocationGuid,SessionTypeDescription,SessionCategoryDisplayName,Description,StartDate,EndDate,Deleted",
	"Appointment_SessionUser":        "SessionGuid,UserInRoleGuid,Deleted",
	"CareRecord_Observation":         "ObservationGuid,PatientGuid,OrganisationGuid,EffectiveDate,EnteredDate,EnteredTime,CodeId,AssociatedText,Deleted",
	"Appointment_Slot":               "SlotGuid,AppointmentDate,AppointmentStartTime,PatientGuid,SendInTime,LeftTime,DidNotAttend,OrganisationGuid,SessionGuid,Deleted",
}

// row is one row by column; what is not in it is empty.
type row map[string]string

func (r row) with(pairs ...string) row {
	out := row{}
	for k, v := range r {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// delivery is the rows of one batch by table.
type delivery map[string][]row

var (
	annRow   = row{"PatientGuid": ann, "OrganisationGuid": org, "GivenName": "Ann", "NhsNumber": "999 000 0018", "MobilePhone": "07700 900101", "DummyType": "false", "SpineSensitive": "false", "IsConfidential": "false", "Deleted": "false"}
	bilalRow = annRow.with("PatientGuid", bilal, "GivenName", "Bilal", "NhsNumber", "9990000026", "MobilePhone", "07700 900102")
	slotRow  = row{"SlotGuid": slotOne, "AppointmentDate": "2026-11-23", "AppointmentStartTime": "09:10:00", "PatientGuid": ann, "DidNotAttend": "false", "OrganisationGuid": org, "SessionGuid": clinic, "Deleted": "false"}
	otherRow = slotRow.with("SlotGuid", slotTwo, "AppointmentStartTime", "09:20:00", "PatientGuid", bilal)
)

// full is a full delivery: two patients, each booked on Monday the 23rd.
func full() delivery {
	return delivery{
		"Admin_Organisation":             {{"OrganisationGuid": strings.ToUpper(org), "ODSCode": "a81001"}},
		"Agreements_SharingOrganisation": {{"OrganisationGuid": org, "IsActivated": "true", "Disabled": "false", "Deleted": "false"}},
		"Coding_ClinicalCode": {
			{"CodeId": "501", "ReadTermId": "9ndQ.", "SnomedCTConceptId": "513631000000106"}, {"CodeId": "502", "ReadTermId": "9ndP.", "SnomedCTConceptId": "699237001"},
			{"CodeId": "503", "ReadTermId": "9ndQ.00"}, {"CodeId": "504", "ReadTermId": "9ndQ0", "SnomedCTConceptId": "911401000000108"}, {"CodeId": "505", "SnomedCTConceptId": "38341003"},
		},
		"Admin_Patient":           {annRow, bilalRow},
		"Appointment_Session":     {{"AppointmentSessionGuid": clinic, "OrganisationGuid": org, "LocationGuid": "A0000004-0000-4000-8000-000000000005", "SessionTypeDescription": "Timed", "SessionCategoryDisplayName": "Face to face", "StartDate": "2026-11-23", "EndDate": "2026-11-23", "Deleted": "false"}},
		"Appointment_SessionUser": {{"SessionGuid": clinic, "UserInRoleGuid": doctor, "Deleted": "false"}},
		"Appointment_Slot":        {slotRow, otherRow},
	}
}

// stage is one practice whose batches are written by hand.
type stage struct {
	t     *testing.T
	dir   string
	clock *gatewaytest.Clock
	shelf gateway.Shelf
	c     emisextract.Config
	next  int
	*emisextract.Adapter
}

func newStage(t *testing.T, change ...func(*emisextract.Config)) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), clock: gatewaytest.NewClock(begin), shelf: gatewaytest.NewShelf(), next: 291}
	s.c = emisextract.Config{Dir: s.dir, Bulk: "291", CutOff: emisextract.CutOffStamp}
	for _, f := range change {
		f(&s.c)
	}
	s.restart()
	return s
}

// restart makes the adapter anew, with the shelf and the section as they are.
func (s *stage) restart() {
	s.t.Helper()
	a, err := emisextract.New(s.c, gateway.Surroundings{Clock: s.clock, Trial: true, Practice: gatewaytest.Riverside, Shelf: s.shelf})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Adapter = a
}

// night delivers the next batch, which is stamped an hour ago, and lets it lie.
func (s *stage) night(d delivery) {
	s.t.Helper()
	s.deliver(fmt.Sprint(s.next), s.clock.Now().Add(-time.Hour), d)
	s.next++
}

// deliver writes the files of a batch. A table that is present and nil is left out.
func (s *stage) deliver(ids string, at time.Time, d delivery) {
	s.t.Helper()
	for table, columns := range needed {
		rows, ok := d[table]
		if ok && rows == nil {
			continue
		}
		s.write(s.name(ids, table, at), content(columns, rows))
	}
}

func (s *stage) name(ids, table string, at time.Time) string {
	return fmt.Sprintf("%s_%s_%s_45E7CD20-EE37-41AB-90D6-DC9D4B03D102.csv", ids, table, at.In(gateway.London()).Format("20060102150405"))
}

func (s *stage) write(name string, b []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	left := s.clock.Now().Add(-10 * time.Minute)
	if err := os.Chtimes(path, left, left); err != nil {
		s.t.Fatal(err)
	}
}

func content(columns string, rows []row) []byte {
	var b bytes.Buffer
	names := strings.Split(columns, ",")
	line := func(cells []string) { fmt.Fprintf(&b, "\"%s\"\n", strings.Join(cells, "\",\"")) }
	line(names)
	for _, r := range rows {
		cells := make([]string, len(names))
		for i, n := range names {
			cells[i] = strings.ReplaceAll(r[n], `"`, `""`)
		}
		line(cells)
	}
	if _, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tomorrow lets a day pass.
func (s *stage) tomorrow() { s.clock.Advance(24 * time.Hour) }

func (s *stage) span() gateway.Span {
	return gateway.Span{From: s.clock.Now(), To: s.clock.Now().AddDate(0, 0, 30)}
}

func (s *stage) try() (gateway.Feed, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	return s.Adapter.Read(ctx, s.span())
}

func (s *stage) read() gateway.Feed {
	s.t.Helper()
	feed, err := s.try()
	if err != nil {
		s.t.Fatalf("read: %v", err)
	}
	return feed
}

// refuses reads, and expects an error that holds words.
func (s *stage) refuses(words string) {
	s.t.Helper()
	feed, err := s.try()
	if err == nil || !strings.Contains(err.Error(), words) {
		s.t.Errorf("error %v, want one with %q", err, words)
	}
	if len(feed.Appointments) > 0 || feed.Complete {
		s.t.Error("gives a feed with its error")
	}
}

// told describes the visits of a feed in a line each: slot, patient, start, status.
func told(f gateway.Feed) string {
	short := func(id string) string { return id[len(id)-1:] }
	words := map[gateway.Status]string{gateway.StatusBooked: "booked", gateway.StatusCancelled: "cancelled", gateway.StatusArrived: "arrived",
		gateway.StatusFinished: "finished", gateway.StatusMissed: "missed", gateway.StatusNotBooked: "not booked", gateway.StatusUnknown: "unknown"}
	var out []string
	for _, a := range f.Appointments {
		slot, patient, _ := strings.Cut(string(a.ID), "-"+string(a.Patient.ID))
		if patient != "" || a.Patient.ID == "" {
			return "an id without its patient"
		}
		out = append(out, fmt.Sprintf("%s/%s %s %s", short(slot), short(string(a.Patient.ID)), a.Start.In(gateway.London()).Format("02 Jan 15:04"), words[a.Status]))
	}
	return strings.Join(out, "; ")
}

func (s *stage) tells(want string) gateway.Feed {
	s.t.Helper()
	f := s.read()
	if got := told(f); got != want {
		s.t.Errorf("read %q, want %q", got, want)
	}
	return f
}

func (s *stage) visit(f gateway.Feed, patient string) gateway.Appointment {
	s.t.Helper()
	for _, a := range f.Appointments {
		if string(a.Patient.ID) == patient && a.Status != gateway.StatusCancelled {
			return a
		}
	}
	s.t.Fatal("the patient has no visit in the feed")
	return gateway.Appointment{}
}

// bothBooked is what the full delivery tells.
const bothBooked = "1/1 23 Nov 09:10 booked; 2/2 23 Nov 09:20 booked"

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
