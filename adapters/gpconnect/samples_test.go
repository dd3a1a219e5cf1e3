package gpconnect

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// saying is an adapter whose provider says the same for ever: who the patient is, and
// what their appointments are.
func saying(t *testing.T, now time.Time, who, visits []byte) *Adapter {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/Appointment") {
			_, _ = w.Write(visits)
			return
		}
		_, _ = w.Write(who)
	}))
	t.Cleanup(server.Close)
	a := adapterAt(t, server.URL)
	a.env.Clock = gatewaytest.NewClock(now)
	return a
}

func booked(nhs string, start time.Time) gateway.Appointment {
	return gateway.Appointment{
		ID: "88001-1001", Start: start, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: "1001", NHSNumber: gateway.NewNHSNumber(nhs), Mobile: gateway.NewPhone("+447700900201"), MobileKind: gateway.NumberMobile},
	}
}

// The published answers: a patient, and two booked appointments of theirs, in British
// Summer Time.
func TestThePublishedListSaysWhatItsDocumentSays(t *testing.T) {
	who, visits := gatewaytest.Sample(t, "gpconnect/v1.2.7/find_patient_response_example.json"), gatewaytest.Sample(t, "gpconnect/v1.2.7/retrieve_patients_appts_response_example.json")
	a := saying(t, time.Date(2016, 8, 1, 9, 0, 0, 0, time.UTC), who, visits)
	for start, want := range map[time.Time]gateway.Status{
		time.Date(2017, 8, 21, 9, 20, 0, 0, time.UTC):  gateway.StatusBooked,
		time.Date(2016, 8, 16, 10, 20, 0, 0, time.UTC): gateway.StatusBooked,
		time.Date(2017, 8, 21, 10, 20, 0, 0, time.UTC): gateway.StatusUnknown, // the digits, taken for UTC
		time.Date(2017, 8, 21, 9, 21, 0, 0, time.UTC):  gateway.StatusUnknown,
	} {
		if got, err := a.ask(t.Context(), booked("9476719931", start)); err != nil || got != (truth{Status: want}) {
			t.Errorf("%v: %+v, want status %d (error %v)", start, got, want, err)
		}
	}
	if got, err := a.ask(t.Context(), booked("9990000018", time.Date(2017, 8, 21, 9, 20, 0, 0, time.UTC))); err != nil || !got.NoPatient {
		t.Errorf("an answer about another patient: %+v (error %v)", got, err)
	}
}

func TestThePublishedAppointmentsAreReadAsTheyStand(t *testing.T) {
	for file, want := range map[string]struct {
		id, version string
		status      gateway.Status
		start       time.Time
	}{
		"read_appt_response_example.json":   {"148", "1503310820000", gateway.StatusBooked, time.Date(2017, 8, 21, 9, 20, 0, 0, time.UTC)},
		"book_appt_response_example.json":   {"9", "636068818095315079", gateway.StatusBooked, time.Date(2017, 5, 30, 9, 0, 0, 0, time.UTC)},
		"amend_appt_response_example.json":  {"9", "6360688180953112345", gateway.StatusBooked, time.Date(2017, 5, 30, 9, 0, 0, 0, time.UTC)},
		"cancel_appt_response_example.json": {"9", "636068818095315079", gateway.StatusCancelled, time.Date(2017, 5, 30, 9, 0, 0, 0, time.UTC)},
		"cancel_appt_request_example.json":  {"9", "636068818095315079", gateway.StatusCancelled, time.Date(2017, 5, 30, 9, 0, 0, 0, time.UTC)},
	} {
		r, err := read(gatewaytest.Sample(t, "gpconnect/v1.2.7/"+file), want.id)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if start, err := r.Begins(); err != nil || !start.Equal(want.start) || r.Status() != want.status || r.Version() != want.version {
			t.Errorf("%s: status %d, version %s, start %v (error %v)", file, r.Status(), r.Version(), start, err)
		}
	}
	if _, err := read(gatewaytest.Sample(t, "gpconnect/v1.2.7/read_location_response_example.json"), "1"); err == nil {
		t.Error("a place was taken for an appointment")
	}
}

func TestACancellationIsWrittenAsInThePublishedRequest(t *testing.T) {
	body, err := cancelled(gatewaytest.Sample(t, "gpconnect/v1.2.7/book_appt_response_example.json"), "Free text cancellation reason.")
	if err != nil {
		t.Fatal(err)
	}
	type sent struct {
		Status    string
		Extension []struct{ URL, ValueString string }
	}
	var ours, theirs sent
	if json.Unmarshal(body, &ours) != nil || json.Unmarshal(gatewaytest.Sample(t, "gpconnect/v1.2.7/cancel_appt_request_example.json"), &theirs) != nil {
		t.Fatal("not to be read")
	}
	last := theirs.Extension[len(theirs.Extension)-1]
	if ours.Status != theirs.Status || ours.Extension[len(ours.Extension)-1] != last {
		t.Errorf("the published request ends with %+v", last)
	}
}

func TestThePublishedErrorsAreUnderstoodByTheirCodes(t *testing.T) {
	for file, want := range map[string]string{
		"err-01-OperationOutcome-INVALID_NHS_NUMBER.json": "INVALID_NHS_NUMBER", "err-02-OperationOutcome-PATIENT_NOT_FOUND.json": "PATIENT_NOT_FOUND",
		"err-03-OperationOutcome-NO_RECORD_FOUND.json": "NO_RECORD_FOUND", "err-04-OperationOutcome-NO_PATIENT_CONSENT.json": "NO_PATIENT_CONSENT",
		"err-05-OperationOutcome-ACCESS_DENIED.json": "ACCESS_DENIED", "err-06-OperationOutcome-DUPLICATE_REJECTED.json": "DUPLICATE_REJECTED",
		"err-07-OperationOutcome-REFERENCE_NOT_FOUND.json": "REFERENCE_NOT_FOUND", "err-08-OperationOutcome-BAD_REQUEST.json": "BAD_REQUEST",
		"err-09-OperationOutcome-INTERNAL_SERVER_ERROR.json": "INTERNAL_SERVER_ERROR",
		// The proxy's own name no code of the list: nothing of them is repeated.
		"err-11-OperationOutcome-403.json": "", "err-12-OperationOutcome-403.json": "", "err-13-OperationOutcome-403.json": "",
		"err-14-OperationOutcome-405.json": "", "err-15-OperationOutcome-415.json": "", "err-16-OperationOutcome-502.json": "",
	} {
		if got := spineCode(gatewaytest.Sample(t, "gpconnect/errors/"+file)); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if got := spineCode([]byte(`{"issue":[{"details":{"coding":[{"code":"ACCESS DENIED"}]}}]}`)); got != "ACCESS_DENIED" {
		t.Errorf("the code with a space is %q", got)
	}
}

// The recorded list, written by hand after the published shapes, is of the week in
// which the clocks go back: a visit in summer time, one in winter time at the same
// digits, one cancelled and booked again, one at a place without a name, one of
// another patient, and one that cannot be read.
func TestARecordedListIsReadToTheLetter(t *testing.T) {
	who, err := os.ReadFile("testdata/patient.json")
	if err != nil {
		t.Fatal(err)
	}
	visits, err := os.ReadFile("testdata/appointments.json")
	if err != nil {
		t.Fatal(err)
	}
	a := saying(t, time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC), who, visits)
	for what, c := range map[string]struct {
		start time.Time
		want  gateway.Status
	}{
		"in summer time":                        {time.Date(2026, 10, 23, 8, 10, 0, 0, time.UTC), gateway.StatusBooked},
		"in winter time":                        {time.Date(2026, 10, 26, 9, 10, 0, 0, time.UTC), gateway.StatusBooked},
		"in winter time, an hour wrong":         {time.Date(2026, 10, 26, 8, 10, 0, 0, time.UTC), gateway.StatusUnknown},
		"cancelled and booked again":            {time.Date(2026, 10, 27, 10, 0, 0, 0, time.UTC), gateway.StatusBooked},
		"cancelled":                             {time.Date(2026, 10, 27, 11, 0, 0, 0, time.UTC), gateway.StatusCancelled},
		"at a place without a name":             {time.Date(2026, 10, 28, 9, 0, 0, 0, time.UTC), gateway.StatusBooked},
		"of another patient":                    {time.Date(2026, 10, 28, 9, 30, 0, 0, time.UTC), gateway.StatusUnknown},
		"booked, with a reason for calling off": {time.Date(2026, 10, 28, 10, 0, 0, 0, time.UTC), gateway.StatusUnknown},
		"of a time without an offset":           {time.Date(2026, 10, 28, 11, 0, 0, 0, time.UTC), gateway.StatusUnknown},
		"that the patient declined":             {time.Date(2026, 10, 28, 12, 0, 0, 0, time.UTC), gateway.StatusCancelled},
	} {
		if got, err := a.ask(t.Context(), booked("9990000018", c.start)); err != nil || got != (truth{Status: c.want}) {
			t.Errorf("%s: %+v, want status %d (error %v)", what, got, c.want, err)
		}
	}
}
