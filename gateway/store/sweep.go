package store

import (
	"context"
	"fmt"
	"time"

	"bellman/gateway"
)

const sweepBatch = 200

// Sweep forgets what is over: closed tasks, attempts to cancel, and appointments that
// started before the given time, with their reminders, stories, the links from numbers
// to them, and what says that no text may be sent about them. It returns how many appointments went. One that changes meanwhile stays for the next time.
func (s *Store) Sweep(ctx context.Context, p gateway.ODS, before time.Time) (int, error) {
	if err := s.sweepTasks(ctx, p, before); err != nil {
		return 0, err
	}
	if err := s.sweepAttempts(ctx, p, before); err != nil {
		return 0, err
	}
	d, err := s.known(ctx, p)
	if err != nil {
		return 0, err
	}
	gone := map[gateway.Ref]bool{}
	var apps, reminders, links []any
	for ref, h := range d.heads {
		if h.Start.Before(before) {
			gone[ref] = true
			apps = append(apps, string(ref[:])+string(seconds(h.Start)))
		}
	}
	over := func(key string) (with, ok bool) {
		id, err := gateway.ReminderFromKey(p, []byte(key))
		return !id.Start.Before(before), err == nil && (gone[id.Ref] || id.Start.Before(before))
	}
	k := keysOf(p)
	entries, err := s.rdb.HKeys(ctx, k.reminders()).Result()
	if err != nil {
		return 0, fmt.Errorf("sweep %s: %w", p, plain(err))
	}
	for _, key := range entries {
		with, ok := over(key)
		if with {
			key += "g"
		}
		if ok {
			reminders = append(reminders, key)
		}
	}
	texted, err := s.rdb.HGetAll(ctx, k.texted()).Result()
	if err != nil {
		return 0, fmt.Errorf("sweep %s: %w", p, plain(err))
	}
	for tag, key := range texted {
		if _, ok := over(key); ok && len(tag) == len(Tag{}) {
			links = append(links, tag+key)
		}
	}
	n, err := s.sweep(ctx, d, apps, reminders, links)
	if err != nil {
		return n, err
	}
	if err := s.sweepFiner(ctx, p, before); err != nil {
		return n, fmt.Errorf("sweep opt-outs of visits of %s: %w", p, err)
	}
	return n, nil
}

// sweep carries a sweep out: the appointments before their reminders.
func (s *Store) sweep(ctx context.Context, d *diary, apps, reminders, links []any) (int, error) {
	sh, k, n := ShardOf(d.practice), keysOf(d.practice), 0
	for len(apps)+len(reminders)+len(links) > 0 {
		a := apps[:min(len(apps), sweepBatch)]
		r := reminders[:min(len(reminders), sweepBatch-len(a))]
		l := links[:min(len(links), sweepBatch-len(a)-len(r))]
		apps, reminders, links = apps[len(a):], reminders[len(r):], links[len(l):]
		args := append([]any{d.key.mark, string(d.practice), len(a), len(r)}, append(append(append([]any(nil), a...), r...), l...)...)
		got, err := s.run(ctx, []call{{s.scripts.sweep, []string{
			sh.epoch(), sh.due(), sh.lease(), k.appointments(), k.reminders(), k.stories(), k.counts(), k.texted(), k.again(),
		}, args}})
		if err != nil {
			return n, fmt.Errorf("sweep %s: %w", d.practice, err)
		}
		went, err := got[0].Int()
		if err != nil {
			return n, fmt.Errorf("sweep %s: %w", d.practice, errRecord)
		}
		n += went
	}
	return n, nil
}
