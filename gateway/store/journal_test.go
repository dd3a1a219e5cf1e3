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
