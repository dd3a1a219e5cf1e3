package emis_test

import (
	"net/http"
	"testing"
	"time"

	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestWhatIsAskedForTheBookedList(t *testing.T) {
	for _, format := range formats {
		s := play(t, monday, in(format), nil)
		s.span.To = monday.Add(90*time.Minute + time.Second)
		s.read(t)
		r := s.asked.To(pathBooked)[0]
		q := r.URL.Query()
		if q.Get("minutesBefore") != "0" || q.Get("minutesWithin") != "91" || len(q) != 2 {
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
		if r.Header.Get("applicationId") != applicationID || r.Header.Get("Accept") != "application/"+format {
			t.Error("applicationId or Accept is not what it should be")
		}
	}
}

func TestNeverMoreThanTheWindowIsAskedForAndSpokenFor(t *testing.T) {
	for window, want := range map[int]string{0: "43200", 30: "43200", 7: "10080"} {
		s := play(t, monday, func(c *emis.Config) { c.Window = window }, nil)
		s.sim.SetFaults(emissim.Faults{RefuseWide: true})
		s.span = gateway.Span{From: monday.AddDate(0, 0, -1), To: monday.AddDate(0, 0, 60)}
		feed := s.read(t)
		if got := s.asked.To(pathBooked)[0].URL.Query().Get("minutesWithin"); got != want {
			t.Errorf("window %d: asked for %s minutes, want %s", window, got, want)
		}
		minutes, _ := time.ParseDuration(want + "m")
		if !feed.Covers.From.Equal(monday) || !feed.Covers.To.Equal(monday.Add(minutes)) {
			t.Errorf("window %d: speaks for %v", window, feed.Covers)
		}
	}
}

func TestAFeedIsAsOldAsItsRequest(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.book(monday.AddDate(0, 0, 7))
	s.read(t)
	answering := play(t, monday, nil, nil) // its clock moves on while EMIS answers
	slow := join(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answering.clock.Advance(5 * time.Minute)
		answering.sim.ServeHTTP(w, r)
	}), answering.clock, emis.FormatXML)
	feed, err := slow.Read(t.Context(), answering.span)
	if err != nil {
		t.Fatal(err)
	}
	// Five minutes for the token; the five of the list itself do not count.
	if want := monday.Add(5 * time.Minute); !feed.AsOf.Equal(want) || !feed.Covers.From.Equal(want) {
		t.Errorf("as of %v, want %v", feed.AsOf, want)
	}
}

func TestASpanThatIsPastIsAnErrorAndAsksNothing(t *testing.T) {
	s := play(t, monday, nil, nil)
	if _, err := s.adapter.Read(t.Context(), gateway.Span{From: monday.AddDate(0, 0, -7), To: monday}); err == nil {
		t.Error("no error")
	}
	if s.sim.Calls("GetBookedPatientsV2") != 0 {
		t.Error("EMIS was asked")
	}
}

func TestChangedPatientsAreAskedForFromBeforeTheLastGoodRead(t *testing.T) {
	for dates, want := range map[string]string{emis.DateFormatUK: "16/11/2026", emis.DateFormatISO: "2026-11-16T00:00:00Z"} {
		s := play(t, monday, func(c *emis.Config) { c.DateFormat = dates }, nil)
		s.read(t)
		if len(s.asked.To(pathChanged)) != 0 {
			t.Error("the first read asked what had changed")
		}
		s.clock.Advance(36 * time.Hour)
		s.sim.SetFaults(emissim.Faults{Status: 500})
		if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
			t.Fatal("no error")
		}
		s.sim.SetFaults(emissim.Faults{})
		s.read(t)
		s.read(t)
		got := s.asked.To(pathChanged)
		if len(got) != 2 || got[0].URL.Query().Get("fromDate") != want {
			t.Fatalf("%d calls, the first from %q, want %q", len(got), got[0].URL.Query().Get("fromDate"), want)
		}
		if from := got[1].URL.Query().Get("fromDate"); from == want {
			t.Error("the next read did not move on")
		}
	}
}

func TestChangedPatientsOverrideTheListWhereTheySayMore(t *testing.T) {
	changed := `<PatientMatches><PatientList>
		<Patient><DBID>1</DBID><DateOfDeath>14/11/2026</DateOfDeath><Mobile/></Patient>
		<Patient><DBID>2</DBID><DeductedDate>14/11/2026</DeductedDate></Patient>
		<Patient><DBID>3</DBID><Mobile>07700 900999</Mobile></Patient>
		<Patient><DBID>4</DBID><Mobile>01632 960001</Mobile></Patient>
		<Patient><DBID>5</DBID></Patient>
		<Patient><FamilyName>XQCANARY</FamilyName></Patient>
	</PatientList></PatientMatches>`
	row := func(id, fields string) string {
		return `<Booked><Patient><DBID>` + id + `</DBID><Mobile>07700 900123</Mobile>` + fields + `</Patient>` + appointmentXML + `</Booked>`
	}
	list := bookedXML(row("1", "") + row("2", "") + row("3", "") + row("4", "") + row("5", "<DateOfDeath>13/11/2026</DateOfDeath>") + row("6", ""))
	f := saying(t, emis.FormatXML, map[string]string{pathBooked: list, pathChanged: changed})
	f.read(t)
	feed := f.read(t)
	if len(feed.Appointments) != 6 || len(feed.Unreadable) != 1 || feed.Unreadable[0].Where != "changed patients, row 6" {
		t.Fatalf("%d appointments, unreadable %v", len(feed.Appointments), feed.Unreadable)
	}
	by := map[gateway.PatientID]gateway.Patient{}
	for _, a := range feed.Appointments {
		by[a.Patient.ID] = a.Patient
	}
	old := gateway.NewPhone("+447700900123")
	for _, check := range []struct {
		what string
		ok   bool
	}{
		{"a death", by["1"].Deceased == gateway.FlagYes},
		{"an empty number says nothing", by["1"].Mobile == old},
		{"a deduction", by["2"].Left == gateway.FlagYes},
		{"a new number", by["3"].Mobile == gateway.NewPhone("+447700900999")},
		{"a landline", by["4"].MobileKind == gateway.NumberLandline && by["4"].Mobile.IsZero()},
		{"the list's own death stands", by["5"].Deceased == gateway.FlagYes},
		{"others are untouched", by["6"].Mobile == old && by["6"].Deceased == gateway.FlagNo},
	} {
		if !check.ok {
			t.Errorf("not so: %s", check.what)
		}
	}
}

func TestWithoutTheChangedPatientsNothingIsLearnt(t *testing.T) {
	f := saying(t, emis.FormatXML, map[string]string{pathBooked: bookedXML(patientRowXML(""))}) // the rest is 404
	f.read(t)
	if feed, err := f.adapter.Read(t.Context(), f.span); err == nil || feed.Complete || len(feed.Appointments) != 0 {
		t.Error("a read without the changed patients was taken for good")
	}
}

func TestBothSundaysOnWhichTheClocksChange(t *testing.T) {
	type visit struct {
		date, clock string
		start       string
		doubt       gateway.Doubt
	}
	for _, day := range []struct {
		now    time.Time
		visits []visit
	}{
		{time.Date(2027, time.March, 22, 9, 0, 0, 0, time.UTC), []visit{
			{"27/03/2027", "23:30", "2027-03-27T23:30:00Z", gateway.NoDoubt},
			{"28/03/2027", "00:59", "2027-03-28T00:59:00Z", gateway.NoDoubt},
			{"28/03/2027", "01:00", "", gateway.TimeMissing},
			{"28/03/2027", "01:59:59", "", gateway.TimeMissing},
			{"28/03/2027", "02:00", "2027-03-28T01:00:00Z", gateway.NoDoubt},
			{"29/03/2027", "09:10", "2027-03-29T08:10:00Z", gateway.NoDoubt},
		}},
		{time.Date(2027, time.October, 25, 9, 0, 0, 0, time.UTC), []visit{
			{"30/10/2027", "09:10", "2027-10-30T08:10:00Z", gateway.NoDoubt},
			{"31/10/2027", "00:59", "2027-10-30T23:59:00Z", gateway.NoDoubt},
			{"31/10/2027", "01:00", "2027-10-31T00:00:00Z", gateway.TimeAmbiguous},
			{"31/10/2027", "01:59", "2027-10-31T00:59:00Z", gateway.TimeAmbiguous},
			{"31/10/2027", "02:00", "2027-10-31T02:00:00Z", gateway.NoDoubt},
			{"01/11/2027", "09:10", "2027-11-01T09:10:00Z", gateway.NoDoubt},
		}},
	} {
		for _, v := range day.visits {
			f := saying(t, emis.FormatXML, map[string]string{
				pathBooked: bookedXML(`<Booked><Patient><DBID>1</DBID></Patient><Appointment><ID><DBID>2</DBID></ID><Date>` + v.date + `</Date><Time>` + v.clock + `</Time></Appointment></Booked>`),
			})
			f.clock.Advance(day.now.Sub(monday))
			f.span = gateway.Span{From: day.now, To: day.now.AddDate(0, 0, 14)}
			feed := f.read(t)
			if len(feed.Appointments) != 1 {
				t.Fatalf("%s %s: %d appointments", v.date, v.clock, len(feed.Appointments))
			}
			a := feed.Appointments[0]
			if a.StartDoubt != v.doubt || (v.start != "" && a.Start.Format(time.RFC3339) != v.start) {
				t.Errorf("%s %s: %s with doubt %d", v.date, v.clock, a.Start.Format(time.RFC3339), a.StartDoubt)
			}
		}
	}
}

func TestAFrozenSimulatorShowsTheOldDiary(t *testing.T) {
	s := play(t, monday, nil, nil)
	slot, _ := s.book(monday.AddDate(0, 0, 7))
	s.sim.SetFaults(emissim.Faults{Frozen: true})
	s.diary.Cancel(slot)
	s.diary.Book(surgery.Visit{Person: 1001, Start: monday.AddDate(0, 0, 8)})
	if feed := s.read(t); len(feed.Appointments) != 1 || feed.Appointments[0].Status != gateway.StatusBooked {
		t.Error("the frozen diary moved")
	}
	s.sim.SetFaults(emissim.Faults{})
	if feed := s.read(t); len(feed.Appointments) != 1 || !feed.Appointments[0].Start.Equal(monday.AddDate(0, 0, 8)) {
		t.Error("the thawed diary is not the new one")
	}
}

func TestReadingHasNoSideEffects(t *testing.T) {
	s := play(t, monday, nil, nil)
	a := s.one(t)
	s.read(t)
	if _, err := s.adapter.Reread(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.asked.Take() {
		read := r.Method == http.MethodGet && (r.URL.Path == pathBooked || r.URL.Path == pathChanged || r.URL.Path == pathAppointments || r.URL.Path == pathDemographics)
		if !read && r.URL.Path != emissim.TokenPath {
			t.Errorf("%s %s was called", r.Method, r.URL.Path)
		}
	}
}

func TestADiaryOfFiveThousandIsReadInOneAnswer(t *testing.T) {
	for _, format := range formats {
		s := play(t, monday, in(format), nil)
		for i := range 5000 {
			s.book(monday.Add(time.Duration(i+1) * 4 * time.Minute))
		}
		if feed := s.read(t); len(feed.Appointments) != 5000 || len(feed.Unreadable) != 0 || !feed.Complete {
			t.Errorf("%s: %d appointments, %d unreadable", format, len(feed.Appointments), len(feed.Unreadable))
		}
	}
}
