package storetest

import (
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

const providersID = "SM0123456789abcdef0123456789abcdef"

var unanswered = []promise{
	{"what the network did not answer for was taken, and is never queued again", unansweredWasTaken},
	{"what the network did not answer for ends by a receipt, or as a task", unansweredEnds},
	{"what the network did not answer for is brought back as that when its entry is lost", unansweredIsBroughtBack},
	{"a text that the provider took and did not send is a task, once", neverLeftIsATask},
	{"texts of which nobody has said how they ended are found, and no others", unheardAreFound},
	{"one replica gets a practice's turn, once in its span", oneTurn},
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

func unheardAreFound(t *testing.T, g *surgery) {
	if got, err := g.s.Unheard(t.Context(), riverside); err != nil || len(got) != 0 {
		t.Errorf("%d before anything left, %v", len(got), err)
	}
	want := map[gateway.ReminderID]bool{g.brought(0, gateway.Accepted): true}
	for n, s := range []gateway.State{gateway.Held, gateway.Withdrawn, gateway.Sending, gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Unknown, gateway.Failed} {
		g.brought(1+n, s)
	}
	silent, _ := g.unanswer(20, gateway.Accepted)
	want[silent] = true
	got, err := g.s.Unheard(t.Context(), riverside)
	if err != nil || len(got) != len(want) {
		t.Errorf("%d are found, want %d, %v", len(got), len(want), err)
	}
	for _, u := range got {
		if !want[u.ID] {
			t.Errorf("%s (%s) is found", u.State, u.Reason)
		}
	}
}

func oneTurn(t *testing.T, g *surgery) {
	const every = time.Minute
	replicas := []*store.Store{g.s, g.open(), g.open()}
	for round, since := range []time.Time{{}, g.now, g.now.Add(every)} {
		turns := 0
		for _, s := range replicas {
			got, ours, err := s.TakeTurn(t.Context(), riverside, g.now, every)
			if err != nil || !got.Equal(since) {
				t.Errorf("round %d: asked until %v, want %v, %v", round, got, since, err)
			}
			if ours {
				turns++
			}
		}
		if turns != 1 {
			t.Errorf("round %d: %d replicas got the turn", round, turns)
		}
		if err := g.s.EndTurn(t.Context(), riverside, g.now); err != nil {
			t.Error(err)
		}
		if _, ours, err := g.s.TakeTurn(t.Context(), riverside, g.now.Add(every-time.Second), every); ours || err != nil {
			t.Errorf("round %d: another turn too soon, %v", round, err)
		}
		g.now = g.now.Add(every)
	}
	// A clock that ran ahead took a turn and was set back.
	if _, ours, err := g.s.TakeTurn(t.Context(), riverside, g.now.Add(time.Hour), every); !ours || err != nil {
		t.Errorf("the one ahead: %t, %v", ours, err)
	}
	if _, ours, err := g.s.TakeTurn(t.Context(), riverside, g.now, every); !ours || err != nil {
		t.Errorf("the one that was set back: %t, %v", ours, err)
	}
}

func neverLeftIsATask(t *testing.T, g *surgery) {
	a := g.person(1)
	id := g.texted(a, gateway.Accepted, day)
	other := g.texted(g.person(2), gateway.Accepted, day)
	g.move(gateway.Change{ID: other, To: gateway.Undelivered, Reason: gateway.NotDelivered, Code: 30003})
	for range 2 {
		g.move(gateway.Change{ID: id, To: gateway.Undelivered, Reason: gateway.ProviderAccount, Code: 30002})
	}
	all := g.tasks()
	if len(all) != 1 || all[0].ID != (gateway.TaskID{Kind: gateway.TaskNeverLeft, ReminderID: id}) || all[0].Facts.Appointment.ID != a.ID || all[0].State != gateway.Undelivered {
		t.Fatalf("%d tasks", len(all))
	}
	g.explained(riverside)
}
