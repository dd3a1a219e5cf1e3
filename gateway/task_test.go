package gateway_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

func TestATaskIDReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, k := range gateway.TaskKinds {
		id := gateway.TaskID{Kind: k, ReminderID: gateway.ReminderID{
			Practice: "A81001", Ref: gateway.Ref{1, 2, 3}, Rule: mustRule(t, "1d"), Start: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		}}
		if got, err := gateway.ParseTaskID(id.String()); err != nil || got != id {
			t.Errorf("%s: %v, %v", id, got, err)
		}
		if k.String() == "" || k.Words() == "" {
			t.Errorf("kind %c has no words", k)
		}
	}
}

func TestWhatIsNoTaskIDIsNotRead(t *testing.T) {
	t.Parallel()
	id := gateway.TaskID{Kind: gateway.TaskMoved, ReminderID: gateway.ReminderID{Practice: "A81001", Rule: mustRule(t, "1d"), Start: time.Unix(1_800_000_000, 0).UTC()}}
	good := id.String()
	for _, s := range []string{"", ".", "A81001", good[:len(good)-1], good + "A", "a81001" + good[6:], good[:8] + "\n" + good[8:], id.ReminderID.String()} {
		if _, err := gateway.ParseTaskID(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
	id.Kind = 'z'
	if _, err := gateway.ParseTaskID(id.String()); err == nil {
		t.Error("a kind that is not on the list was read")
	}
}
