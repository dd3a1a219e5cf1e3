package gateway

import (
	"context"
	"errors"
)

// Kept is one thing that an adapter keeps on its shelf.
type Kept struct {
	Key   string
	Value []byte // nil: nothing is kept under the key; with Put: take it away
	// Seen marks the putting that was read; 0: nothing is kept. Put with the Seen
	// that was read, so that of two processes that change the same thing one notices.
	Seen int64
}

// ErrShelfMoved means that somebody else has put one of the things since it was
// read: nothing of this Put was kept. Read them again and decide anew.
var ErrShelfMoved = errors.New("what is kept was changed meanwhile")

// Shelf is where an adapter keeps, for one practice, what it must remember from one
// read to the next: a device's id, the patients of a nightly extract, what a stream
// of messages has said so far. Keys and values may hold personal data: nothing of
// either stands in clear where it is kept. It is safe for concurrent use, and by
// several processes.
type Shelf interface {
	// Get gives the things under the keys, in the order of the keys.
	Get(ctx context.Context, keys ...string) ([]Kept, error)
	// Put keeps all of the things, or with ErrShelfMoved or another error none of
	// them. What it kept is as durable as anything in the store when it returns.
	// At most ShelfBatch things, with keys that differ.
	Put(ctx context.Context, things ...Kept) error
	// Each gives everything that is kept whose key begins with prefix, in no
	// order, until do returns an error. A thing may be given twice; what is put
	// meanwhile may be missed.
	Each(ctx context.Context, prefix string, do func(Kept) error) error
}

// ShelfBatch is the most that one Put takes.
const ShelfBatch = 500
