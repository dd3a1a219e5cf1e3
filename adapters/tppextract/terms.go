package tppextract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"

	"bellman/gateway"
)

// Terms are kept together in a few things: there are thousands, and all of them are
// needed at once.
const (
	termShelves = 64
	mostTerms   = 200_000
)

// The columns of SRMapping.
const (
	colTermRow = iota
	colTerm
)

// takeTerms reads SRMapping: all of it, or with a delta what changed.
func (i *intake) takeTerms() error {
	terms := map[string]string{}
	for i.rows.Next() {
		id, term := i.text(colTermRow), short(i.text(colTerm))
		if i.rows.Problem() != "" || !rowNumber.MatchString(id) {
			continue // a term that is not known holds whatever uses it
		}
		if was, ok := terms[id]; ok && was != term {
			term = "" // two meanings are none
		}
		if terms[id] = term; len(terms) > mostTerms {
			return errors.New("has more terms than any")
		}
	}
	if err := i.rows.Err(); err != nil {
		return err
	}
	if i.ours = len(terms); i.ours == 0 {
		return nil
	}
	if !i.full {
		for id, term := range i.terms {
			if _, ok := terms[id]; !ok {
				terms[id] = term
			}
		}
	}
	i.terms = terms
	return i.keepTerms()
}

func (i *intake) keepTerms() error {
	shelves := make([]map[string]string, termShelves)
	for id, term := range i.terms {
		h := fnv.New32a()
		_, _ = h.Write([]byte(id)) // never fails
		n := h.Sum32() % termShelves
		if shelves[n] == nil {
			shelves[n] = map[string]string{}
		}
		shelves[n][id] = term
	}
	for n, some := range shelves {
		var value []byte
		if some != nil {
			var err error
			if value, err = json.Marshal(some); err != nil {
				return err
			}
		}
		err := i.keep.Change(i.ctx, fmt.Sprintf("%s%d", prefixTerms, n), func([]byte) ([]byte, error) { return value, nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// termsKept gives the terms by their ids.
func termsKept(ctx context.Context, shelf gateway.Shelf) (map[string]string, error) {
	out := map[string]string{}
	err := shelf.Each(ctx, prefixTerms, func(k gateway.Kept) error {
		if json.Unmarshal(k.Value, &out) != nil {
			return errDamagedShelf
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up the terms of SRMapping: %w", err)
	}
	return out, nil
}
