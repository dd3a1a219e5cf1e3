package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/store"
)

func TestRequestsToAClinicalSystemAreCountedAndTheOneTooManyIsNotMade(t *testing.T) {
	turns := newTurns(prometheus.NewRegistry())
	p := configs.Practice{Practice: gateway.Practice{ODS: "A81001"}, MaxRequests: 20}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	for range 2 { // a tenth of a minute's requests may come at once
		if err := turns.of(p).take(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := turns.of(p).take(ctx); !errors.Is(err, errTooManyRequests) {
		t.Errorf("the third at once, with half a second to wait: %v", err)
	}
	if got, want := turns.words("A81001"), "2 request(s) were made; at most 20 a minute are"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAClinicalSystemWhoseClockIsWrongIsToldOfByCheck(t *testing.T) {
	now := time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct{ date, want string }{
		{"Mon, 16 Nov 2026 09:59:59 GMT", "ok"},
		{"Mon, 16 Nov 2026 09:00:00 GMT", "warn"},
		{"Mon, 16 Nov 2026 10:05:00 GMT", "warn"},
		{"yesterday", ""},
	} {
		a := &app{turns: newTurns(prometheus.NewRegistry())}
		p := configs.Practice{Practice: gateway.Practice{ODS: "A81001"}, MaxRequests: 300}
		a.turns.of(p).dated(c.date, now)
		var f findings
		a.checkFeedClock(p.ODS, "feed", &f)
		got := ""
		if len(f) > 0 {
			got = f[0].Result
		}
		if got != c.want {
			t.Errorf("an answer of %s: %q, want %q", c.date, got, c.want)
		}
	}
}

func TestShelvesThatAreNeededInOneMomentOpenTheStoreOnce(t *testing.T) {
	dir := t.TempDir()
	cfg := &configs.Config{
		Redis: configs.Redis{URL: gateway.NewSecret("embedded"), Dir: filepath.Join(dir, "data")},
		Keys:  configs.Keys{File: filepath.Join(dir, "bellman.keys")}, OptOuts: configs.OptOuts{Journal: filepath.Join(dir, "optouts.journal")},
		Practices: []configs.Practice{{Practice: gateway.Practice{ODS: "A81001"}, MaxRequests: 300}, {Practice: gateway.Practice{ODS: "B82002"}, MaxRequests: 300}},
	}
	if err := store.NewKeyFile(cfg.Keys.File); err != nil {
		t.Fatal(err)
	}
	a := newApp(cfg, gateway.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	})
	var needing sync.WaitGroup
	for _, p := range cfg.Practices {
		shelf := a.surroundings(p).Shelf
		needing.Go(func() {
			if err := shelf.Put(t.Context(), gateway.Kept{Key: "k", Value: []byte("v")}); err != nil {
				t.Error(err)
			}
		})
	}
	needing.Wait()
	if n := len(a.undo); n != 2 {
		t.Errorf("%d things are to be undone, want the one server and the one connection", n)
	}
}
