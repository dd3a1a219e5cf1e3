package hl7_test

import (
	"bytes"
	"fmt"
	"testing"

	"bellman/adapters/hl7"
	"bellman/gateway"
)

// pidOf writes PID-7 and PID-15 as given.
func pidOf(id, born, language string) string {
	return fmt.Sprintf("PID|1||%s^^^RSIM1^PI||Kerr^Efua||%s|F|||||%s^PRN^CP||%s\r", id, born, first, language)
}

func TestADateOfBirthIsExactToTheDayOrUnclear(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]gateway.AgeBand{
		"": gateway.AgeUnsaid, `""`: gateway.AgeUnsaid,
		"20130504": gateway.Age11To15, "201305040000": gateway.Age11To15, "20130504231500.1234+0100": gateway.Age11To15, "20130504^D": gateway.Age11To15,
		"19600504": gateway.AgeAdult, "20091124": gateway.Age16To17, "20190102": gateway.AgeUnder11,
		"2013": gateway.AgeUnclear, "201305": gateway.AgeUnclear, "20130101^Y": gateway.AgeUnclear, "20130501^L": gateway.AgeUnclear,
		"20130230": gateway.AgeUnclear, "00000000": gateway.AgeUnclear, "18000101": gateway.AgeUnclear, "20330504": gateway.AgeUnclear,
		"04/05/2013": gateway.AgeUnclear, "2013-05-04": gateway.AgeUnclear, "20130504x": gateway.AgeUnclear, "unknown": gateway.AgeUnclear,
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88001", monday10), pidOf("1001", said, ""))
			if a := s.only(); a.Patient.Born.AgeOn(a.Start) != want || a.Status != gateway.StatusBooked {
				t.Errorf("band %d, want %d; status %d", a.Patient.Born.AgeOn(a.Start), want, a.Status)
			}
		})
	}
}

func TestADateOfBirthAndALanguageAreTheNewestAndAreDeletedAndLeftAlone(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pidOf("1001", "20130504", "pol^Polish^ISO639"))
	for _, c := range []struct {
		what, born, language string
		minute               int
		age                  gateway.AgeBand
		speaks               gateway.Language
	}{
		{"nothing is said", "", "", 5, gateway.Age11To15, gateway.LanguageOther},
		{"another is said", "19600504", "^Cymraeg", 6, gateway.AgeAdult, gateway.LanguageWelsh},
		{"what was said before comes late", "20130504", "en", 3, gateway.AgeAdult, gateway.LanguageWelsh},
		{"both are deleted", `""`, `""`, 8, gateway.AgeUnsaid, gateway.LanguageUnsaid},
		{"a year alone", "2013", "q4", 9, gateway.AgeUnclear, gateway.LanguageUnsaid},
	} {
		s.say(c.minute, "ADT^A31", pidOf("1001", c.born, c.language))
		if a := s.only(); a.Patient.Born.AgeOn(a.Start) != c.age || a.Patient.Language != c.speaks {
			t.Errorf("%s: band %d, want %d; language %d, want %d", c.what, a.Patient.Born.AgeOn(a.Start), c.age, a.Patient.Language, c.speaks)
		}
	}
}

func TestOfAnAdultNoDateOfBirthIsKept(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.say(1, "SIU^S12", sch("88001", monday10), pidOf("1001", "19600504", ""))
	s.say(2, "SIU^S12", sch("88002", tuesday11), pidOf("1002", "20130504", ""))
	found := map[string]bool{}
	err := s.shelf.Each(t.Context(), "", func(k gateway.Kept) error {
		for _, year := range []string{"1960", "2013"} {
			found[year] = found[year] || bytes.Contains(k.Value, []byte(year))
		}
		return nil
	})
	if err != nil || found["1960"] || !found["2013"] {
		t.Errorf("on the shelf: %v, %v", found, err)
	}
}

func TestEveryPlaceThatNamesTheClinicCounts(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		segments string
		want     gateway.ClinicClass
	}{
		"none":                         {"", gateway.ClinicUnsaid},
		"a service":                    {"AIS|1|A|SVC1^Coil and contraception\r", gateway.ClinicSensitive},
		"a second service":             {"AIS|1|A|SVC1^Bloods\rAIS|2|A|SVC2^Sexual health screen\r", gateway.ClinicSensitive},
		"a place":                      {"AIL|1|A|GUM^^^RSIM1\r", gateway.ClinicSensitive},
		"a hospital service":           {"PV1|1|O|SITE5|||||||CAMHS\r", gateway.ClinicSensitive},
		"an ordinary one":              {"AIS|1|A|SVC1^Bloods\rAIL|1|A|SITE5^^^RSIM1\r", gateway.ClinicUnknown},
		"a clinician, who is not read": {"AIP|1|A|C1^Rape^Ann\r", gateway.ClinicUnsaid},
		"a name deleted":               {"AIS|1|A|\"\"\r", gateway.ClinicUnsaid},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := tell(t)
			s.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first), c.segments)
			if got := (gateway.Clinics{}).Class(s.only().Clinic); got != c.want {
				t.Errorf("class %d, want %d", got, c.want)
			}
			s.say(2, "SIU^S14", sch("88001", monday10), pid("1001", first))
			if got := (gateway.Clinics{}).Class(s.only().Clinic); got != c.want {
				t.Errorf("after a change that does not name it: class %d, want %d", got, c.want)
			}
		})
	}
}

func TestAProfileSaysHowAPatientCanBeReached(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Profile.Needs = hl7.Words{Field: "ZAI-1", Words: map[string]string{"BRL": "braille", "INT": "interpreter", "SMS": "text"}}
	s := tellWith(t, c)
	for word, want := range map[string]gateway.Needs{
		"ZAI|BRL\r": gateway.NeedsBraille, "ZAI|int\r": gateway.NeedsInterpreter, "ZAI|SMS\r": 0, "ZAI|PIGEON\r": gateway.NeedsNotUnderstood, "": 0,
	} {
		id := "9" + fmt.Sprint(want)
		s.say(1, "SIU^S12", sch(id, monday10), pid("7"+id+fmt.Sprint(len(word)), first), word)
		found := false
		for _, a := range s.feed().Appointments {
			if a.ID == gateway.AppointmentID(id+"-7"+id+fmt.Sprint(len(word))) {
				found = true
				if a.Patient.Needs != want {
					t.Errorf("%q: needs %d, want %d", word, a.Patient.Needs, want)
				}
			}
		}
		if !found {
			t.Errorf("%q: the visit is not read", word)
		}
	}
	c.Profile.Needs.Words = map[string]string{"X": "smoke signals"}
	if faults := c.Check(true); len(faults) != 1 || faults[0].Path != "profile.needs.words" {
		t.Errorf("faults: %v", faults)
	}
}
