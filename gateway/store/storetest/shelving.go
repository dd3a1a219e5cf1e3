package storetest

import (
	"errors"
	"strings"
	"testing"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/store"
)

var shelving = []promise{
	{"what an adapter keeps is kept as the port says", func(t *testing.T, g *surgery) { gatewaytest.Shelving(t, g.s.Shelf(riverside)) }},
	{"what one practice keeps another does not see", shelvesApart},
	{"nothing on a shelf stands in clear, nor its key", shelfSealed},
	{"a damaged thing on a shelf is an error until the shelf is forgotten", shelfDamaged},
	{"what is kept under an emptied Redis is refused", shelfEmptied},
}

func shelvesApart(t *testing.T, g *surgery) {
	ctx := t.Context()
	if err := g.s.Shelf(riverside).Put(ctx, gateway.Kept{Key: "a", Value: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	got, err := g.s.Shelf(hillside).Get(ctx, "a")
	if err != nil || got[0].Value != nil {
		t.Errorf("the other practice has it (%v)", err)
	}
	// Moved there by somebody who can write into Redis, it does not open.
	all := g.raw.HGetAll(ctx, Key(riverside, "k")).Val()
	for field, v := range all {
		g.raw.HSet(ctx, Key(hillside, "k"), field, v)
	}
	if err := g.s.Shelf(hillside).Each(ctx, "", func(gateway.Kept) error { return nil }); !errors.Is(err, store.ErrShelfDamaged) {
		t.Errorf("it opens for the other practice (%v)", err)
	}
}

func shelfSealed(t *testing.T, g *surgery) {
	ctx := t.Context()
	const canary = "XQCANARY"
	if err := g.s.Shelf(riverside).Put(ctx, gateway.Kept{Key: "person " + canary, Value: []byte(canary)}); err != nil {
		t.Fatal(err)
	}
	for field, v := range g.raw.HGetAll(ctx, Key(riverside, "k")).Val() {
		if strings.Contains(field+v, canary) {
			t.Error("it stands there in clear")
		}
	}
}

func shelfDamaged(t *testing.T, g *surgery) {
	ctx := t.Context()
	shelf := g.s.Shelf(riverside)
	if err := shelf.Put(ctx, gateway.Kept{Key: "a", Value: []byte("1")}, gateway.Kept{Key: "b", Value: []byte("2")}); err != nil {
		t.Fatal(err)
	}
	for field := range g.raw.HGetAll(ctx, Key(riverside, "k")).Val() {
		g.raw.HSet(ctx, Key(riverside, "k"), field, "1:garbage")
	}
	if _, err := shelf.Get(ctx, "a"); !errors.Is(err, store.ErrShelfDamaged) {
		t.Errorf("get says %v", err)
	}
	if err := g.s.ForgetShelf(ctx, riverside); err != nil {
		t.Fatal(err)
	}
	got, err := shelf.Get(ctx, "a", "b")
	if err != nil || got[0].Value != nil || got[1].Value != nil {
		t.Errorf("something is left (%v)", err)
	}
}

func shelfEmptied(t *testing.T, g *surgery) {
	ctx := t.Context()
	shelf := g.s.Shelf(riverside)
	if err := shelf.Put(ctx, gateway.Kept{Key: "a", Value: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	g.flush()
	if err := shelf.Put(ctx, gateway.Kept{Key: "b", Value: []byte("2")}); !errors.Is(err, store.ErrEmptied) {
		t.Errorf("put says %v", err)
	}
}
