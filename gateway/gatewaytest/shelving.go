package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bellman/gateway"
)

// Shelving holds a shelf to everything that gateway.Shelf promises: the one in
// Redis, and the one in memory that adapters are tested with. The shelf is empty.
func Shelving(t *testing.T, s gateway.Shelf) {
	t.Helper()
	ctx := t.Context()
	one := func(key string) gateway.Kept {
		t.Helper()
		got, err := s.Get(ctx, key)
		if err != nil || len(got) != 1 || got[0].Key != key {
			t.Fatalf("get gives %d things (%v)", len(got), err)
		}
		return got[0]
	}
	put := func(want error, things ...gateway.Kept) {
		t.Helper()
		if err := s.Put(ctx, things...); !errors.Is(err, want) {
			t.Fatalf("put says %v, want %v", err, want)
		}
	}
	if k := one("a"); k.Value != nil || k.Seen != 0 {
		t.Error("what was never put is there")
	}
	put(nil, gateway.Kept{Key: "a", Value: []byte("1")}, gateway.Kept{Key: "b", Value: []byte{}})
	a := one("a")
	if string(a.Value) != "1" || a.Seen == 0 || one("b").Value == nil {
		t.Error("what was put is not there")
	}
	put(gateway.ErrShelfMoved, gateway.Kept{Key: "a", Value: []byte("2")})
	put(nil, gateway.Kept{Key: "a", Value: []byte("2"), Seen: a.Seen})
	put(gateway.ErrShelfMoved, gateway.Kept{Key: "c", Value: []byte("x")}, gateway.Kept{Key: "a", Value: []byte("3"), Seen: a.Seen})
	if one("c").Value != nil || string(one("a").Value) != "2" {
		t.Error("a part was kept of what could not be kept as a whole")
	}
	was := one("a")
	put(nil, gateway.Kept{Key: "a", Seen: was.Seen})
	if one("a").Value != nil {
		t.Error("what was taken away is there")
	}
	put(nil, gateway.Kept{Key: "a", Value: []byte("4")})
	put(gateway.ErrShelfMoved, gateway.Kept{Key: "a", Value: []byte("5"), Seen: was.Seen})
	each(ctx, t, s)
}

func each(ctx context.Context, t *testing.T, s gateway.Shelf) {
	t.Helper()
	var many []gateway.Kept
	for i := range gateway.ShelfBatch {
		many = append(many, gateway.Kept{Key: fmt.Sprintf("p:%04d", i), Value: fmt.Append(nil, i)})
	}
	if err := s.Put(ctx, many...); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := s.Each(ctx, "p:", func(k gateway.Kept) error { got[k.Key] = string(k.Value); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(many) || got["p:0042"] != "42" {
		t.Errorf("each gives %d things of %d", len(got), len(many))
	}
	enough := errors.New("enough")
	if err := s.Each(ctx, "", func(gateway.Kept) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("each goes on after an error (%v)", err)
	}
	if err := s.Put(ctx, append(many, gateway.Kept{Key: "one more"})...); err == nil {
		t.Error("more than a batch is taken")
	}
}
