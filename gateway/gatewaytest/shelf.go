package gatewaytest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"

	"bellman/gateway"
)

// Shelf keeps things in memory, by the rules of gateway.Shelf. It is safe for
// concurrent use.
type Shelf struct {
	mu   sync.Mutex
	kept map[string]gateway.Kept
	mark int64
	fail error
	each int
}

var errTooMany = errors.New("more things at once than a shelf takes")

// NewShelf makes an empty shelf.
func NewShelf() *Shelf { return &Shelf{kept: map[string]gateway.Kept{}} }

// Fail makes every use of the shelf fail with err from now on; nil mends it.
func (s *Shelf) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Listings says how often Each was asked for.
func (s *Shelf) Listings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each
}

// Get implements gateway.Shelf.
func (s *Shelf) Get(_ context.Context, keys ...string) ([]gateway.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	out := make([]gateway.Kept, len(keys))
	for i, k := range keys {
		out[i] = s.one(k)
	}
	return out, nil
}

func (s *Shelf) one(key string) gateway.Kept {
	k := s.kept[key]
	k.Key, k.Value = key, bytes.Clone(k.Value)
	return k
}

// Put implements gateway.Shelf.
func (s *Shelf) Put(_ context.Context, things ...gateway.Kept) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if len(things) > gateway.ShelfBatch {
		return errTooMany
	}
	for _, k := range things {
		if s.kept[k.Key].Seen != k.Seen {
			return gateway.ErrShelfMoved
		}
	}
	s.mark++
	for _, k := range things {
		if k.Value == nil {
			delete(s.kept, k.Key)
			continue
		}
		s.kept[k.Key] = gateway.Kept{Value: append([]byte{}, k.Value...), Seen: s.mark}
	}
	return nil
}

// Each implements gateway.Shelf.
func (s *Shelf) Each(_ context.Context, prefix string, do func(gateway.Kept) error) error {
	s.mu.Lock()
	s.each++
	var all []gateway.Kept
	for key := range s.kept {
		if strings.HasPrefix(key, prefix) {
			all = append(all, s.one(key))
		}
	}
	err := s.fail
	s.mu.Unlock()
	for _, k := range all {
		if err == nil {
			err = do(k)
		}
	}
	return err
}
