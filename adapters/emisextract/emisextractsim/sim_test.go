package emisextractsim

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway/gatewaytest"
)

var morning = time.Date(2026, time.November, 16, 6, 0, 0, 0, time.UTC)

// The columns are those of the public header samples, in their order.
func TestColumnsAreThoseOfThePublicHeaders(t *testing.T) {
	for table := range headers {
		file := table
		switch table {
		case "Admin_Patient":
			file += ".v5.3-5.4"
		case "Coding_ClinicalCode":
			file += ".v5.4"
		}
		sample := gatewaytest.Sample(t, "emis-extract-csv/"+file+".header.csv")
		want, err := csv.NewReader(strings.NewReader(string(sample))).Read()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(columns(table), want) {
			t.Errorf("%s has other columns than the sample", table)
		}
	}
}

func simulated(t *testing.T) (*Sim, *surgery.Diary, *gatewaytest.Clock, string) {
	t.Helper()
	clock := gatewaytest.NewClock(morning)
	d := surgery.New(clock)
	surgery.Forty(d, morning, 7)
	dir := t.TempDir()
	s, err := New(d, Options{Dir: dir, Clock: clock, ODS: "A81001"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Export(); err != nil {
		t.Fatal(err)
	}
	return s, d, clock, dir
}

// rowsOf reads the rows of a table in the batch with the given ids.
func rowsOf(t *testing.T, dir, ids, table string) []map[string]string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, ids+"_"+table+"_*.csv"))
	if len(files) != 1 {
		t.Fatalf("batch %s has %d files of %s", ids, len(files), table)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, cells := range all[1:] {
		r := map[string]string{}
		for i, name := range all[0] {
			r[name] = cells[i]
		}
		out = append(out, r)
	}
	return out
}

func TestABatchHoldsOnlyWhatHasChanged(t *testing.T) {
	s, d, clock, dir := simulated(t)
	if n := len(rowsOf(t, dir, "291", "Appointment_Slot")); n != 42 {
		t.Errorf("the full delivery holds %d slots, want 41 and a neighbour's", n)
	}
	clock.Advance(24 * time.Hour)
	slot := d.Visits()[3].Slot
	d.Cancel(slot)
	d.Edit(d.Visits()[5].Person, func(p *surgery.Person) { p.Declined = true })
	if err := s.Export(); err != nil {
		t.Fatal(err)
	}
	slots := rowsOf(t, dir, "292", "Appointment_Slot")
	if len(slots) != 1 || slots[0]["SlotGuid"] != SlotGUID(slot) || slots[0]["PatientGuid"] != "" || slots[0]["Deleted"] != "false" {
		t.Errorf("a cancelled visit is delivered as %v", slots)
	}
	entries := rowsOf(t, dir, "292", "CareRecord_Observation")
	if len(entries) != 1 || entries[0]["CodeId"] != codeDeclined || len(rowsOf(t, dir, "292", "Admin_Patient")) != 0 {
		t.Errorf("a refusal is delivered as %v", entries)
	}
	if err := s.Export(); err != nil || s.id != 293 {
		t.Error("a batch is written though nothing has changed")
	}
	if err := s.Night(); err != nil || s.id != 294 || len(rowsOf(t, dir, "293", "Appointment_Slot")) != 0 {
		t.Error("a quiet night is not delivered")
	}
}

func TestAPersonPlaysThePracticeByCurl(t *testing.T) {
	s, d, _, dir := simulated(t)
	door := httptest.NewServer(s.Handler())
	defer door.Close()
	post := func(path string, form url.Values, want int) {
		t.Helper()
		r, err := http.PostForm(door.URL+path, form)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
	}
	v := d.Visits()[2]
	post("/sim/visits/88003/cancel", nil, 204)
	post("/sim/visits/1/cancel", nil, 404)
	post("/sim/visits/88004/move", url.Values{"start": {"2026-11-24T09:10:00Z"}}, 204)
	post("/sim/visits/88004/move", url.Values{"start": {"tomorrow"}}, 400)
	post("/sim/visits/88005/cancel", url.Values{"form": {"blank"}}, 204)
	post("/sim/visits/88006/cancel", url.Values{"form": {"named"}}, 204)
	post("/sim/visits/88006/cancel", url.Values{"form": {"softly"}}, 400)
	post("/sim/people/1001", url.Values{"mobile": {"07700 900777"}, "declined": {"yes"}, "died": {"2026-11-15"}}, 204)
	post("/sim/people/1001", url.Values{"died": {"never"}}, 400)
	post("/sim/export", nil, 204)
	if v.Slot != 88003 || len(rowsOf(t, dir, "292", "Appointment_Slot")) != 4 || len(rowsOf(t, dir, "292", "Admin_Patient")) != 1 {
		t.Error("the orders are not in the next batch")
	}
	r, err := http.Post(door.URL+"/sim/faults", "application/json", strings.NewReader(`{"omit": "Appointment_Slot"}`))
	if err != nil || r.StatusCode != 200 || s.Faults().Omit == "" {
		t.Error("a fault is not taken", err)
	}
	_ = r.Body.Close()
	r, err = http.Post(door.URL+"/sim/faults", "application/json", strings.NewReader(`{"ommit": true}`))
	if err != nil || r.StatusCode != 400 {
		t.Error("a fault that there is not is taken", err)
	}
	_ = r.Body.Close()
	for _, path := range []string{"/sim/visits", "/sim/faults"} {
		r, err := http.Get(door.URL + path)
		if err != nil || r.StatusCode != 200 {
			t.Error(path, err)
		}
		_ = r.Body.Close()
	}
}

func TestAGeneratedDeliveryIsCSV(t *testing.T) {
	dir := t.TempDir()
	n, err := Generate(Large{Dir: dir, Now: morning, Bytes: 1 << 20, People: 50})
	if err != nil || n < 1<<20 {
		t.Fatal(n, err)
	}
	if got := len(rowsOf(t, dir, Bulk, "Admin_Patient")); got < 50 {
		t.Errorf("%d patients", got)
	}
	if string(appendGUID(nil, guidSlot, 77)) != SlotGUID(77) {
		t.Error("two ways to write a GUID differ")
	}
}
