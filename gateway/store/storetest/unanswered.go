package storetest

import (
	"testing"
	"time"

	"bellman/gateway"
)

const providersID = "SM0123456789abcdef0123456789abcdef"

var unanswered = []promise{
	{"what the network did not answer for was taken, and is never queued again", unansweredWasTaken},
	{"what the network did not answer for ends by a receipt, or as a task", unansweredEnds},
	{"what the network did not answer for is brought back as that when its entry is lost", unansweredIsBroughtBack},
}

// unanswer brings a fresh reminder to a state, and says that the network did not
// answer for its text.
func (g *surgery) unanswer(n int, from gateway.State) (gateway.ReminderID, gateway.Changed) {
	g.t.Helper()
	id := g.brought(n, from)
	return id, g.move(gateway.Change{ID: id, To: gateway.Unknown, Reason: gateway.NotAnswered, Code: 30410, MessageID: providersID})
}

func unansweredWasTaken(t *testing.T, g *surgery) {
	for n, from := range []gateway.State{gateway.Sending, gateway.Accepted, gateway.Unknown} {
		id, got := g.unanswer(n, from)
		if got.Verdict != gateway.Done || got.From != from {
			t.Fatalf("from %s: verdict %c, from %s", from, got.Verdict, got.From)
		}
		if st, _, err := g.s.Reminder(t.Context(), id); err != nil || st.MessageID != providersID || st.Code != 30410 || st.Number != [12]byte{} {
			t.Errorf("from %s: kept %+v, %v", from, st, err)
		}
		if last, ok, err := g.s.LastText(t.Context(), riverside, number(n)); err != nil || !ok || last != id {
			t.Errorf("from %s: the last text to the number: %v, %v", from, ok, err)
		}
		for _, to := range gateway.States {
			if gateway.MayMoveFor(gateway.Unknown, gateway.NotAnswered, to, gateway.UnknownOutcome) {
				continue
			}
			got := g.move(gateway.Change{ID: id, To: to, Reason: gateway.UnknownOutcome, At: g.now})
			if got.Verdict != gateway.Elsewhere || got.From != gateway.Accepted {
				t.Errorf("from %s, then to %s: verdict %c from %s", from, to, got.Verdict, got.From)
			}
		}
		if got := g.move(gateway.Change{ID: id, To: gateway.Unknown, Reason: gateway.NotAnswered, Code: 30410, MessageID: providersID}); got.Verdict != gateway.Same {
			t.Errorf("said twice: verdict %c", got.Verdict)
		}
		g.stands(id, gateway.Unknown, gateway.NotAnswered)
	}
	for n, from := range []gateway.State{gateway.Held, gateway.Withdrawn, gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Failed, gateway.Queued} {
		if id, got := g.unanswer(10+n, from); got.Verdict != gateway.Elsewhere || g.state(id) != from {
			t.Errorf("from %s: verdict %c, it is %s", from, got.Verdict, g.state(id))
		}
	}
	g.counted(riverside)
	g.explained(riverside)
}

func unansweredEnds(t *testing.T, g *surgery) {
	for n, to := range []gateway.State{gateway.Delivered, gateway.Undelivered, gateway.Failed} {
		id, _ := g.unanswer(n, gateway.Sending)
		if got := g.move(gateway.Change{ID: id, To: to, Reason: gateway.UnknownOutcome}); got.Verdict != gateway.Done || got.From != gateway.Accepted {
			t.Fatalf("%s: verdict %c, from %s", to, got.Verdict, got.From)
		}
		if st, _, err := g.s.Reminder(t.Context(), id); err != nil || st.State != to || st.MessageID != providersID {
			t.Errorf("%s: kept %+v, %v", to, st, err)
		}
	}
	if open := g.tasks(); len(open) != 1 || open[0].ID.Kind != gateway.TaskUnknown {
		t.Errorf("%d tasks, want the one that nobody could tell", len(open))
	}
	g.counted(riverside)
}

func unansweredIsBroughtBack(t *testing.T, g *surgery) {
	id, _ := g.unanswer(1, gateway.Accepted)
	g.now = g.now.Add(time.Minute)
	g.forgetEntry(id)
	g.balance(gateway.EntryLost)
	g.stands(id, gateway.Unknown, gateway.NotAnswered)
	if got := g.move(gateway.Change{ID: id, To: gateway.Queued, At: g.now}); got.Verdict != gateway.Elsewhere {
		t.Errorf("it may be sent again: verdict %c", got.Verdict)
	}
}
