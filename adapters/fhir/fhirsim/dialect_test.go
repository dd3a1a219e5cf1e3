package fhirsim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// speaking starts a server of a dialect over the forty patients.
func speaking(t *testing.T, d fhirsim.Dialect) (*fhirsim.Sim, []surgery.Case, string) {
	t.Helper()
	clock := gateway.ClockFunc(func() time.Time { return monday })
	diary := surgery.New(clock)
	cases := surgery.Forty(diary, monday, 7)
	sim := fhirsim.New(diary, clock)
	sim.Speak(d)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, cases, server.URL
}

func TestMillenniumDemandsItsParameters(t *testing.T) {
	_, cases, base := speaking(t, fhirsim.Millennium)
	const day, pair = "date=2026-11-23", "date=ge2026-11-23T00:00:00Z&date=lt2026-11-24T00:00:00Z"
	for query, want := range map[string]int{
		"location=5&" + pair: len(cases), "location=4,5&" + day: len(cases), "practitioner=1&" + pair: len(cases), "location=6&" + pair: 0,
		"location=5&_count=10&status=booked&" + pair: len(cases),
	} {
		status, p := search(t, base+"/fhir/Appointment?"+query)
		if status != http.StatusOK || p.Total != want {
			t.Errorf("%s: status %d, %d found, want %d", query, status, p.Total, want)
		}
	}
	for query, code := range map[string]string{
		pair: "required", "location=5": "required", "": "required", "location=5&practitioner=1&" + pair: "invalid",
		"location=5&location=6&" + pair: "invalid", "location=5&date=ge2026-11-23": "invalid", "location=5&date=ge2026-11-23&date=ge2026-11-24": "invalid",
		"location=5&_include=Appointment:patient&" + pair: "not-supported", "location=5&_lastUpdated=ge2026-11-23&" + pair: "not-supported",
	} {
		status, _, body := ask(t, http.MethodGet, base+"/fhir/Appointment?"+query, "", "")
		if status != http.StatusBadRequest || !strings.Contains(body, `"code":"`+code+`"`) {
			t.Errorf("%s: status %d, want 400 and %s: %s", query, status, code, body)
		}
	}
}

// resource asks for one appointment and gives it as plain JSON.
func resource(t *testing.T, address string) map[string]any {
	t.Helper()
	_, _, body := ask(t, http.MethodGet, address, "", "")
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEachDialectWritesItsOwnShapes(t *testing.T) {
	for dialect, check := range map[fhirsim.Dialect]func(a map[string]any) bool{
		fhirsim.R4: func(a map[string]any) bool {
			_, list := a["serviceCategory"].([]any)
			return list && a["reason"] == nil && a["start"] == "2026-11-23T09:00:00Z"
		},
		fhirsim.STU3: func(a map[string]any) bool {
			_, list := a["serviceCategory"].([]any)
			return !list && a["reasonCode"] == nil && a["contained"] != nil && a["start"] == "2026-11-23T09:00:00Z"
		},
		fhirsim.Millennium: func(a map[string]any) bool {
			_, err := strconv.Atoi(a["id"].(string))
			return err == nil && a["start"] == "2026-11-23T09:00:00.000Z"
		},
	} {
		_, cases, base := speaking(t, dialect)
		id := strconv.Itoa(cases[0].Slot) + map[fhirsim.Dialect]string{fhirsim.R4: "-1001", fhirsim.STU3: "-1001", fhirsim.Millennium: "1001"}[dialect]
		if a := resource(t, base+"/fhir/Appointment/"+id); !check(a) {
			t.Errorf("%q writes %v", dialect, a)
		}
	}
}

func TestAReceptionistCallsAVisitOffInEveryForm(t *testing.T) {
	for _, form := range fhirsim.Forms {
		_, cases, base := speaking(t, fhirsim.R4)
		slot := strconv.Itoa(cases[3].Slot)
		if status, _, _ := ask(t, http.MethodPost, base+"/sim/visits/"+slot+"/call-off", "application/x-www-form-urlencoded", "form="+string(form)); status != http.StatusNoContent {
			t.Fatalf("%s: status %d", form, status)
		}
		status, _, body := ask(t, http.MethodGet, base+"/fhir/Appointment/"+slot+"-1004", "", "")
		_, p := search(t, base+"/fhir/Appointment?date=2026-11-23")
		switch form {
		case fhirsim.Gone, fhirsim.Missing:
			if want := map[fhirsim.Form]int{fhirsim.Gone: 410, fhirsim.Missing: 404}[form]; status != want || p.Total != len(cases)-1 {
				t.Errorf("%s: status %d, %d in the list", form, status, p.Total)
			}
		default:
			if !strings.Contains(body, `"status":"`+string(form)+`"`) || p.Total != len(cases) {
				t.Errorf("%s: %d in the list: %s", form, p.Total, body)
			}
		}
	}
	_, cases, base := speaking(t, fhirsim.R4)
	for _, order := range []string{strconv.Itoa(cases[0].Slot) + "/call-off?form=abducted", "7/call-off?form=gone"} {
		if status, _, _ := ask(t, http.MethodPost, base+"/sim/visits/"+order, "", ""); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", order, status)
		}
	}
}

func TestADriftingServerChangesKindsOnly(t *testing.T) {
	sim, cases, base := speaking(t, fhirsim.R4)
	at := base + "/fhir/Appointment/" + strconv.Itoa(cases[0].Slot) + "-1001"
	straight := resource(t, at)
	sim.SetFaults(fhirsim.Faults{Drift: true})
	drifted := resource(t, at)
	if _, list := drifted["meta"].([]any); !list || drifted["start"] != straight["start"] || drifted["status"] != straight["status"] || drifted["id"] != straight["id"] {
		t.Errorf("drifts to %v", drifted)
	}
}

func TestOnlyWhatChangedIsGivenWhenOnlyThatIsAskedFor(t *testing.T) {
	now := monday
	clock := gateway.ClockFunc(func() time.Time { return now })
	diary := surgery.New(clock)
	cases := surgery.Forty(diary, monday, 7)
	server := httptest.NewServer(fhirsim.New(diary, clock))
	t.Cleanup(server.Close)
	now = monday.Add(time.Hour)
	diary.Cancel(cases[2].Slot)
	diary.Remove(cases[3].Slot)
	if _, p := search(t, server.URL+"/fhir/Appointment?date=2026-11-23&_lastUpdated=ge2026-11-16T10:30:00Z"); p.Total != 1 {
		t.Errorf("%d changed, want 1: what was taken out is nowhere", p.Total)
	}
}
