package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// The sizes of balancing: each call looks at so much, so that none keeps Redis
// from the senders for longer than a millisecond or so.
const (
	pageApps    = 200
	pageEntries = 500
	mendBatch   = 50
	// recounts is how often the counters are counted anew while reminders keep moving.
	recounts = 3
)

// balance is one balancing of a practice's books.
type balance struct {
	s     *Store
	b     gateway.Balancing
	k     *practiceKey
	keys  practiceKeys
	shard Shard
	books gateway.Books

	look    bool // findings are made and mended; otherwise only counted
	refs    map[gateway.Ref]bool
	judged  map[string]bool // keys of reminders that were judged with their appointment
	tally   map[gateway.State]int
	changed bool
}

// Balance compares what Redis holds of a practice's reminders with itself, names
// what does not add up, and, when told to, mends what can be mended safely: what
// may have left is never queued again. It reads page by page and looks a second
// time, in one script, before it changes anything, so it may run beside senders,
// reads and other balancings.
func (s *Store) Balance(ctx context.Context, o gateway.Balancing) (gateway.Books, error) {
	k, err := s.key(ctx, o.Practice)
	if err != nil {
		return gateway.Books{}, err
	}
	b := &balance{s: s, b: o, k: k, keys: keysOf(o.Practice), shard: ShardOf(o.Practice)}
	if err := b.run(ctx); err != nil {
		return b.books, fmt.Errorf("balance the books of %s: %w", o.Practice, err)
	}
	s.dueAt(b.shard, b.books.Earliest)
	return b.books, nil
}

// Unexplained counts what does not add up in the books of a practice, from the
// data and not from counters. It changes nothing.
func (s *Store) Unexplained(ctx context.Context, p gateway.ODS, now time.Time) (int, error) {
	books, err := s.Balance(ctx, gateway.Balancing{Practice: p, Now: now})
	return books.Unexplained(), err
}

func (b *balance) run(ctx context.Context) error {
	if usable, err := b.wholeKeys(ctx); err != nil || !usable {
		return err
	}
	for try := range recounts {
		was, err := b.counters(ctx)
		if err != nil {
			return err
		}
		b.look, b.changed = try == 0, false
		if err := b.pass(ctx); err != nil {
			return err
		}
		if b.changed {
			continue // what was mended is counted in the next pass
		}
		done, err := b.recount(ctx, was)
		if err != nil || done {
			return err
		}
	}
	return nil
}

// pass goes through the books once.
func (b *balance) pass(ctx context.Context) error {
	b.refs, b.judged, b.tally = map[gateway.Ref]bool{}, map[string]bool{}, map[gateway.State]int{}
	if b.look {
		b.books.Owed = map[gateway.State]int{}
	}
	if err := b.scan(ctx, b.keys.appointments(), pageApps, b.appointments); err != nil {
		return err
	}
	seen := map[string]bool{}
	return b.scan(ctx, b.keys.reminders(), pageEntries, func(ctx context.Context, page []string) error {
		fresh := page[:0]
		for i := 0; i+1 < len(page); i += 2 {
			if !seen[page[i]] {
				seen[page[i]] = true
				fresh = append(fresh, page[i], page[i+1])
			}
		}
		return b.entries(ctx, fresh)
	})
}

// scan reads a hash page by page: field, value, field, value.
func (b *balance) scan(ctx context.Context, key string, size int64, each func(context.Context, []string) error) error {
	for cursor := uint64(0); ; {
		page, next, err := b.s.rdb.HScan(ctx, key, cursor, "", size).Result()
		if err != nil {
			return plain(err)
		}
		if err := each(ctx, page); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// found notes a finding. Without mending nothing came of it.
func (b *balance) found(f gateway.Finding) {
	f.Practice = b.b.Practice
	if !b.b.Mend {
		f.Remedy = gateway.Open
	}
	b.books.Findings = append(b.books.Findings, f)
}

// appointments judges one page of appointments with their reminders.
func (b *balance) appointments(ctx context.Context, page []string) error {
	var sights []sight
	var refs, tags []string
	for i := 0; i+1 < len(page); i += 2 {
		var ref gateway.Ref
		copy(ref[:], page[i])
		if len(page[i]) != len(ref) || b.refs[ref] {
			continue // a field that is no ref is nothing of ours; a page may come twice
		}
		b.refs[ref] = true
		h, n, err := parseHead([]byte(page[i+1]))
		if err == nil && b.look && h.Digest == (gateway.Digest{}) {
			err = errRecord // found before, and not written anew since
		} else if err == nil && b.look {
			_, _, err = b.s.openRecord(ctx, b.b.Practice, ref, []byte(page[i+1]))
		}
		if err != nil && b.look {
			if err := b.badRecord(ctx, ref, page[i+1], h, n); err != nil {
				return err
			}
		}
		for _, r := range h.Rules {
			id := gateway.ReminderID{Practice: b.b.Practice, Ref: ref, Rule: r, Start: h.Start}
			sights = append(sights, sight{id: id, record: page[i+1], sendAt: b.sendAt(h, r), damaged: err != nil})
			refs, tags = append(refs, page[i]), append(tags, string(h.Tag[:]))
		}
	}
	return b.reminders(ctx, sights, refs, tags)
}

func (b *balance) sendAt(h gateway.Head, r gateway.Rule) time.Time {
	if b.b.SendAt != nil {
		return b.b.SendAt(h, r)
	}
	return r.Due(h.Start)
}

// badRecord names an appointment whose record cannot be opened, and leaves nothing
// of it but its format, so that the next read of the diary writes it anew. Its
// reminders are not judged, and its head is not kept: even its start may be wrong,
// and a rule that it lacks would look like one that the practice has had only since
// today. One whose digest a sender took away waits for that read already; one whose
// head cannot be read may be of a later format.
func (b *balance) badRecord(ctx context.Context, ref gateway.Ref, record string, h gateway.Head, head int) error {
	if b.b.Mend && b.b.Read {
		b.found(gateway.Finding{Ref: ref, Flaw: gateway.RecordDamaged, Remedy: gateway.Forgotten})
		return b.swap(ctx, b.keys.appointments(), string(ref[:]), record, "")
	}
	b.found(gateway.Finding{Ref: ref, Flaw: gateway.RecordDamaged, Remedy: gateway.Open})
	if !b.b.Mend || head == 0 || h.Digest == (gateway.Digest{}) {
		return nil
	}
	return b.swap(ctx, b.keys.appointments(), string(ref[:]), record, record[:1])
}

func (b *balance) swap(ctx context.Context, hash, field, was, now string) error {
	_, err := b.s.run(ctx, []call{{b.s.scripts.swap, []string{b.shard.epoch(), hash}, []any{b.k.mark, field, was, now}}})
	return err
}

// reminders judges the reminders of one page. Those of a damaged record are only
// counted.
func (b *balance) reminders(ctx context.Context, sights []sight, refs, tags []string) error {
	if len(sights) == 0 {
		return nil
	}
	fields, waits, leases := make([]string, len(sights)), make([]string, len(sights)), make([]string, len(sights))
	for i := range sights {
		key := sights[i].id.Key()
		fields[i] = string(key[:])
		waits[i] = fields[i][:11] + string(b.b.Practice)
		leases[i] = fields[i] + string(b.b.Practice)
	}
	pipe := b.s.rdb.Pipeline()
	entries := pipe.HMGet(ctx, b.keys.reminders(), fields...)
	stories := pipe.HMGet(ctx, b.keys.stories(), refs...)
	texted := pipe.HMGet(ctx, b.keys.texted(), tags...)
	due := pipe.ZMScore(ctx, b.shard.due(), waits...)
	lease := pipe.ZMScore(ctx, b.shard.lease(), leases...)
	if _, err := pipe.Exec(ctx); err != nil {
		return plain(err)
	}
	var wrong []mending
	torn := map[string]bool{}
	for i := range sights {
		v := &sights[i]
		v.entry, v.has = text(entries.Val()[i])
		if !v.has {
			b.tally[gateway.Queued]++
		}
		if !b.look || v.damaged || !v.id.Start.After(b.b.Now) {
			continue
		}
		story, _ := text(stories.Val()[i])
		last, _ := text(texted.Val()[i])
		v.due, v.lease, v.texted = due.Val()[i] != 0, lease.Val()[i] != 0, last == fields[i]
		v.told = testify([]byte(story), v.id)
		b.judged[fields[i]] = true
		b.books.Owed[stateOf(v)]++
		if c := v.judge(b.b.Now); c.flaw != "" {
			wrong = append(wrong, mending{*v, c})
		}
		if n := wholeStory([]byte(story)); n < len(story) && !torn[refs[i]] {
			torn[refs[i]] = true
			if err := b.cut(ctx, v.id.Ref, story, n); err != nil {
				return err
			}
		}
	}
	return b.mend(ctx, wrong)
}

func stateOf(v *sight) gateway.State {
	if st, ok := parseReminder(v.entry); ok {
		return st.State
	}
	return gateway.Queued
}

// cut takes off the end of a story that cannot be read, since what is told next
// could not be read either.
func (b *balance) cut(ctx context.Context, ref gateway.Ref, story string, whole int) error {
	b.found(gateway.Finding{Ref: ref, Flaw: gateway.StoryDamaged, Remedy: gateway.Restored})
	if !b.b.Mend {
		return nil
	}
	return b.swap(ctx, b.keys.stories(), string(ref[:]), story, story[:whole])
}

func text(v any) (string, bool) {
	s, ok := v.(string)
	return s, ok
}

// entries counts one page of entries, and judges those that belong to no present
// plan: what is being worked on must be leased, and nothing may wait for an
// appointment that is not known.
func (b *balance) entries(ctx context.Context, page []string) error {
	var working, wrong []mending
	var leases []string
	for i := 0; i+1 < len(page); i += 2 {
		st, ok := parseReminder(page[i+1])
		if !ok {
			continue
		}
		b.tally[st.State]++
		id, err := gateway.ReminderFromKey(b.b.Practice, []byte(page[i]))
		if err != nil || !b.look || b.judged[page[i]] {
			continue
		}
		m := mending{sight{id: id, record: anyRecord, entry: page[i+1], has: true, stray: true}, cure{}}
		switch st.State {
		case gateway.Claimed, gateway.Sending:
			m.cure = cure{flaw: gateway.LeaseLost, remedy: gateway.Restored, lease: millis(b.b.Now.Add(takenUp))}
			working, leases = append(working, m), append(leases, page[i]+string(b.b.Practice))
		case gateway.Queued, gateway.Held:
			if !b.refs[id.Ref] {
				gone := Event{To: gateway.Withdrawn, Reason: gateway.RecordUnreadable, At: b.b.Now}
				m.sight.record = ""
				m.cure = cure{flaw: gateway.RecordLost, remedy: gateway.Withheld, entry: entryOf(gone)}
				wrong = append(wrong, m)
			}
		case gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Withdrawn, gateway.Refused, gateway.Unknown, gateway.Failed:
		}
	}
	if len(leases) > 0 {
		scores, err := b.s.rdb.ZMScore(ctx, b.shard.lease(), leases...).Result()
		if err != nil {
			return plain(err)
		}
		for i := range working {
			if scores[i] == 0 {
				wrong = append(wrong, working[i])
			}
		}
	}
	return b.mend(ctx, wrong)
}

// counters reads what the counters say.
func (b *balance) counters(ctx context.Context) (map[string]string, error) {
	was, err := b.s.rdb.HGetAll(ctx, b.keys.counts()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, plain(err)
	}
	return was, nil
}
