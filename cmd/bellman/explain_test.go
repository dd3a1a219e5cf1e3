package main

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestExplainSaysWhatIsDoneAboutATextWithoutAReceipt(t *testing.T) {
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		state gateway.State
		age   time.Duration
		want  string // part of what is said; "" for nothing
	}{
		{gateway.Accepted, time.Hour, ""},
		{gateway.Accepted, 3 * time.Hour, "is asked"},
		{gateway.Accepted, 30 * time.Hour, "nobody knows"},
		{gateway.Delivered, 30 * time.Hour, ""},
	} {
		said := unheard(gateway.Standing{State: row.state, At: now.Add(-row.age)}, now)
		if !strings.Contains(said, row.want) || (row.want == "") != (said == "") {
			t.Errorf("%s for %s: %q", row.state, row.age, said)
		}
	}
}
