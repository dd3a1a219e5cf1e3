package emis_test

import (
	"strings"
	"testing"
	"time"

	"bellman/adapters/emis"
	"bellman/gateway"
)

// only reads a list that is to hold exactly one readable row.
func only(t *testing.T, format, list string) gateway.Appointment {
	t.Helper()
	feed := saying(t, format, map[string]string{pathBooked: list}).read(t)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 || !feed.Complete {
		t.Fatalf("%d appointments, %d unreadable, complete %t", len(feed.Appointments), len(feed.Unreadable), feed.Complete)
	}
	return feed.Appointments[0]
}

func TestDeathAsXMLTellsIt(t *testing.T) {
	tests := []struct {
		what, fields string
		want         gateway.Flag
	}{
		{"nothing is said", ``, gateway.FlagNo},
		{"empty elements", `<Dead/><DateOfDeath> </DateOfDeath>`, gateway.FlagNo},
		{"marked alive", `<Dead>0</Dead>`, gateway.FlagNo},
		{"marked dead", `<Dead>1</Dead>`, gateway.FlagYes},
		{"another mark", `<Dead>Item1</Dead>`, gateway.FlagUnclear},
		{"a date", `<DateOfDeath>14/11/2026</DateOfDeath>`, gateway.FlagYes},
		{"a date of today", `<DateOfDeath>16/11/2026</DateOfDeath>`, gateway.FlagYes},
		{"a date although marked alive", `<Dead>0</Dead><DateOfDeath>14/11/2026</DateOfDeath>`, gateway.FlagYes},
		{"a date in the future", `<DateOfDeath>17/11/2026</DateOfDeath>`, gateway.FlagUnclear},
		{"only a year", `<DateOfDeath>2026</DateOfDeath>`, gateway.FlagUnclear},
		{"an impossible date", `<DateOfDeath>31/11/2026</DateOfDeath>`, gateway.FlagUnclear},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if got := only(t, emis.FormatXML, bookedXML(patientRowXML(test.fields))).Patient.Deceased; got != test.want {
				t.Errorf("flag %d, want %d", got, test.want)
			}
		})
	}
}

func TestDeathAsJSONTellsIt(t *testing.T) {
	tests := []struct {
		what, fields string
		want         gateway.Flag
	}{
		{"nothing is said", ``, gateway.FlagNo},
		{"not specified, with the ordinal of the dead", `,"dead":0,"deadSpecified":false,"dateOfDeath":null`, gateway.FlagNo},
		{"specified, ordinal 0", `,"dead":0,"deadSpecified":true`, gateway.FlagUnclear},
		{"specified, ordinal 1", `,"dead":1,"deadSpecified":true`, gateway.FlagUnclear},
		{"specified and dated", `,"dead":0,"deadSpecified":true,"dateOfDeath":"14/11/2026"`, gateway.FlagYes},
		{"dated only", `,"dead":0,"deadSpecified":false,"dateOfDeath":"2026-11-14T00:00:00"`, gateway.FlagYes},
		{"an ordinal without its companion", `,"dead":0`, gateway.FlagUnclear},
		{"a companion that is neither", `,"dead":0,"deadSpecified":"perhaps"`, gateway.FlagUnclear},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if got := only(t, emis.FormatJSON, bookedJSON(patientRowJSON(test.fields))).Patient.Deceased; got != test.want {
				t.Errorf("flag %d, want %d", got, test.want)
			}
		})
	}
}

func TestTheSlotTypeAndTheDateOfBirthSayWhetherToText(t *testing.T) {
	for date, want := range map[string]gateway.AgeBand{
		"": gateway.AgeUnsaid, "24/05/1978": gateway.AgeAdult, "24/05/2013": gateway.Age11To15, "2016-12-01": gateway.AgeUnder11,
		"1978": gateway.AgeUnclear, "31/02/2010": gateway.AgeUnclear,
	} {
		a := only(t, emis.FormatXML, bookedXML(patientRowXML(`<DateOfBirth>`+date+`</DateOfBirth>`)))
		if got := a.Patient.Born.AgeOn(a.Start); got != want {
			t.Errorf("%q: band %d, want %d", date, got, want)
		}
	}
	for format, list := range map[string]string{
		emis.FormatXML:  bookedXML(strings.Replace(patientRowXML(""), "</Appointment>", "<SlotType><Display>GUM clinic</Display></SlotType></Appointment>", 1)),
		emis.FormatJSON: bookedJSON(strings.Replace(patientRowJSON(""), `"appointment":{`, `"appointment":{"slotType":{"display":"GUM clinic"},`, 1)),
	} {
		if got := (gateway.Clinics{}).Class(only(t, format, list).Clinic); got != gateway.ClinicSensitive {
			t.Errorf("%s: the slot type gives class %d", format, got)
		}
	}
}

func TestAPatientHasLeftFromTheDayOfDeduction(t *testing.T) {
	for date, want := range map[string]gateway.Flag{
		"": gateway.FlagNo, "15/11/2026": gateway.FlagYes, "16/11/2026": gateway.FlagYes, "17/11/2026": gateway.FlagNo,
		"2026-11-15": gateway.FlagYes, "November/2026": gateway.FlagUnclear, "11/16/2026": gateway.FlagUnclear,
	} {
		if got := only(t, emis.FormatXML, bookedXML(patientRowXML(`<DeductedDate>`+date+`</DeductedDate>`))).Patient.Left; got != want {
			t.Errorf("%q: flag %d, want %d", date, got, want)
		}
	}
}

func TestModeComesFromPlainWordsOnly(t *testing.T) {
	for display, want := range map[string]gateway.Mode{
		"":                        gateway.ModeUnknown,
		"Routine 10 min":          gateway.ModeUnknown,
		"Telephone":               gateway.ModeTelephone,
		"GP PHONE call":           gateway.ModeTelephone,
		"Phoneme clinic":          gateway.ModeUnknown,
		"Video Consultation":      gateway.ModeVideo,
		"Face-to-Face":            gateway.ModeInPerson,
		"Home  visit":             gateway.ModeHomeVisit,
		"Telephone or video":      gateway.ModeUnknown,
		"F2F":                     gateway.ModeUnknown,
		"Telephone (phone first)": gateway.ModeTelephone,
	} {
		list := bookedJSON(`{"patient":{"dbid":"1234"},"appointment":{"id":{"dbid":88001},"date":"23/11/2026","time":"09:10:00","slotType":{"display":"` + display + `","description":"Telephone"}}}`)
		if got := only(t, emis.FormatJSON, list).Mode; got != want {
			t.Errorf("%q: mode %d, want %d", display, got, want)
		}
	}
}

func TestARowThatCannotBeUsedIsListedWithItsPlaceAndStopsNobody(t *testing.T) {
	good := patientRowJSON(`,"mobile":"07700 900123"`)
	for what, bad := range map[string]string{
		"slot id is missing or not a number":            `{"patient":{"dbid":"1"},"appointment":{"id":{"dbid":null},"date":"23/11/2026","time":"09:10"}}`,
		"patient id is missing or not a number":         `{"patient":{"dbid":null},"appointment":` + appointmentJSON + `}`,
		"date and time are not readable":                `{"patient":{"dbid":"1"},"appointment":{"id":{"dbid":"2"},"date":"XQCANARY","time":"09:10"}}`,
		"the row does not have the expected shape":      `{"patient":"XQCANARY"}`,
		"the row does not have the expected shape ":     `null`,
		"the row does not have the expected shape  ":    `{"patient":{"dbid":{"XQCANARY":1}},"appointment":` + appointmentJSON + `}`,
		"slot id is missing or not a number ":           `{}`,
		"patient id is missing or not a number (zero)":  `{"patient":{"dbid":0},"appointment":` + appointmentJSON + `}`,
		"patient id is missing or not a number (words)": `{"patient":{"dbid":"1234-5"},"appointment":` + appointmentJSON + `}`,
	} {
		feed := saying(t, emis.FormatJSON, map[string]string{pathBooked: bookedJSON(bad + "," + good)}).read(t)
		if len(feed.Appointments) != 1 || len(feed.Unreadable) != 1 {
			t.Errorf("%s: %d appointments and %d unreadable, want 1 and 1", what, len(feed.Appointments), len(feed.Unreadable))
			continue
		}
		u := feed.Unreadable[0]
		if u.Where != "booked list, row 1" || len(u.Why) > len(what) || u.Why != what[:len(u.Why)] {
			t.Errorf("%q: where %q, why %q", what, u.Where, u.Why)
		}
	}
}

func TestASessionWithoutAHolderIsStillAVisit(t *testing.T) {
	list := bookedJSON(`{"patient":{"dbid":"1234"},"appointment":{"id":{"dbid":"88001"},"date":"23/11/2026","time":"09:10","sessionHolder":null,"slotType":null}}`)
	if a := only(t, emis.FormatJSON, list); a.ID != "88001-1234" || a.Status != gateway.StatusBooked {
		t.Error("the visit is not read as booked")
	}
}

func TestXMLIsReadByLocalNamesWhateverRootAndNamespace(t *testing.T) {
	body := "\xef\xbb\xbf" + `<?xml version="1.0" encoding="utf-8"?><!-- a comment --><n:BookedPatientsV2 xmlns:n="urn:n" xmlns="urn:m">` +
		`<n:SessionHolderList><n:SessionHolder><n:DBID>42</n:DBID></n:SessionHolder></n:SessionHolderList>` +
		`<BookedList><Booked xmlns="urn:other">` +
		`<Patient><DBID> 01234 </DBID><CallingName/><FirstNames>Ann Mary</FirstNames><NhsNumber>999 000 0018</NhsNumber><Mobile>07700 900123</Mobile></Patient>` +
		appointmentXML + `</Booked></BookedList></n:BookedPatientsV2><!-- the end -->` + "\n"
	a := only(t, emis.FormatXML, body)
	if a.ID != "88001-1234" || a.Patient.Name.Reveal() != "Ann Mary" || a.Patient.NHSNumber.Reveal() != "9990000018" ||
		a.Patient.Mobile.Reveal() != "+447700900123" || a.Site != "5" || !a.Start.Equal(time.Date(2026, 11, 23, 9, 10, 0, 0, time.UTC)) {
		t.Error("something of the row is read wrongly")
	}
}

func TestAListInAnotherSpellingIsNeverAnEmptyOne(t *testing.T) {
	feed := saying(t, emis.FormatXML, map[string]string{
		pathBooked: `<BookedPatientsV2><BookedList><BookedPatientsV2Booked><patient/></BookedPatientsV2Booked></BookedList></BookedPatientsV2>`,
	}).read(t)
	if len(feed.Unreadable) != 1 {
		t.Errorf("%d unreadable rows, want 1", len(feed.Unreadable))
	}
}

func TestTheSameVisitToldTwiceIsOneAndInTwoWaysIsUnknown(t *testing.T) {
	same := saying(t, emis.FormatJSON, map[string]string{pathBooked: bookedJSON(patientRowJSON("") + "," + patientRowJSON(""))}).read(t)
	if len(same.Appointments) != 1 || same.Appointments[0].Status != gateway.StatusBooked {
		t.Error("told twice in the same way, it is not one booked visit")
	}
	later := `{"patient":{"dbid":1234},"appointment":{"id":{"dbid":"88001"},"appointmentSite":"5","date":"24/12/2026","time":"09:10"}}`
	differing := saying(t, emis.FormatJSON, map[string]string{pathBooked: bookedJSON(patientRowJSON("") + "," + later)}).read(t)
	if len(differing.Appointments) != 1 || differing.Appointments[0].Status != gateway.StatusUnknown {
		t.Error("told twice in two ways, it is not one unknown visit")
	}
}

func TestTwoPatientsInOneSlotAreTwoVisits(t *testing.T) {
	other := `{"patient":{"dbid":77},"appointment":` + appointmentJSON + `}`
	feed := saying(t, emis.FormatJSON, map[string]string{pathBooked: bookedJSON(patientRowJSON("") + "," + other)}).read(t)
	if len(feed.Appointments) != 2 || feed.Appointments[0].ID == feed.Appointments[1].ID {
		t.Error("the visits are not told apart")
	}
}
