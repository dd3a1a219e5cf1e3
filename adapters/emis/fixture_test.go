package emis_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/emis"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Answers written by hand after the published shapes, independent of the
// simulator.

const (
	pathBooked       = "/api/v1/appointments/GetBookedPatientsV2"
	pathChanged      = "/api/v1/patientMatching/GetChangedPatients"
	pathAppointments = "/api/v1/appointments/GetPatientAppointmentsV2"
	pathDemographics = "/api/v1/patient/GetPatientDemographics"
)

// fixture is an EMIS that says the same thing for ever.
type fixture struct {
	adapter *emis.Adapter
	clock   *gatewaytest.Clock
	span    gateway.Span
}

// saying gives an adapter whose EMIS answers each path with the given words.
func saying(t *testing.T, format string, answers map[string]string) fixture {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"access_token":"opaque","token_type":"bearer","expires_in":"3599"}`))
	})
	for path, body := range answers {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	clock := gatewaytest.NewClock(monday)
	server := httptest.NewServer(adaptertest.Dated(clock, mux))
	t.Cleanup(server.Close)
	c := configFor(server.URL)
	c.TokenURL, c.Format = server.URL+"/token", format
	a, err := emis.New(c, gateway.Surroundings{Clock: clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return fixture{a, clock, gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)}}
}

func (f fixture) read(t *testing.T) gateway.Feed {
	t.Helper()
	feed, err := f.adapter.Read(t.Context(), f.span)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// Pieces of a row, for the two formats.
const (
	appointmentXML  = `<Appointment><ID><DBID>88001</DBID></ID><AppointmentSite>5</AppointmentSite><Date>23/11/2026</Date><Time>09:10</Time></Appointment>`
	appointmentJSON = `{"id":{"dbid":"88001"},"appointmentSite":"5","date":"23/11/2026","time":"09:10"}`
)

// bookedXML and bookedJSON put whole rows into a list.
func bookedXML(rows string) string {
	return `<?xml version="1.0"?><x:Anything xmlns:x="urn:any"><x:BookedList>` + rows + `</x:BookedList><Time>08:55</Time></x:Anything>`
}

func bookedJSON(rows string) string {
	return `{"bookedList":[` + rows + `],"sessionHolderList":null,"time":"08:55"}`
}

// patientRowXML and patientRowJSON give a booked row of a patient with some
// fields.
func patientRowXML(fields string) string {
	return `<Booked><Patient><DBID>1234</DBID>` + fields + `</Patient>` + appointmentXML + `</Booked>`
}

func patientRowJSON(fields string) string {
	return `{"patient":{"dbid":1234` + fields + `},"appointment":` + appointmentJSON + `}`
}
