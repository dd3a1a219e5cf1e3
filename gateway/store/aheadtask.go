package store

import (
	"context"
	"fmt"
	"time"

	"bellman/gateway"
)

// SetTasks brings the tasks about visits to come into line with a read: each of the
// wanted ones is there, once, and one that is open and no longer wanted goes, where
// its visit was looked at. One that was closed stays closed. It may be done twice,
// and again by whoever reads next.
func (s *Store) SetTasks(ctx context.Context, p gateway.ODS, wanted []gateway.TaskID, looked func(gateway.Ref) bool, now time.Time) error {
	there, err := s.rdb.HGetAll(ctx, keysOf(p).tasks()).Result()
	if err != nil {
		return fmt.Errorf("tasks of %s: %w", p, plain(err))
	}
	want := make(map[string]bool, len(wanted))
	var fresh []gateway.TaskID
	for _, id := range wanted {
		field := string(id.Key())
		if _, known := there[field]; !known && !want[field] {
			fresh = append(fresh, id)
		}
		want[field] = true
	}
	if err := s.dropTasks(ctx, p, there, func(t gateway.Task, field string) bool {
		return t.ID.Kind.Ahead() && t.Open() && !want[field] && looked(t.ID.Ref)
	}); err != nil {
		return fmt.Errorf("tasks of %s: %w", p, err)
	}
	records, err := s.records(ctx, p, fresh)
	if err == nil {
		_, err = s.putTasks(ctx, p, records, now)
	}
	if err != nil {
		return fmt.Errorf("tasks of %s: %w", p, err)
	}
	return nil
}

// dropTasks takes tasks away, unless somebody has just closed them.
func (s *Store) dropTasks(ctx context.Context, p gateway.ODS, there map[string]string, drop func(t gateway.Task, field string) bool) error {
	k, err := s.key(ctx, p)
	if err != nil {
		return err
	}
	var calls []call
	for field, v := range there {
		if t, ok := parseTask(p, []byte(field), []byte(v)); ok && drop(t, field) {
			calls = append(calls, call{s.scripts.swap, []string{ShardOf(p).epoch(), keysOf(p).tasks()}, []any{k.mark, field, v, ""}})
		}
	}
	if len(calls) == 0 {
		return nil
	}
	_, err = s.run(ctx, calls)
	return err
}

// records gives tasks with the records of the visits they are about. A visit of
// which none is kept any more has none.
func (s *Store) records(ctx context.Context, p gateway.ODS, ids []gateway.TaskID) ([]wantedTask, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	fields := make([]string, len(ids))
	for i := range ids {
		fields[i] = string(ids[i].Ref[:])
	}
	got, err := s.rdb.HMGet(ctx, keysOf(p).appointments(), fields...).Result()
	if err != nil {
		return nil, plain(err)
	}
	out := make([]wantedTask, 0, len(ids))
	for i, v := range got {
		if record, ok := v.(string); ok {
			out = append(out, wantedTask{ids[i], record})
		}
	}
	return out, nil
}
