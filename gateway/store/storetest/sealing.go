package storetest

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"bellman/gateway"
	"bellman/gateway/store"
)

var sealing = []promise{
	{"a record moved to another appointment does not open", swappedBetweenRefs},
	{"a record moved to another practice does not open", swappedBetweenPractices},
	{"a record whose start, number or rules were changed beside the seal does not open", changedHead},
	{"an opt-out moved to another number does not open", swappedOptOut},
	{"practices have different keys for the same number and appointment", practicesDiffer},
	{"a key file that others may read, that is missing, broken or wrong is refused in words", keyFileRefused},
	{"a practice whose keys were deleted gets no new ones beside its old data", keysLost},
}

var rotating = []promise{
	{"after a rotation everything still opens, here, elsewhere and after a restart", rotationKeepsAll},
	{"processes that run on during a rotation keep working together", rotationWhileRunning},
	{"what is sealed after a rotation does not open with the old key file", rotationTakesHold},
	{"a rotation that is done twice at once loses nothing", rotationTwice},
}

func (g *surgery) record(p gateway.ODS, a gateway.Appointment) (string, string) {
	g.t.Helper()
	ref := g.id(p, a, day).Ref
	return string(ref[:]), g.raw.HGet(g.t.Context(), Key(p, "a"), string(ref[:])).Val()
}

// damaged checks that a claim of everything gives only records that do not open.
func (g *surgery) damaged(want int) {
	g.t.Helper()
	g.now = g.now.AddDate(0, 0, 4)
	got := g.claim()
	n := 0
	for _, c := range got.Claims {
		if c.Damaged {
			n++
			if c.Facts != (gateway.Facts{}) && !c.Facts.Appointment.Patient.Mobile.IsZero() {
				g.t.Error("a damaged record still names a number")
			}
		}
	}
	if n != want {
		g.t.Errorf("%d of %d do not open, want %d", n, len(got.Claims), want)
	}
}

func swappedBetweenRefs(t *testing.T, g *surgery) {
	a, b := g.person(1), g.person(2)
	g.plan(g.owed(a, day), g.owed(b, day))
	refA, recordA := g.record(riverside, a)
	refB, recordB := g.record(riverside, b)
	g.raw.HSet(t.Context(), Key(riverside, "a"), refA, recordB, refB, recordA)
	g.damaged(2)
}

func swappedBetweenPractices(t *testing.T, g *surgery) {
	a := g.person(1)
	g.planFor(riverside, g.owed(a, day))
	g.planFor(hillside, g.owed(a, day))
	refA, recordA := g.record(riverside, a)
	refB, recordB := g.record(hillside, a)
	g.raw.HSet(t.Context(), Key(riverside, "a"), refA, recordB)
	g.raw.HSet(t.Context(), Key(hillside, "a"), refB, recordA)
	g.damaged(2)
}

func changedHead(t *testing.T, g *surgery) {
	a := g.person(1)
	// Byte 2 is of the digest, 16 of first seen, 20 of the number's tag.
	for i, at := range []int{2, 16, 20} {
		a.Version = string(rune('a' + i))
		g.plan(g.owed(a, day))
		ref, record := g.record(riverside, a)
		b := []byte(record)
		b[at] ^= 1
		g.raw.HSet(t.Context(), Key(riverside, "a"), ref, b)
		k, ok, err := g.s.Appointment(t.Context(), riverside, g.id(riverside, a, day).Ref)
		if err != nil || !ok || !k.Damaged {
			t.Errorf("byte %d: damaged %v, %v", at, k.Damaged, err)
		}
		g.raw.HSet(t.Context(), Key(riverside, "a"), ref, record)
	}
}

func swappedOptOut(t *testing.T, g *surgery) {
	stop(g, riverside, 1)
	name := Key(riverside, "o")
	for tag, v := range g.raw.HGetAll(t.Context(), name).Val() {
		g.raw.HDel(t.Context(), name, tag)
		g.raw.HSet(t.Context(), name, strings.Repeat("x", len(tag)), v)
	}
	if _, err := g.s.OptOuts(t.Context(), riverside); err == nil {
		t.Error("it opened for another number")
	}
}

func practicesDiffer(t *testing.T, g *surgery) {
	stop(g, riverside, 1)
	stop(g, hillside, 1)
	a := g.raw.HKeys(t.Context(), Key(riverside, "o")).Val()
	b := g.raw.HKeys(t.Context(), Key(hillside, "o")).Val()
	if len(a) != 1 || len(b) != 1 || a[0] == b[0] {
		t.Error("one number has the same tag in two practices")
	}
	if g.id(riverside, g.person(1), day).Ref == g.id(hillside, g.person(1), day).Ref {
		t.Error("one appointment id has the same ref in two practices")
	}
}

func keyFileRefused(t *testing.T, g *surgery) {
	path := g.place.Keys
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("a new key file has mode %v, %v", st.Mode().Perm(), err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.NewKeyFile(path); !errors.Is(err, store.ErrKeyFile) {
		t.Errorf("overwriting: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
		t.Error("a key file was overwritten")
	}
	refused := func(what, words string) {
		t.Helper()
		_, err := store.ReadKeyFile(path)
		if !errors.Is(err, store.ErrKeyFile) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	refused("open to its group", "chmod 600")
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, good[:len(good)/2], 0o600)); err != nil {
		t.Fatal(err)
	}
	refused("cut in half", "not a key file")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("missing", "bellman keys new")
	stop(g, riverside, 1)
	g.place.Keys = NewPlace(t).Keys
	s := g.open()
	if _, err := s.OptOuts(t.Context(), riverside); !errors.Is(err, store.ErrKeyFile) {
		t.Errorf("the wrong key file: %v", err)
	}
}

func keysLost(t *testing.T, g *surgery) {
	g.plan(g.owed(g.person(1), day))
	g.raw.HDel(t.Context(), Key(riverside, "m"), "key")
	if _, err := g.open().Known(t.Context(), riverside); err == nil || !strings.Contains(err.Error(), "keys") {
		t.Errorf("every appointment would look new and be texted again: %v", err)
	}
}

// rotate does what `bellman keys rotate` does, as a process of its own.
func (g *surgery) rotate() {
	g.t.Helper()
	if _, err := store.RotateKeyFile(g.place.Keys); err != nil {
		g.t.Fatal(err)
	}
	if err := g.open().Rewrap(g.t.Context(), []gateway.ODS{riverside, hillside, "NEVER-SEEN"}); err != nil {
		g.t.Fatal(err)
	}
}

func rotationKeepsAll(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	o := stop(g, riverside, 2)
	g.brought(9, gateway.Delivered)
	if _, err := g.s.KeepReply(t.Context(), gateway.Reply{Practice: riverside, MessageID: "SM1", From: number(9), Text: gateway.NewText("thanks"), At: g.now}); err != nil {
		t.Fatal(err)
	}
	before := g.raw.HGet(t.Context(), Key(riverside, "m"), "key").Val()
	running := g.s
	for range 3 {
		g.rotate()
	}
	if g.raw.HGet(t.Context(), Key(riverside, "m"), "key").Val() == before {
		t.Error("the practice's keys are wrapped as before")
	}
	if st, err := os.Stat(g.place.Keys); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the rotated key file has mode %v, %v", st.Mode().Perm(), err)
	}
	for name, s := range map[string]*store.Store{"a process that ran on": running, "a process started after": g.open()} {
		g.optedOut(s, o)
		if kept, err := s.Appointments(t.Context(), riverside); err != nil || len(kept) != 2 || kept[0].Damaged || kept[1].Damaged {
			t.Errorf("%s: appointments %d, %v", name, len(kept), err)
		}
		if r, err := s.Replies(t.Context(), riverside); err != nil || len(r) != 1 || r[0].Text != gateway.NewText("thanks") {
			t.Errorf("%s: replies %d, %v", name, len(r), err)
		}
	}
	// The journal's lines from before and after open as well.
	p := gateway.OptOut{Practice: riverside, Number: number(3), Since: g.now.Add(1e9), By: "staff"}
	if err := running.AddOptOut(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	g.flush()
	g.optedOut(g.open(), o, p)
}

func rotationWhileRunning(t *testing.T, g *surgery) {
	old := g.s
	a := g.person(1)
	g.plan(g.owed(a, day))
	g.rotate()
	// A process that starts now seals with the new key; the old one must read it,
	// and the new one what the old one goes on to write.
	g.s = g.open()
	b := g.person(2)
	g.plan(g.owed(b, day))
	stop(g, riverside, 5)
	if _, err := g.s.Known(t.Context(), "C83003"); err != nil { // its keys are wrapped under the new master key alone
		t.Fatal(err)
	}
	g.s = old
	c := g.person(3)
	g.plan(g.owed(c, day))
	if _, err := old.OptOuts(t.Context(), riverside); err != nil {
		t.Error("an opt-out of the new process:", err)
	}
	if _, err := old.Known(t.Context(), "C83003"); err != nil {
		t.Error("a practice that the new process began:", err)
	}
	g.now = g.now.AddDate(0, 0, 4)
	if got := g.claim(); len(got.Claims) != 3 || got.Claims[0].Damaged || got.Claims[1].Damaged || got.Claims[2].Damaged {
		t.Errorf("the old process claims %d", len(got.Claims))
	}
	if kept, err := g.open().Appointments(t.Context(), riverside); err != nil || len(kept) != 3 || kept[0].Damaged || kept[1].Damaged || kept[2].Damaged {
		t.Errorf("a new process keeps %d, %v", len(kept), err)
	}
}

func rotationTakesHold(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	before, err := os.ReadFile(g.place.Keys)
	if err != nil {
		t.Fatal(err)
	}
	_, was := g.record(riverside, a)
	g.rotate()
	g.s = g.open()
	a.Version = "2"
	g.plan(g.owed(a, day))
	_, is := g.record(riverside, a)
	// Tink writes the id of the key that sealed before the sealed part.
	const head = 32
	if was[head:head+5] == is[head:head+5] {
		t.Error("records are still sealed with the practice's old key")
	}
	if err := os.WriteFile(g.place.Keys, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.open().Known(t.Context(), riverside); !errors.Is(err, store.ErrKeyFile) {
		t.Errorf("the old key file opens the practice's new keys: %v", err)
	}
	if b, err := os.ReadFile(g.place.Keys + ".before"); err != nil || !bytes.Equal(b, before) {
		t.Error("the key file from before the rotation was not kept")
	}
}

func rotationTwice(t *testing.T, g *surgery) {
	a := g.person(1)
	g.plan(g.owed(a, day))
	one, two := g.open(), g.open()
	done := make(chan error, 2)
	for _, s := range []*store.Store{one, two} {
		go func() { done <- s.Rewrap(t.Context(), []gateway.ODS{riverside}) }()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
	b := g.person(2)
	for i, s := range []*store.Store{one, two, g.open()} {
		g.s = s
		b.Version = string(rune('a' + i))
		g.plan(g.owed(b, day))
	}
	for _, s := range []*store.Store{one, two, g.open()} {
		if kept, err := s.Appointments(t.Context(), riverside); err != nil || len(kept) != 2 || kept[0].Damaged || kept[1].Damaged {
			t.Errorf("%d kept, %v", len(kept), err)
		}
	}
}
