package gateway_test

import (
	"testing"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// unwanted gives a list of clinics about which a number wants no texts.
func unwanted(names ...string) gateway.ClinicOuts {
	texts := make([]gateway.Text, len(names))
	for i, n := range names {
		texts[i] = gateway.NewText(n)
	}
	return gateway.NewClinicOuts(oneList, texts...)
}

func TestAClinicIsUnwantedWhenItsNameHoldsTheWordsThatStaffRecorded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, clinic string
		list         gateway.ClinicOuts
		judged, out  bool
	}{
		{"the same name", "Foot clinic", unwanted("Foot clinic"), true, true},
		{"another spelling", "FOOT-CLINIC", unwanted("foot  Clinic"), true, true},
		{"words of the name", "Diabetes foot clinic (nurse)", unwanted("Foot clinic"), true, true},
		{"one of several", "Diabetes review", unwanted("Eyes", "Diabetes"), true, true},
		{"another clinic", "Flu clinic", unwanted("Foot clinic"), true, false},
		{"a part of a word", "Football injuries", unwanted("Foot"), true, false},
		{"a clinic whose name the system does not tell", "", unwanted("Foot clinic"), false, false},
		{"a list that cannot be read", "Foot clinic", unwanted(), false, false},
		{"a list of nothing", "Foot clinic", unwanted("--"), false, false},
		{"no list", "Foot clinic", gateway.ClinicOuts{}, false, false},
	} {
		a := gateway.Appointment{Clinic: gateway.NewClinicName(c.clinic)}
		got := c.list.Judge(a).Judged
		if (got.List == oneList) != c.judged || got.Out != c.out {
			t.Errorf("%s: judged %t, unwanted %t", c.name, got.List == oneList, got.Out)
		}
		outs := gateway.Outs{Clinics: c.list}
		quiet := c.out || !c.judged && c.list.List == oneList
		if outs.Withholds(c.list.Judge(a)) != quiet {
			t.Errorf("%s: texted about %t, want %t", c.name, quiet, !quiet)
		}
	}
}

func TestWhatWasFoundOfAClinicStaysUntilItsListIsAnother(t *testing.T) {
	t.Parallel()
	a := unwanted("Foot clinic").Judge(gateway.Appointment{Clinic: gateway.NewClinicName("Foot clinic")})
	a.Clinic = gateway.ClinicName{} // as a read does that does not tell it, and as a record is
	if got := unwanted("Foot clinic").Judge(a); got.Judged != a.Judged || !got.Judged.Out {
		t.Error("it is forgotten although the list is the same")
	}
	if got := gateway.NewClinicOuts(gateway.Digest{2}, gateway.NewText("Eyes")).Judge(a); got.Judged != (gateway.ClinicJudged{}) {
		t.Error("it stays although the list is another")
	}
	if got := (gateway.ClinicOuts{}).Judge(a); got.Judged != (gateway.ClinicJudged{}) {
		t.Error("it stays although the number has no list any more")
	}
}

// Whatever is known of the visit, no list ever lets a text go that went not without it.
func TestAListOfClinicsOnlyEverWithholds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		layAny(t, &q, append(forbiddingFacts(), unclearFacts()...), 0)
		q.moment.Clinics = gateway.Digest{}
		without := q.decide()
		q.moment.Clinics = rapid.SampledFrom([]gateway.Digest{oneList, {2}}).Draw(t, "list")
		q.a.Judged = gateway.ClinicJudged{
			List: rapid.SampledFrom([]gateway.Digest{{}, oneList, {2}}).Draw(t, "judged by"), Out: rapid.Bool().Draw(t, "out"),
		}
		with := q.decide()
		sent := q.a.Judged == gateway.ClinicJudged{List: q.moment.Clinics}
		if with.Verdict == gateway.Send && (without.Verdict != gateway.Send || !sent) {
			t.Errorf("sent, judged %+v by %v; without a list %s", q.a.Judged, q.moment.Clinics, without.Verdict)
		}
		if sent && with != without {
			t.Errorf("at another clinic, and %s (%s) instead of %s (%s)", with.Verdict, with.Reason, without.Verdict, without.Reason)
		}
	})
}

func TestStaffsWordOfAVisitIsNoPatientsWishForTheNumber(t *testing.T) {
	t.Parallel()
	n := goodPatient().Mobile
	finer := gateway.OptOutChange{OptOut: gateway.OptOut{Number: n, Scope: gateway.ScopeVisit, Visit: "a"}, Out: true}
	visits := []gateway.Appointment{{ID: "a", Patient: goodPatient()}}
	if got := gateway.Conflicts(visits, nil, []gateway.OptOutChange{finer}); len(got) != 0 {
		t.Error("the clinical system lets the number be texted, as it should, and it is listed as a conflict")
	}
}
