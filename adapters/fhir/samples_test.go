package fhir

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// readSample translates a sample bundle; patients that are not in it are asked of
// answer, and are not there without one.
func readSample(t *testing.T, name string, answer http.HandlerFunc) gateway.Feed {
	t.Helper()
	pg, err := fhirshape.ReadBundle(gatewaytest.Sample(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if answer == nil {
		answer = http.NotFound
	}
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	now := time.Date(2016, time.January, 1, 0, 0, 0, 0, time.UTC)
	a, err := New(Config{BaseURL: server.URL + "/r4", Auth: Auth{Type: authNone}}, gateway.Surroundings{Trial: true, Clock: gateway.ClockFunc(func() time.Time { return now })})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	r := &reading{people: newPeople(a.client), now: now, trial: true}
	feed := gateway.Feed{Covers: gateway.Span{From: now, To: now.AddDate(20, 0, 0)}, Complete: true}
	judge(&feed, []fhirshape.Bundle{pg})
	if err := r.fill(t.Context(), &feed, []fhirshape.Bundle{pg}); err != nil {
		t.Fatal(err)
	}
	return feed
}

// patientSearch answers a posted search with a patient who has the identifier
// that was asked for.
func patientSearch(w http.ResponseWriter, r *http.Request) {
	system, value, _ := strings.Cut(r.PostFormValue("identifier"), "|")
	who := map[string]any{"resourceType": "Patient", "id": "p1", "identifier": []any{map[string]string{"system": system, "value": value}}}
	_ = json.NewEncoder(w).Encode(map[string]any{"resourceType": "Bundle", "type": "searchset", "entry": []any{map[string]any{"resource": who}}})
}

func TestTheAggregatorsAppointmentsAreRead(t *testing.T) {
	feed := readSample(t, "wayfinder/GetAppointmentResponseHappyPath.json", patientSearch)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 || !feed.Complete {
		t.Fatalf("%d appointments, unreadable %v", len(feed.Appointments), feed.Unreadable)
	}
	a := feed.Appointments[0]
	if l := a.Start.In(gateway.London()).Format("2 Jan 15:04"); l != "13 Jun 13:30" {
		t.Errorf("%s by London's clock, want 13 Jun 13:30: the digits of the payload are UTC", l)
	}
	if a.Mode != gateway.ModeVideo || a.Site != "RFF" || a.Status != gateway.StatusBooked || a.Patient.ID != "p1" {
		t.Errorf("mode %d, site %q, status %d, patient %q", a.Mode, a.Site, a.Status, a.Patient.ID)
	}
}

func TestTheAggregatorsAdmissionsAreRead(t *testing.T) {
	feed := readSample(t, "wayfinder/GetInpatientAdmissionResponseHappyPath.json", patientSearch)
	if len(feed.Appointments) != 2 || len(feed.Unreadable) != 0 || !feed.Complete {
		t.Fatalf("%d appointments, unreadable %v", len(feed.Appointments), feed.Unreadable)
	}
	if m := feed.Appointments[0].Mode; m != gateway.ModeInPerson {
		t.Errorf("mode %d", m)
	}
}

func TestBookingsWhosePatientIsNotInTheAnswerAreListed(t *testing.T) {
	feed := readSample(t, "bars/appointment/GET-success.json", nil)
	if len(feed.Appointments) != 0 || len(feed.Unreadable) != 2 || !feed.Complete {
		t.Errorf("%d appointments, unreadable %v, complete %t", len(feed.Appointments), feed.Unreadable, feed.Complete)
	}
}

func TestGPConnectsAppointmentsAreReadAsFarAsTheyAreLikeR4(t *testing.T) {
	patient := gatewaytest.Sample(t, "gpconnect/v1.2.7/read_patient_response_example.json")
	const name = "gpconnect/v1.2.7/retrieve_patients_appts_response_example.json"
	var raw struct{ Entry []any }
	if err := json.Unmarshal(gatewaytest.Sample(t, name), &raw); err != nil {
		t.Fatal(err)
	}
	feed := readSample(t, name, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/r4/Patient/2" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(patient)
	})
	if len(raw.Entry) == 0 || len(feed.Appointments) != len(raw.Entry) || len(feed.Unreadable) != 0 {
		t.Fatalf("%d appointments of %d, unreadable %v", len(feed.Appointments), len(raw.Entry), feed.Unreadable)
	}
	for _, a := range feed.Appointments {
		if a.Version == "" || a.Mode == gateway.ModeUnknown || a.Status == gateway.StatusUnknown || a.Site == "" || a.Patient.NHSNumber.IsZero() {
			t.Errorf("version %q, mode %d, status %d, site %q", a.Version, a.Mode, a.Status, a.Site)
		}
	}
	if start := feed.Appointments[0].Start; !start.Equal(time.Date(2017, time.August, 21, 9, 20, 0, 0, time.UTC)) {
		t.Errorf("starts at %v", start)
	}
}

func TestPatientsOfTheSpineAreRead(t *testing.T) {
	now := time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name string
		want gateway.Patient
	}{
		{"pds/Patient.json", gateway.Patient{
			NHSNumber: gateway.NewNHSNumber("9000000009"), Deceased: gateway.FlagYes, // its name and numbers are over
			Needs: gateway.NeedsInterpreter | gateway.NeedsBraille, Language: gateway.LanguageOther,
		}},
		{"pds/Patient-Jayne-Smyth.json", gateway.Patient{
			NHSNumber: gateway.NewNHSNumber("9000000017"), Deceased: gateway.FlagYes,
			Needs: gateway.NeedsInterpreter | gateway.NeedsBraille, Language: gateway.LanguageOther,
		}},
		{"pds/Sensitive_Patient.json", gateway.Patient{
			NHSNumber: gateway.NewNHSNumber("9000000025"), Deceased: gateway.FlagYes, Restricted: gateway.FlagYes,
		}},
		{"pds/Minimal_Patient.json", gateway.Patient{NHSNumber: gateway.NewNHSNumber("9000000033")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p fhirshape.Patient
			if err := json.Unmarshal(gatewaytest.Sample(t, test.name), &p); err != nil {
				t.Fatal(err)
			}
			if p.BirthDate.Value != "" { // the minimal record has none
				test.want.Born = gateway.NewBirth(2010, time.October, 22)
			}
			if got := p.AsPatient("", now, true); got != test.want {
				t.Errorf("deceased %d, left %d, declined %d, restricted %d, kind %d, name %t, NHS number right %t",
					got.Deceased, got.Left, got.Declined, got.Restricted, got.MobileKind, !got.Name.IsZero(), got.NHSNumber == test.want.NHSNumber)
			}
		})
	}
}

func TestSearchesOfTheSpineAreRead(t *testing.T) {
	for _, name := range []string{"pds/PatientSearch.json", "pds/Sensitive_PatientSearch.json", "pds/Minimal_PatientSearch.json", "pds/PatientSearch-Jayne-Smyth.json"} {
		pg, err := fhirshape.ReadBundle(gatewaytest.Sample(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := newPeople(&client{base: &url.URL{Host: "x.example"}})
		for _, e := range pg.Entries {
			if e.Patient == nil {
				t.Errorf("%s: entry %d is not a patient", name, e.Number)
				continue
			}
			r.add(e.FullURL, e.Patient)
		}
		if len(r.byID) == 0 {
			t.Errorf("%s: no patient", name)
		}
	}
}
