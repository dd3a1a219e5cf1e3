package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

const visitBatch = 500

// VisitsOf gives the visits from a time on of every patient who has one of the
// numbers, by number and in order of their starts: those that no longer stand
// included, without where their reminders are. It reads the heads of the whole diary,
// once for all numbers.
func (s *Store) VisitsOf(ctx context.Context, p gateway.ODS, from time.Time, numbers []gateway.Phone) (map[gateway.Phone][]Kept, error) {
	out := make(map[gateway.Phone][]Kept, len(numbers))
	if len(numbers) == 0 {
		return out, nil
	}
	d, err := s.known(ctx, p)
	if err != nil {
		return nil, err
	}
	byTag := map[Tag]gateway.Phone{}
	for _, n := range numbers {
		if !n.IsZero() {
			byTag[d.key.tag(n)] = n
		}
	}
	var refs []string
	for ref, h := range d.heads {
		if _, ok := byTag[h.Tag]; ok && !h.Start.Before(from) {
			refs = append(refs, string(ref[:]))
		}
	}
	for ; len(refs) > 0; refs = refs[min(len(refs), visitBatch):] {
		batch := refs[:min(len(refs), visitBatch)]
		records, err := s.rdb.HMGet(ctx, keysOf(p).appointments(), batch...).Result()
		if err != nil {
			return nil, fmt.Errorf("visits of a number at %s: %w", p, plain(err))
		}
		for i, v := range records {
			record, ok := v.(string)
			if !ok {
				continue // forgotten meanwhile
			}
			k := Kept{}
			copy(k.Ref[:], batch[i])
			var broken error
			k.Head, k.Facts, broken = s.openRecord(ctx, p, k.Ref, []byte(record))
			k.Damaged = broken != nil
			if n, ok := byTag[k.Head.Tag]; ok {
				out[n] = append(out[n], k)
			}
		}
	}
	for _, visits := range out {
		slices.SortFunc(visits, func(a, b Kept) int {
			return cmp.Or(a.Head.Start.Compare(b.Head.Start), strings.Compare(string(a.Ref[:]), string(b.Ref[:])))
		})
	}
	return out, nil
}
