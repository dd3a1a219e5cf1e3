package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

var moving = []promise{
	{"every legal move is done and every other is refused", everyMove},
	{"nothing reaches Claimed without a lease", claimedOnlyByClaim},
	{"receipts in any order end where they should", receiptsInAnyOrder},
	{"a text does not leave on facts that changed meanwhile", outdatedDoesNotLeave},
	{"a text does not leave under another sender's token", wrongTokenDoesNotLeave},
	{"a text does not leave for an appointment that was forgotten", forgottenDoesNotLeave},
	{"what was proven unsent goes back to the queue for its own start only", provenUnsentForOldStart},
	{"what goes back to the queue without a time is looked at at once", backWithoutATime},
	{"a bad change stops no other", badChangeStopsNoOther},
	{"a phone is sent at most as many texts on one day as its practice allows", mostADay},
	{"what the provider said is kept with the reminder", providersWordsAreKept},
	{"the story tells each move once, in order", storyTells},
	{"a record that cannot be opened is held and then written anew", unreadableIsRewritten},
}

func z(at float64, member string) redis.Z { return redis.Z{Score: at, Member: member} }

// tryToLeave asks for the last step before a text leaves, as a sender does.
func (g *surgery) tryToLeave(c gateway.Claim) gateway.Changed {
	g.t.Helper()
	return g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, At: g.now.Add(lease)})
}

func (g *surgery) leave(c gateway.Claim) {
	g.t.Helper()
	if got := g.tryToLeave(c); got.Verdict != gateway.Done {
		g.t.Fatalf("it may not leave: %c from %c", got.Verdict, got.From)
	}
}

// ways says how a reminder gets to each state.
var ways = map[gateway.State][]gateway.State{
	gateway.Queued: {}, gateway.Held: {gateway.Held}, gateway.Withdrawn: {gateway.Withdrawn},
	gateway.Claimed: {gateway.Claimed}, gateway.Sending: {gateway.Claimed, gateway.Sending},
	gateway.Accepted:    {gateway.Claimed, gateway.Sending, gateway.Accepted},
	gateway.Delivered:   {gateway.Claimed, gateway.Sending, gateway.Accepted, gateway.Delivered},
	gateway.Undelivered: {gateway.Claimed, gateway.Sending, gateway.Undelivered},
	gateway.Refused:     {gateway.Claimed, gateway.Sending, gateway.Refused},
	gateway.Unknown:     {gateway.Claimed, gateway.Sending, gateway.Unknown},
	gateway.Failed:      {gateway.Claimed, gateway.Sending, gateway.Unknown, gateway.Failed},
}

// brought brings a fresh reminder of the n-th patient to a state, at its due time.
func (g *surgery) brought(n int, to gateway.State) gateway.ReminderID {
	g.t.Helper()
	a := g.person(n)
	a.Start = g.now.AddDate(0, 0, 1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, day)
	for _, s := range ways[to] {
		if s == gateway.Claimed {
			if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID != id {
				g.t.Fatalf("%d claims", len(got.Claims))
			}
			continue
		}
		if got := g.move(gateway.Change{ID: id, To: s, At: g.now.AddDate(1, 0, 0)}); got.Verdict != gateway.Done {
			g.t.Fatalf("on the way to %s: %s is refused", to, s)
		}
	}
	if got := g.state(id); got != to {
		g.t.Fatalf("brought to %s, stands at %s", to, got)
	}
	return id
}

func everyMove(t *testing.T, g *surgery) {
	n := 0
	for _, from := range gateway.States {
		for _, to := range gateway.States {
			if to == gateway.Claimed || len(ways[from]) == 0 && to == from {
				continue
			}
			n++
			id := g.brought(n, from)
			got := g.move(gateway.Change{ID: id, To: to, Reason: gateway.ByStaff, At: g.now.AddDate(1, 0, 0)})
			want, verdict := from, gateway.Elsewhere
			if gateway.MayMove(from, to) {
				want, verdict = to, gateway.Done
			}
			if got.Verdict != verdict || got.From != from || g.state(id) != want {
				t.Errorf("%s to %s: verdict %c, stands at %s", from, to, got.Verdict, g.state(id))
			}
			if from == to {
				continue
			}
			if got := g.move(gateway.Change{ID: id, To: want, Reason: reasonOf(want, from, gateway.ByStaff), At: g.now}); want != gateway.Sending && got.Verdict != gateway.Same {
				t.Errorf("%s to %s again: verdict %c", from, to, got.Verdict)
			}
			if want == gateway.Queued { // out of the way of the next claim
				g.move(gateway.Change{ID: id, To: gateway.Withdrawn})
			}
		}
	}
	g.counted(riverside)
}

// reasonOf gives the reason that a reminder has now: the one of the move that was
// made, or none where it was refused.
func reasonOf(now, from gateway.State, why gateway.Reason) gateway.Reason {
	if now == from {
		return gateway.None
	}
	return why
}

func claimedOnlyByClaim(t *testing.T, g *surgery) {
	for i, from := range []gateway.State{gateway.Held, gateway.Withdrawn, gateway.Sending, gateway.Delivered, gateway.Queued} {
		id := g.brought(i, from)
		if got := g.move(gateway.Change{ID: id, To: gateway.Claimed, Token: token(1)}); got.Verdict != gateway.Elsewhere {
			t.Errorf("%s was claimed by a move", from)
		}
	}
}

func receiptsInAnyOrder(t *testing.T, g *surgery) {
	// What the provider says of one text, in every order, its own answer to the
	// hand-over among it.
	for i, last := range []gateway.State{gateway.Delivered, gateway.Undelivered} {
		for j, order := range [][]gateway.State{
			{gateway.Accepted, last}, {last, gateway.Accepted}, {gateway.Accepted, gateway.Accepted, last, last},
			{last, last, gateway.Accepted}, {gateway.Unknown, gateway.Accepted, last}, {gateway.Unknown, last, gateway.Accepted},
			{last, gateway.Unknown}, {last, gateway.Queued},
		} {
			id := g.brought(10*i+j, gateway.Sending)
			for _, s := range order {
				g.move(gateway.Change{ID: id, To: s, MessageID: "SM1", At: g.now})
			}
			if got := g.state(id); got != last {
				t.Errorf("%v ends at %s", order, got)
			}
		}
	}
	// The first final word stands: networks do not take deliveries back.
	id := g.brought(30, gateway.Delivered)
	g.move(gateway.Change{ID: id, To: gateway.Undelivered})
	g.stands(id, gateway.Delivered, gateway.None)
	g.counted(riverside)
}

func outdatedDoesNotLeave(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	a.Patient.Mobile = number(2)
	g.plan(g.owed(a, day))
	if got := g.tryToLeave(c); got.Verdict != gateway.Outdated {
		t.Errorf("verdict %c", got.Verdict)
	}
	g.stands(c.ID, gateway.Claimed, gateway.None)
	g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Queued, At: g.now})
	again := g.claim().Claims[0]
	if again.Facts.Appointment.Patient.Mobile != number(2) {
		t.Error("the new claim has the old number")
	}
	g.leave(again)
	g.counted(riverside)
}

func wrongTokenDoesNotLeave(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	c.Token = token(9)
	if got := g.tryToLeave(c); got.Verdict != gateway.Elsewhere {
		t.Errorf("verdict %c", got.Verdict)
	}
	g.stands(c.ID, gateway.Claimed, gateway.None)
}

func forgottenDoesNotLeave(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	if err := g.raw.HDel(t.Context(), Key(riverside, "a"), string(c.ID.Ref[:])).Err(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []gateway.Change{
		{ID: c.ID, To: gateway.Sending, Digest: c.Digest, Consent: true, At: g.now},
		{ID: c.ID, To: gateway.Sending, Consent: true, At: g.now},
		{ID: c.ID, To: gateway.Sending, At: g.now},
	} {
		if got := g.move(change); got.Verdict != gateway.Outdated {
			t.Errorf("verdict %c", got.Verdict)
		}
	}
	if got := g.move(gateway.Change{ID: c.ID, To: gateway.Queued, At: g.now}); got.Verdict != gateway.Outdated {
		t.Errorf("verdict %c", got.Verdict)
	}
	g.stands(c.ID, gateway.Withdrawn, gateway.Gone)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Error("it is claimed again")
	}
}

func provenUnsentForOldStart(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	g.leave(c)
	g.move(gateway.Change{ID: c.ID, To: gateway.Unknown, Reason: gateway.UnknownOutcome})
	is := a
	is.Start = a.Start.AddDate(0, 0, 7)
	g.plan(g.owed(is, day))
	// The provider's list proves that the text for the old start never arrived.
	if got := g.move(gateway.Change{ID: c.ID, To: gateway.Queued, At: g.now}); got.Verdict != gateway.Outdated || got.From != gateway.Unknown {
		t.Errorf("verdict %c from %c", got.Verdict, got.From)
	}
	g.stands(c.ID, gateway.Withdrawn, gateway.Moved)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Errorf("a text for another start would leave early: %v", got.Claims[0].ID.Start)
	}
	g.now = day.Due(is.Start)
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].ID != g.id(riverside, is, day) {
		t.Errorf("the reminder for the new start is lost: %d claims", len(got.Claims))
	}
	g.counted(riverside)
	g.explained(riverside)
}

func backWithoutATime(t *testing.T, g *surgery) {
	id := g.brought(1, gateway.Sending)
	g.move(gateway.Change{ID: id, To: gateway.Queued})
	if got := g.claim(); len(got.Claims) != 1 || got.Claims[0].Attempts != 1 {
		t.Errorf("%d claims", len(got.Claims))
	}
	// A claim that leaves without naming a new lease keeps the one it has.
	g.move(gateway.Change{ID: id, To: gateway.Sending})
	g.now = g.now.Add(2 * lease)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 1 {
		t.Errorf("%d expired, %v", len(got), err)
	}
	g.counted(riverside)
}

func badChangeStopsNoOther(t *testing.T, g *surgery) {
	var changes []gateway.Change
	for i := range 250 {
		a := g.person(i)
		p := []gateway.ODS{riverside, hillside}[i%2]
		if i%5 != 0 {
			g.planFor(p, g.owed(a, day))
		}
		changes = append(changes, gateway.Change{ID: g.id(p, a, day), To: gateway.Withdrawn, Reason: gateway.ByStaff})
	}
	got, err := g.s.Move(t.Context(), g.now, changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range got {
		want := gateway.Changed{Verdict: gateway.Done, From: gateway.Queued}
		if i%5 == 0 {
			want = gateway.Changed{Verdict: gateway.Elsewhere, From: '-'}
		}
		if c != want {
			t.Errorf("change %d: %c from %c", i, c.Verdict, c.From)
		}
	}
	if got, err := g.s.Move(t.Context(), g.now, nil); err != nil || len(got) != 0 {
		t.Errorf("no changes: %v, %v", got, err)
	}
	g.counted(riverside)
	g.counted(hillside)
}

func providersWordsAreKept(t *testing.T, g *surgery) {
	id := g.brought(1, gateway.Sending)
	g.move(gateway.Change{ID: id, To: gateway.Accepted, MessageID: "SM0123456789abcdef0123456789abcdef"})
	g.now = g.now.Add(time.Minute)
	g.move(gateway.Change{ID: id, To: gateway.Undelivered, Reason: gateway.NotDelivered, Code: 30003})
	got, ok, err := g.s.Reminder(t.Context(), id)
	want := gateway.Standing{
		ID: id, State: gateway.Undelivered, Reason: gateway.NotDelivered, At: g.now, Attempts: 1, Token: token(1),
		Code: 30003, MessageID: "SM0123456789abcdef0123456789abcdef",
	}
	if err != nil || !ok || got != want {
		t.Errorf("kept %+v, %v", got, err)
	}
	last, ok, err := g.s.LastText(t.Context(), riverside, number(1))
	if err != nil || !ok || last != id {
		t.Errorf("the last text to the number: %v, %v", ok, err)
	}
}

func storyTells(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, day)
	g.now = g.now.Add(time.Minute)
	a.Start = a.Start.Add(time.Hour)
	g.plan(g.owed(a, day))
	g.now = g.now.Add(time.Minute)
	a.Version = "2"
	g.plan(g.withheld(a, gateway.Held, gateway.DeclinedUnclear, day))
	is := g.id(riverside, a, day)
	g.now = day.Due(a.Start)
	for range 3 { // held again for the same reason is no news
		c := g.claim().Claims[0]
		g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Held, Reason: gateway.DeclinedUnclear, At: g.now})
	}
	a.Version = "3"
	g.plan(g.owed(a, day))
	c := g.claim().Claims[0]
	g.leave(c)
	g.move(gateway.Change{ID: c.ID, To: gateway.Accepted, MessageID: "SM1"})
	g.now = g.now.Add(time.Minute)
	g.move(gateway.Change{ID: c.ID, To: gateway.Undelivered, Reason: gateway.NotDelivered, Code: 30005})
	if _, err := g.s.KeepReply(t.Context(), gateway.Reply{Practice: riverside, MessageID: "SM9", From: number(1), Text: gateway.NewText("who is this"), Kind: gateway.ReplyHelp, At: g.now}); err != nil {
		t.Fatal(err)
	}
	events, err := g.s.Story(t.Context(), riverside, id.Ref)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range events {
		line := map[bool]string{true: "", false: e.Rule.String() + " "}[e.Rule.IsZero()]
		switch {
		case e.What == 'M':
			line += "moved " + fmt.Sprint(e.Moved.Equal(is.Start))
		case e.What == 'N':
			line += "changed"
		case e.What == 'R':
			line += "reply " + e.Reply.String()
		default:
			line += e.To.String() + " " + e.Reason.String()
			if e.Code != 0 {
				line += fmt.Sprint(" ", e.Code)
			}
		}
		told = append(told, line)
	}
	want := []string{
		"moved true", "1d withdrawn moved", "changed", "1d held declined_unclear", "changed", "1d queued ",
		"1d accepted ", "1d undelivered not_delivered 30005", "1d reply help",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%q, want\n%q", told, want)
	}
}

func unreadableIsRewritten(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	id := g.id(riverside, a, day)
	record := g.raw.HGet(t.Context(), Key(riverside, "a"), string(id.Ref[:])).Val()
	broken := []byte(record)
	broken[len(broken)-1] ^= 1
	g.raw.HSet(t.Context(), Key(riverside, "a"), string(id.Ref[:]), broken)
	g.now = day.Due(a.Start)
	c := g.claim().Claims[0]
	if !c.Damaged {
		t.Fatal("a broken record opened")
	}
	g.move(gateway.Change{ID: id, Token: c.Token, To: gateway.Held, Reason: gateway.RecordUnreadable, At: g.now.Add(time.Minute)})
	g.plan(g.owed(a, day)) // the diary says what it said before
	g.stands(id, gateway.Queued, gateway.None)
	again := g.claim().Claims
	if len(again) != 1 || again[0].Damaged || again[0].Facts.Appointment.Patient.Mobile != number(1) {
		t.Fatalf("%d claims", len(again))
	}
	g.leave(again[0])
	g.counted(riverside)
}

func mostADay(t *testing.T, g *surgery) {
	const most = 2
	var all []gateway.Entry
	for n := range 4 {
		a := g.person(n + 1)
		a.Patient.Mobile = number(1)
		if n == 3 {
			a.Patient.Mobile = number(2)
		}
		all = append(all, g.owed(a, day))
	}
	g.plan(all...)
	other := g.id(riverside, g.person(4), day)
	g.now = day.Due(g.person(1).Start)
	claims := g.claim().Claims
	if len(claims) != 4 {
		t.Fatalf("%d claims", len(claims))
	}
	try := func(c gateway.Claim) gateway.ChangeVerdict {
		t.Helper()
		return g.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, At: g.now.Add(lease), Most: most}).Verdict
	}
	var mine []gateway.Claim
	for _, c := range claims {
		if c.ID == other {
			if v := try(c); v != gateway.Done {
				t.Errorf("another phone's text: %c", v)
			}
			continue
		}
		mine = append(mine, c)
	}
	for i, want := range []gateway.ChangeVerdict{gateway.Done, gateway.Done, gateway.Enough} {
		if v := try(mine[i]); v != want {
			t.Errorf("text %d of the day: %c, want %c", i+1, v, want)
		}
	}
	if got := g.state(mine[2].ID); got != gateway.Claimed {
		t.Errorf("the one too many is %s", got)
	}
	// What turned back at the door has not been sent.
	g.move(gateway.Change{ID: mine[0].ID, To: gateway.Queued, At: g.now.Add(time.Hour)})
	if v := try(mine[2]); v != gateway.Done {
		t.Errorf("after one came back: %c", v)
	}
	g.now = g.now.Add(24 * time.Hour)
	again := g.claim().Claims
	if len(again) != 1 || again[0].ID != mine[0].ID {
		t.Fatalf("%d claims on the next day", len(again))
	}
	if v := try(again[0]); v != gateway.Done {
		t.Errorf("on the next day: %c", v)
	}
	g.counted(riverside)
}
