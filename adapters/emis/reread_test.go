package emis_test

import (
	"testing"
	"time"

	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestALookBeforeSendingAsksForThePatientAndTheDay(t *testing.T) {
	for dates, want := range map[string][2]string{
		emis.DateFormatUK:  {"28/03/2027", "29/03/2027"},
		emis.DateFormatISO: {"2027-03-28T00:00:00Z", "2027-03-29T00:00:00+01:00"},
	} {
		s := play(t, time.Date(2027, time.March, 22, 9, 0, 0, 0, time.UTC), func(c *emis.Config) { c.DateFormat = dates }, nil)
		s.book(time.Date(2027, time.March, 28, 8, 0, 0, 0, time.UTC)) // the day the clocks go forward
		a := s.read(t).Appointments[0]
		again, err := s.adapter.Reread(t.Context(), a)
		if err != nil || again != a {
			t.Fatalf("unchanged, it is not the same again (error %v)", err)
		}
		q := s.asked.To(pathAppointments)[0].URL.Query()
		if q.Get("patientNumber") != string(a.Patient.ID) || q.Get("startDate") != want[0] || q.Get("endDate") != want[1] {
			t.Errorf("asked for %v", q)
		}
	}
}

func TestTheWordsForAStatus(t *testing.T) {
	for word, want := range map[string]gateway.Status{
		"Booked": gateway.StatusBooked, "Slot Available": gateway.StatusBooked, " slot available ": gateway.StatusBooked,
		"Arrived": gateway.StatusArrived, "Send In": gateway.StatusArrived, "Quiet Send In": gateway.StatusArrived, "Start Call": gateway.StatusArrived,
		"DNA": gateway.StatusMissed, "Walked Out": gateway.StatusMissed, "Cannot Be Seen": gateway.StatusMissed,
		"Telephone - Not In": gateway.StatusMissed, "Visited - Not In": gateway.StatusMissed,
		"Left": gateway.StatusFinished, "Telephone - Complete": gateway.StatusFinished, "Visited": gateway.StatusFinished,
		"Blocked": gateway.StatusNotBooked, "Embargoed": gateway.StatusNotBooked,
		"Unknown": gateway.StatusUnknown, "Cancelled": gateway.StatusUnknown, "Expected": gateway.StatusUnknown,
	} {
		for _, format := range formats {
			s := play(t, monday, in(format), nil)
			a := s.one(t)
			s.sim.SetFaults(emissim.Faults{StatusText: word})
			again, err := s.adapter.Reread(t.Context(), a)
			if err != nil || again.Status != want {
				t.Errorf("%q in %s: status %d, want %d (error %v)", word, format, again.Status, want, err)
			}
			if again.ID != a.ID || again.Patient.ID != a.Patient.ID || !again.Start.Equal(a.Start) {
				t.Errorf("%q in %s: it is another appointment", word, format)
			}
		}
	}
}

func TestDemographicsAreAskedForOnlyWhereATextIsStillDue(t *testing.T) {
	s := play(t, monday, nil, nil)
	a := s.one(t)
	s.diary.Edit(1001, func(p *surgery.Person) { p.Mobile, p.Deducted = "", monday.AddDate(0, 0, -1) })
	again, err := s.adapter.Reread(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Patient.Mobile.IsZero() || again.Patient.MobileKind != gateway.NumberMissing || again.Patient.Left != gateway.FlagYes {
		t.Error("the emptied number or the deduction was not seen")
	}
	s.diary.Cancel(88001)
	if again, err = s.adapter.Reread(t.Context(), a); err != nil || again.Status != gateway.StatusCancelled {
		t.Errorf("status %d, error %v", again.Status, err)
	}
	if n := s.sim.Calls("GetPatientDemographics"); n != 1 {
		t.Errorf("asked %d times, want 1", n)
	}
}

func TestAnEmptyListOfThePatientsOwnMeansCancelled(t *testing.T) {
	for _, f := range []emissim.Faults{{Empty: true}, {Empty: true, EmptyAs404: true}} {
		for _, format := range formats {
			s := play(t, monday, in(format), nil)
			a := s.one(t)
			s.sim.SetFaults(f)
			again, err := s.adapter.Reread(t.Context(), a)
			if err != nil || again.Status != gateway.StatusCancelled || !again.Start.Equal(a.Start) {
				t.Errorf("%s, %+v: status %d, error %v", format, f, again.Status, err)
			}
		}
	}
}

// known is an appointment that was read before, for answers written by hand.
var known = gateway.Appointment{
	ID: "88001-1234", Patient: gateway.Patient{ID: "1234"}, Start: time.Date(2026, 11, 23, 9, 10, 0, 0, time.UTC), Status: gateway.StatusBooked,
}

const goodDemographics = `{"registration":{"dbid":"1234","mobile":"07700 900123"}}`

func TestWhatCannotBeToldOnLookingAgainIsUnknown(t *testing.T) {
	row := `{"slotID":88001,"siteID":5,"date":"23/11/2026","startTime":"09:10","status":"Booked"}`
	for what, rows := range map[string]string{
		"a date that cannot be read":              `{"slotID":88001,"date":"soon","startTime":"09:10","status":"Booked"}`,
		"no slot of that id, but one without any": `{"slotID":null,"date":"23/11/2026","startTime":"09:10","status":"Booked"}`,
		"no slot of that id, but a broken row":    `"x"`,
		"the slot twice in two ways":              row + `,{"slotID":"88001","siteID":5,"date":"23/11/2026","startTime":"11:10","status":"Booked"}`,
	} {
		f := saying(t, emis.FormatJSON, map[string]string{pathAppointments: `{"appointment":[` + rows + `]}`, pathDemographics: goodDemographics})
		again, err := f.adapter.Reread(t.Context(), known)
		if err != nil || again.Status != gateway.StatusUnknown {
			t.Errorf("%s: status %d, error %v", what, again.Status, err)
		}
	}
	f := saying(t, emis.FormatJSON, map[string]string{pathAppointments: `{"appointment":[{"slotID":7},` + row + `,` + row + `]}`, pathDemographics: goodDemographics})
	again, err := f.adapter.Reread(t.Context(), known)
	if err != nil || again.Status != gateway.StatusBooked || again.Patient.Mobile != gateway.NewPhone("+447700900123") || again.Site != "5" {
		t.Errorf("the slot among others: status %d, error %v", again.Status, err)
	}
}

func TestAnAnswerOnLookingAgainThatIsNotTheOneAskedForIsAnError(t *testing.T) {
	appointments := `{"appointment":[{"slotID":88001,"date":"23/11/2026","startTime":"09:10","status":"Booked"}]}`
	for what, answers := range map[string]map[string]string{
		"appointments: another object":           {pathAppointments: `{"bookedList":[]}`},
		"appointments: nothing recognised":       {pathAppointments: `{}`},
		"appointments: half of it":               {pathAppointments: appointments[:40]},
		"demographics: none":                     {pathAppointments: appointments},
		"demographics: another patient's":        {pathAppointments: appointments, pathDemographics: `{"registration":{"dbid":"7"}}`},
		"demographics: nobody's":                 {pathAppointments: appointments, pathDemographics: `{"registration":null}`},
		"demographics: no registration":          {pathAppointments: appointments, pathDemographics: `{"peopleList":[]}`},
		"demographics: a registration that is 7": {pathAppointments: appointments, pathDemographics: `{"registration":7}`},
	} {
		f := saying(t, emis.FormatJSON, answers)
		if again, err := f.adapter.Reread(t.Context(), known); err == nil {
			t.Errorf("%s: taken, with status %d", what, again.Status)
		}
	}
	two := `<MedicalRecord><Registration><DBID>1234</DBID></Registration><Registration><DBID>1234</DBID></Registration></MedicalRecord>`
	f := saying(t, emis.FormatXML, map[string]string{
		pathAppointments: `<L><Appointment><SlotID>88001</SlotID><Date>23/11/2026</Date><StartTime>09:10</StartTime><Status>Booked</Status></Appointment></L>`, pathDemographics: two,
	})
	if _, err := f.adapter.Reread(t.Context(), known); err == nil {
		t.Error("demographics in XML of two patients were taken")
	}
}

func TestAnIDThatIsNotOfThisSourceIsAnErrorAndAsksNothing(t *testing.T) {
	s := play(t, monday, nil, nil)
	for _, id := range []gateway.AppointmentID{"", "88001", "-", "88001-", "88001-x", "088001-1234", "88001-1234-5", "0-0", "88001-1234 "} {
		a := known
		a.ID = id
		if _, err := s.adapter.Reread(t.Context(), a); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
	if s.sim.Tokens() != 0 {
		t.Error("EMIS was asked")
	}
}
