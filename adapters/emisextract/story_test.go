package emisextract_test

import (
	"testing"

	"bellman/adapters/emisextract"
	"bellman/gateway"
)

func TestEveryChangeOfASlotIsUnderstoodWithWhatWasSaidBefore(t *testing.T) {
	free := slotRow.with("PatientGuid", "")
	for _, c := range []struct {
		what string
		rows []row
		want string
	}{
		{"freed", []row{free}, "1/1 23 Nov 09:10 cancelled; 2/2 23 Nov 09:20 booked"},
		{"deleted", []row{slotRow.with("Deleted", "true")}, "1/1 23 Nov 09:10 cancelled; 2/2 23 Nov 09:20 booked"},
		{"deleted with all else blank", []row{{"SlotGuid": slotOne, "Deleted": "true"}}, ""},
		{"booked by another", []row{slotRow.with("PatientGuid", bilal)}, "1/2 23 Nov 09:10 booked; 2/2 23 Nov 09:20 booked"},
		{"booked by another, at another time", []row{slotRow.with("PatientGuid", bilal, "AppointmentStartTime", "09:30:00")}, "1/1 23 Nov 09:10 cancelled; 1/2 23 Nov 09:30 booked; 2/2 23 Nov 09:20 booked"},
		{"moved", []row{slotRow.with("AppointmentDate", "2026-11-24")}, "1/1 24 Nov 09:10 booked; 2/2 23 Nov 09:20 booked"},
		{"moved to a day that is over", []row{slotRow.with("AppointmentDate", "2026-11-10")}, "2/2 23 Nov 09:20 booked"},
		{"freed and booked again by the same", []row{free, slotRow}, bothBooked},
		{"freed in favour of another slot", []row{free, slotRow.with("SlotGuid", "A0000001-0000-4000-8000-000000000003", "AppointmentStartTime", "10:00:00")}, "1/1 23 Nov 09:10 cancelled; 2/2 23 Nov 09:20 booked; 3/1 23 Nov 10:00 booked"},
		{"arrived", []row{slotRow.with("SendInTime", "09:08:00")}, "1/1 23 Nov 09:10 arrived; 2/2 23 Nov 09:20 booked"},
		{"finished", []row{slotRow.with("SendInTime", "09:08:00", "LeftTime", "09:20:00")}, "1/1 23 Nov 09:10 finished; 2/2 23 Nov 09:20 booked"},
		{"missed", []row{slotRow.with("DidNotAttend", "TRUE")}, "1/1 23 Nov 09:10 missed; 2/2 23 Nov 09:20 booked"},
		{"missed, in a word that nobody knows", []row{slotRow.with("DidNotAttend", "perhaps")}, "1/1 23 Nov 09:10 unknown; 2/2 23 Nov 09:20 booked"},
		{"in a session that nobody has named", []row{slotRow.with("SessionGuid", slotTwo)}, "1/1 23 Nov 09:10 unknown; 2/2 23 Nov 09:20 booked"},
		{"another practice's", []row{slotRow.with("PatientGuid", "", "OrganisationGuid", ann)}, bothBooked},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newStage(t)
			s.night(full())
			s.tells(bothBooked)
			s.tomorrow()
			s.night(delivery{"Appointment_Slot": c.rows})
			want := c.want
			if want == "" {
				want = "1/1 23 Nov 09:10 cancelled; 2/2 23 Nov 09:20 booked"
			}
			f := s.tells(want)
			if !f.Complete || len(f.Unreadable) > 0 {
				t.Errorf("complete %t, unreadable %v", f.Complete, f.Unreadable)
			}
			if again := s.tells(want); again.AsOf != f.AsOf {
				t.Error("reading again gives another age")
			}
		})
	}
}

func TestAVisitIsFullyUnderstood(t *testing.T) {
	s := newStage(t)
	s.night(full())
	f := s.read()
	a := s.visit(f, ann)
	if a.Patient.Name != gateway.NewName("Ann") || a.Patient.NHSNumber != gateway.NewNHSNumber("9990000018") || a.Patient.Mobile != gateway.NewPhone("+447700900101") {
		t.Error("the patient is not whom the extract names")
	}
	if a.Mode != gateway.ModeInPerson || a.Site != "a0000004-0000-4000-8000-000000000005" || a.Patient.Declined != gateway.FlagNo || a.Patient.Left != gateway.FlagNo || a.Patient.Deceased != gateway.FlagNo || a.Patient.Restricted != gateway.FlagNo {
		t.Errorf("%+v", a)
	}
	if !f.AsOf.Equal(begin.Add(-3600e9)) || f.Covers != s.span() {
		t.Errorf("as of %v, covers %v", f.AsOf, f.Covers)
	}
}

func TestAnExtractIsAsOldAsItsDayUnlessTheClinicKnowsBetter(t *testing.T) {
	s := newStage(t, func(c *emisextract.Config) { c.CutOff = "" })
	s.night(full())
	if f := s.read(); !f.AsOf.Equal(begin.Add(-6 * 3600e9)) {
		t.Errorf("as of %v, want the midnight before", f.AsOf)
	}
}

func TestPatientsWhoMustNotBeTexted(t *testing.T) {
	for _, c := range []struct {
		what   string
		change []string
		check  func(gateway.Appointment) bool
	}{
		{"died", []string{"DateOfDeath", "2026-11-14"}, func(a gateway.Appointment) bool { return a.Patient.Deceased == gateway.FlagYes }},
		{"died on a day to come", []string{"DateOfDeath", "2027-11-14"}, func(a gateway.Appointment) bool { return a.Patient.Deceased == gateway.FlagUnclear }},
		{"died on no day", []string{"DateOfDeath", "yes"}, func(a gateway.Appointment) bool { return a.Patient.Deceased == gateway.FlagUnclear }},
		{"left", []string{"DateOfDeactivation", "2026-11-14"}, func(a gateway.Appointment) bool { return a.Patient.Left == gateway.FlagYes }},
		{"leaves later", []string{"DateOfDeactivation", "2026-11-30"}, func(a gateway.Appointment) bool { return a.Patient.Left == gateway.FlagUnclear }},
		{"deleted", []string{"Deleted", "true"}, func(a gateway.Appointment) bool {
			return a.Patient.Left == gateway.FlagYes && a.Patient.Name.IsZero() && a.Patient.Mobile.IsZero()
		}},
		{"deleted in a word that nobody knows", []string{"Deleted", "maybe"}, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagUnclear }},
		{"sensitive", []string{"SpineSensitive", "true"}, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagYes }},
		{"confidential", []string{"IsConfidential", "true"}, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagYes }},
		{"confidential in a word that nobody knows", []string{"IsConfidential", "1"}, func(a gateway.Appointment) bool { return a.Patient.Restricted == gateway.FlagUnclear }},
		{"a dummy", []string{"DummyType", "true"}, func(a gateway.Appointment) bool { return a.Status == gateway.StatusNotBooked }},
		{"a dummy by its type", []string{"PatientTypeDescription", "  Dummy"}, func(a gateway.Appointment) bool { return a.Status == gateway.StatusNotBooked }},
		{"without a mobile", []string{"MobilePhone", ""}, func(a gateway.Appointment) bool { return a.Patient.MobileKind == gateway.NumberMissing }},
		{"with a note beside the number", []string{"MobilePhone", "07700 900101 wife"}, func(a gateway.Appointment) bool { return a.Patient.MobileKind == gateway.NumberUnclear }},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newStage(t)
			s.night(full())
			s.read()
			s.tomorrow()
			s.night(delivery{"Admin_Patient": {annRow.with(c.change...)}})
			f := s.read()
			if a := s.visit(f, ann); !c.check(a) {
				t.Errorf("read as %+v", a)
			}
			if a := s.visit(f, bilal); a.Status != gateway.StatusBooked || a.Patient.MobileKind != gateway.NumberMobile {
				t.Error("the neighbour is not booked any more")
			}
		})
	}
}

func TestCodedEntriesAboutTexts(t *testing.T) {
	entry := func(id, code, day, clock string, more ...string) row {
		return row{"ObservationGuid": "a0000005-0000-4000-8000-00000000000" + id, "PatientGuid": ann, "OrganisationGuid": org, "CodeId": code,
			"EffectiveDate": day, "EnteredDate": day, "EnteredTime": clock, "AssociatedText": "said \"so\"\nat the desk", "Deleted": "false"}.with(more...)
	}
	no, yes := entry("1", "501", "2026-10-01", "09:00:00"), entry("2", "502", "2026-10-02", "09:00:00")
	for _, c := range []struct {
		what          string
		first, second []row
		want          gateway.Flag
	}{
		{"none", nil, nil, gateway.FlagNo},
		{"a no", []row{no}, nil, gateway.FlagYes},
		{"a no in a Read code", []row{entry("1", "503", "2026-10-01", "09:00:00")}, nil, gateway.FlagYes},
		{"a no to test results only", []row{entry("1", "504", "2026-10-01", "09:00:00")}, nil, gateway.FlagNo},
		{"something else", []row{entry("1", "505", "2026-10-01", "09:00:00")}, nil, gateway.FlagNo},
		{"a no, and a yes the next day", []row{no, yes}, nil, gateway.FlagNo},
		{"a yes, and a no the next day", []row{yes, entry("1", "501", "2026-10-03", "09:00:00")}, nil, gateway.FlagYes},
		{"the later entry comes first in the file", []row{yes, no}, nil, gateway.FlagNo},
		{"both at one moment", []row{entry("1", "502", "2026-10-01", "09:00:00"), entry("2", "501", "2026-10-01", "09:00:00")}, nil, gateway.FlagYes},
		{"both on one day", []row{entry("1", "501", "2026-10-01", "09:00:00"), entry("2", "502", "2026-10-01", "09:05:00")}, nil, gateway.FlagNo},
		{"a no without a day", []row{yes, entry("1", "501", "", "")}, nil, gateway.FlagYes},
		{"a yes without a day after a no", []row{no, entry("2", "502", "", "")}, nil, gateway.FlagUnclear},
		{"a no that is taken back", []row{no}, []row{no.with("Deleted", "true")}, gateway.FlagNo},
		{"a no that is taken back with all else blank", []row{no}, []row{{"ObservationGuid": no["ObservationGuid"], "Deleted": "true"}}, gateway.FlagNo},
		{"a yes that is taken back", []row{no, yes}, []row{yes.with("Deleted", "true")}, gateway.FlagYes},
		{"a no that becomes a yes", []row{no}, []row{no.with("CodeId", "502")}, gateway.FlagNo},
		{"a no that becomes something else", []row{no}, []row{no.with("CodeId", "505")}, gateway.FlagNo},
		{"a yes after a no that becomes something else", []row{no, yes}, []row{yes.with("CodeId", "505")}, gateway.FlagYes},
		{"a no that another practice's row makes something else", []row{no}, []row{no.with("CodeId", "505", "OrganisationGuid", bilal)}, gateway.FlagYes},
		{"a no of another practice", []row{no.with("OrganisationGuid", bilal)}, nil, gateway.FlagNo},
		{"a no that stays while the patient is deleted and comes back", []row{no}, nil, gateway.FlagYes},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newStage(t)
			d := full()
			d["CareRecord_Observation"] = append([]row{}, c.first...)
			s.night(d)
			s.read()
			s.tomorrow()
			s.night(delivery{"CareRecord_Observation": append([]row{}, c.second...), "Admin_Patient": {annRow.with("Deleted", "true")}})
			s.read()
			s.tomorrow()
			s.night(delivery{"Admin_Patient": {annRow}})
			f := s.read()
			if got := s.visit(f, ann).Patient.Declined; got != c.want {
				t.Errorf("declined is %d, want %d", got, c.want)
			}
			if s.visit(f, bilal).Patient.Declined != gateway.FlagNo {
				t.Error("the neighbour declined")
			}
		})
	}
}

func TestAPracticeMayHoldWhoeverHasNoCode(t *testing.T) {
	s := newStage(t, func(c *emisextract.Config) { c.NoCode = emisextract.NoCodeHold })
	s.night(full())
	if got := s.visit(s.read(), ann).Patient.Declined; got != gateway.FlagUnclear {
		t.Errorf("declined is %d", got)
	}
}

func TestNobodyIsExpectedInASessionWithoutAClinician(t *testing.T) {
	without := func() delivery { d := full(); d["Appointment_SessionUser"] = []row{}; return d }
	s := newStage(t)
	s.night(without())
	s.tells("1/1 23 Nov 09:10 not booked; 2/2 23 Nov 09:20 not booked")
	s.tomorrow()
	s.night(delivery{"Appointment_SessionUser": {{"SessionGuid": clinic, "UserInRoleGuid": doctor, "Deleted": "false"}}})
	s.tells(bothBooked)
	s.tomorrow()
	s.night(delivery{"Appointment_Session": {full()["Appointment_Session"][0].with("Description", "Other words")}})
	s.tells(bothBooked) // users are not sent again
	s.tomorrow()
	s.night(delivery{"Appointment_SessionUser": {{"SessionGuid": clinic, "UserInRoleGuid": doctor, "Deleted": "true"}}})
	s.tells("1/1 23 Nov 09:10 not booked; 2/2 23 Nov 09:20 not booked")
	s.tomorrow()
	s.night(delivery{"Appointment_Session": {full()["Appointment_Session"][0].with("Deleted", "true")}})
	s.tells("1/1 23 Nov 09:10 unknown; 2/2 23 Nov 09:20 unknown")

	s = newStage(t, func(c *emisextract.Config) { c.NoClinician = emisextract.NoClinicianRemind })
	s.night(without())
	s.tells(bothBooked)
}

func TestWaysOfMeetingAreReadFromTheSession(t *testing.T) {
	for _, c := range []struct {
		category, kind string
		modes          map[string]string
		want           gateway.Mode
	}{
		{"Telephone", "Timed", nil, gateway.ModeTelephone},
		{"Telephone", "Video", nil, gateway.ModeUnknown},
		{"Triage", "Timed", nil, gateway.ModeUnknown},
		{"Triage", "Timed", map[string]string{"triage": "telephone"}, gateway.ModeTelephone},
		{"Telephone", "Timed", map[string]string{"Telephone ": "unknown"}, gateway.ModeUnknown},
		{"Triage", "Timed", map[string]string{"triage": "telephone", "timed": "in_person"}, gateway.ModeUnknown},
	} {
		s := newStage(t, func(cfg *emisextract.Config) { cfg.Modes = c.modes })
		d := full()
		d["Appointment_Session"][0] = d["Appointment_Session"][0].with("SessionCategoryDisplayName", c.category, "SessionTypeDescription", c.kind)
		s.night(d)
		if got := s.visit(s.read(), ann).Mode; got != c.want {
			t.Errorf("%s, %s with %v: %d, want %d", c.category, c.kind, c.modes, got, c.want)
		}
	}
}
