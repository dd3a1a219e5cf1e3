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
	got := standingOptOuts([]journalLine{
		{"A81001", n1, true, at(1), "patient", ""},
		{"A81001", n2, true, at(2), "patient", ""},
		{"A81001", n1, true, at(3), "staff", ""}, // said again: the first date stays
		{"B82002", n1, true, at(4), "staff", ""},
		{"A81001", n2, false, at(5), "patient", ""},
		{"B82002", n1, false, at(6), "patient", ""},
		{"B82002", n1, true, at(7), "patient", ""},   // after a START: a new date
		{"A81001", n2, false, at(8), "patient", ""},  // twice in again
		{"C83003", n2, false, at(9), "provider", ""}, // in without having been out
	})
	want := []gateway.OptOut{
		{Practice: "A81001", Number: gateway.NewPhone(n1), Since: at(1), By: "patient"},
		{Practice: "B82002", Number: gateway.NewPhone(n1), Since: at(7), By: "patient"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d opt-outs stand", len(got))
	}
}
