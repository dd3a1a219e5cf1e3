package storetest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"bellman/gateway"
)

var journals = []promise{
	{"a second machine with a fresh journal joins what is there", secondMachine},
	{"a second machine that finds part of Redis lost puts it in hold", secondMachineFindsLoss},
	{"a torn line of the journal is passed over and swallows no other", tornLine},
	{"a journal sealed under another key is an error", journalOfAnotherKey},
	{"a journal that never met a Redis is no reason for a hold", journalBeforeRedis},
}

func secondMachine(t *testing.T, g *surgery) {
	o := stop(g, riverside, 1)
	second := NewPlace(t)
	second.Keys = g.place.Keys
	s := OpenAt(t, g.address, second)
	if s.InHold() {
		t.Error("it starts in hold")
	}
	g.optedOut(s, o)
	g.hold(false)
	// Its journal belongs to the installation from now on.
	again := OpenAt(t, g.address, second)
	if again.InHold() {
		t.Error("it starts in hold the second time")
	}
}

func secondMachineFindsLoss(t *testing.T, g *surgery) {
	g.raw.Del(t.Context(), ShardKey(riverside, "epoch"))
	second := NewPlace(t)
	second.Keys = g.place.Keys
	if s := OpenAt(t, g.address, second); !s.InHold() {
		t.Error("it takes the loss for a beginning")
	}
}

func tornLine(t *testing.T, g *surgery) {
	first := stop(g, riverside, 1)
	whole, err := os.ReadFile(g.place.Journal)
	if err != nil {
		t.Fatal(err)
	}
	g.now = g.now.Add(1e9)
	stop(g, riverside, 2)
	all, err := os.ReadFile(g.place.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 2, 9, (len(all) - len(whole)) / 2, len(all) - len(whole) - 1} {
		g.flush()
		if err := os.WriteFile(g.place.Journal, all[:len(all)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		g.s = g.open()
		got, err := g.s.OptOuts(t.Context(), riverside)
		if err != nil || len(got) < 1 || got[0] != first {
			t.Errorf("cut by %d: %d came back, %v", cut, len(got), err)
		}
		// And a line torn off while we run, by another process that died.
		f, err := os.OpenFile(g.place.Journal, os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("AXtorn"); errors.Join(err, f.Close()) != nil {
			t.Fatal(err)
		}
		third := gateway.OptOut{Practice: riverside, Number: number(3), Since: g.now.Add(1e9), By: "patient"}
		if err := g.s.AddOptOut(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		g.flush()
		g.s = g.open()
		if o, out, err := g.s.OptedOut(t.Context(), riverside, number(3)); err != nil || !out || o != third {
			t.Errorf("cut by %d: the line after the torn one is lost: %v", cut, err)
		}
	}
}

func journalOfAnotherKey(t *testing.T, g *surgery) {
	stop(g, riverside, 1)
	g.flush()
	g.place.Keys = NewPlace(t).Keys
	if _, err := TryOpen(t, g.address, g.place); err == nil || !strings.Contains(err.Error(), "key file") {
		t.Errorf("error %v", err)
	}
}

func journalBeforeRedis(t *testing.T, g *surgery) {
	g.flush()
	g.place = NewPlace(t)
	if _, err := TryOpen(t, "redis://127.0.0.1:1", g.place); err == nil {
		t.Fatal("a Redis that is not there was joined")
	}
	g.s = g.open()
	g.hold(false)
	o := stop(g, riverside, 1)
	g.flush()
	g.s = g.open()
	g.hold(true)
	g.optedOut(g.s, o)
}
