package fhirshape

import (
	"testing"
	"time"

	"bellman/gateway"
)

func TestAContactPreferenceSaysHowAPatientCanBeReached(t *testing.T) {
	for code, want := range map[string]gateway.Needs{
		"1": 0, "4": 0, "5": gateway.NeedsMinicom, "6": gateway.NeedsSomebodyElse, "7": 0, "8": gateway.NeedsNoPhone, "9": 0,
		"42": gateway.NeedsNotUnderstood, "": gateway.NeedsNotUnderstood,
	} {
		if got := patientOf(t, `,"extension":[`+nested(ukCore+"ContactPreference", "PreferredContactMethod", code)+`]`).Needs; got != want {
			t.Errorf("method %q: %b, want %b", code, got, want)
		}
	}
	for code, want := range map[string]gateway.Needs{
		"11": gateway.NeedsLargePrint, "12": gateway.NeedsBraille, "13": gateway.NeedsAudio, "14": gateway.NeedsNotUnderstood,
	} {
		if got := patientOf(t, `,"extension":[`+nested(ukCore+"ContactPreference", "preferredWrittenCommunicationFormat", code)+`]`).Needs; got != want {
			t.Errorf("format %q: %b, want %b", code, got, want)
		}
	}
	if got := patientOf(t, ``).Needs; got != 0 {
		t.Errorf("nothing said: %b", got)
	}
}

func TestLanguagesAndInterpretersAreRead(t *testing.T) {
	spoken := func(code, interpreter string) string {
		return `,"extension":[{"url":"` + ukCore + `NHSCommunication","extension":[{"url":"language","valueCodeableConcept":{"coding":[{"code":"` + code + `"}]}},{"url":"interpreterRequired","valueBoolean":` + interpreter + `}]}]`
	}
	for _, c := range []struct {
		what, elements string
		language       gateway.Language
		needs          gateway.Needs
	}{
		{"Romanian with an interpreter", spoken("ro", "true"), gateway.LanguageOther, gateway.NeedsInterpreter},
		{"Welsh", spoken("cy", "false"), gateway.LanguageWelsh, 0},
		{"British Sign Language", spoken("q4", "true"), gateway.LanguageUnsaid, gateway.NeedsInterpreter},
		{"braille", spoken("q1", "false"), gateway.LanguageUnsaid, gateway.NeedsBraille},
		{"one language of R4", `,"communication":[{"language":{"coding":[{"code":"pl"}]}}]`, gateway.LanguageOther, 0},
		{"in words", `,"communication":[{"language":{"text":"Welsh"}}]`, gateway.LanguageWelsh, 0},
		{"the preferred of two", `,"communication":[{"language":{"coding":[{"code":"pl"}]}},{"language":{"coding":[{"code":"en-GB"}]},"preferred":true}]`, gateway.LanguageEnglish, 0},
		{"two, and none preferred", `,"communication":[{"language":{"coding":[{"code":"pl"}]}},{"language":{"coding":[{"code":"en"}]}}]`, gateway.LanguageUnsaid, 0},
		{"what is no language", `,"communication":[17,{"language":"pl"}]`, gateway.LanguageUnsaid, 0},
	} {
		if got := patientOf(t, c.elements); got.Language != c.language || got.Needs != c.needs {
			t.Errorf("%s: language %d and needs %b, want %d and %b", c.what, got.Language, got.Needs, c.language, c.needs)
		}
	}
}

func TestADateOfBirthIsReadWholeOrNotAtAll(t *testing.T) {
	visit := time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	for elements, want := range map[string]gateway.AgeBand{
		``: gateway.AgeUnsaid, `,"birthDate":null`: gateway.AgeUnsaid, `,"birthDate":"2012-03-04"`: gateway.Age11To15, `,"birthDate":"1980-03-04"`: gateway.AgeAdult,
		`,"birthDate":"1980"`: gateway.AgeUnclear, `,"birthDate":"1980-03"`: gateway.AgeUnclear, `,"birthDate":17`: gateway.AgeUnclear, `,"birthDate":"04/03/1980"`: gateway.AgeUnclear,
	} {
		if got := patientOf(t, elements).Born.AgeOn(visit); got != want {
			t.Errorf("%s: band %d, want %d", elements, got, want)
		}
	}
}

func TestWhatKindOfVisitItIsIsReadFromEveryPlace(t *testing.T) {
	for elements, want := range map[string]gateway.ClinicClass{
		``:                                gateway.ClinicUnsaid,
		`,"serviceType":[{"text":"Flu"}]`: gateway.ClinicUnknown,
		`,"serviceType":[{"text":"GUM"}]`: gateway.ClinicSensitive,
		`,"serviceType":{"coding":[{"code":"1","display":"Mental health"}]}`:     gateway.ClinicSensitive,
		`,"serviceCategory":{"text":"Sexual health"}`:                            gateway.ClinicSensitive,
		`,"specialty":[{"coding":[{"display":"Genitourinary medicine"}]}]`:       gateway.ClinicSensitive,
		`,"appointmentType":{"coding":[{"code":"CAMHS"}]}`:                       gateway.ClinicSensitive,
		`,"serviceType":[{"text":"Flu"},{"text":"HIV"}],"appointmentType":"Flu"`: gateway.ClinicSensitive,
	} {
		if got := (gateway.Clinics{}).Class(appointmentOf(t, elements).Clinic()); got != want {
			t.Errorf("%s: class %d, want %d", elements, got, want)
		}
	}
}
