package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// authors are all who may opt a number out, and one of a later version.
var authors = []string{
	gateway.OutByUnsure, gateway.OutByPatient, gateway.OutByProvider, gateway.OutByWrongNumber, gateway.OutByImport, gateway.OutByStaff, "clairvoyant",
}

func TestSTARTLiftsWhatSTOPOrTheProviderDidAndNothingElse(t *testing.T) {
	for _, by := range authors {
		want := by == gateway.OutByPatient || by == gateway.OutByProvider || by == gateway.OutByUnsure
		if got := (gateway.OptOut{By: by}).LiftedByStart(); got != want {
			t.Errorf("by %s: lifted %v", by, got)
		}
	}
}

func genOptOut(t *rapid.T, name string) gateway.OptOut {
	return gateway.OptOut{
		Practice: "A81001", Number: gateway.NewPhone("+447700900001"),
		Since: time.Unix(rapid.Int64Range(0, 1e6).Draw(t, name+" since"), 0).UTC(),
		By:    rapid.SampledFrom(authors).Draw(t, name+" by"),
		Scope: rapid.SampledFrom([]gateway.Scope{gateway.ScopePractice, gateway.ScopeAll}).Draw(t, name+" scope"),
	}
}

func TestOptingOutAgainNeverMakesAnOptOutWeaker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, again := genOptOut(t, "first"), genOptOut(t, "again")
		got := first.Join(again)
		switch {
		case got.Practice != first.Practice || got.Number != first.Number || !got.Since.Equal(first.Since):
			t.Fatal("it is another's, or its first date is lost")
		case got.LiftedByStart() && (!first.LiftedByStart() || !again.LiftedByStart()):
			t.Fatal("START lifts what it did not lift before")
		case got.Scope < first.Scope || got.Scope < again.Scope:
			t.Fatal("it reaches less far")
		case got.Join(again) != got || got.Join(first) != got:
			t.Fatal("said once more, it changes again")
		case got.By != first.By && got.By != again.By:
			t.Fatal("nobody said so")
		}
	})
}

func TestNoSTARTMovesDecideWhereTheClinicalSystemSaysDeclined(t *testing.T) {
	for _, c := range []struct {
		system gateway.Flag
		out    bool // our own opt-out stands; START takes it away
		want   gateway.Reason
	}{
		{gateway.FlagNo, true, gateway.OptedOut},
		{gateway.FlagNo, false, gateway.None},
		{gateway.FlagYes, true, gateway.Declined},
		{gateway.FlagYes, false, gateway.Declined},
		{gateway.FlagUnclear, true, gateway.OptedOut},
		{gateway.FlagUnclear, false, gateway.DeclinedUnclear},
	} {
		q := sendable(t)
		q.a.Patient.Declined, q.moment.OptedOut = c.system, c.out
		got := q.decide()
		if got.Reason != c.want || (got.Verdict == gateway.Send) != (c.want == gateway.None) {
			t.Errorf("the system says %d, opted out %v: %s (%s)", c.system, c.out, got.Verdict, got.Reason)
		}
	}
}
