package fhirshape

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// shown is an appointment of a public sample as its document says that it is.
type shown struct {
	ID, Version string
	Start       string // by London's clock, with its offset
	Status      gateway.Status
	Mode        gateway.Mode
	Site        string
	Patient     string // how the first participant that may be one is pointed at
}

// show gives what is read of an appointment.
func show(t *testing.T, a *Appointment) shown {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "x.example", Path: "/fhir"}
	start, err := a.Begins()
	if err != nil {
		t.Fatal(err)
	}
	out := shown{
		ID: a.ID.Value, Version: a.Version(), Start: start.In(gateway.London()).Format(time.RFC3339),
		Status: a.Status(), Mode: a.Mode(), Site: a.Site(base),
	}
	for _, p := range a.Participant.Items {
		if to := p.Value.Actor.Value.Point(base); to.Kind == "Patient" || to.Kind == "" {
			out.Patient = to.ID + to.URL + to.Identifier.Value.Value
			break
		}
	}
	return out
}

func TestThePublicSamplesAreReadAsTheirDocumentsSay(t *testing.T) {
	const urn = "urn:uuid:788660eb-d2c9-4773-abd4-318484673fb2"
	in, booked := gateway.ModeInPerson, gateway.StatusBooked
	for _, test := range []struct {
		name  string
		total int
		want  []shown
	}{
		// June and May at +00:00 are an hour later on the clock in London.
		{"wayfinder/GetAppointmentResponseHappyPath.json", 1, []shown{
			{"d9df1326-1008-45df-b9dd-a920b64ec043", "", "2021-06-13T13:30:00+01:00", booked, gateway.ModeVideo, "RFF", "9000000009"},
		}},
		{"wayfinder/GetInpatientAdmissionResponseHappyPath.json", 2, []shown{
			{"06844193-7064-4d98-86c2-442d0209ca60", "", "2025-05-20T13:30:00+01:00", booked, in, "RFF", "9000000009"},
			{"cf3686d3-dda5-4e61-9245-6220da02eaf6", "", "2025-06-13T09:00:00+01:00", booked, gateway.ModeUnknown, "RFF", "9000000009"},
		}},
		// So is October before the last Sunday. The patient's urn is not in the bundle.
		{"bars/appointment/GET-success.json", 2, []shown{
			{"c3f6145e-1a26-4345-b3f2-dccbcba62049", "", "2021-10-12T13:30:30+01:00", booked, gateway.ModeUnknown, "", urn},
			{"91607239-b002-470a-8709-6b25bd50fdd1", "", "2021-10-12T13:30:30+01:00", booked, gateway.ModeUnknown, "", urn},
		}},
		{"bars/appointment/id/GET-success.json", -1, []shown{
			{"91607239-b002-470a-8709-6b25bd50fdd1", "", "2021-10-12T13:30:30+01:00", booked, gateway.ModeUnknown, "", urn},
		}},
		{"gpconnect/v1.2.7/retrieve_patients_appts_response_example.json", -1, []shown{
			{"148", "1503310820000", "2017-08-21T10:20:00+01:00", booked, in, "1", "2"},
			{"149", "1503440820000", "2016-08-16T11:20:00+01:00", booked, in, "1", "2"},
		}},
		{"gpconnect/v1.2.7/read_appt_response_example.json", -1, []shown{{"148", "1503310820000", "2017-08-21T10:20:00+01:00", booked, in, "1", "2"}}},
		{"gpconnect/v1.2.7/book_appt_response_example.json", -1, []shown{{"9", "636068818095315079", "2017-05-30T10:00:00+01:00", booked, in, "32", "1"}}},
		{"gpconnect/v1.2.7/amend_appt_response_example.json", -1, []shown{{"9", "6360688180953112345", "2017-05-30T10:00:00+01:00", booked, in, "32", "1"}}},
		{"gpconnect/v1.2.7/cancel_appt_response_example.json", -1, []shown{{"9", "636068818095315079", "2017-05-30T10:00:00+01:00", gateway.StatusCancelled, in, "32", "1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := gatewaytest.Sample(t, test.name)
			var got []shown
			b, err := ReadBundle(body)
			if err != nil {
				var a Appointment
				if json.Unmarshal(body, &a) != nil || a.ResourceType.Value != "Appointment" {
					t.Fatal(err)
				}
				got, b.Total = []shown{show(t, &a)}, -1
			}
			for _, e := range b.Entries {
				if e.Appointment == nil {
					t.Fatalf("entry %d is not read: %s", e.Number, e.Why)
				}
				got = append(got, show(t, e.Appointment))
			}
			if diff := cmp.Diff(test.want, got); diff != "" || b.Total != test.total || b.Next != "" || b.Partial || len(b.Notes) != 0 {
				t.Errorf("total %d, next %q, partial %t, notes %q\n%s", b.Total, b.Next, b.Partial, b.Notes, diff)
			}
		})
	}
}

func TestTheErrorsOfTheSamplesGiveTheirCodes(t *testing.T) {
	for name, want := range map[string]string{
		"gpconnect/errors/err-01-OperationOutcome-INVALID_NHS_NUMBER.json": "INVALID_NHS_NUMBER",
		"gpconnect/errors/err-02-OperationOutcome-PATIENT_NOT_FOUND.json":  "PATIENT_NOT_FOUND",
		"gpconnect/errors/err-06-OperationOutcome-DUPLICATE_REJECTED.json": "DUPLICATE_REJECTED",
		"bars/OperationOutcome/429-SEND_TOO_MANY_REQUESTS-throttled.json":  "SEND_TOO_MANY_REQUESTS",
		"bars/OperationOutcome/404-REC_NOT_FOUND-not-found.json":           "REC_NOT_FOUND",
	} {
		if got := DetailCodes(gatewaytest.Sample(t, name)); !slices.Contains(got, want) {
			t.Errorf("%s: codes %q, want %q", name, got, want)
		}
	}
}
