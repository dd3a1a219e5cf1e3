package pds_test

import (
	"testing"
	"time"

	"bellman/adapters/pds"
	"bellman/adapters/pds/pdssim"
	"bellman/gateway"
)

const (
	no      = gateway.FlagNo
	yes     = gateway.FlagYes
	unclear = gateway.FlagUnclear
)

func TestAPatientOfWhomPDSSaysNothingElseIsLeftAsTheyAre(t *testing.T) {
	s := play(t)
	if got := s.check(); got != s.visit() {
		t.Error("the appointment was changed")
	}
	if n := s.sim.Asked(s.nhs); n != 1 {
		t.Errorf("PDS was asked %d times", n)
	}
}

// said is what PDS says of the patient and what must be made of it.
var said = []struct {
	what string
	is   pdssim.Record
	want flags
	none bool // the practice's number must be gone
}{
	{"a formal notice of death", pdssim.Record{Death: "2", Died: monday.AddDate(0, 0, -3)}, flags{deceased: yes}, false},
	{"an informal notice of death", pdssim.Record{Death: "1"}, flags{deceased: yes}, false},
	{"a date of death alone", pdssim.Record{Died: monday.AddDate(0, 0, -3), Death: "U"}, flags{deceased: yes}, false},
	{"a notice of death that was taken back", pdssim.Record{Death: "U"}, flags{}, false},
	{"a notice of death that nobody knows", pdssim.Record{Death: "7"}, flags{deceased: unclear}, false},
	{"a restricted record", pdssim.Record{Label: "R"}, flags{restricted: yes}, true},
	{"a very restricted record", pdssim.Record{Label: "V"}, flags{restricted: yes}, true},
	{"a redacted record", pdssim.Record{Label: "REDACTED"}, flags{restricted: yes}, true},
	{"a label that nobody knows", pdssim.Record{Label: "Q"}, flags{restricted: unclear}, false},
	{"no label at all", pdssim.Record{Label: "none"}, flags{restricted: unclear}, false},
	{"another NHS number", pdssim.Record{NHSNumber: "9990000131"}, flags{restricted: unclear}, false},
	{"no such record", pdssim.Record{Absent: true}, flags{restricted: unclear}, false},
	{"a record that was withdrawn", pdssim.Record{Invalidated: true}, flags{restricted: unclear}, false},
	{"an exit to Scotland", pdssim.Record{Exit: "SCT", ExitFrom: monday.AddDate(0, 0, -10)}, flags{left: yes}, false},
	{"an exit by death", pdssim.Record{Exit: "DEA", ExitFrom: monday.AddDate(0, 0, -10)}, flags{deceased: yes}, false},
	{"an exit that lies ahead", pdssim.Record{Exit: "EMB", ExitFrom: monday.AddDate(0, 0, 10)}, flags{}, false},
	{"an exit that is over", pdssim.Record{Exit: "NIT", ExitFrom: monday.AddDate(-1, 0, 0), ExitTo: monday.AddDate(0, -1, 0)}, flags{}, false},
	{"an exit of a kind that nobody knows", pdssim.Record{Exit: "XYZ", ExitFrom: monday.AddDate(0, 0, -10)}, flags{left: unclear}, false},
	{"a temporary resident who did not come back", pdssim.Record{Exit: "TRA", ExitFrom: monday.AddDate(0, 0, -10)}, flags{left: yes}, false},
	{"no contact by telephone", pdssim.Record{Contact: "8"}, flags{declined: yes}, false},
	{"contact by letter, not after seven", pdssim.Record{Contact: "1", Times: "Not after 7pm"}, flags{}, false},
	{"a way of contact that nobody knows", pdssim.Record{Contact: "42"}, flags{declined: unclear}, false},
}

type flags struct{ deceased, left, declined, restricted gateway.Flag }

func flagsOf(a gateway.Appointment) flags {
	p := a.Patient
	return flags{p.Deceased, p.Left, p.Declined, p.Restricted}
}

func TestWhatPDSSaysOfAPatientIsLaidOverTheAppointment(t *testing.T) {
	for _, c := range said {
		t.Run(c.what, func(t *testing.T) {
			s := play(t)
			s.sim.Edit(s.nhs, func(r *pdssim.Record) { *r = c.is })
			got := s.check()
			if flagsOf(got) != c.want {
				t.Errorf("flags %+v, want %+v", flagsOf(got), c.want)
			}
			gone := got.Patient.Mobile.IsZero() && got.Patient.MobileKind == gateway.NumberUnclear
			if gone != c.none || !c.none && got.Patient.Mobile != s.visit().Patient.Mobile {
				t.Errorf("the practice's number is gone: %t, want %t", gone, c.none)
			}
			again, _, err := s.adapter.Recall(t.Context(), []gateway.Appointment{s.visit()})
			if err != nil || again[0] != got {
				t.Errorf("the next read shows something else (error %v)", err)
			}
		})
	}
}

func TestWhatTheFeedSaysIsNeverTakenBack(t *testing.T) {
	s := play(t)
	a := s.visit()
	a.Patient.Deceased, a.Patient.Left, a.Patient.Declined, a.Patient.Restricted = yes, unclear, yes, unclear
	got, err := s.adapter.Check(t.Context(), a)
	if err != nil || flagsOf(got) != flagsOf(a) {
		t.Errorf("flags %+v (error %v)", flagsOf(got), err)
	}
}

func TestTheNumberOfPDSAgainstThatOfThePractice(t *testing.T) {
	const ours, theirs = "+447700900201", "+447700900202"
	past, ahead := monday.AddDate(0, -1, 0), monday.AddDate(0, 1, 0)
	mobile := func(values ...string) []pdssim.Telecom {
		out := []pdssim.Telecom{{Use: "home", Value: "01632 960201"}}
		for _, v := range values {
			out = append(out, pdssim.Telecom{Use: "mobile", Value: v})
		}
		return out
	}
	type result struct {
		number string
		kind   gateway.NumberKind
	}
	own, other := result{ours, gateway.NumberMobile}, result{theirs, gateway.NumberMobile}
	murky, missing := result{"", gateway.NumberUnclear}, result{"", gateway.NumberMissing}
	for _, c := range []struct {
		what             string
		telecom          []pdssim.Telecom
		agree, pds, feed result
	}{
		{"the same, written differently", mobile("+44 (0)7700 900 201"), own, own, own},
		{"another one", mobile("07700 900202"), murky, other, own},
		{"both", mobile("07700 900202", "07700 900201"), own, murky, own},
		{"the same twice", mobile("07700 900201", "07700900201"), own, own, own},
		{"none", mobile(), own, missing, own},
		{"one with words", mobile("07700 900202 (mum)"), murky, murky, own},
		{"the same beside one with words", mobile("07700 900201", "ask mum"), own, murky, own},
		{"a landline where the mobile belongs", mobile("01632 960202"), own, missing, own},
		{"a foreign one", mobile("+33 6 12 34 56 78"), murky, result{"", gateway.NumberOther}, own},
		{"another one that is not in use any more", []pdssim.Telecom{{Use: "mobile", Value: "07700 900202", To: past}}, own, missing, own},
		{"another one that is not in use yet", []pdssim.Telecom{{Use: "mobile", Value: "07700 900202", From: ahead}}, own, missing, own},
		{"another one that is in use until a month from now", []pdssim.Telecom{{Use: "mobile", Value: "07700 900202", From: past, To: ahead}}, murky, other, own},
		{"the same at home, another as mobile", []pdssim.Telecom{{Use: "home", Value: "07700 900201"}, {Use: "mobile", Value: "07700 900202"}}, murky, other, own},
		{"the same as a temporary one only", []pdssim.Telecom{{Use: "temp", Value: "07700 900202"}}, own, missing, own},
	} {
		for rule, want := range map[string]result{"": c.agree, "agree": c.agree, "pds": c.pds, "feed": c.feed} {
			t.Run(c.what+"/"+rule, func(t *testing.T) {
				s := play(t, func(p *pds.Config) { p.Number = rule })
				s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Telecom = c.telecom })
				p := s.check().Patient
				if (result{p.Mobile.Reveal(), p.MobileKind}) != want {
					t.Errorf("kind %d, right number %t", p.MobileKind, p.Mobile.Reveal() == want.number)
				}
			})
		}
	}
}

func TestARestrictedPatientsNumberIsNeverThatOfTheFeedWhateverTheRule(t *testing.T) {
	for _, rule := range []string{"agree", "pds", "feed"} {
		s := play(t, func(p *pds.Config) { p.Number = rule })
		s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Label = "R" })
		if p := s.check().Patient; !p.Mobile.IsZero() || p.MobileKind == gateway.NumberMobile || p.Restricted != yes {
			t.Errorf("with number: %s, the feed's number is still there", rule)
		}
	}
}

func TestWithoutANumberOfTheNHSTheFeedStandsUnlessEverybodyMustBeLookedUp(t *testing.T) {
	for _, c := range []struct {
		nhs      string
		required bool
		want     gateway.Flag
	}{{"", false, no}, {"", true, unclear}, {"9990000019", false, unclear}, {"999", true, unclear}, {"1111111111", false, unclear}, {"../Patient", false, unclear}} {
		s := play(t, func(p *pds.Config) { p.Required = c.required })
		a := s.visit()
		a.Patient.NHSNumber = gateway.NewNHSNumber(c.nhs)
		got, err := s.adapter.Check(t.Context(), a)
		if err != nil || got.Patient.Restricted != c.want || s.sim.Asked("") != 0 {
			t.Errorf("required %t: restricted %d, want %d; asked %d times (error %v)", c.required, got.Patient.Restricted, c.want, s.sim.Asked(""), err)
		}
	}
}

func TestWhereAPatientIsRegisteredCountsOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		ours []string
		gp   string
		want gateway.Flag
	}{{nil, "B82002", no}, {[]string{"A81001"}, "a81001", no}, {[]string{"C83003", "A81001"}, "A81001", no}, {[]string{"A81001"}, "B82002", unclear}, {[]string{"A81001"}, "", unclear}} {
		s := play(t, func(p *pds.Config) { p.RegisteredWith = c.ours })
		s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Practice = c.gp })
		if got := s.check().Patient.Left; got != c.want {
			t.Errorf("registered with %q, ours %q: left is %d, want %d", c.gp, c.ours, got, c.want)
		}
	}
}

func TestAnAnswerSparesAskingForAnHourAndNoLonger(t *testing.T) {
	s := play(t)
	s.check()
	s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Death = "1" })
	s.clock.Advance(time.Hour - time.Second)
	if s.check(); s.sim.Asked(s.nhs) != 1 {
		t.Error("PDS was asked again within the hour")
	}
	s.clock.Advance(time.Second)
	if got := s.check(); got.Patient.Deceased != yes || s.sim.Asked(s.nhs) != 2 {
		t.Error("an hour later, PDS was not asked again")
	}
	s.clock.Advance(-2 * time.Hour) // our clock was wrong, and is right now
	if s.check(); s.sim.Asked(s.nhs) != 3 {
		t.Error("an answer from the future was believed")
	}
}

func TestWhatWasLearntOutlivesARestart(t *testing.T) {
	s := play(t)
	s.sim.Edit(s.nhs, func(r *pdssim.Record) { r.Death = "1" })
	s.check()
	got, _, err := s.open().Recall(t.Context(), []gateway.Appointment{s.visit()})
	if err != nil || got[0].Patient.Deceased != yes || s.sim.Asked(s.nhs) != 1 {
		t.Errorf("deceased is %d, asked %d times (error %v)", got[0].Patient.Deceased, s.sim.Asked(s.nhs), err)
	}
}
