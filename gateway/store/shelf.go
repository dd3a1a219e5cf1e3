package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"bellman/gateway"
)

// ErrShelfDamaged means that something that an adapter keeps cannot be opened.
// `bellman feed forget` takes the practice's shelf away, and the next read begins
// anew.
var ErrShelfDamaged = errors.New("something that is remembered of the clinical system is damaged: see `bellman feed forget --help`")

// Shelf gives the place where the adapters of a practice keep what they must
// remember: a hash in the practice's shard. A key stands there as a keyed hash, and
// sealed with its value.
func (s *Store) Shelf(p gateway.ODS) gateway.Shelf { return shelf{s, p} }

type shelf struct {
	s        *Store
	practice gateway.ODS
}

func shelfPlace(t Tag) string { return "s" + string(t[:]) }

// Get implements gateway.Shelf.
func (h shelf) Get(ctx context.Context, keys ...string) ([]gateway.Kept, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	k, err := h.s.key(ctx, h.practice)
	if err != nil {
		return nil, err
	}
	fields := make([]string, len(keys))
	for i, key := range keys {
		t := k.shelfTag(key)
		fields[i] = string(t[:])
	}
	got, err := h.s.rdb.HMGet(ctx, keysOf(h.practice).shelf(), fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("what is remembered of %s: %w", h.practice, plain(err))
	}
	out := make([]gateway.Kept, len(keys))
	for i, v := range got {
		out[i].Key = keys[i]
		if kept, ok := v.(string); ok {
			if out[i], err = h.open(ctx, fields[i], kept); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Put implements gateway.Shelf.
func (h shelf) Put(ctx context.Context, things ...gateway.Kept) error {
	if len(things) == 0 {
		return nil
	}
	if len(things) > gateway.ShelfBatch {
		return fmt.Errorf("keep for %s: more than %d things at once", h.practice, gateway.ShelfBatch)
	}
	k, err := h.s.key(ctx, h.practice)
	if err != nil {
		return err
	}
	args := make([]any, 1, 1+3*len(things))
	args[0] = k.mark
	for _, t := range things {
		tag := k.shelfTag(t.Key)
		var sealed []byte
		if t.Value != nil {
			if sealed, err = k.seal(labelled(t), shelfPlace(tag)); err != nil {
				return fmt.Errorf("keep for %s: cannot be sealed", h.practice)
			}
		}
		args = append(args, string(tag[:]), strconv.FormatInt(t.Seen, 10), sealed)
	}
	keys := keysOf(h.practice)
	got, err := h.s.run(ctx, []call{{h.s.scripts.shelf, []string{ShardOf(h.practice).epoch(), keys.shelf(), keys.meta()}, args}})
	if err != nil {
		return fmt.Errorf("keep for %s: %w", h.practice, err)
	}
	if done, err := got[0].Int(); err != nil || done != 1 {
		return gateway.ErrShelfMoved
	}
	return nil
}

// shelfScan is how many things one round trip of Each asks for.
const shelfScan = 1000

// Each implements gateway.Shelf.
func (h shelf) Each(ctx context.Context, prefix string, do func(gateway.Kept) error) error {
	for cursor := uint64(0); ; {
		got, next, err := h.s.rdb.HScan(ctx, keysOf(h.practice).shelf(), cursor, "", shelfScan).Result()
		if err != nil {
			return fmt.Errorf("what is remembered of %s: %w", h.practice, plain(err))
		}
		for i := 0; i+1 < len(got); i += 2 {
			kept, err := h.open(ctx, got[i], got[i+1])
			if err != nil {
				return err
			}
			if strings.HasPrefix(kept.Key, prefix) {
				if err := do(kept); err != nil {
					return err
				}
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// ForgetShelf takes everything away that a practice's adapters keep. The next read
// of its clinical system begins anew.
func (s *Store) ForgetShelf(ctx context.Context, p gateway.ODS) error {
	if err := s.rdb.Unlink(ctx, keysOf(p).shelf()).Err(); err != nil {
		return fmt.Errorf("forget what is remembered of %s: %w", p, plain(err))
	}
	return nil
}

// open opens what stands in a field of the shelf.
func (h shelf) open(ctx context.Context, field, kept string) (gateway.Kept, error) {
	mark, sealed, ok := strings.Cut(kept, ":")
	seen, err := strconv.ParseInt(mark, 10, 64)
	if !ok || err != nil || len(field) != len(Tag{}) {
		return gateway.Kept{}, h.damaged()
	}
	_, b, err := h.s.unseal(ctx, h.practice, []byte(sealed), shelfPlace(Tag([]byte(field))))
	if errors.Is(err, errSealed) {
		return gateway.Kept{}, h.damaged()
	}
	if err != nil {
		return gateway.Kept{}, err
	}
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return gateway.Kept{}, h.damaged()
	}
	b = b[size:]
	return gateway.Kept{Key: string(b[:n]), Value: bytes.Clone(b[n:]), Seen: seen}, nil
}

func (h shelf) damaged() error { return fmt.Errorf("%s: %w", h.practice, ErrShelfDamaged) }

// labelled puts a thing's key before its value, so that it is sealed with it.
func labelled(t gateway.Kept) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(t.Key)+len(t.Value)+4), uint64(len(t.Key)))
	return append(append(b, t.Key...), t.Value...)
}

func (k *practiceKey) shelfTag(key string) Tag {
	var t Tag
	h := k.hash('s', key)
	copy(t[:], h[:])
	return t
}
