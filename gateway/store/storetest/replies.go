package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

var replies = []promise{
	{"a reply that a person must read waits from the step that keeps it, and no other does", repliesWait},
	{"a reply is closed once, by a name, with a note that is sealed", replyCloses},
	{"what waits is counted for each practice, with its oldest", unreadCounted},
	{"closed replies are forgotten after 30 days, unread ones after 90", repliesSwept},
	{"a reply that has lost its place is listed, and gets it back", replyFiledAgain},
	{"a reply that cannot be kept whole is not kept, and is taken when it comes again", replyWholeOrNot},
	{"a reply that cannot be opened any more is listed, counted and closed all the same", damagedReply},
	{"replies that are brought back after a loss wait again", repliesAfterLoss},
	{"the visits of a number are those of every patient who has it", visitsOfNumber},
}

// replied keeps a reply of the n-th patient, and gives its id.
func (g *surgery) replied(n int, kind gateway.ReplyKind, words string) gateway.ReplyID {
	g.t.Helper()
	r := gateway.Reply{Practice: riverside, MessageID: fmt.Sprintf("SM%d", n), From: number(n), Text: gateway.NewText(words), Kind: kind, At: g.now}
	if first, err := g.s.KeepReply(g.t.Context(), r); err != nil || !first {
		g.t.Fatalf("the reply is kept: %v, %v", first, err)
	}
	return r.ID()
}

// inbox gives the replies of a practice by message id.
func (g *surgery) inbox() map[string]gateway.Reply {
	g.t.Helper()
	all, err := g.s.Replies(g.t.Context(), riverside)
	if err != nil {
		g.t.Fatal(err)
	}
	out := map[string]gateway.Reply{}
	for i, r := range all {
		if i > 0 && r.At.Before(all[i-1].At) {
			g.t.Error("the oldest does not come first")
		}
		out[r.MessageID] = r
	}
	if len(out) != len(all) {
		g.t.Errorf("%d replies under %d ids", len(all), len(out))
	}
	return out
}

func (g *surgery) unread() gateway.Unread {
	g.t.Helper()
	got, err := g.s.Unread(g.t.Context(), []gateway.ODS{riverside, hillside})
	if err != nil {
		g.t.Fatal(err)
	}
	if got[hillside] != (gateway.Unread{}) {
		g.t.Errorf("at the other practice %d wait", got[hillside].Replies)
	}
	return got[riverside]
}

func (g *surgery) sweptReplies(read, unread int) {
	g.t.Helper()
	gotRead, gotUnread, err := g.s.SweepReplies(g.t.Context(), riverside, g.now)
	if err != nil || gotRead != read || gotUnread != unread {
		g.t.Errorf("forgot %d that were closed and %d unread, %v; want %d and %d", gotRead, gotUnread, err, read, unread)
	}
}

func repliesWait(t *testing.T, g *surgery) {
	waiting := 0
	for i, kind := range gateway.ReplyKinds {
		id := g.replied(i, kind, "words")
		r := g.inbox()[id.MessageID]
		if r.Kind != kind || r.Open() != kind.NeedsPerson() || r.By != "" || r.Damaged {
			t.Errorf("%s: open %v, closed by %q", kind, r.Open(), r.By)
		}
		if kind.NeedsPerson() {
			waiting++
		}
		if again, err := g.s.KeepReply(t.Context(), r); err != nil || again {
			t.Errorf("%s: it was taken again: %v", kind, err)
		}
		if n := g.unread().Replies; n != waiting {
			t.Errorf("%s: %d wait, want %d", kind, n, waiting)
		}
	}
}

func replyCloses(t *testing.T, g *surgery) {
	id, plain := g.replied(1, gateway.ReplyOther, "I cannot come"), g.replied(2, gateway.ReplyConfirm, "yes")
	g.now = g.now.Add(time.Hour)
	closing := func(id gateway.ReplyID, by string) (bool, error) {
		return g.s.CloseReply(t.Context(), id, g.now, by, gateway.NewText("rang Cadwallader"))
	}
	if done, err := closing(id, "Jo Bloggs"); err != nil || !done {
		t.Fatalf("closed: %v, %v", done, err)
	}
	for what, again := range map[string]gateway.ReplyID{"a closed one": id, "one that needed nobody": plain} {
		if done, err := closing(again, "Somebody Else"); err != nil || done {
			t.Errorf("%s is closed again: %v, %v", what, done, err)
		}
	}
	for what, none := range map[string]gateway.ReplyID{"one that never came": {Practice: riverside, MessageID: "SM9"}, "another practice's": {Practice: hillside, MessageID: id.MessageID}} {
		if _, err := closing(none, "Jo Bloggs"); !errors.Is(err, store.ErrNoReply) {
			t.Errorf("%s: %v", what, err)
		}
	}
	got := g.inbox()
	if r := got[id.MessageID]; r.Open() || !r.Closed.Equal(g.now) || r.By != "Jo Bloggs" || r.Note != gateway.NewText("rang Cadwallader") || r.Text != gateway.NewText("I cannot come") {
		t.Error("the closing is not kept, or the reply was lost with it")
	}
	if r := got[plain.MessageID]; r.By != "" || !r.Closed.Equal(r.At) {
		t.Error("what needed nobody has somebody's name")
	}
	if g.unread() != (gateway.Unread{}) {
		t.Error("it still waits")
	}
	for _, v := range g.raw.HGetAll(t.Context(), Key(riverside, "c")).Val() {
		if strings.Contains(v, "Bloggs") || strings.Contains(v, "Cadwallader") {
			t.Error("who closed it stands in Redis in clear")
		}
	}
}

func unreadCounted(t *testing.T, g *surgery) {
	if g.unread() != (gateway.Unread{}) {
		t.Error("something waits in an empty inbox")
	}
	first := g.now
	ids := []gateway.ReplyID{}
	for i := range 3 {
		ids = append(ids, g.replied(i, gateway.ReplyCancel, "cancel"))
		g.now = g.now.Add(time.Minute)
	}
	older := gateway.Reply{Practice: riverside, MessageID: "SM8", From: number(8), Kind: gateway.ReplyOther, At: first.Add(-time.Hour)}
	if _, err := g.s.KeepReply(t.Context(), older); err != nil { // found in the provider's list
		t.Fatal(err)
	}
	if got := g.unread(); got.Replies != 4 || !got.Oldest.Equal(older.At) {
		t.Errorf("%d wait since %s", got.Replies, got.Oldest)
	}
	for i, id := range append([]gateway.ReplyID{older.ID()}, ids[:2]...) {
		if _, err := g.s.CloseReply(t.Context(), id, g.now, "Jo", gateway.Text{}); err != nil {
			t.Fatal(err)
		}
		if got := g.unread(); got.Replies != 3-i || !got.Oldest.Equal(first.Add(time.Duration(i)*time.Minute)) {
			t.Errorf("after %d were closed %d wait since %s", i+1, got.Replies, got.Oldest)
		}
	}
}

func repliesSwept(t *testing.T, g *surgery) {
	const days = 24 * time.Hour
	came := g.now
	plain, closed, unread := g.replied(1, gateway.ReplyStop, "STOP"), g.replied(2, gateway.ReplyOther, "late"), g.replied(3, gateway.ReplyCancel, "cancel")
	if _, err := g.s.CloseReply(t.Context(), closed, came.Add(10*days), "Jo", gateway.Text{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after        time.Duration
		read, unread int
		kept         []gateway.ReplyID
	}{
		{14 * days, 0, 0, []gateway.ReplyID{plain, closed, unread}}, // as far as the provider's list is read back
		{30 * days, 0, 0, []gateway.ReplyID{plain, closed, unread}},
		{30*days + time.Second, 1, 0, []gateway.ReplyID{closed, unread}},
		{40 * days, 0, 0, []gateway.ReplyID{closed, unread}},
		{40*days + time.Second, 1, 0, []gateway.ReplyID{unread}},
		{90 * days, 0, 0, []gateway.ReplyID{unread}},
		{90*days + time.Second, 0, 1, nil},
		{91 * days, 0, 0, nil},
	} {
		g.now = came.Add(c.after)
		g.sweptReplies(c.read, c.unread)
		for _, id := range []gateway.ReplyID{plain, closed, unread} {
			kept, err := g.s.Kept(t.Context(), riverside, id.MessageID)
			want := false
			for _, k := range c.kept {
				want = want || k == id
			}
			if err != nil || kept != want {
				t.Errorf("after %s: %s is kept: %v, %v", c.after, id, kept, err)
			}
		}
	}
	if n := g.raw.Exists(t.Context(), Key(riverside, "i"), Key(riverside, "u"), Key(riverside, "c")).Val(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func replyFiledAgain(t *testing.T, g *surgery) {
	ids := []gateway.ReplyID{g.replied(1, gateway.ReplyOther, "hello"), g.replied(2, gateway.ReplyHelp, "help"), g.replied(3, gateway.ReplyOther, "done")}
	if _, err := g.s.CloseReply(t.Context(), ids[2], g.now, "Jo", gateway.Text{}); err != nil {
		t.Fatal(err)
	}
	g.raw.ZRem(t.Context(), Key(riverside, "u"), "SM1") // as a version that knew no inbox left them
	g.raw.HDel(t.Context(), Key(riverside, "c"), "SM2")
	for i := range 2 {
		got := g.inbox()
		if !got["SM1"].Open() || got["SM2"].Open() || got["SM3"].Open() || got["SM3"].By != "Jo" {
			t.Errorf("time %d: what waits and what does not is not told apart", i)
		}
		if i == 0 {
			g.sweptReplies(0, 0)
		}
	}
	if u := g.unread(); u.Replies != 1 || !u.Oldest.Equal(g.now) {
		t.Errorf("%d wait since %s", u.Replies, u.Oldest)
	}
	g.now = g.now.AddDate(0, 0, 31)
	g.sweptReplies(2, 0)
}

func replyWholeOrNot(t *testing.T, g *surgery) {
	for i, letter := range []string{"u", "c", "i"} {
		kind := gateway.ReplyOther
		if letter == "c" {
			kind = gateway.ReplyConfirm
		}
		g.raw.Del(t.Context(), Key(riverside, letter))
		g.raw.Set(t.Context(), Key(riverside, letter), "words", 0)
		r := gateway.Reply{Practice: riverside, MessageID: fmt.Sprintf("SM%d", i), From: number(i), Kind: kind, At: g.now}
		if first, err := g.s.KeepReply(t.Context(), r); err == nil || first {
			t.Errorf("key %s is damaged, and the reply counts as kept: %v, %v", letter, first, err)
		}
		if _, err := g.s.Balance(t.Context(), gateway.Balancing{Practice: riverside, Now: g.now, Mend: true}); err != nil {
			t.Fatal(err)
		}
		if first, err := g.s.KeepReply(t.Context(), r); err != nil || !first {
			t.Errorf("key %s: it is not taken when it comes again: %v, %v", letter, first, err)
		}
		if got := g.inbox()[r.MessageID]; got.Open() != kind.NeedsPerson() || got.Damaged {
			t.Errorf("key %s: taken again, it has no place", letter)
		}
	}
}

func damagedReply(t *testing.T, g *surgery) {
	id := g.replied(1, gateway.ReplyOther, "I cannot come")
	g.replied(2, gateway.ReplyOther, "nor can I")
	whole := g.raw.HGet(t.Context(), Key(riverside, "i"), "SM1").Val()
	for _, v := range []string{"", "x", whole[:len(whole)-1], g.raw.HGet(t.Context(), Key(riverside, "i"), "SM2").Val()} {
		g.raw.HSet(t.Context(), Key(riverside, "i"), "SM1", v)
		if got := g.inbox(); len(got) != 2 || !got["SM1"].Damaged || !got["SM1"].Open() || !got["SM1"].At.Equal(g.now) || got["SM2"].Damaged {
			t.Errorf("%d replies, or one stops the other", len(got))
		}
	}
	g.raw.HDel(t.Context(), Key(riverside, "i"), "SM1")
	if got := g.inbox(); len(got) != 2 || !got["SM1"].Damaged || g.unread().Replies != 2 {
		t.Errorf("%d replies", len(got))
	}
	if done, err := g.s.CloseReply(t.Context(), id, g.now, "Jo", gateway.Text{}); err != nil || !done {
		t.Errorf("it cannot be closed: %v, %v", done, err)
	}
	if g.unread().Replies != 1 {
		t.Error("closed, it still waits")
	}
	g.replied(3, gateway.ReplyOther, "and a third")
	g.raw.HSet(t.Context(), Key(riverside, "i"), "SM3", "x")
	g.raw.ZRem(t.Context(), Key(riverside, "u"), "SM3")
	g.now = g.now.AddDate(0, 0, 31)
	g.sweptReplies(1, 0)
	if u := g.unread(); u.Replies != 2 {
		t.Errorf("%d wait: one with neither words nor a place waits for nobody", u.Replies)
	}
}

func repliesAfterLoss(t *testing.T, g *surgery) {
	id := g.replied(1, gateway.ReplyOther, "I cannot come")
	if _, err := g.s.CloseReply(t.Context(), id, g.now, "Jo", gateway.Text{}); err != nil {
		t.Fatal(err)
	}
	g.flush()
	for what, do := range map[string]func() error{
		"close": func() error {
			_, err := g.s.CloseReply(t.Context(), id, g.now, "Jo", gateway.Text{})
			return err
		},
		"keep": func() error {
			_, err := g.s.KeepReply(t.Context(), gateway.Reply{Practice: riverside, MessageID: "SM1", At: g.now})
			return err
		},
	} {
		if err := do(); !errors.Is(err, store.ErrEmptied) {
			t.Errorf("%s on an emptied Redis: %v", what, err)
		}
	}
	if err := g.s.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.replied(1, gateway.ReplyOther, "I cannot come") // from the provider's list
	if r := g.inbox()["SM1"]; !r.Open() || g.unread().Replies != 1 {
		t.Error("brought back, it does not wait for anybody")
	}
	if _, err := g.s.CloseReply(t.Context(), id, g.now, "Jo", gateway.Text{}); err != nil {
		t.Fatal(err)
	}
}

func visitsOfNumber(t *testing.T, g *surgery) {
	mother, child, other, past := g.person(1), g.person(2), g.person(3), g.person(4)
	child.Patient.Mobile, past.Patient.Mobile = number(1), number(1)
	child.Start, past.Start = mother.Start.Add(-time.Hour), g.now.Add(-time.Minute)
	off := g.person(5)
	off.Patient.Mobile, off.Status, off.Start = number(1), gateway.StatusCancelled, mother.Start.Add(time.Hour)
	g.plan(g.owed(mother, day), g.owed(child, day), g.owed(other, day), g.owed(past, day), g.withheld(off, gateway.Withdrawn, gateway.Cancelled, day))
	g.planFor(hillside, g.owed(mother, day))
	got, err := g.s.VisitsOf(t.Context(), riverside, []gateway.Phone{number(1), number(3), number(9), {}}, g.now)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(n gateway.Phone) string {
		var out []string
		for _, k := range got[n] {
			out = append(out, string(k.Facts.Appointment.ID))
		}
		return strings.Join(out, " ")
	}
	if want := fmt.Sprintf("%s %s %s", child.ID, mother.ID, off.ID); ids(number(1)) != want {
		t.Errorf("the shared number has %q, want %q", ids(number(1)), want)
	}
	if ids(number(3)) != string(other.ID) || len(got) != 2 {
		t.Errorf("another number has %q; %d numbers have visits", ids(number(3)), len(got))
	}
	ref := g.id(riverside, child, day).Ref
	record := g.raw.HGet(t.Context(), Key(riverside, "a"), string(ref[:])).Val()
	g.raw.HSet(t.Context(), Key(riverside, "a"), string(ref[:]), record[:len(record)-1])
	if got, err = g.s.VisitsOf(t.Context(), riverside, []gateway.Phone{number(1)}, g.now); err != nil || len(got[number(1)]) != 3 || !got[number(1)][0].Damaged {
		t.Errorf("a damaged record takes the others with it: %d, %v", len(got[number(1)]), err)
	}
	if got, err := g.s.VisitsOf(t.Context(), riverside, nil, g.now); err != nil || len(got) != 0 {
		t.Errorf("nobody's number has %d visits, %v", len(got), err)
	}
}
