package storetest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// secrets are what must not be found anywhere in clear: the number in every form
// that somebody might write it, the name, the NHS number, the words of a reply,
// and what the clinical system calls the patient and the appointment.
var secrets = []string{
	"+447700900123", "447700900123", "07700900123", "7700900123", "07700 900123", "07700 900 123", "900123",
	"Cadwallader", "9990000018", "999 000 0018", "I cannot come on Tuesday", "cannot come",
	"880123-0123", "patient-4711", "Smoking cessation",
}

// canary leads one patient through everything that the store does and then looks
// for what is known of them.
func canary(t *testing.T, g *surgery) {
	ctx := t.Context()
	a := g.person(123)
	a.Patient.ID = "patient-4711"
	g.plan(g.owed(a, week, day), g.withheld(g.person(5), gateway.Held, gateway.MobileUnclear, day))
	moved := a
	moved.Start = a.Start.AddDate(0, 0, 1)
	g.plan(g.owed(moved, week, day))
	g.now = day.Due(moved.Start)
	for _, c := range g.claim().Claims {
		g.leave(c)
		g.move(gateway.Change{ID: c.ID, To: gateway.Accepted, MessageID: "SM1"})
	}
	if _, err := g.s.KeepReply(ctx, gateway.Reply{Practice: riverside, MessageID: "SM2", From: number(123), Text: gateway.NewText("I cannot come on Tuesday"), Kind: gateway.ReplyCancel, At: g.now}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.s.CloseReply(ctx, gateway.ReplyID{Practice: riverside, MessageID: "SM2"}, g.now, "Jo", gateway.NewText("rang Cadwallader")); err != nil {
		t.Fatal(err)
	}
	if _, err := g.s.FirstToday(ctx, riverside, number(123), gateway.AnswerNotMonitored); err != nil {
		t.Fatal(err)
	}
	if err := g.s.SetFeed(ctx, riverside, gateway.FeedState{AsOf: g.now, Missing: []gateway.Ref{g.id(riverside, a, day).Ref}}); err != nil {
		t.Fatal(err)
	}
	stop(g, riverside, 123)
	stop(g, hillside, 123)
	if err := g.s.RemoveOptOut(ctx, hillside, number(123), g.now, "patient"); err != nil {
		t.Fatal(err)
	}
	g.unwanted(visitOut(g, a), clinicOut(g, 123, "Smoking cessation"))
	g.plan(g.judged(a, "Smoking cessation", day))
	g.rotate()

	seen := 0
	look := func(where string, b []byte) {
		seen += len(b)
		for i, s := range secrets {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds secret %d in clear", where, i)
			}
		}
	}
	g.nodes(func(ctx context.Context, c *redis.Client) error { return everything(ctx, c, look) })
	if seen < 1000 {
		t.Errorf("only %d bytes were looked at", seen)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(g.place.Journal), "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range append(files, redisFiles(t, g)...) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		look(filepath.Base(f), b)
	}
}

// everything reads every key of a node, with its name.
func everything(ctx context.Context, c *redis.Client, look func(string, []byte)) error {
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		return err
	}
	for _, k := range keys {
		look("the name of a key", []byte(k))
		kind, err := c.Type(ctx, k).Result()
		if err != nil {
			return err
		}
		switch kind {
		case "string":
			look("a string", []byte(c.Get(ctx, k).Val()))
		case "hash":
			for field, v := range c.HGetAll(ctx, k).Val() {
				look("a hash", []byte(field+"\x00"+v))
			}
		case "zset":
			for _, m := range c.ZRange(ctx, k, 0, -1).Val() {
				look("a sorted set", []byte(m))
			}
		default:
			look("a key of a kind that we do not use", []byte(secrets[0]))
		}
	}
	return nil
}

// redisFiles gives the append-only files of the server and its log, where it has
// any. They hold every command that ever changed something.
func redisFiles(t *testing.T, g *surgery) []string {
	t.Helper()
	dir := g.raw.ConfigGet(t.Context(), "dir").Val()["dir"]
	if dir == "" {
		return nil // inside the process: it has no files
	}
	var out []string
	for _, pattern := range []string{"appendonlydir/*", "redis.log"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	aof := g.raw.ConfigGet(t.Context(), "appendonly").Val()["appendonly"]
	if aof == "yes" && len(out) < 3 {
		t.Errorf("the append-only file was not found: %d files", len(out))
	}
	return out
}
