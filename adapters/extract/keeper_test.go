package extract_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// counted counts the chunks that are put, and refuses one that is too large.
type counted struct {
	gateway.Shelf
	puts    int
	largest int
	before  func() // called before each Put
}

func (c *counted) Put(ctx context.Context, things ...gateway.Kept) error {
	if c.before != nil {
		c.before()
	}
	c.puts++
	c.largest = max(c.largest, len(things))
	return c.Shelf.Put(ctx, things...)
}

func to(value string) extract.Change {
	return func([]byte) ([]byte, error) { return []byte(value), nil }
}

func keeper(t *testing.T, s gateway.Shelf) *extract.Keeper {
	t.Helper()
	k, err := extract.NewKeeper(t.Context(), s, "head")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func head(t *testing.T, s gateway.Shelf) string { t.Helper(); return string(keeper(t, s).Head()) }

func value(t *testing.T, s gateway.Shelf, key string) string {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(got[0].Value)
}

func TestABatchIsKeptInChunksWithItsHeadLast(t *testing.T) {
	s := &counted{Shelf: gatewaytest.NewShelf()}
	k := keeper(t, s)
	if err := k.SetHead(t.Context(), []byte("begun")); err != nil {
		t.Fatal(err)
	}
	for i := range 1200 {
		if err := k.Change(t.Context(), fmt.Sprint("thing/", i), to("new")); err != nil {
			t.Fatal(err)
		}
	}
	if got := head(t, s); got != "begun" {
		t.Errorf("the head says %q before everything is kept", got)
	}
	if err := k.SetHead(t.Context(), []byte("done")); err != nil {
		t.Fatal(err)
	}
	if s.largest > gateway.ShelfBatch || s.puts != 5 {
		t.Errorf("%d chunks of up to %d", s.puts, s.largest)
	}
	if value(t, s, "thing/1199") != "new" || head(t, s) != "done" {
		t.Error("something was not kept")
	}
}

func TestWhatDoesNotChangeIsNotWritten(t *testing.T) {
	s := &counted{Shelf: gatewaytest.NewShelf()}
	for range 2 {
		k := keeper(t, s)
		_ = k.SetHead(t.Context(), []byte("begun"))
		for i := range 1200 {
			_ = k.Change(t.Context(), fmt.Sprint("thing/", i), to("same"))
		}
		if err := k.SetHead(t.Context(), []byte("done")); err != nil {
			t.Fatal(err)
		}
	}
	if s.puts != 5+2 {
		t.Errorf("%d chunks for a batch that was read twice", s.puts)
	}
}

func TestTheSlowerOfTwoProcessesWritesNothingOldOverNew(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	slow := keeper(t, shelf)
	_ = slow.SetHead(t.Context(), []byte("batch 6 begun"))
	_ = slow.Change(t.Context(), "thing", to("of batch 6"))
	fast := keeper(t, shelf)
	_ = fast.SetHead(t.Context(), []byte("batch 7 begun"))
	_ = fast.Change(t.Context(), "thing", to("of batch 7"))
	if err := fast.SetHead(t.Context(), []byte("batch 7 done")); err != nil {
		t.Fatal(err)
	}
	if err := slow.SetHead(t.Context(), []byte("batch 6 done")); !errors.Is(err, extract.ErrElsewhere) {
		t.Errorf("the slower one was not noticed: %v", err)
	}
	if value(t, shelf, "thing") != "of batch 7" || head(t, shelf) != "batch 7 done" {
		t.Error("the old was written over the new")
	}
	nothing := func() error { return nil }
	if err := whole(t, slow, nothing); !errors.Is(err, extract.ErrElsewhere) {
		t.Error("the slower one takes what it knows for whole")
	}
	if err := whole(t, fast, nothing); err != nil {
		t.Error(err)
	}
	if err := whole(t, fast, func() error { return keeper(t, shelf).SetHead(t.Context(), []byte("batch 8 begun")) }); !errors.Is(err, extract.ErrElsewhere) {
		t.Error("what was looked up while another batch began counts as whole")
	}
}

// whole looks something up that is remembered nowhere.
func whole(t *testing.T, k *extract.Keeper, look func() error) error {
	t.Helper()
	var m extract.Remembered[bool]
	_, err := m.Whole(t.Context(), k, gateway.Span{}, func(gateway.Span) (bool, error) { return true, look() })
	return err
}

// Two that begin at once: the second to put its head is refused, whatever it puts.
func TestOnlyOneOfTwoProcessesBegins(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	first, second := keeper(t, shelf), keeper(t, shelf)
	if err := first.SetHead(t.Context(), []byte("begun")); err != nil {
		t.Fatal(err)
	}
	if err := second.SetHead(t.Context(), []byte("begun")); !errors.Is(err, extract.ErrElsewhere) {
		t.Error(err)
	}
}

// The other one puts between our look and our put.
func TestAPutThatComesBetweenIsNoticed(t *testing.T) {
	s := &counted{Shelf: gatewaytest.NewShelf()}
	k := keeper(t, s)
	_ = k.SetHead(t.Context(), []byte("begun"))
	_ = k.Change(t.Context(), "thing", to("old"))
	other := keeper(t, s.Shelf)
	s.before = func() { s.before = nil; _ = other.SetHead(t.Context(), []byte("later batch")) }
	if err := k.Flush(t.Context()); !errors.Is(err, extract.ErrElsewhere) {
		t.Error(err)
	}
	if value(t, s, "thing") != "" {
		t.Error("the old was kept")
	}
}

func TestAShelfThatFailsEndsTheBatch(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	k := keeper(t, shelf)
	_ = k.SetHead(t.Context(), []byte("begun"))
	_ = k.Change(t.Context(), "thing", to("new"))
	down := errors.New("the store is down")
	shelf.Fail(down)
	if err := k.SetHead(t.Context(), []byte("done")); !errors.Is(err, down) {
		t.Error(err)
	}
	shelf.Fail(nil)
	if head(t, shelf) != "begun" {
		t.Error("the batch counts as done")
	}
}

func TestSweepTakesAwayWhatIsOver(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	k := keeper(t, shelf)
	_ = k.SetHead(t.Context(), []byte("begun"))
	for i := range 1001 {
		_ = k.Change(t.Context(), fmt.Sprint("slot/", i), to(fmt.Sprint(i%2)))
	}
	_ = k.Change(t.Context(), "patient/1", to("1"))
	_ = k.Flush(t.Context())
	if err := k.Sweep(t.Context(), "slot/", func(_ string, v []byte) (bool, error) { return string(v) == "1", nil }); err != nil {
		t.Fatal(err)
	}
	if value(t, shelf, "slot/0") != "0" || value(t, shelf, "slot/1") != "" || value(t, shelf, "patient/1") != "1" {
		t.Error("the wrong things are gone")
	}
	if err := k.Clear(t.Context(), "slot/"); err != nil || value(t, shelf, "slot/0") != "" {
		t.Error("something is left", err)
	}
}
