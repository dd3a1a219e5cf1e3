package gatewaytest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"bellman/gateway"
)

// Shelf keeps things in memory, by the rules of gateway.Shelf. It is safe for
// concurrent use.
type Shelf struct {
	mu   sync.Mutex
	kept map[string]gateway.Kept
	fail error
}

// NewShelf makes an empty shelf.
func NewShelf() *Shelf { return &Shelf{kept: map[string]gateway.Kept{}} }

// Fail makes every use of the shelf fail with err from now on; nil mends it.
func (s *Shelf) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
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
	k.Key, k.Value = key, slices.Clone(k.Value)
	return k
}

// Put implements gateway.Shelf.
func (s *Shelf) Put(_ context.Context, things ...gateway.Kept) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, k := range things {
		if s.kept[k.Key].Seen != k.Seen {
			return gateway.ErrShelfMoved
		}
	}
	for _, k := range things {
		if k.Value == nil {
			delete(s.kept, k.Key)
			continue
		}
		s.kept[k.Key] = gateway.Kept{Value: slices.Clone(k.Value), Seen: k.Seen + 1}
	}
	return nil
}

// Each implements gateway.Shelf.
func (s *Shelf) Each(_ context.Context, prefix string, do func(gateway.Kept) error) error {
	s.mu.Lock()
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
