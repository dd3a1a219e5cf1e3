package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

var balancing = []promise{
	{"books that are whole are found to be whole, in every state", wholeBooks},
	{"what left and lost its entry stands again where its story says", lostEntryComesBack},
	{"what left and lost its entry and its story is known by its number's last text", lostStoryComesBack},
	{"what was leaving and lost every trace is of unknown fate", lostTraceIsUnknown},
	{"a lease without its entry is the trace of something that may have left", leaseWithoutEntry},
	{"a lost place in the queue comes back, at its time", lostPlaceComesBack},
	{"a lost lease comes back, so that the work is taken up", lostLeaseComesBack},
	{"whichever bit of its entry turns over, what left is not claimed again", everyBit},
	{"what left is not queued again by a read either, before the books are balanced", readsDoNotRepeat},
	{"a damaged record is named until a read writes it anew", damagedRecordIsNamed},
	{"what waits for an appointment that is not known any more is withdrawn", orphansAreWithdrawn},
	{"the counters are counted anew", countersAreCounted},
	{"a story that breaks off goes on", tornStoryGoesOn},
	{"a key of the wrong kind stops no other practice, and is put aside", wrongKinds},
	{"sealing keys that Redis lost are put back by who knows them", sealingKeysComeBack},
	{"opt-outs that are all gone come back from the journal", optOutsComeBack},
	{"what moves while it is looked at is no fault, and stays", movingIsNoFault},
	{"what goes and comes back while it is counted spoils no counter", countedOnTheMove},
	{"looking changes nothing", lookingChangesNothing},
}

// balance balances riverside's books, and checks what is found.
func (g *surgery) balance(want ...gateway.Flaw) gateway.Books {
	g.t.Helper()
	books, err := g.s.Balance(g.t.Context(), gateway.Balancing{Practice: riverside, Now: g.now, Mend: true})
	if err != nil {
		g.t.Fatal(err)
	}
	got := make([]gateway.Flaw, len(books.Findings))
	for i, f := range books.Findings {
		got[i] = f.Flaw
		if f.Name() == "" || f.Practice != riverside {
			g.t.Errorf("a finding without a name: %q", f.Name())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		g.t.Errorf("found %v, want %v", got, want)
	}
	return books
}

// ended brings a reminder of the n-th patient to a state, as senders and receipts do.
func (g *surgery) ended(n int, to gateway.State) gateway.ReminderID {
	g.t.Helper()
	id := g.brought(n, gateway.Claimed)
	if got := g.move(gateway.Change{ID: id, To: gateway.Sending, At: g.now.Add(lease)}); got.Verdict != gateway.Done {
		g.t.Fatalf("it may not leave: %c", got.Verdict)
	}
	why := map[gateway.State]gateway.Reason{
		gateway.Undelivered: gateway.NotDelivered, gateway.Refused: gateway.ProviderNumber,
		gateway.Unknown: gateway.UnknownOutcome, gateway.Failed: gateway.UnknownOutcome,
	}
	steps := []gateway.State{to}
	switch to {
	case gateway.Sending:
		steps = nil
	case gateway.Delivered:
		steps = []gateway.State{gateway.Accepted, to}
	case gateway.Failed:
		steps = []gateway.State{gateway.Unknown, to}
	}
	for _, s := range steps {
		if got := g.move(gateway.Change{ID: id, To: s, Reason: why[s]}); got.Verdict != gateway.Done {
			g.t.Fatalf("to %s: %c", s, got.Verdict)
		}
	}
	return id
}

// gone is every state in which a text may have left.
var gone = []gateway.State{gateway.Sending, gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Unknown, gateway.Failed}

func (g *surgery) forgetEntry(id gateway.ReminderID) {
	g.t.Helper()
	k := id.Key()
	if n := g.raw.HDel(g.t.Context(), Key(riverside, "r"), string(k[:])).Val(); n != 1 {
		g.t.Fatal("there was no entry")
	}
}

func (g *surgery) forgetStory(id gateway.ReminderID) {
	g.raw.HDel(g.t.Context(), Key(riverside, "e"), string(id.Ref[:]))
}

// never checks that a reminder is never claimed again, whatever comes: its lease
// runs out, its appointment is read with other words, the books are balanced.
func (g *surgery) never(id gateway.ReminderID, n int) {
	g.t.Helper()
	for round := range 3 {
		g.now = g.now.Add(10 * time.Minute)
		expired, err := g.s.Expired(g.t.Context(), g.now)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, e := range expired {
			to := map[gateway.State]gateway.State{gateway.Claimed: gateway.Queued, gateway.Sending: gateway.Unknown}[e.State]
			g.move(gateway.Change{ID: e.ID, Token: e.Token, Only: string(byte(e.State)), To: to, Reason: gateway.UnknownOutcome, At: g.now})
		}
		if round == 1 {
			a := g.person(n)
			a.Start, a.Version = id.Start, "2"
			g.plan(g.owed(a, day))
		}
		for _, c := range g.claim().Claims {
			if c.ID == id {
				g.t.Error("it may be sent a second time")
				return
			}
		}
		if _, err := g.s.Balance(g.t.Context(), gateway.Balancing{Practice: riverside, Now: g.now, Mend: true}); err != nil {
			g.t.Fatal(err)
		}
	}
}

func wholeBooks(t *testing.T, g *surgery) {
	for i, s := range gone {
		g.ended(i, s)
	}
	g.plan(g.withheld(g.person(20), gateway.Held, gateway.MobileUnclear, week, day), g.withheld(g.person(21), gateway.Withdrawn, gateway.Cancelled, day), g.owed(g.person(22), week, day))
	g.balance()
	a := g.person(20)
	a.Start = a.Start.Add(time.Hour) // what is withdrawn for the old start stays in the books
	g.plan(g.owed(a, day))
	books := g.balance()
	if n := books.Owed[gateway.Queued]; n != 3 {
		t.Errorf("%d wait, want 3", n)
	}
	g.counted(riverside)
}

func lostEntryComesBack(t *testing.T, g *surgery) {
	for i, s := range gone[1:] {
		id := g.ended(i, s)
		was, _, err := g.s.Reminder(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		g.forgetEntry(id)
		g.balance(gateway.EntryLost)
		g.stands(id, s, was.Reason)
		g.never(id, i)
	}
	g.counted(riverside)
	g.explained(riverside)
}

func lostStoryComesBack(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Delivered)
	g.forgetEntry(id)
	g.forgetStory(id)
	g.balance(gateway.EntryLost)
	g.stands(id, gateway.Accepted, gateway.None)
	g.never(id, 1)
}

func lostTraceIsUnknown(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Sending)
	due := day.Due(id.Start)
	g.now = due.Add(time.Minute)
	g.forgetEntry(id)
	g.forgetStory(id)
	g.raw.Del(t.Context(), ShardKey(riverside, "lease"), Key(riverside, "t"))
	g.balance(gateway.EntryLost)
	g.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	if r, _, err := g.s.Reminder(t.Context(), id); err != nil || r.At.After(due) {
		t.Errorf("its fate is not known since %v, %v: the provider's list must be read from its time on", r.At, err)
	}
	if u, err := g.s.Unknowns(t.Context(), riverside); err != nil || len(u) != 1 {
		t.Errorf("%d to settle, %v", len(u), err)
	}
	g.never(id, 1)
}

func leaseWithoutEntry(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Sending)
	g.forgetEntry(id)
	g.now = g.now.Add(2 * lease)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 0 {
		t.Errorf("%d expired, %v", len(got), err)
	}
	g.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	g.never(id, 1)
}

func lostPlaceComesBack(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.withheld(b, gateway.Held, gateway.StatusUnclear, day))
	g.raw.Del(t.Context(), ShardKey(riverside, "due"))
	books := g.balance(gateway.DueLost, gateway.DueLost)
	if due := day.Due(a.Start); !books.Earliest.Equal(due) {
		t.Errorf("the first is due at %v, want %v", books.Earliest, due)
	}
	g.stands(g.id(riverside, b, day), gateway.Held, gateway.StatusUnclear)
	if got := g.claim(); len(got.Claims) != 0 {
		t.Errorf("%d claimed before their time", len(got.Claims))
	}
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 2 {
		t.Errorf("%d claimed, want 2", len(got.Claims))
	}
}

func lostLeaseComesBack(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Sending)
	g.raw.Del(t.Context(), ShardKey(riverside, "lease"))
	g.balance(gateway.LeaseLost)
	g.balance()
	g.now = g.now.Add(5 * time.Minute)
	if got, err := g.s.Expired(t.Context(), g.now); err != nil || len(got) != 1 || got[0].ID != id {
		t.Errorf("%d expired, %v", len(got), err)
	}
}

func everyBit(t *testing.T, g *surgery) {
	began := g.now
	n := 0
	for _, s := range gone {
		for _, at := range []int{0, 1, 15, 18} { // state, reason, code
			for bit := range 8 {
				n++
				g.now = began
				id := g.ended(n, s)
				k := id.Key()
				b := []byte(g.raw.HGet(t.Context(), Key(riverside, "r"), string(k[:])).Val())
				b[at] ^= 1 << bit
				g.raw.HSet(t.Context(), Key(riverside, "r"), string(k[:]), b)
				if n%2 == 0 {
					g.now = g.now.Add(lease + time.Second) // whoever sent it died, and nobody has looked
				}
				g.never(id, n)
				if t.Failed() {
					t.Fatalf("%s, bit %d of byte %d", s, bit, at)
				}
				g.flush()
				g.place = NewPlace(t)
				g.s = g.open()
			}
		}
	}
}

func readsDoNotRepeat(t *testing.T, g *surgery) {
	for i, s := range gone[1:] {
		id := g.ended(i, s)
		g.forgetEntry(id)
		for _, lost := range []bool{false, true} {
			if lost {
				g.raw.HDel(t.Context(), Key(riverside, "a"), string(id.Ref[:]))
			}
			a := g.person(i)
			a.Start, a.Version = id.Start, fmt.Sprint(lost)
			e := g.owed(a, day)
			e.Plan[0].At = g.now // as one that was booked late
			g.plan(e)
			if got := g.claim(); len(got.Claims) != 0 {
				t.Errorf("%s, record lost %v: it may be sent a second time", s, lost)
			}
		}
	}
}

func damagedRecordIsNamed(t *testing.T, g *surgery) {
	a, b, c := g.person(1), g.person(2), g.person(3)
	g.plan(g.owed(a, day), g.owed(b, day), g.owed(c, day))
	for i, at := range []int{60, 31} { // what is sealed; a rule
		field, v := g.record(riverside, []gateway.Appointment{a, b}[i])
		g.raw.HSet(t.Context(), Key(riverside, "a"), field, v[:at]+string(v[at]^1)+v[at+1:])
	}
	if books := g.balance(gateway.RecordDamaged, gateway.RecordDamaged); books.Unexplained() != 2 {
		t.Errorf("%d cannot be explained", books.Unexplained())
	}
	g.balance(gateway.RecordDamaged, gateway.RecordDamaged)
	g.plan(g.owed(a, day), g.owed(b, day), g.owed(c, day))
	g.balance()
	g.now = day.Due(a.Start)
	if got := g.claim(); len(got.Claims) != 3 {
		t.Errorf("%d claimed, want 3", len(got.Claims))
	}
}

func orphansAreWithdrawn(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.withheld(a, gateway.Held, gateway.StatusUnclear, day))
	id := g.id(riverside, a, day)
	g.raw.HDel(t.Context(), Key(riverside, "a"), string(id.Ref[:]))
	g.balance(gateway.RecordLost)
	g.stands(id, gateway.Withdrawn, gateway.RecordUnreadable)
	g.plan(g.owed(a, day))
	g.stands(id, gateway.Queued, gateway.None)
	g.balance()
}

func countersAreCounted(t *testing.T, g *surgery) {
	g.ended(1, gateway.Delivered)
	g.plan(g.owed(g.person(2), week, day))
	for field, v := range map[string]string{"d": "7", "q": "words", "k": "-3", "?": "1"} {
		g.raw.HSet(t.Context(), Key(riverside, "n"), field, v)
	}
	g.balance(gateway.CountsDifferent)
	g.counted(riverside)
	g.raw.Del(t.Context(), Key(riverside, "n"))
	g.balance(gateway.CountsDifferent)
	g.counted(riverside)
	g.raw.HSet(t.Context(), Key(riverside, "n"), "turn", "words")
	g.balance(gateway.CountsDifferent)
	g.plan(g.owed(g.person(3), week, day))
	g.counted(riverside)
	g.balance()
}

func tornStoryGoesOn(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Accepted)
	story := g.raw.HGet(t.Context(), Key(riverside, "e"), string(id.Ref[:])).Val()
	g.raw.HSet(t.Context(), Key(riverside, "e"), string(id.Ref[:]), story+"torn")
	g.balance(gateway.StoryDamaged)
	g.move(gateway.Change{ID: id, To: gateway.Delivered})
	events, err := g.s.Story(t.Context(), riverside, id.Ref)
	if err != nil || len(events) != 2 || events[1].To != gateway.Delivered {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// neighbour is a practice in the same shard as riverside.
func neighbour() gateway.ODS {
	for n := 10000; ; n++ {
		if p := gateway.ODS(fmt.Sprintf("N%d", n)); store.ShardOf(p) == store.ShardOf(riverside) {
			return p
		}
	}
}

func wrongKinds(t *testing.T, g *surgery) {
	next := neighbour()
	for i, letter := range []string{"a", "r", "e", "n", "o", "f", "t", "d", "i", "u", "c", "m", "lock", "rate"} {
		mine, theirs := g.ended(2*i, gateway.Accepted), g.person(100+i)
		theirs.Start = g.now.AddDate(0, 0, 1)
		g.planFor(next, g.owed(theirs, day))
		k := Key(riverside, letter)
		g.raw.Del(t.Context(), k)
		if letter == "lock" || letter == "rate" {
			g.raw.HSet(t.Context(), k, "a", "b")
		} else {
			g.raw.Set(t.Context(), k, "words", 0)
		}
		b := mine.Key()
		g.raw.ZAdd(t.Context(), ShardKey(riverside, "due"), z(1, string(b[:11])+string(riverside)))
		got := g.claimAs(g.s, token(3), 10)
		at := slices.IndexFunc(got.Claims, func(c gateway.Claim) bool { return c.ID.Practice == next })
		if at < 0 {
			t.Fatalf("key %s: the neighbour's text is not claimed", letter)
		}
		changes := []gateway.Change{{ID: mine, To: gateway.Delivered}, {ID: got.Claims[at].ID, Token: token(3), To: gateway.Sending, Digest: got.Claims[at].Digest, Consent: true}}
		done, err := g.s.Move(t.Context(), g.now, changes)
		if err != nil || done[1].Verdict != gateway.Done {
			t.Errorf("key %s: the neighbour's text does not leave: %v, %v", letter, done, err)
		}
		g.move(gateway.Change{ID: got.Claims[at].ID, To: gateway.Accepted})
		books, err := g.s.Balance(t.Context(), gateway.Balancing{Practice: riverside, Now: g.now, Mend: true})
		if err != nil || !slices.ContainsFunc(books.Findings, func(f gateway.Finding) bool { return f.Flaw == gateway.KeyDamaged && f.Place == letter }) {
			t.Errorf("key %s is not named: %v, %v", letter, books.Findings, err)
		}
		if kind := g.raw.Type(t.Context(), k).Val(); kind == "string" && letter != "lock" && letter != "rate" {
			t.Errorf("key %s is not put aside", letter)
		}
		for _, c := range g.claim().Claims {
			if c.ID == mine {
				t.Errorf("key %s: it may be sent a second time", letter)
			}
		}
		g.flush()
		g.place = NewPlace(t)
		g.s = g.open()
	}
}

func sealingKeysComeBack(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.raw.HDel(t.Context(), Key(riverside, "m"), "key")
	g.balance(gateway.SealingKeyLost)
	g.now = day.Due(a.Start)
	if got := g.claimAs(g.open(), token(2), 0); len(got.Claims) != 1 || got.Claims[0].Damaged {
		t.Error("another process cannot open what was sealed")
	}
}

func optOutsComeBack(t *testing.T, g *surgery) {
	for n := range 3 {
		if err := g.s.AddOptOut(t.Context(), gateway.OptOut{Practice: riverside, Number: number(n), Since: g.now, By: "patient"}); err != nil {
			t.Fatal(err)
		}
	}
	g.balance()
	g.raw.Del(t.Context(), Key(riverside, "o"))
	g.balance(gateway.OptOutsLost)
	for n := range 3 {
		if _, out, err := g.s.OptedOut(t.Context(), riverside, number(n)); err != nil || !out {
			t.Errorf("patient %d is not opted out any more, %v", n, err)
		}
	}
}

func movingIsNoFault(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Sending)
	g.raw.Del(t.Context(), ShardKey(riverside, "lease"))
	const mendKeys = 8
	g.meddle = func(keys int) {
		if keys == mendKeys {
			g.meddle = nil
			g.move(gateway.Change{ID: id, To: gateway.Accepted})
		}
	}
	g.balance()
	g.stands(id, gateway.Accepted, gateway.None)
	g.counted(riverside)
}

// A sender claims what is held and holds it again while the books are counted:
// the counters say the same as before, the pages that were read do not.
func countedOnTheMove(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.withheld(a, gateway.Held, gateway.FeedStale, day))
	g.now = day.Due(a.Start).Add(time.Hour)
	id := g.id(riverside, a, day)
	held := gateway.Change{ID: id, To: gateway.Held, Reason: gateway.FeedStale, At: g.now}
	there := false
	g.scanned = func(hash string, after bool) {
		switch {
		case hash == Key(riverside, "a") && !after && !there:
			there = len(g.claim().Claims) == 1
		case hash == Key(riverside, "r") && after && there:
			there = false
			g.move(held)
		}
	}
	g.balance()
	g.counted(riverside)
	g.stands(id, gateway.Held, gateway.FeedStale)
}

func lookingChangesNothing(t *testing.T, g *surgery) {
	id := g.ended(1, gateway.Accepted)
	g.forgetEntry(id)
	for range 2 {
		if n, err := g.s.Unexplained(t.Context(), riverside, g.now); err != nil || n != 1 {
			t.Errorf("%d cannot be explained, %v", n, err)
		}
	}
	if _, ok, err := g.s.Reminder(t.Context(), id); ok || err != nil {
		t.Errorf("it was changed, %v", err)
	}
}
