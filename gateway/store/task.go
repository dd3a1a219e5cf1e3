package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

// ErrNoTask means that there is no task with that id.
var ErrNoTask = errors.New("there is no such task: it never was, or was closed long ago")

// The layout of a task, which plan.lua and move.lua open and close.lua closes.
const (
	taskOpened  = 2
	taskClosed  = 6
	taskMovedTo = 10
	taskClosing = 14
	taskFixed   = 16
)

// sealedClosing is who closed a task, and why. Both are typed by people, so both
// are sealed.
type sealedClosing struct {
	By   string `json:"b"`
	Note string `json:"n"`
}

func closingPlace(field []byte) string { return "w" + string(field) }

// Tasks lists the tasks of a practice, open and closed, oldest first.
func (s *Store) Tasks(ctx context.Context, p gateway.ODS) ([]gateway.Task, error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).tasks()).Result()
	if err != nil {
		return nil, fmt.Errorf("tasks of %s: %w", p, plain(err))
	}
	out := make([]gateway.Task, 0, len(all))
	for field, v := range all {
		if t, ok := parseTask(p, []byte(field), []byte(v)); ok {
			s.openTask(ctx, &t, []byte(v))
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b gateway.Task) int {
		return cmp.Or(a.Opened.Compare(b.Opened), slices.Compare(a.ID.Key(), b.ID.Key()))
	})
	return out, nil
}

// OpenTasksOf gives the open tasks of a kind of a practice, oldest first.
func (s *Store) OpenTasksOf(ctx context.Context, p gateway.ODS, kind gateway.TaskKind) ([]gateway.Task, error) {
	all, err := s.Tasks(ctx, p)
	return slices.DeleteFunc(all, func(t gateway.Task) bool { return t.ID.Kind != kind || !t.Open() }), err
}

// parseTask reads what stands in clear of a task: our own ids and times.
func parseTask(p gateway.ODS, field, v []byte) (gateway.Task, bool) {
	id, err := gateway.TaskFromKey(p, field)
	if err != nil || len(v) < taskFixed || v[0] != formatVersion {
		return gateway.Task{}, false
	}
	t := gateway.Task{ID: id, State: gateway.State(v[1]), Opened: fromSeconds(v[taskOpened:taskClosed])}
	if at := v[taskClosed:taskMovedTo]; binary.BigEndian.Uint32(at) != 0 {
		t.Closed = fromSeconds(at)
	}
	if at := v[taskMovedTo:taskClosing]; binary.BigEndian.Uint32(at) != 0 {
		t.Now = fromSeconds(at)
	}
	return t, true
}

// openTask unseals the rest. What cannot be opened leaves the task as one without
// facts: that there is something to look at must not be lost with them.
func (s *Store) openTask(ctx context.Context, t *gateway.Task, v []byte) {
	n := taskFixed + int(binary.BigEndian.Uint16(v[taskClosing:taskFixed]))
	if n > len(v) {
		t.Damaged = true
		return
	}
	_, f, err := s.openRecord(ctx, t.ID.Practice, t.ID.Ref, v[n:])
	f.Appointment.Start = t.ID.Start
	t.Facts, t.Damaged = f, err != nil
	if n == taskFixed {
		return
	}
	var c sealedClosing
	_, b, err := s.unseal(ctx, t.ID.Practice, v[taskFixed:n], closingPlace(t.ID.Key()))
	if err == nil && json.Unmarshal(b, &c) == nil {
		t.By, t.Note = c.By, gateway.NewText(c.Note)
	}
}

// CloseTask writes down who dealt with a task and what they did. It reports false
// when somebody had closed it before, and gives ErrNoTask when there is none.
func (s *Store) CloseTask(ctx context.Context, id gateway.TaskID, at time.Time, by string, note gateway.Text) (bool, error) {
	k, err := s.key(ctx, id.Practice)
	if err != nil {
		return false, err
	}
	field := id.Key()
	b, err := json.Marshal(sealedClosing{by, note.Reveal()})
	if err != nil {
		return false, errors.New("close a task: cannot be written down")
	}
	sealed, err := k.seal(b, closingPlace(field))
	if err != nil || len(sealed) > 1<<16-1 {
		return false, errors.New("close a task: the note cannot be sealed, or is too long")
	}
	size := binary.BigEndian.AppendUint16(nil, uint16(len(sealed)))
	got, err := s.run(ctx, []call{{s.scripts.close, []string{ShardOf(id.Practice).epoch(), keysOf(id.Practice).tasks()}, []any{
		k.mark, field, seconds(at), size, sealed,
	}}})
	if err != nil {
		return false, fmt.Errorf("close a task: %w", err)
	}
	n, err := got[0].Int()
	switch {
	case err != nil:
		return false, fmt.Errorf("close a task: %w", errRecord)
	case n < 0:
		return false, ErrNoTask
	}
	return n == 1, nil
}

// OpenTasks counts the open tasks of a practice by kind, and gives for each kind
// when the oldest of them was opened. It opens nothing that is sealed.
func (s *Store) OpenTasks(ctx context.Context, p gateway.ODS) (map[gateway.TaskKind]int, map[gateway.TaskKind]time.Time, error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).tasks()).Result()
	if err != nil {
		return nil, nil, fmt.Errorf("tasks of %s: %w", p, plain(err))
	}
	counts, oldest := map[gateway.TaskKind]int{}, map[gateway.TaskKind]time.Time{}
	for field, v := range all {
		t, ok := parseTask(p, []byte(field), []byte(v))
		if !ok || !t.Open() {
			continue
		}
		counts[t.ID.Kind]++
		if first, is := oldest[t.ID.Kind]; !is || t.Opened.Before(first) {
			oldest[t.ID.Kind] = t.Opened
		}
	}
	return counts, oldest, nil
}

// staleTask is how long after its appointment a task that nobody closed is kept:
// nothing can be put right any more then.
const staleTask = 28 * 24 * time.Hour

// over reports whether a task can be forgotten: one about a visit to come when the
// visit is over, since it would be opened again before; another when it was closed
// before the given time, or when nobody will ever close it.
func over(t gateway.Task, before time.Time) bool {
	if t.ID.Kind.Ahead() {
		return t.ID.Start.Before(before)
	}
	return !t.Open() && t.Closed.Before(before) || t.ID.Start.Before(before.Add(-staleTask))
}

// sweepTasks forgets the tasks that are over.
func (s *Store) sweepTasks(ctx context.Context, p gateway.ODS, before time.Time) error {
	key := keysOf(p).tasks()
	all, err := s.rdb.HGetAll(ctx, key).Result()
	if err != nil {
		return fmt.Errorf("sweep the tasks of %s: %w", p, plain(err))
	}
	var fields []string
	for field, v := range all {
		t, ok := parseTask(p, []byte(field), []byte(v))
		if !ok || over(t, before) {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	if err := s.rdb.HDel(ctx, key, fields...).Err(); err != nil {
		return fmt.Errorf("sweep the tasks of %s: %w", p, plain(err))
	}
	return nil
}
