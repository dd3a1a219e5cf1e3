package extract

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"bellman/gateway"
)

// ErrElsewhere means that another process keeps the same practice's extract just
// now. Nothing is lost: the next read finds what that one has kept.
var ErrElsewhere = errors.New("another process is reading this extract in: the next read goes on")

// Change makes of what is kept under a key (nil: nothing) what shall be kept there
// (nil: nothing). It may be asked again with the same value, and must then answer
// the same.
type Change func(old []byte) ([]byte, error)

// mostPending bounds the changes that wait to be kept, in all, so that many rows
// about one thing do not pile up.
const mostPending = 4 * gateway.ShelfBatch

// Keeper keeps what a batch of files says, in chunks that fit one Put, beside a
// head that says how far the batch has come. The head goes along with every chunk,
// so that of two processes that read the same batch the slower one is noticed at
// its next chunk, and can write nothing old over what is new. It is not safe for
// concurrent use.
//
// A batch is read in thus: SetHead with a head that says that it has begun; Change
// for every row that matters; SetHead with a head that says that it is done. What
// stands on the shelf between is neither the old state nor the new one.
type Keeper struct {
	shelf   gateway.Shelf
	key     string
	own     string   // in front of every head of this keeper, so that it knows its own
	head    []byte   // as it stands on the shelf, or nil
	seen    int64    // the mark of the putting of head that was last looked up
	order   []string // keys with changes, in the order of the first
	changes map[string][]Change
	pending int
}

// NewKeeper looks up the head.
func NewKeeper(ctx context.Context, shelf gateway.Shelf, headKey string) (*Keeper, error) {
	k := &Keeper{shelf: shelf, key: headKey, own: rand.Text(), changes: map[string][]Change{}}
	got, err := shelf.Get(ctx, headKey)
	if err != nil {
		return nil, fmt.Errorf("look up how far the extract is kept: %w", err)
	}
	k.head, k.seen = got[0].Value, got[0].Seen
	return k, nil
}

// Head gives the head as it was last looked up or kept; nil: there is none.
func (k *Keeper) Head() []byte {
	if len(k.head) < len(k.own) {
		return nil
	}
	return k.head[len(k.own):]
}

// SetHead keeps all changes so far, and then the head.
func (k *Keeper) SetHead(ctx context.Context, value []byte) error {
	if err := k.Flush(ctx); err != nil {
		return err
	}
	if _, err := k.look(ctx); err != nil {
		return err
	}
	return k.put(ctx, append([]byte(k.own), value...))
}

// Change notes a change to what is kept under a key, and keeps the changes so far
// when they fill a chunk.
func (k *Keeper) Change(ctx context.Context, key string, c Change) error {
	if k.head == nil {
		return errors.New("a batch begins with its head")
	}
	if k.changes[key] == nil {
		k.order = append(k.order, key)
	}
	k.changes[key] = append(k.changes[key], c)
	k.pending++
	if len(k.order) < gateway.ShelfBatch-1 && k.pending < mostPending {
		return nil
	}
	return k.Flush(ctx)
}

// Flush keeps the changes so far. What comes out as it was is not written.
func (k *Keeper) Flush(ctx context.Context) error {
	if len(k.order) == 0 {
		return nil
	}
	kept, err := k.look(ctx, k.order...)
	if err != nil {
		return err
	}
	var things []gateway.Kept
	for _, t := range kept {
		old := t.Value
		for _, c := range k.changes[t.Key] {
			if t.Value, err = c(t.Value); err != nil {
				return err
			}
		}
		if !bytes.Equal(old, t.Value) {
			things = append(things, t)
		}
	}
	k.order, k.pending = k.order[:0], 0
	clear(k.changes)
	if len(things) == 0 {
		return nil
	}
	return k.put(ctx, k.head, things...)
}

// look looks up things, and that the head is still what this keeper knows.
func (k *Keeper) look(ctx context.Context, keys ...string) ([]gateway.Kept, error) {
	got, err := k.shelf.Get(ctx, append([]string{k.key}, keys...)...)
	if err != nil {
		return nil, fmt.Errorf("look up what the extract has said before: %w", err)
	}
	if !bytes.Equal(got[0].Value, k.head) {
		return nil, ErrElsewhere
	}
	k.seen = got[0].Seen
	return got[1:], nil
}

// put keeps a head with other things, if the head was not put since it was looked
// up.
func (k *Keeper) put(ctx context.Context, head []byte, things ...gateway.Kept) error {
	err := k.shelf.Put(ctx, append(things, gateway.Kept{Key: k.key, Value: head, Seen: k.seen})...)
	switch {
	case errors.Is(err, gateway.ErrShelfMoved):
		return ErrElsewhere
	case err != nil:
		return fmt.Errorf("keep what the extract says: %w", err)
	}
	k.head = head
	return nil
}

// Clear takes away everything whose key begins with a prefix, in chunks.
func (k *Keeper) Clear(ctx context.Context, prefix string) error {
	return k.Sweep(ctx, prefix, func(string, []byte) (bool, error) { return true, nil })
}

// Sweep takes away those of the things whose key begins with a prefix that are
// over.
func (k *Keeper) Sweep(ctx context.Context, prefix string, over func(key string, value []byte) (bool, error)) error {
	var keys []string
	err := k.shelf.Each(ctx, prefix, func(t gateway.Kept) error {
		gone, err := over(t.Key, t.Value)
		if gone && err == nil {
			keys = append(keys, t.Key)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look through what the extract has said before: %w", err)
	}
	for _, key := range keys {
		if err := k.Change(ctx, key, func([]byte) ([]byte, error) { return nil, nil }); err != nil {
			return err
		}
	}
	return k.Flush(ctx)
}
