package fhirshape

import (
	"encoding/json"
	"testing"
	"time"

	"bellman/gateway"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// patientOf decodes a Patient with the given elements.
func patientOf(t *testing.T, elements string) gateway.Patient {
	t.Helper()
	var p Patient
	if err := json.Unmarshal([]byte(`{"resourceType":"Patient","id":"p1"`+elements+`}`), &p); err != nil {
		t.Fatal(err)
	}
	return p.AsPatient("p1", monday, true)
}

const ukCore = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"

// nested is an extension that holds another with a code.
func nested(address, inner, code string) string {
	return `{"url":"` + address + `","extension":[{"url":"` + inner + `","valueCodeableConcept":{"coding":[{"code":"` + code + `"}]}}]}`
}

func TestWhatSaysThatAPatientHasDied(t *testing.T) {
	notice := func(code string) string {
		return `,"extension":[` + nested(ukCore+"DeathNotificationStatus", "deathNotificationStatus", code) + `]`
	}
	for _, test := range []struct {
		what, elements string
		want           gateway.Flag
	}{
		{"nothing", ``, gateway.FlagNo},
		{"deceasedBoolean false", `,"deceasedBoolean":false`, gateway.FlagNo},
		{"deceasedBoolean true", `,"deceasedBoolean":true`, gateway.FlagYes},
		{"deceasedBoolean null", `,"deceasedBoolean":null`, gateway.FlagNo},
		{"deceasedBoolean as a word", `,"deceasedBoolean":"true"`, gateway.FlagUnclear},
		{"a moment", `,"deceasedDateTime":"2010-10-22T00:00:00+00:00"`, gateway.FlagYes},
		{"a day", `,"deceasedDateTime":"2010-10-22"`, gateway.FlagYes},
		{"a month", `,"deceasedDateTime":"2010-10"`, gateway.FlagYes},
		{"a year", `,"deceasedDateTime":"2010"`, gateway.FlagYes},
		{"words", `,"deceasedDateTime":"unknown"`, gateway.FlagUnclear},
		{"a number", `,"deceasedDateTime":2010`, gateway.FlagUnclear},
		{"notice informal", notice("1"), gateway.FlagYes},
		{"notice formal", notice("2"), gateway.FlagYes},
		{"notice removed", notice("U"), gateway.FlagNo},
		{"notice of another code", notice("3"), gateway.FlagUnclear},
		{"notice removed, but a date", notice("U") + `,"deceasedDateTime":"2010"`, gateway.FlagYes},
		{"notice without a code", `,"extension":[{"url":"` + ukCore + `DeathNotificationStatus"}]`, gateway.FlagUnclear},
		{"extensions of the wrong kind", `,"extension":{}`, gateway.FlagUnclear},
		{"one extension of the wrong kind", `,"extension":["x"]`, gateway.FlagUnclear},
		{"an unknown extension", `,"extension":[{"url":"https://example.org/x","valueCode":7}]`, gateway.FlagNo},
		{"removed from registration by death", `,"extension":[` + removed("DEA", "2020-01-01", "2021-01-01") + `]`, gateway.FlagYes},
	} {
		if got := patientOf(t, test.elements).Deceased; got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

func removed(code, start, end string) string {
	const address = "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration"
	period := `{"start":"` + start + `"}`
	if end != "" {
		period = `{"start":"` + start + `","end":"` + end + `"}`
	}
	return `{"url":"` + address + `","extension":[{"url":"removalFromRegistrationCode","valueCodeableConcept":{"coding":[{"code":"` + code + `"}]}},
		{"url":"effectiveTime","valuePeriod":` + period + `}]}`
}

func TestWhatSaysThatAPatientHasLeft(t *testing.T) {
	gone := func(code, start, end string) string { return `,"extension":[` + removed(code, start, end) + `]` }
	for _, test := range []struct {
		what, elements string
		want           gateway.Flag
	}{
		{"nothing", ``, gateway.FlagNo},
		{"active", `,"active":true`, gateway.FlagNo},
		{"inactive", `,"active":false`, gateway.FlagUnclear},
		{"active as a word", `,"active":"yes"`, gateway.FlagUnclear},
		{"replaced by another record", `,"link":[{"type":"replaced-by","other":{"reference":"Patient/2"}}]`, gateway.FlagUnclear},
		{"replaces another record", `,"link":[{"type":"replaces"}]`, gateway.FlagNo},
		{"links of the wrong kind", `,"link":"x"`, gateway.FlagUnclear},
		{"to Scotland", gone("SCT", "2026-01-01", ""), gateway.FlagYes},
		{"to Scotland and back", gone("SCT", "2020-01-01", "2021-12-31"), gateway.FlagNo},
		{"to Scotland next year", gone("SCT", "2027-01-01", ""), gateway.FlagNo},
		{"for a reason of the future", gone("QQQ", "2026-01-01", ""), gateway.FlagUnclear},
		{"at a time that cannot be read", gone("ORR", "lately", ""), gateway.FlagUnclear},
	} {
		if got := patientOf(t, test.elements).Left; got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

func TestWhatSaysThatAPatientDeclined(t *testing.T) {
	prefers := func(code string) string {
		return `,"extension":[` + nested(ukCore+"ContactPreference", "PreferredContactMethod", code) + `]`
	}
	for _, test := range []struct {
		what, elements string
		want           gateway.Flag
	}{
		{"nothing", ``, gateway.FlagNo},
		{"letter", prefers("1"), gateway.FlagNo},
		{"no telephone contact", prefers("8"), gateway.FlagYes},
		{"SMS", prefers("9"), gateway.FlagNo},
		{"a code of the future", prefers("10"), gateway.FlagUnclear},
		{"times only", `,"extension":[{"url":"` + ukCore + `ContactPreference","extension":[{"url":"PreferredContactTimes","valueString":"Not after 7pm"}]}]`, gateway.FlagNo},
		{"of the wrong kind", `,"extension":[{"url":"` + ukCore + `ContactPreference","extension":"8"}]`, gateway.FlagUnclear},
	} {
		if got := patientOf(t, test.elements).Declined; got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

func TestWhatSaysThatARecordIsSensitive(t *testing.T) {
	for _, test := range []struct {
		what, elements string
		want           gateway.Flag
	}{
		{"nothing", ``, gateway.FlagNo},
		{"unrestricted", `,"meta":{"security":[{"code":"U"}]}`, gateway.FlagNo},
		{"normal", `,"meta":{"security":[{"code":"N"}]}`, gateway.FlagNo},
		{"restricted", `,"meta":{"security":[{"code":"U"},{"code":"R"}]}`, gateway.FlagYes},
		{"very restricted", `,"meta":{"security":[{"code":"V"}]}`, gateway.FlagYes},
		{"a label of another list", `,"meta":{"security":[{"system":"x","code":"CEL"}]}`, gateway.FlagUnclear},
		{"a label without a code", `,"meta":{"security":[{"display":"restricted"}]}`, gateway.FlagUnclear},
		{"labels of the wrong kind", `,"meta":{"security":"R"}`, gateway.FlagUnclear},
		{"thinned out by the server", `,"meta":{"tag":[{"code":"SUBSETTED"}]}`, gateway.FlagUnclear},
		{"an element that changes everything", `,"modifierExtension":[{"url":"x"}]`, gateway.FlagUnclear},
	} {
		if got := patientOf(t, test.elements).Restricted; got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

func TestWhichNumberIsTexted(t *testing.T) {
	one := func(last, more string) string {
		return `{"system":"phone","use":"mobile","value":"07700 90060` + last + `"` + more + `}`
	}
	for _, test := range []struct {
		what, telecom string
		kind          gateway.NumberKind
		last          string
	}{
		{"none", ``, gateway.NumberMissing, ""},
		{"the mobile of five", `{"system":"phone","use":"home","value":"01632 960001"},{"system":"phone","use":"work","value":"07700 900609"},` +
			one("8", `,"period":{"end":"2025-12-31"}`) + `,{"system":"email","use":"mobile","value":"a@example.org"},` + one("1", ``), gateway.NumberMobile, "601"},
		{"an old one", `{"system":"phone","use":"old","value":"07700 900601"}`, gateway.NumberMissing, ""},
		{"one of no use", `{"system":"phone","value":"07700 900601"}`, gateway.NumberMissing, ""},
		{"one for texts", `{"system":"sms","use":"mobile","value":"07700 900601"}`, gateway.NumberMobile, "601"},
		{"one of no system", `{"use":"mobile","value":"07700 900601"}`, gateway.NumberUnclear, ""},
		{"an empty one", `{"system":"phone","use":"mobile","value":" "}`, gateway.NumberMissing, ""},
		{"a landline marked as mobile", `{"system":"phone","use":"mobile","value":"01632 960001"}`, gateway.NumberLandline, ""},
		{"a number with words", `{"system":"phone","use":"mobile","value":"07700 900601 (wife)"}`, gateway.NumberUnclear, ""},
		{"the same twice", one("1", ``) + `,{"system":"sms","use":"mobile","value":"+447700900601"}`, gateway.NumberMobile, "601"},
		{"two", one("1", ``) + `,` + one("2", ``), gateway.NumberUnclear, ""},
		{"two, ranked", one("1", `,"rank":2`) + `,` + one("2", `,"rank":1`), gateway.NumberMobile, "602"},
		{"two of one rank", one("1", `,"rank":1`) + `,` + one("2", `,"rank":1`), gateway.NumberUnclear, ""},
		{"one ranked, one not", one("1", `,"rank":1`) + `,` + one("2", ``), gateway.NumberUnclear, ""},
		{"one not ranked before two that are", one("3", ``) + `,` + one("1", `,"rank":2`) + `,` + one("2", `,"rank":1`), gateway.NumberUnclear, ""},
		{"a rank of the wrong kind", one("1", `,"rank":"first"`), gateway.NumberUnclear, ""},
		{"two, the first unreadable", `{"system":"phone","use":"mobile","value":"ask reception"},` + one("1", ``), gateway.NumberUnclear, ""},
		{"two, one over", one("1", `,"period":{"start":"2020-01-01","end":"2026-11-15"}`) + `,` + one("2", ``), gateway.NumberMobile, "602"},
		{"one that ends today", one("1", `,"period":{"end":"2026-11-16"}`), gateway.NumberMobile, "601"},
		{"one that begins tomorrow", one("1", `,"period":{"start":"2026-11-17"}`), gateway.NumberMissing, ""},
		{"one that ends this month", one("1", `,"period":{"end":"2026-11"}`), gateway.NumberMobile, "601"},
		{"one that ended an hour ago", one("1", `,"period":{"end":"2026-11-16T09:00:00Z"}`), gateway.NumberMissing, ""},
		{"a period that cannot be read", one("1", `,"period":{"end":"soon"}`), gateway.NumberUnclear, ""},
		{"a period of the wrong kind", one("1", `,"period":"always"`), gateway.NumberUnclear, ""},
		{"an entry of the wrong kind beside a good one", `"07700 900602",` + one("1", ``), gateway.NumberUnclear, ""},
	} {
		p := patientOf(t, `,"telecom":[`+test.telecom+`],"contact":[{"telecom":[{"system":"phone","use":"mobile","value":"07700 900699"}]}]`)
		want := gateway.Phone{}
		if test.last != "" {
			want = gateway.NewPhone("+447700900" + test.last)
		}
		if p.MobileKind != test.kind || p.Mobile != want {
			t.Errorf("%s: kind %d, want %d, or another number", test.what, p.MobileKind, test.kind)
		}
	}
	if p := patientOf(t, `,"telecom":"07700 900601"`); p.MobileKind != gateway.NumberUnclear {
		t.Errorf("telecom of the wrong kind: kind %d", p.MobileKind)
	}
}

func TestByWhichNameAPatientIsCalled(t *testing.T) {
	for _, test := range []struct{ what, names, want string }{
		{"none", ``, ""},
		{"usual before official", `{"use":"official","given":["Elizabeth"]},{"use":"usual","given":["Beth","Ann"]}`, "Beth"},
		{"one without a use", `{"given":["Siân"]}`, "Siân"},
		{"an old one", `{"use":"old","given":["Elizabeth"]}`, ""},
		{"a maiden one", `{"use":"maiden","given":["Elizabeth"]}`, ""},
		{"one that is over", `{"use":"usual","given":["Elizabeth"],"period":{"end":"2025-12-31"}},{"use":"official","given":["Beth"]}`, "Beth"},
		{"a family name only", `{"use":"usual","family":"Kerr"}`, ""},
		{"blanks", `{"use":"usual","given":[" "," Beth "]}`, "Beth"},
		{"of the wrong kind", `{"use":"usual","given":"Elizabeth"},{"use":"official","given":["Beth"]}`, "Beth"},
	} {
		if got := patientOf(t, `,"name":[`+test.names+`]`).Name; got != gateway.NewName(test.want) {
			t.Errorf("%s: another name", test.what)
		}
	}
}

func TestWhichNHSNumberIsTaken(t *testing.T) {
	one := func(value, more string) string {
		return `{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + value + `"` + more + `}`
	}
	for _, test := range []struct{ what, identifiers, want string }{
		{"the NHS number of several", `{"system":"https://hospital.example/mrn","value":"1234567890"},` + one("9990000018", ``), "9990000018"},
		{"with spaces", one("999 000 0018", ``), "9990000018"},
		{"an old one", one("9990000018", `,"use":"old"`), ""},
		{"two", one("9990000018", ``) + `,` + one("9990000026", ``), ""},
		{"too short", one("999000001", ``), ""},
	} {
		if got := patientOf(t, `,"identifier":[`+test.identifiers+`]`).NHSNumber; got != gateway.NewNHSNumber(test.want) {
			t.Errorf("%s: another number", test.what)
		}
	}
}
