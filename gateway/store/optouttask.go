package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// OpenOptOutTasks opens a task for each patient whose visits have the number, and
// for the one whom the last text to it was about: that the number said STOP has to
// stand in the clinical system, too. A patient of whom that system says so already
// gets none, and none is opened where one is open. It gives those it has opened.
func (s *Store) OpenOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error) {
	about, err := s.aboutNumber(ctx, p, n)
	if err != nil {
		return nil, fmt.Errorf("tasks of an opt-out: %w", err)
	}
	var opened []gateway.TaskID
	seen := map[gateway.PatientID]bool{}
	for _, r := range about {
		record, err := s.rdb.HGet(ctx, keysOf(p).appointments(), string(r.Ref[:])).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return opened, fmt.Errorf("tasks of an opt-out: %w", plain(err))
		}
		_, f, err := s.openRecord(ctx, p, r.Ref, []byte(record))
		patient := f.Appointment.Patient
		if err == nil && (patient.Declined == gateway.FlagYes || seen[patient.ID]) {
			continue
		}
		seen[patient.ID] = err == nil && patient.ID != ""
		id := gateway.TaskID{Kind: gateway.TaskOptOut, ReminderID: r}
		first, err := s.putTask(ctx, id, now, record)
		if err != nil {
			return opened, fmt.Errorf("tasks of an opt-out: %w", err)
		}
		if first {
			opened = append(opened, id)
		}
	}
	return opened, nil
}

// aboutNumber gives a reminder of each visit that has a number, soonest first, and
// the last one that was handed over to it.
func (s *Store) aboutNumber(ctx context.Context, p gateway.ODS, n gateway.Phone) ([]gateway.ReminderID, error) {
	all, err := s.ofNumber(ctx, p, n, gateway.Withdrawn, gateway.OptedOut)
	if err != nil {
		return nil, err
	}
	out := make([]gateway.ReminderID, 0, len(all)+1)
	for _, c := range all {
		out = append(out, c.ID)
	}
	slices.SortFunc(out, func(a, b gateway.ReminderID) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		ka, kb := a.Key(), b.Key()
		return slices.Compare(ka[:], kb[:])
	})
	out = slices.CompactFunc(out, func(a, b gateway.ReminderID) bool { return a.Ref == b.Ref })
	last, ok, err := s.LastText(ctx, p, n)
	if ok && !slices.ContainsFunc(out, func(r gateway.ReminderID) bool { return r.Ref == last.Ref }) {
		out = append(out, last)
	}
	return out, err
}

// putTask writes a task down in the layout of plan.lua, unless it is open already.
func (s *Store) putTask(ctx context.Context, id gateway.TaskID, now time.Time, record string) (bool, error) {
	k, err := s.key(ctx, id.Practice)
	if err != nil {
		return false, err
	}
	standing, ok, err := s.Reminder(ctx, id.ReminderID)
	if err != nil {
		return false, err
	}
	if !ok {
		standing.State = gateway.Queued // what merely waits has no entry
	}
	task := append([]byte{formatVersion, byte(standing.State)}, seconds(now)...)
	task = append(append(task, make([]byte, taskFixed-taskClosed)...), record...)
	keys, field := keysOf(id.Practice), string(id.Key())
	todo := call{s.scripts.keep, []string{ShardOf(id.Practice).epoch(), keys.tasks(), keys.stories()}, []any{k.mark, field, task, "", ""}}
	before, err := s.rdb.HGet(ctx, keys.tasks(), field).Result()
	switch {
	case errors.Is(err, redis.Nil):
	case err != nil:
		return false, plain(err)
	default:
		if t, ok := parseTask(id.Practice, []byte(field), []byte(before)); ok && t.Open() {
			return false, nil
		}
		todo.script, todo.keys, todo.args = s.scripts.swap, todo.keys[:2], []any{k.mark, field, before, task}
	}
	got, err := s.run(ctx, []call{todo})
	if err != nil {
		return false, err
	}
	done, err := got[0].Int()
	return done == 1, err
}
