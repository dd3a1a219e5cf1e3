package store

import (
	"slices"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bellman/gateway"
)

// newTestMaster gives a master key that has no file.
func newTestMaster() (*MasterKey, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return newMaster("", h)
}

func TestTheLastWordOfAJournalStandsWithItsFirstDate(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, time.November, 2, h, 0, 0, 0, time.UTC) }
	n1, n2 := "+447700900001", "+447700900002"
	line := func(p gateway.ODS, n string, out bool, h int, by string) journalLine {
		return journalLine{Practice: p, Number: n, Out: out, At: at(h), By: by}
	}
	got := standingOptOuts([]journalLine{
		line("A81001", n1, true, 1, "patient"),
		line("A81001", n2, true, 2, "patient"),
		line("A81001", n1, true, 3, "staff"), // said again, by staff: the first date stays, and no START lifts it any more
		line("B82002", n1, true, 4, "staff"),
		line("A81001", n2, false, 5, "patient"),
		line("B82002", n1, false, 6, "patient"),
		line("B82002", n1, true, 7, "patient"),   // after a START: a new date
		line("A81001", n2, false, 8, "patient"),  // twice in again
		line("C83003", n2, false, 9, "provider"), // in without having been out
	})
	want := []gateway.OptOut{
		{Practice: "A81001", Number: gateway.NewPhone(n1), Since: at(1), By: "staff"},
		{Practice: "B82002", Number: gateway.NewPhone(n1), Since: at(7), By: "patient"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d opt-outs stand", len(got))
	}
}

// A version from before there were opt-outs of visits and clinics reads practice,
// number and out of a line, and nothing else of it.
func TestAnOlderVersionWithholdsMoreForAFinerOptOutAndLiftsNothing(t *testing.T) {
	n := gateway.NewPhone("+447700900001")
	for _, o := range []gateway.OptOut{
		{Practice: "A81001", Number: n, Scope: gateway.ScopeVisit, Visit: "88-1"},
		{Practice: "A81001", Number: n, Scope: gateway.ScopeClinic, Clinic: gateway.NewText("Foot clinic")},
	} {
		if l := lineOf(o, true); l.Number != n.Reveal() || !l.Out {
			t.Errorf("%s: it does not withhold anything from the number", o.Scope)
		}
		l := lineOf(o, false)
		if l.Number != "" {
			t.Errorf("%s: lifting it lifts everything for the number", o.Scope)
		}
		if got := l.change(); got.OptOut != o || got.Out {
			t.Errorf("%s: it reads differently than it was written", o.Scope)
		}
	}
}

func TestLiftingOneOptOutLeavesTheOthersOfTheNumberStanding(t *testing.T) {
	n, other := gateway.NewPhone("+447700900001"), gateway.NewPhone("+447700900002")
	stop := gateway.OptOut{Practice: "A81001", Number: n, By: gateway.OutByPatient}
	visit := gateway.OptOut{Practice: "A81001", Number: n, By: gateway.OutByStaff, Scope: gateway.ScopeVisit, Visit: "88-1"}
	feet := gateway.OptOut{Practice: "A81001", Number: n, By: gateway.OutByStaff, Scope: gateway.ScopeClinic, Clinic: gateway.NewText("Foot clinic")}
	eyes := feet
	eyes.Clinic = gateway.NewText("Eyes")
	spelt := feet
	spelt.Clinic = gateway.NewText("FOOT-CLINIC")
	theirs := feet
	theirs.Number = other
	renumbered := visit
	renumbered.Number = other
	all := []journalLine{lineOf(stop, true), lineOf(visit, true), lineOf(feet, true), lineOf(eyes, true), lineOf(theirs, true)}
	for _, c := range []struct {
		name   string
		lifted gateway.OptOut
		want   []gateway.OptOut
	}{
		{"START", stop, []gateway.OptOut{visit, feet, eyes, theirs}},
		{"one visit", visit, []gateway.OptOut{stop, feet, eyes, theirs}},
		{"one visit, which has another number now", renumbered, []gateway.OptOut{stop, feet, eyes, theirs}},
		{"one clinic, spelt in another way", spelt, []gateway.OptOut{stop, visit, eyes, theirs}},
	} {
		if got := standingOptOuts(append(slices.Clone(all), lineOf(c.lifted, false))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %d stand, want %d", c.name, len(got), len(c.want))
		}
	}
}
