package hl7_test

import (
	"strings"
	"testing"

	"bellman/adapters/hl7"
	"bellman/gateway"
)

func TestWhatATelephoneFieldSays(t *testing.T) {
	t.Parallel()
	const a, b = "+447700900101", "+447700900102"
	for _, c := range []struct {
		what, pid13, rest string
		want              string
		kind              gateway.NumberKind
	}{
		{"a home number and a mobile", "01632 960011^PRN^PH~" + first + "^PRN^CP", "", a, gateway.NumberMobile},
		{"a mobile by PRS alone", "01632960011^PRN~07700900101^PRS", "", a, gateway.NumberMobile},
		{"a mobile by ORN and CP", "07700900101^ORN^CP", "", a, gateway.NumberMobile},
		{"an empty first repetition and a number without codes", "~07700900101", "", a, gateway.NumberMobile},
		{"two plain numbers, one of them a mobile", "01632 960 011~07700 900 101", "", a, gateway.NumberMobile},
		{"the number in any text", "^PRN^CP^^^^^^07700900101", "", a, gateway.NumberMobile},
		{"the number in its parts", "^PRN^CP^^44^07700^900101", "", a, gateway.NumberMobile},
		{"the number unformatted", "^PRN^CP^^^^^^^^^07700900101", "", a, gateway.NumberMobile},
		{"an e-mail address beside it", "07700900101^PRS~^NET^^efua@example.org", "", a, gateway.NumberMobile},
		{"an e-mail address in its place", "efua@example.org^NET", "", "", gateway.NumberMissing},
		{"the cell phone goes before others", "07700900102^PRN~07700900101^PRN^CP", "", a, gateway.NumberMobile},
		{"a second field", "", "|07700900102^PRN^CP", b, gateway.NumberMobile},
		{"a number at work is not used", "", "|07700900102^WPN^PH", "", gateway.NumberMissing},
		{"a fax is not used", "07700900102^PRN^FX", "", "", gateway.NumberMissing},
		{"the same twice", "07700900101^PRN^CP~07700 900101^PRN^CP", "", a, gateway.NumberMobile},
		{"two different ones", "07700900101^PRN^CP~07700900102^PRN^CP", "", "", gateway.NumberUnclear},
		{"a word beside it", "07700900101 (wife)^PRN^CP", "", "", gateway.NumberUnclear},
		{"a landline where the mobile should be", "01632960011^PRN^CP", "", "", gateway.NumberLandline},
		{"a foreign one", "+33612345678^PRN^CP", "", "", gateway.NumberOther},
		{"a landline alone", "01632960011^PRN^PH", "", "", gateway.NumberMissing},
		{"nothing", "", "", "", gateway.NumberMissing},
		{"deleted", `""`, "", "", gateway.NumberMissing},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88001", monday10), pidWith("1001", c.pid13, c.rest))
			if p := s.only().Patient; p.MobileKind != c.kind || p.Mobile != gateway.NewPhone(c.want) {
				t.Errorf("kind %d, want %d; the right number: %t", p.MobileKind, c.kind, p.Mobile == gateway.NewPhone(c.want))
			}
		})
	}
}

func TestANumberIsChangedDeletedAndLeftAlone(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.say(2, "SIU^S12", sch("88002", tuesday11), pid("1001", ""))
	for _, step := range []struct {
		what, pid13 string
		want        string
		kind        gateway.NumberKind
	}{
		{"an empty field changes nothing", "", "+447700900101", gateway.NumberMobile},
		{"another number", "07700900102^PRN^CP", "+447700900102", gateway.NumberMobile},
		{"two quotation marks delete it", `""`, "", gateway.NumberMissing},
		{"back again", "07700900101^PRN^CP", "+447700900101", gateway.NumberMobile},
		{"deleted within its repetition", `""^PRN^CP`, "", gateway.NumberMissing},
	} {
		s.say(10, "ADT^A08", pidWith("1001", step.pid13, ""))
		for _, a := range s.feed().Appointments {
			if a.Patient.MobileKind != step.kind || a.Patient.Mobile != gateway.NewPhone(step.want) {
				t.Errorf("%s: kind %d of %s", step.what, a.Patient.MobileKind, a.ID)
			}
		}
	}
}

func TestADeathIsObeyedAtOnceAndNotTakenBackSilently(t *testing.T) {
	t.Parallel()
	const empty16 = "||||||||||||||||" // from PID-13 to PID-29
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	is := func(what string, want gateway.Flag) {
		t.Helper()
		if got := s.only().Patient.Deceased; got != want {
			t.Errorf("%s: deceased is %d, want %d", what, got, want)
		}
	}
	s.say(2, "ADT^A08", pidWith("1001", "", empty16+"|N"))
	is("PID-30 N", gateway.FlagNo)
	s.say(3, "ADT^A08", pidWith("1001", "", empty16+`""|""`))
	is("both deleted", gateway.FlagNo)
	s.say(4, "ADT^A03", pidWith("1001", "", empty16+"20261115083456|"))
	is("the time of death alone, with a discharge", gateway.FlagYes)
	s.say(3, "ADT^A31", pidWith("1001", "", empty16+"|N"))
	is("an older message says alive", gateway.FlagYes)
	s.say(5, "ADT^A31", pidWith("1001", "", empty16+"|N"))
	is("a newer message says alive", gateway.FlagUnclear)
	s.say(6, "ADT^A31", pidWith("1001", "", empty16+"|Y"))
	is("dead again", gateway.FlagYes)
	s.say(7, "ADT^A31", pidWith("1001", "", empty16+"|^D"))
	is("a mark that nobody understands", gateway.FlagUnclear)
}

func TestAPatientWhoIsTakenOutIsNotTextedUntilAddedAgain(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.say(2, "ADT^A29", pid("1001", ""))
	s.say(3, "ADT^A31", pid("1001", first))
	if s.only().Patient.Left != gateway.FlagYes {
		t.Error("taken out, and still texted")
	}
	s.say(4, "ADT^A28", pid("1001", first))
	if s.only().Patient.Left != gateway.FlagNo {
		t.Error("added again, and not texted")
	}
}

func TestAMergeKeepsTheAppointmentAndTakesTheSurvivorsNumber(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
			before := s.only()
			s.took("AA", s.say(2, "ADT^"+event, pid("2002", second), mrg("1001")))
			after := s.only()
			if after.ID != before.ID || after.Patient.ID != before.Patient.ID {
				t.Error("the merge made another appointment of it, which would be texted anew")
			}
			if after.Patient.Mobile != gateway.NewPhone("+447700900102") {
				t.Error("the old id's number is still used")
			}
			s.say(3, "SIU^S13", sch("88001", tuesday11), pid("2002", second))
			if got := s.only(); got.ID != before.ID || got.Status != booked {
				t.Error("a message under the new id made another appointment of it")
			}
			if now, err := s.Adapter.Reread(t.Context(), before); err != nil || now.ID != before.ID || now.Status != booked || now.Patient.Mobile != gateway.NewPhone("+447700900102") {
				t.Errorf("looked at again: status %d, %v", now.Status, err)
			}
			s.say(4, "ADT^A31", pidWith("1001", "", "||||||||||||||||20261115|Y"))
			if s.only().Patient.Deceased != gateway.FlagYes {
				t.Error("a death that is told under the old id is lost")
			}
		})
	}
}

func TestMergesOfMergesAndInCirclesAreFollowed(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.say(2, "ADT^A40", pid("2002", ""), mrg("1001"))
	s.say(3, "ADT^A40", pid("3003", second), mrg("2002"))
	if s.only().Patient.Mobile != gateway.NewPhone("+447700900102") {
		t.Error("the second merge was not followed")
	}
	s.say(4, "ADT^A40", pid("1001", first), mrg("3003"))
	if a := s.only(); a.Patient.Mobile != gateway.NewPhone("+447700900101") || a.Status != booked {
		t.Error("merged back into the first, the first stands")
	}
}

// Two ids were merged, and then the other way round: the later merge stands,
// whichever comes first.
func TestOfTwoMergesTheLaterStandsInEitherOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]int{{2, 3}, {3, 2}} {
		s := tell(t)
		s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
		for _, minute := range order {
			if minute == 2 {
				s.say(2, "ADT^A40", pid("2002", second), mrg("1001"))
			} else {
				s.say(3, "ADT^A40", pid("1001", first), mrg("2002"))
			}
		}
		if s.only().Patient.Mobile != gateway.NewPhone("+447700900101") {
			t.Errorf("in the order %v the earlier merge stands", order)
		}
	}
}

func TestAnotherPatientUnderTheSameNumberIsAnotherAppointment(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	before := s.only()
	s.say(2, "SIU^S12", sch("88001", monday10), pid("2002", second))
	if after := s.only(); after.ID == before.ID || after.Patient.Mobile != gateway.NewPhone("+447700900102") {
		t.Error("the number's second patient has the first one's appointment")
	}
	if now, err := s.Adapter.Reread(t.Context(), before); err != nil || now.Status != cancelled {
		t.Errorf("the first patient's appointment, looked at again: status %d, %v", now.Status, err)
	}
}

func TestADeathThatIsToldByTheNHSNumberAloneIsObeyed(t *testing.T) {
	t.Parallel()
	withNHS := func(id string) string {
		return "PID|1||" + id + "9990000018^^^NHS^NH{status:01}||Kerr^Efua||||||||" + first + "^PRN^CP\r"
	}
	died := "PID|1||9990000018^^^NHS^NH||Kerr^Efua|||||||||||||||||||||||||Y\r"
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), withNHS("1001^^^RSIM1^PI~"))
	if s.only().Patient.NHSNumber != gateway.NewNHSNumber("9990000018") {
		t.Error("the NHS number is not read")
	}
	s.took("AA", s.say(2, "ADT^A31", died))
	if s.only().Patient.Deceased != gateway.FlagYes {
		t.Error("the index of patients said that the patient has died")
	}
	early := tell(t)
	early.say(1, "ADT^A31", died)
	early.say(2, "SIU^S12", sch("88001", monday10), withNHS("1001^^^RSIM1^PI~"))
	if early.only().Patient.Deceased != gateway.FlagYes {
		t.Error("the index said so before the booking came")
	}
	if now, err := early.Adapter.Reread(t.Context(), early.only()); err != nil || now.Patient.Deceased != gateway.FlagYes {
		t.Errorf("looked at again: deceased %d, %v", now.Patient.Deceased, err)
	}
}

func TestARecordThatIsMixedUpHoldsItsAppointmentsUntilTheyAreToldAgain(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	s.took("AA", s.say(2, "ADT^A43", pid("2002", ""), mrg("1001")))
	s.is(unclear, "23 Nov 10:00")
	s.say(3, "SIU^S14", sch("88001", monday10), pid("1001", first))
	s.is(booked, "23 Nov 10:00")
}

func TestWhatConcernsNoReminderIsTakenAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first))
	two := pid("1001", second) + pid("2002", second)
	s.took("AA AA AA AA AA AA AA",
		s.say(2, "SIU^S23", "SCH||88001^PAS\r"), s.say(2, "SIU^S24", "SCH||88001^PAS\r"), s.say(2, "SIU^S27", "SCH||1\r"),
		s.say(2, "SIU^S20", sch("88001", tuesday11)), s.say(2, "ADT^A24", two), s.say(2, "ADT^A37", two), s.say(2, "ADT^A17", two))
	s.is(booked, "23 Nov 10:00")
	if s.only().Patient.Mobile != gateway.NewPhone("+447700900101") {
		t.Error("a message of two patients changed a number")
	}
}

func TestAnIDThatIsANumberOfTheNHSIsHiddenBehindItsFacilityToo(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Facility = hl7.Facility{}
	s := tellWith(t, c)
	s.say(1, "SIU^S12", sch("9990000018", monday10), pid("9990000026", first))
	s.say(2, "ADT^A40", pid("9990000026", first), mrg("9990000034"))
	a := s.only()
	for _, hidden := range []string{"9990000018", "9990000026"} {
		if strings.Contains(string(a.ID)+string(a.Patient.ID), hidden) {
			t.Error("an NHS number is part of an id")
		}
	}
	if !strings.HasPrefix(string(a.ID), "RSIM1/") || !strings.HasPrefix(string(a.Patient.ID), "RSIM1/") {
		t.Error("the ids do not begin with the facility")
	}
}
