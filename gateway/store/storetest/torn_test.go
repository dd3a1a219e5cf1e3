package storetest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"bellman/gateway"
	"bellman/gateway/store"
)

// onMortal begins a surgery on a server that can be killed, with as many reminders
// due.
func onMortal(t *testing.T, due int, settings ...string) (*surgery, *Mortal) {
	t.Helper()
	m := NewMortal(t, settings...)
	g := newSurgery(t, m.URL)
	g.due(due)
	return g, m
}

// elsewhere opens the store as a process on another machine, with a journal of its
// own.
func (g *surgery) elsewhere() *store.Store {
	g.t.Helper()
	s := OpenAt(g.t, g.address, Place{Keys: g.place.Keys, Journal: NewPlace(g.t).Journal})
	s.Serve([]gateway.ODS{riverside, hillside})
	return s
}

// failPower kills the server and takes from it all that was written since a moment.
func failPower(m *Mortal, since func()) {
	m.t.Helper()
	was := m.Tail()
	since()
	m.Kill()
	m.Tear(was, 0) // nothing is left to tear where Redis had not even written it yet
	m.Start()
}

func TestAfterAPowerFailureNobodyClaimsBeforeWhatWasSentIsLookedUp(t *testing.T) {
	g, m := onMortal(t, 2, "--appendfsync", "everysec")
	other := g.elsewhere() // knows nothing of what g.s sends
	failPower(m, func() { g.leaveOne(g.s) })
	if err := g.tryClaim(other); !errors.Is(err, store.ErrInHold) {
		t.Errorf("the other claims: %v", err)
	}
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrInHold) && !errors.Is(err, store.ErrReceded) {
		t.Errorf("the one that sent it claims: %v", err)
	}
}

// The senders' machine loses its power in the same second: neither memory nor file
// knows of the text that left.
func TestAfterAPowerFailureThatTakesTheSendersFileTooNobodyClaims(t *testing.T) {
	g, m := onMortal(t, 2, "--appendfsync", "everysec")
	file := g.place.Journal + ".tide"
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	failPower(m, func() { g.leaveOne(g.s) })
	if err := errors.Join(g.s.Close(), os.WriteFile(file, was, 0o600)); err != nil {
		t.Fatal(err)
	}
	g.s = g.open()
	g.hold(true)
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrInHold) {
		t.Errorf("it claims: %v", err)
	}
}

func TestASTOPThatAPowerFailureTookFromRedisComesBackFromTheJournalBeforeAnythingLeaves(t *testing.T) {
	for _, sync := range []string{"everysec", "always"} {
		for _, again := range []bool{false, true} {
			t.Run(sync+map[bool]string{false: ", by the process that heard it", true: ", by one that starts"}[again], func(t *testing.T) {
				g, m := onMortal(t, 1, "--appendfsync", sync)
				var o gateway.OptOut
				failPower(m, func() { o = stop(g, riverside, 0) })
				if again {
					g.s = g.open()
				}
				if err := g.tryClaim(g.s); err != nil && !errors.Is(err, store.ErrInHold) {
					t.Fatal(err)
				}
				g.optedOut(g.s, o)
				g.stands(g.id(riverside, g.personDue(), day), map[string]gateway.State{"everysec": gateway.Queued, "always": gateway.Withdrawn}[sync],
					map[string]gateway.Reason{"always": gateway.OptedOut}[sync])
			})
		}
	}
}

// personDue gives the first patient's appointment, as due planned it.
func (g *surgery) personDue() gateway.Appointment {
	a := g.person(0)
	a.Start = g.now.AddDate(0, 0, 1)
	return a
}

func TestASTOPThatAnotherMachineHeardComesBackDuringTheHoldThatWeBegan(t *testing.T) {
	g, m := onMortal(t, 1, "--appendfsync", "everysec")
	other := g.elsewhere()
	var o gateway.OptOut
	failPower(m, func() { o = stop(g, riverside, 0) })
	if err := g.tryClaim(other); !errors.Is(err, store.ErrInHold) {
		t.Fatalf("claim: %v", err)
	}
	g.optedOut(other)
	g.hold(true) // what the process that heard it does every two seconds
	g.optedOut(other, o)
}

// A practice's keys are lost as well when they were made in the last second.
func TestAPracticeWhoseKeysAPowerFailureTookGoesOnWithNewOnes(t *testing.T) {
	m := NewMortal(t, "--appendfsync", "everysec")
	g := newSurgery(t, m.URL)
	var o gateway.OptOut
	failPower(m, func() {
		g.due(1)
		o = stop(g, riverside, 7)
	})
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrInHold) {
		t.Fatalf("claim: %v", err)
	}
	other := g.open()
	g.optedOut(other, o)
	g.plan(g.owed(g.personDue(), day))
	g.optedOut(g.s, o)
}

func TestTheHoldAfterAStartIsBegunOnce(t *testing.T) {
	g, m := onMortal(t, 2, "--appendfsync", "everysec")
	other := g.elsewhere()
	m.Kill()
	m.Start()
	if err := g.tryClaim(g.s); !errors.Is(err, store.ErrInHold) {
		t.Fatalf("claim: %v", err)
	}
	g.release()
	for _, s := range []*store.Store{other, g.open(), g.s} {
		if err := g.tryClaim(s); err != nil {
			t.Errorf("after the hold: %v", err)
		}
	}
	g.hold(false)
}

func TestARedisThatSyncsEveryWriteGoesOnAtOnceAfterItsRestart(t *testing.T) {
	g, m := onMortal(t, 2)
	g.leaveOne(g.s)
	m.Kill()
	m.Start()
	if err := g.tryClaim(g.s); err != nil {
		t.Errorf("claim: %v", err)
	}
	g.hold(false)
	g.s = g.open()
	g.hold(false)
}

func TestAReplicaThatTookOverIsInHold(t *testing.T) {
	g, m := onMortal(t, 2)
	replica := NewMortal(t)
	command(t, replica.URL, "REPLICAOF", "127.0.0.1", m.port(t))
	await(t, "the replica has caught up", func(ctx context.Context) bool {
		info := ask(ctx, replica.URL, "INFO", "replication")
		return strings.Contains(info, "master_link_status:up") && strings.Contains(info, "master_sync_in_progress:0")
	})
	m.Kill()
	command(t, replica.URL, "REPLICAOF", "NO", "ONE")
	g.address = replica.URL
	s := g.open()
	if err := g.tryClaim(s); !errors.Is(err, store.ErrInHold) {
		t.Errorf("claim: %v", err)
	}
}

// An older version of the program may run beside ours, whose other scripts differ.
func TestScriptsThatAnotherVersionLacksAreLoadedWithoutAHold(t *testing.T) {
	g, _ := onMortal(t, 2, "--appendfsync", "everysec")
	if err := g.raw.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"claim", "move"} {
		src, err := os.ReadFile("../lua/" + name + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		if err := g.raw.ScriptLoad(t.Context(), string(src)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	o := stop(g, riverside, 7)
	g.optedOut(g.s, o)
	g.hold(false)
	if err := g.tryClaim(g.s); err != nil {
		t.Errorf("claim: %v", err)
	}
}

// port makes a server listen on a loopback port as well, and gives it.
func (m *Mortal) port(t *testing.T) int {
	t.Helper()
	port := freePorts(t, 1)[0]
	command(t, m.URL, "CONFIG", "SET", "port", port)
	return port
}
