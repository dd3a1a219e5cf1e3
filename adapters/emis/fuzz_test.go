package emis

import (
	"testing"
	"time"

	"bellman/gateway"
)

// decodeAll reads a body as each kind of answer and turns the rows into
// appointments, as a read and a reread do. It checks what must hold of any input:
// nothing is booked without an id and a time.
func decodeAll(t *testing.T, format string, body []byte) {
	r := reading{format: format, now: time.Date(2026, 11, 16, 10, 0, 0, 0, time.UTC), trial: true}
	c := collector{reading: r, seen: map[gateway.AppointmentID]int{}}
	if rows, err := decode[registration](format, body, changedLayout); err == nil {
		c.learn(rows)
	}
	rows, err := decode[bookedRow](format, body, bookedLayout)
	if err == nil {
		c.collect(rows, gateway.Span{From: r.now, To: r.now.AddDate(1, 0, 0)})
	}
	for _, a := range c.feed.Appointments {
		slot, patient, ok := splitID(a.ID)
		if !ok || slot == "" || patient != string(a.Patient.ID) || a.Start.IsZero() {
			t.Fatal("an appointment without id or time")
		}
		if (a.Patient.MobileKind == gateway.NumberMobile) == a.Patient.Mobile.IsZero() {
			t.Fatal("the number does not fit its kind")
		}
	}
	known := gateway.Appointment{ID: "88001-1234", Status: gateway.StatusBooked, Start: r.now}
	if rows, err := decode[patientRow](format, body, appointmentsLayout); err == nil {
		if got := asNow(known, "88001", rows); got.ID != known.ID {
			t.Fatal("another appointment")
		}
	}
	if rows, err := decode[registration](format, body, demographicsLayout); err == nil {
		for _, row := range rows {
			r.patient(row.value)
		}
	}
	legacyOutcome(body)
}

func FuzzJSONAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"bookedList":[{"patient":{"dbid":"1234","callingName":"Ann","nhsNumber":"9990000018","mobile":"07700 900123","dead":0,"deadSpecified":false},"appointment":{"id":{"dbid":88001},"appointmentSite":"5","date":"23/11/2026","time":"09:10","slotType":{"display":"Telephone"}}}],"time":"08:55"}`,
		`{"bookedList":null,"sessionHolderList":[]}`,
		`{"patientList":[{"dbid":1,"dateOfDeath":"14/11/2026"},{"dbid":"1","deductedDate":"x"}],"peopleList":null}`,
		`{"appointment":[{"slotID":88001,"siteID":5,"date":"2026-11-23T00:00:00","startTime":"09:10:00","status":"Slot Available"}]}`,
		`{"registration":{"dbid":"1234","dead":1,"deadSpecified":true}}`,
		`{"messageId":"x","legacyOutcome":3}`,
		`{"bookedList":[null,7,"x",[],{"patient":[]},{"patient":{"dbid":{}}}]}`,
		`{"BookedList":[{"Patient":{"DBID":1},"Appointment":{"ID":{"DBID":2},"Date":"25/10/2026","Time":"01:30"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) { decodeAll(t, FormatJSON, body) })
}

func FuzzXMLAnswers(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0"?><BookedPatients xmlns="urn:x"><BookedList><Booked><Patient><DBID>1234</DBID><Mobile>07700 900123</Mobile><Dead>0</Dead></Patient><Appointment><ID><DBID>88001</DBID></ID><Date>23/11/2026</Date><Time>09:10</Time><SlotType><Display>Video</Display></SlotType></Appointment></Booked></BookedList></BookedPatients>`,
		`<BookedPatients/>`,
		`<PatientMatches><PatientList><Patient><DBID>1</DBID><DateOfDeath>14/11/2026</DateOfDeath></Patient></PatientList></PatientMatches>`,
		`<PatientAppointmentList><Appointment><SlotID>88001</SlotID><Date>28/03/2027</Date><StartTime>01:30</StartTime><Status>Booked</Status></Appointment></PatientAppointmentList>`,
		`<MedicalRecord><Registration><DBID>1234</DBID></Registration></MedicalRecord>`,
		`<ErrorResponse><LegacyOutcome>3</LegacyOutcome></ErrorResponse>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		`<a><BookedList>text<b/><c/></BookedList></a><d/>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) { decodeAll(t, FormatXML, body) })
}
