package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

func TestACodeIsReadFromAWishToCancelOrAConfirmationAndFromNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CANCEL 4821":                     "4821",
		"cancel4821":                      "4821",
		"Please cancel 4821":              "4821",
		"Cancel my appointment 4821":      "4821",
		"canslo 4821":                     "4821",
		"YES 4821":                        "4821",
		"CANCEL":                          "",
		"CANCEL 482":                      "",
		"CANCEL 48213":                    "",
		"4821":                            "",
		"CANCEL 4821 5512":                "",
		"don't cancel 4821":               "",
		"STOP 4821":                       "",
		"is 4821 the code?":               "",
		"cancel my 3pm 4821 not 2pm":      "",
		"CANCEL \u0664\u0668\u0662\u0661": "",
		"":                                "",
	} {
		if got, ok := gateway.CodeOf(text); got != want || ok != (want != "") {
			t.Errorf("%q: the code %q (%t), want %q", text, got, ok, want)
		}
	}
}

func TestOnlyTheBareWordWithACodeMayCancelByItself(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"CANCEL 4821": true, "cancel 4821": true, "  Cancel: 4821! ": true, "CANCEL4821": true, "\u201cCANCEL 4821\u201d": true,
		"ＣＡＮＣＥＬ ４８２１": true, "cancle 4821": true, "canslo 4821": true, "CANCEL 4821 \U0001f44d": true,

		"CANCEL 4821 \U0001f44d\U0001f3fd": true, "Cancel \u2013 4821\u2026": true, "CANCEL (4821) \U0001f64f": true, "\u200eCANCEL 4821": true,

		"CANCEL 4821 \u2753": false, "CANCEL 4821 \U0001f914": false, "\u00bfCANCEL 4821": false, "CANCEL 4821 \u061f": false, "CANCEL 4821 \u203d": false,
		"C\u0336A\u0336N\u0336C\u0336E\u0336L\u0336 4821": false, "CANCEL \u2260 4821": false, "\U0001f6ab CANCEL 4821": false, "CANCEL 4821 \U0001f44e": false,

		"cancel 4821?": false, "cancel 4821？": false, "please cancel 4821": false, "cancel 4821 thanks": false, "cancel it 4821": false,
		"YES 4821": false, "CANCEL": false, "4821 cancel": false, "cancel appointment 4821 tomorrow": false, "dont cancel 4821": false,
		"CANCEL 4821 CANCEL": false, "CANCEL 4821 4821": false, "cancer 4821": false, "CANCEL 4821\nSent from my iPhone": false,
	} {
		if _, ok := gateway.OnlyCancels(text); ok != want {
			t.Errorf("%q: %t", text, ok)
		}
	}
}

// The visits of these tests: the n-th of a patient, so many hours from now.
var cancelNow = time.Date(2026, time.October, 19, 9, 0, 0, 0, time.UTC)

func toCome(n, patient int, in time.Duration) gateway.Visit {
	start := cancelNow.Add(in)
	return gateway.Visit{Ref: gateway.Ref{byte(n), byte(n >> 8)}, Start: start, Facts: gateway.Facts{Appointment: gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprint("88", n)), Start: start, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: gateway.PatientID(fmt.Sprint(patient)), Mobile: gateway.NewPhone("+447700900123"), MobileKind: gateway.NumberMobile},
	}}}
}

func codeOf(v gateway.Visit) string { return gateway.VisitCode("A81001", v.Facts.Appointment) }

// alike gives two visits that share a code by chance.
func alike(t *testing.T) (a, b gateway.Visit) {
	t.Helper()
	a = toCome(1, 1, 72*time.Hour)
	for n := 2; n < 1<<16; n++ {
		if b = toCome(n, 2, 96*time.Hour); codeOf(a) == codeOf(b) {
			return a, b
		}
	}
	t.Fatal("no two visits share a code")
	return a, b
}

func TestOnlyAVisitThatIsBeyondDoubtIsFreedByItsCode(t *testing.T) {
	t.Parallel()
	on := gateway.AutoCancel{On: true, AtLeast: 24 * time.Hour}
	a, twin := alike(t)
	change := func(v gateway.Visit, by func(*gateway.Visit)) gateway.Visit { by(&v); return v }
	patient := func(by func(*gateway.Patient)) gateway.Visit {
		return change(a, func(v *gateway.Visit) { by(&v.Facts.Appointment.Patient) })
	}
	for _, c := range []struct {
		what   string
		policy gateway.AutoCancel
		code   string
		visits []gateway.Visit
		want   gateway.CancelEnd
	}{
		{"the only visit on the number", on, codeOf(a), []gateway.Visit{a}, gateway.CancelAsked},
		{"one of two visits", on, codeOf(a), []gateway.Visit{a, toCome(9, 1, 200*time.Hour)}, gateway.CancelAsked},
		{"a visit of one of two patients", on, codeOf(a), []gateway.Visit{toCome(9, 7, 30*time.Hour), a}, gateway.CancelAsked},
		{"just far enough", on, codeOf(toCome(3, 1, 24*time.Hour)), []gateway.Visit{toCome(3, 1, 24*time.Hour)}, gateway.CancelAsked},

		{"switched off", gateway.AutoCancel{AtLeast: time.Hour}, codeOf(a), []gateway.Visit{a}, gateway.CancelInDoubt},
		{"no visit", on, codeOf(a), nil, gateway.CancelNoVisit},
		{"another code", on, "0000", []gateway.Visit{a}, gateway.CancelNoVisit},
		{"the code of where it stood before it was moved", on, codeOf(a), []gateway.Visit{toCome(1, 1, 73*time.Hour)}, gateway.CancelNoVisit},
		{"two patients whose codes are alike", on, codeOf(a), []gateway.Visit{a, twin}, gateway.CancelSeveral},
		{"two visits that one text spoke for", on, codeOf(a), []gateway.Visit{a, toCome(9, 1, 72*time.Hour+30*time.Minute)}, gateway.CancelSeveral},
		{"another text speaks for it", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Merged = true })}, gateway.CancelSeveral},
		{"too near", on, codeOf(toCome(3, 1, 24*time.Hour-time.Second)), []gateway.Visit{toCome(3, 1, 24*time.Hour-time.Second)}, gateway.CancelTooNear},
		{"it is cancelled already", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Appointment.Status = gateway.StatusCancelled })}, gateway.CancelInDoubt},
		{"its status is not known", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Appointment.Status = gateway.StatusUnknown })}, gateway.CancelInDoubt},
		{"its time is in doubt", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Appointment.StartDoubt = gateway.TimeAmbiguous })}, gateway.CancelInDoubt},
		{"it is not in the diary any more", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Standing = gateway.Gone })}, gateway.CancelInDoubt},
		{"the diary did not confirm it", on, codeOf(a), []gateway.Visit{change(a, func(v *gateway.Visit) { v.Facts.Standing = gateway.NotConfirmed })}, gateway.CancelInDoubt},
		{"another record cannot be opened", on, codeOf(a), []gateway.Visit{a, {Damaged: true}}, gateway.CancelInDoubt},
		{"the patient has died", on, codeOf(a), []gateway.Visit{patient(func(p *gateway.Patient) { p.Deceased = gateway.FlagYes })}, gateway.CancelInDoubt},
		{"the record is sensitive", on, codeOf(a), []gateway.Visit{patient(func(p *gateway.Patient) { p.Restricted = gateway.FlagUnclear })}, gateway.CancelInDoubt},
		{"the patient has left", on, codeOf(a), []gateway.Visit{patient(func(p *gateway.Patient) { p.Left = gateway.FlagYes })}, gateway.CancelInDoubt},
	} {
		got, end := c.policy.Freeable("A81001", c.code, c.visits, cancelNow)
		if end != c.want || end == gateway.CancelAsked && codeOf(got) != c.code {
			t.Errorf("%s: %s, want %s", c.what, end, c.want)
		}
	}
}

// TestWhateverIsFreedWasTheOneVisitThatTheCodeNames draws any visits of any patients
// on a number.
func TestWhateverIsFreedWasTheOneVisitThatTheCodeNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var visits []gateway.Visit
		for n := range rapid.IntRange(0, 5).Draw(r, "visits") {
			v := toCome(n, rapid.IntRange(0, 2).Draw(r, "patient"), time.Duration(rapid.IntRange(1, 100).Draw(r, "hours"))*time.Hour)
			v.Facts.Appointment.Status = gateway.Status(rapid.IntRange(0, 3).Draw(r, "status"))
			v.Facts.Appointment.Patient.Restricted = gateway.Flag(rapid.IntRange(0, 2).Draw(r, "restricted"))
			v.Damaged = rapid.IntRange(0, 9).Draw(r, "damaged") == 0
			visits = append(visits, v)
		}
		code := "1234"
		if len(visits) > 0 {
			code = codeOf(visits[rapid.IntRange(0, len(visits)-1).Draw(r, "named")])
		}
		policy := gateway.AutoCancel{On: rapid.Bool().Draw(r, "on"), AtLeast: 24 * time.Hour}
		got, end := policy.Freeable("A81001", code, visits, cancelNow)
		if end != gateway.CancelAsked {
			return
		}
		fits := 0
		for _, v := range visits {
			if v.Damaged {
				r.Error("freed beside a record that nobody can read")
			}
			if codeOf(v) == code {
				fits++
			}
		}
		a := got.Facts.Appointment
		if !policy.On || fits != 1 || codeOf(got) != code || a.Status != gateway.StatusBooked || a.Patient.Restricted != gateway.FlagNo ||
			a.Start.Before(cancelNow.Add(policy.AtLeast)) {
			r.Errorf("freed %v, of %d with that code", got, fits)
		}
	})
}

func TestAVisitThatIsLookedAtAgainMustStillBeTheSame(t *testing.T) {
	t.Parallel()
	v := toCome(1, 1, 72*time.Hour)
	is := v.Facts.Appointment
	is.Version, is.Start = "7", is.Start.Add(300*time.Millisecond)
	if !v.StillAs(is) {
		t.Error("a new version and a fraction of a second make it another")
	}
	for what, change := range map[string]func(*gateway.Appointment){
		"cancelled":       func(a *gateway.Appointment) { a.Status = gateway.StatusCancelled },
		"moved":           func(a *gateway.Appointment) { a.Start = a.Start.Add(time.Minute) },
		"in doubt":        func(a *gateway.Appointment) { a.StartDoubt = gateway.TimeElsewhere },
		"another's":       func(a *gateway.Appointment) { a.Patient.ID = "2" },
		"another visit":   func(a *gateway.Appointment) { a.ID = "2" },
		"another number":  func(a *gateway.Appointment) { a.Patient.Mobile = gateway.NewPhone("+447700900124") },
		"no clear number": func(a *gateway.Appointment) { a.Patient.MobileKind = gateway.NumberUnclear },
		"sensitive":       func(a *gateway.Appointment) { a.Patient.Restricted = gateway.FlagYes },
	} {
		b := v.Facts.Appointment
		if change(&b); v.StillAs(b) {
			t.Errorf("%s: taken for the same", what)
		}
	}
}

func TestEveryEndOfACancellationHasItsOwnLabelAndWords(t *testing.T) {
	t.Parallel()
	labels := map[string]bool{}
	for _, e := range append(gateway.CancelEnds(), gateway.CancelAsked) {
		if e.String() == "" || e.Words() == "" || labels[e.String()] {
			t.Errorf("%c: the label %q, the words %q", e, e.String(), e.Words())
		}
		labels[e.String()] = true
	}
	if none := gateway.CancelEnd('?'); none.String() != "" || none.Words() != "" {
		t.Error("what is not on the list has a name")
	}
}
