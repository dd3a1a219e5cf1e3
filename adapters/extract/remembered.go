package extract

import (
	"bytes"
	"context"
	"time"

	"bellman/gateway"
)

// ahead is how much more of the diary is looked up than is asked for: each read
// asks for a little later than the one before it.
const ahead = 24 * time.Hour

// Remembered is what was last looked up on a shelf. Between two nights nothing is
// kept, and there a shelf of tens of thousands of things need not be looked through
// at every read. Its zero value remembers nothing. It is not safe for concurrent use.
type Remembered[T any] struct {
	head []byte // as it stood on the shelf, and the mark of its putting
	seen int64
	span gateway.Span
	what T
}

// Whole gives what look finds on the shelf for a span that holds the one asked for,
// if nobody kept anything of a batch meanwhile; otherwise ErrElsewhere. Where nothing
// was kept since it was looked up last, it is that, which nobody may change.
//
// Everything that a Keeper puts goes along with its head: while that is the same and
// of the same putting, so is all else.
func (m *Remembered[T]) Whole(ctx context.Context, k *Keeper, span gateway.Span, look func(gateway.Span) (T, error)) (T, error) {
	var none T
	if _, err := k.look(ctx); err != nil {
		return none, err
	}
	if m.head != nil && m.seen == k.seen && bytes.Equal(m.head, k.head) && !span.From.Before(m.span.From) && !span.To.After(m.span.To) {
		return m.what, nil
	}
	*m = Remembered[T]{}
	before, wide := k.seen, gateway.Span{From: span.From, To: span.To.Add(ahead)}
	what, err := look(wide)
	if err != nil {
		return none, err
	}
	if _, err := k.look(ctx); err != nil {
		return none, err
	}
	if k.seen != before {
		return none, ErrElsewhere
	}
	*m = Remembered[T]{head: k.head, seen: k.seen, span: wide, what: what}
	return what, nil
}
