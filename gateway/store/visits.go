package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

const visitBatch = 500

// VisitsToCome gives the visits of a number that start after now, soonest first: of
// every patient who has it.
func (s *Store) VisitsToCome(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.Visit, error) {
	got, err := s.VisitsOf(ctx, p, []gateway.Phone{n}, now)
	return got[n], err
}

// VisitsOf gives the same of many numbers, by number, and reads the heads of the
// diary once for all of them. Nobody has the zero number.
func (s *Store) VisitsOf(ctx context.Context, p gateway.ODS, numbers []gateway.Phone, now time.Time) (map[gateway.Phone][]gateway.Visit, error) {
	out := make(map[gateway.Phone][]gateway.Visit, len(numbers))
	if len(numbers) == 0 {
		return out, nil
	}
	d, err := s.known(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("visits of a number: %w", err)
	}
	byTag := map[Tag]gateway.Phone{}
	for _, n := range numbers {
		if !n.IsZero() {
			byTag[d.key.tag(n)] = n
		}
	}
	var refs []string
	for ref, h := range d.heads {
		if _, ok := byTag[h.Tag]; ok && h.Start.After(now) {
			refs = append(refs, string(ref[:]))
		}
	}
	for ; len(refs) > 0; refs = refs[min(len(refs), visitBatch):] {
		batch := refs[:min(len(refs), visitBatch)]
		records, err := s.rdb.HMGet(ctx, keysOf(p).appointments(), batch...).Result()
		if err != nil {
			return nil, fmt.Errorf("visits of a number: %w", plain(err))
		}
		for i, ref := range batch {
			if record, ok := records[i].(string); ok { // else it was forgotten meanwhile
				tag, v := s.visit(ctx, d, gateway.Ref([]byte(ref)), record)
				if n, ok := byTag[tag]; ok && v.Start.After(now) { // the record may be newer than its head
					out[n] = append(out[n], v)
				}
			}
		}
	}
	for _, visits := range out {
		slices.SortFunc(visits, func(a, b gateway.Visit) int {
			return cmp.Or(a.Start.Compare(b.Start), slices.Compare(a.Ref[:], b.Ref[:]))
		})
	}
	return out, nil
}

// visit opens the record of one visit, and gives what stands for its number. One
// that cannot be opened is damaged, and of the number and start that were known.
func (s *Store) visit(ctx context.Context, d *diary, ref gateway.Ref, record string) (Tag, gateway.Visit) {
	h, f, err := s.openRecord(ctx, d.practice, ref, []byte(record))
	if err != nil {
		was := d.heads[ref]
		return was.Tag, gateway.Visit{Ref: ref, Start: was.Start, Damaged: true}
	}
	return h.Tag, gateway.Visit{Ref: ref, Start: h.Start, Digest: h.Digest, Facts: f}
}
