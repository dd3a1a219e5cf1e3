package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// TestWhoIsTextedByClinicAgeAndNumber is rules R34 to R36 as a table: what is said of
// a visit, what the practice has chosen, and what becomes of the text.
func TestWhoIsTextedByClinicAgeAndNumber(t *testing.T) {
	t.Parallel()
	usual := gateway.Who{}
	neutral, known := gateway.Who{TextSensitive: true}, gateway.Who{KnownOnly: true}
	young, shared := gateway.Who{YoungShared: true}, gateway.Who{HoldShared: true}
	for _, c := range []struct {
		name   string
		who    gateway.Who
		class  gateway.ClinicClass
		age    gateway.AgeBand
		shared bool
		want   gateway.Reason // None: it is sent
	}{
		{"nothing said", usual, gateway.ClinicUnsaid, gateway.AgeUnsaid, false, gateway.None},
		{"a clinic that nobody classified", usual, gateway.ClinicUnknown, gateway.AgeAdult, false, gateway.None},
		{"a general clinic", usual, gateway.ClinicGeneral, gateway.AgeAdult, false, gateway.None},
		{"a sensitive clinic", usual, gateway.ClinicSensitive, gateway.AgeAdult, false, gateway.Sensitive},
		{"a sensitive clinic, age not said", usual, gateway.ClinicSensitive, gateway.AgeUnsaid, false, gateway.Sensitive},

		{"sensitive, neutral text wanted", neutral, gateway.ClinicSensitive, gateway.AgeAdult, false, gateway.None},
		{"sensitive, neutral, age not said", neutral, gateway.ClinicSensitive, gateway.AgeUnsaid, false, gateway.None},
		{"sensitive, neutral, ten years old", neutral, gateway.ClinicSensitive, gateway.AgeUnder11, false, gateway.None},
		{"sensitive, neutral, thirteen years old", neutral, gateway.ClinicSensitive, gateway.Age11To15, false, gateway.Sensitive},
		{"sensitive, neutral, a date of birth not understood", neutral, gateway.ClinicSensitive, gateway.AgeUnclear, false, gateway.Sensitive},
		{"sensitive, neutral, sixteen", neutral, gateway.ClinicSensitive, gateway.Age16To17, false, gateway.None},
		{"sensitive, neutral, sixteen, shared", neutral, gateway.ClinicSensitive, gateway.Age16To17, true, gateway.YoungShared},

		{"known only, nobody classified it", known, gateway.ClinicUnknown, gateway.AgeAdult, false, gateway.ClinicUnclear},
		{"known only, nothing said", known, gateway.ClinicUnsaid, gateway.AgeAdult, false, gateway.ClinicUnclear},
		{"known only, general", known, gateway.ClinicGeneral, gateway.AgeAdult, false, gateway.None},
		{"known only, sensitive", known, gateway.ClinicSensitive, gateway.AgeAdult, false, gateway.Sensitive},

		{"a child on a parent's number", usual, gateway.ClinicGeneral, gateway.AgeUnder11, true, gateway.None},
		{"thirteen on a parent's number", usual, gateway.ClinicGeneral, gateway.Age11To15, true, gateway.None},
		{"sixteen on a parent's number", usual, gateway.ClinicGeneral, gateway.Age16To17, true, gateway.YoungShared},
		{"sixteen with a number of their own", usual, gateway.ClinicGeneral, gateway.Age16To17, false, gateway.None},
		{"sixteen, shared, and the practice texts them", young, gateway.ClinicGeneral, gateway.Age16To17, true, gateway.None},
		{"a couple with one phone", usual, gateway.ClinicGeneral, gateway.AgeAdult, true, gateway.None},
		{"shared, age not said", usual, gateway.ClinicGeneral, gateway.AgeUnsaid, true, gateway.None},
		{"a couple, and the practice asks first", shared, gateway.ClinicGeneral, gateway.AgeAdult, true, gateway.SharedNumber},
		{"a child, and the practice asks first", shared, gateway.ClinicGeneral, gateway.AgeUnder11, true, gateway.SharedNumber},
		{"a number of one's own, and the practice asks first", shared, gateway.ClinicGeneral, gateway.AgeAdult, false, gateway.None},
	} {
		q := sendable(t)
		q.policy.Who, q.a.Class, q.a.Age, q.moment.Shared = c.who, c.class, c.age, c.shared
		if got := q.decide(); got.Reason != c.want || (got.Verdict == gateway.Send) != (c.want == gateway.None) {
			t.Errorf("%s: %s (%s), want %q", c.name, got.Verdict, got.Reason, c.want)
		}
		if quiet := c.want == gateway.Sensitive || c.want == gateway.ClinicUnclear; c.who.Texts(q.a) == quiet {
			t.Errorf("%s: whether such a clinic is texted about at all is told differently", c.name)
		}
	}
}

// TestWhoeverCannotReadATextIsNotTexted is T26 of the hazard log.
func TestWhoeverCannotReadATextIsNotTexted(t *testing.T) {
	t.Parallel()
	for need, want := range map[gateway.Needs]gateway.Reason{
		0:                        gateway.None,
		gateway.NeedsInterpreter: gateway.None,
		gateway.NeedsLargePrint:  gateway.None,
		gateway.NeedsInterpreter | gateway.NeedsLargePrint: gateway.None,
		gateway.NeedsBraille:                              gateway.NeedsOtherWay,
		gateway.NeedsAudio:                                gateway.NeedsOtherWay,
		gateway.NeedsNoPhone:                              gateway.NeedsOtherWay,
		gateway.NeedsMinicom:                              gateway.NeedsOtherWay,
		gateway.NeedsSomebodyElse:                         gateway.NeedsOtherWay,
		gateway.NeedsLargePrint | gateway.NeedsBraille:    gateway.NeedsOtherWay,
		gateway.NeedsNotUnderstood:                        gateway.NeedsUnclear,
		gateway.NeedsNotUnderstood | gateway.NeedsBraille: gateway.NeedsOtherWay,
	} {
		q := sendable(t)
		q.a.Patient.Needs = need
		if got := q.decide(); got.Reason != want {
			t.Errorf("needs %b: %q, want %q", need, got.Reason, want)
		}
	}
	// It is said even where no text could go: a person has to know.
	q := sendable(t)
	q.a.Patient.Needs, q.a.Patient.MobileKind, q.a.Patient.Declined = gateway.NeedsBraille, gateway.NumberMissing, gateway.FlagYes
	if got := q.decide(); got.Reason != gateway.NeedsOtherWay {
		t.Errorf("without a number: %q", got.Reason)
	}
	q.a.Patient.Restricted = gateway.FlagYes
	if got := q.decide(); got.Reason != gateway.Restricted {
		t.Errorf("of a restricted record more is told: %q", got.Reason)
	}
}

func TestLanguagesAreReadFromCodesAndNames(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]gateway.Language{
		"": gateway.LanguageUnsaid, " ": gateway.LanguageUnsaid, "en": gateway.LanguageEnglish, "en-GB": gateway.LanguageEnglish,
		"English (UK)": gateway.LanguageEnglish, "cy": gateway.LanguageWelsh, "CYM": gateway.LanguageWelsh, "Cymraeg": gateway.LanguageWelsh,
		"ro": gateway.LanguageOther, "Polish": gateway.LanguageOther, "pl-PL": gateway.LanguageOther,
		"q4": gateway.LanguageUnsaid, "und": gateway.LanguageUnsaid, "Not recorded": gateway.LanguageUnsaid,
	} {
		if got := gateway.LanguageOf(said); got != want {
			t.Errorf("%q is read as %d, want %d", said, got, want)
		}
	}
}

func TestWhatIsKeptOfAVisitHoldsNeitherItsClinicNorADateOfBirth(t *testing.T) {
	t.Parallel()
	p := gateway.Policy{Who: gateway.Who{Clinics: gateway.NewClinics(nil, []string{"flu"})}}
	a := gateway.Appointment{Start: at("Wed 15 Jul 2026 10:00"), Clinic: gateway.NewClinicName("Flu"), Patient: gateway.Patient{Born: gateway.NewBirth(2010, time.July, 15)}}
	got := p.Discreet(a)
	if !got.Clinic.IsZero() || !got.Patient.Born.IsZero() || got.Class != gateway.ClinicGeneral || got.Age != gateway.Age16To17 {
		t.Errorf("kept is %+v", got)
	}
	if again := p.Discreet(got); again != got {
		t.Error("what is kept reads differently the second time")
	}
	// A look that tells less than the read did leaves what is known.
	later := gateway.Policy{Who: gateway.Who{Clinics: gateway.NewClinics([]string{"flu"}, nil)}}
	if again := later.Discreet(got); again.Class != gateway.ClinicGeneral {
		t.Error("a class was made up")
	}
	if again := later.Discreet(a); again.Class != gateway.ClinicSensitive {
		t.Error("the practice's new words are not heeded")
	}
}

// A choice that is more careful only ever takes texts away, and some are not sent
// whatever a practice chooses.
func TestTheMoreCarefulChoiceNeverSendsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := sendable(t)
		yes := rapid.Bool()
		q.a.Class = gateway.ClinicClass(rapid.IntRange(0, 4).Draw(t, "class"))
		q.a.Age = gateway.AgeBand(rapid.IntRange(0, 6).Draw(t, "age"))
		q.a.Patient.Needs = gateway.Needs(rapid.Uint8().Draw(t, "needs"))
		q.moment.Shared = yes.Draw(t, "shared")
		bold := q
		bold.policy.Who = gateway.Who{TextSensitive: yes.Draw(t, "neutral"), KnownOnly: yes.Draw(t, "known"), YoungShared: yes.Draw(t, "young"), HoldShared: yes.Draw(t, "hold")}
		careful := bold
		w := &careful.policy.Who
		w.TextSensitive, w.YoungShared = w.TextSensitive && yes.Draw(t, "skip"), w.YoungShared && yes.Draw(t, "ask")
		w.KnownOnly, w.HoldShared = w.KnownOnly || yes.Draw(t, "only"), w.HoldShared || yes.Draw(t, "all")
		if careful.decide().Verdict == gateway.Send && bold.decide().Verdict != gateway.Send {
			t.Fatalf("%+v sends what %+v does not", careful.policy.Who, bold.policy.Who)
		}
		if q.a.Class == gateway.ClinicSensitive && q.a.Age == gateway.Age11To15 && bold.decide().Verdict == gateway.Send {
			t.Fatal("a young person at a sensitive clinic is texted")
		}
	})
}
