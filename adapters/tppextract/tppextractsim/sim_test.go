package tppextractsim_test

import (
	"archive/zip"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tppextract/tppextractsim"
	"bellman/gateway/gatewaytest"
)

var now = time.Date(2026, time.July, 6, 1, 0, 0, 0, time.UTC)

type stage struct {
	t     *testing.T
	clock *gatewaytest.Clock
	diary *surgery.Diary
	cases []surgery.Case
	sim   *tppextractsim.Sim
	dir   string
}

func newStage(t *testing.T, o tppextractsim.Options) *stage {
	t.Helper()
	st := &stage{t: t, clock: gatewaytest.NewClock(now), dir: t.TempDir()}
	st.diary = surgery.New(st.clock)
	st.cases = surgery.Forty(st.diary, now, 7)
	o.Clock, o.Dir, o.Organisation = st.clock, st.dir, "A81001"
	st.sim = tppextractsim.New(st.diary, o)
	return st
}

func (st *stage) export() string {
	st.t.Helper()
	st.clock.Advance(24 * time.Hour)
	name, err := st.sim.Export()
	if err != nil {
		st.t.Fatal(err)
	}
	return name
}

// table reads one unpacked table, a row a map by heading.
func (st *stage) table(name, table string) (columns []string, rows []map[string]string) {
	st.t.Helper()
	f, err := os.Open(filepath.Join(st.dir, name, table+".csv"))
	if err != nil {
		st.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		st.t.Fatal(err)
	}
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, c := range r {
			m[all[0][i]] = c
		}
		rows = append(rows, m)
	}
	return all[0], rows
}

func TestTheColumnsAreThoseOfThePublishedLists(t *testing.T) {
	const samples = "../../../../shared/samples/tpp-sre-csv"
	if _, err := os.Stat(samples); err != nil {
		t.Skip("the public column lists do not stand beside this project")
	}
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain})
	name := st.export()
	compared := 0
	for _, table := range []string{
		"SRAppointment", "SRPatient", "SRPatientContactDetails", "SRSmsConsent", "SRPatientRegistration", "SROrganisation", "SRMapping", "SRManifest",
	} {
		b, err := os.ReadFile(filepath.Join(samples, table+".header.csv"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := csv.NewReader(strings.NewReader(string(b))).Read()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := st.table(name, table); !slices.Equal(got, want) {
			t.Errorf("%s has the columns %q, want %q", table, got, want)
		}
		compared++
	}
	if compared != 8 {
		t.Errorf("%d tables were compared", compared)
	}
}

func TestANightTellsOnlyWhatChangedAndWhatWent(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain})
	first := st.export()
	if first != "20260707_0200" {
		t.Errorf("the directory is %s: the time is not London's", first)
	}
	st.diary.Remove(st.cases[12].Slot)
	st.diary.Cancel(st.cases[13].Slot)
	second := st.export()
	_, rows := st.table(second, "SRAppointment")
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2", len(rows))
	}
	for _, r := range rows {
		if r["RemovedData"] == "1" && (r["IDPatient"] != "" || r["RowIdentifier"] == "") {
			t.Error("a row that went tells more than its identifier")
		}
		if r["RemovedData"] == "0" && r["DateAppointmentCancelled"] != "08 Jul 2026 02:00:00" && r["DateAppointmentCancelled"] != "07 Jul 2026 02:00:00" {
			t.Errorf("cancelled at %q", r["DateAppointmentCancelled"])
		}
	}
	_, manifest := st.table(second, "SRManifest")
	for _, r := range manifest {
		if r["FileName"] == "SRAppointment" && (r["IsDelta"] != "Y" || r["DateExtractFrom"] != first || r["DateExtractTo"] != second) {
			t.Errorf("the manifest says %v", r)
		}
		if r["FileName"] == "SRMapping" && (r["IsDelta"] != "N" || r["DateExtractFrom"] != "") {
			t.Errorf("the manifest says %v", r)
		}
	}
}

func TestNamesAreWrittenInWindows1252(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain})
	b, err := os.ReadFile(filepath.Join(st.dir, st.export(), "SRPatient.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "\"Si\xe2n\"") || !strings.Contains(string(b), "\"Zo\xeb\"") {
		t.Error("the names are not one byte a letter")
	}
}

func TestTheZipIsOneThatGoReads(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	z, err := zip.OpenReader(filepath.Join(st.dir, st.export(), "SRExtract.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	if len(z.File) != 8 {
		t.Errorf("%d tables", len(z.File))
	}
}

func TestTheVolumesAreOnesThatTheToolZipJoins(t *testing.T) {
	gatewaytest.Tool(t, "zip")
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Split, VolumeSize: 65536 / 16})
	name := st.export()
	joined := filepath.Join(t.TempDir(), "whole.zip")
	cmd := exec.CommandContext(t.Context(), "zip", "-q", "-s", "0", filepath.Join(st.dir, name, "SRExtract.zip"), "--out", joined)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	z, err := zip.OpenReader(joined)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		_ = r.Close()
	}
	if len(z.File) != 8 {
		t.Errorf("%d tables", len(z.File))
	}
}

func TestAPersonPlaysThePracticeFromTheControlDoor(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain})
	srv := httptest.NewServer(st.sim)
	defer srv.Close()
	st.export()
	slot := strconv.Itoa(st.cases[12].Slot)
	post := func(path, body string, want int) string {
		t.Helper()
		r, err := http.Post(srv.URL+path, "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != want {
			t.Errorf("%s: %d (%v), want %d", path, r.StatusCode, err, want)
		}
		return string(b)
	}
	post("/sim/visits/"+slot+"/cancel", "", 204)
	post("/sim/visits/1/cancel", "", 404)
	post("/sim/visits/"+slot+"/cancel", "form=loudly", 400)
	for _, form := range []string{"status", "date", "walkedout", "nobody", "removed"} {
		post("/sim/visits/"+strconv.Itoa(st.cases[13].Slot)+"/cancel", "form="+form, 204)
	}
	post("/sim/visits/"+strconv.Itoa(st.cases[14].Slot)+"/move", url.Values{"start": {"2026-07-20T09:10:00Z"}}.Encode(), 204)
	post("/sim/visits/"+slot+"/move", "start=soon", 400)
	post("/sim/people/1005", url.Values{"mobile": {"07700 900123"}, "died": {"2026-07-01"}, "declined": {"yes"}}.Encode(), 204)
	post("/sim/people/1005", "died=yesterday", 400)
	post("/sim/faults", `{"no_manifest": true, "nothing_like_it": 1}`, 400)
	post("/sim/faults", `{"twice": true}`, 200)
	st.clock.Advance(time.Hour)
	var made map[string]string
	if err := json.Unmarshal([]byte(post("/sim/export", "", 200)), &made); err != nil {
		t.Fatal(err)
	}
	_, rows := st.table(made["directory"], "SRAppointment")
	if len(rows) < 3 {
		t.Errorf("%d rows after the orders", len(rows))
	}
	post("/sim/export", "kind=lost", 200)
	post("/sim/export", "kind=bulk", 200)
	post("/sim/export", "kind=odd", 400)
	for _, path := range []string{"/sim/visits", "/sim/faults"} {
		r, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		_ = r.Body.Close()
	}
}
