package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

// OpenOptOutTasks opens a task for each patient whose visits have the number, and
// for the one whom the last text to it was about: that the number said STOP has to
// stand in the clinical system, too. A patient of whom that system says so already
// gets none, and none is opened where one is open. It gives those it has opened.
// A patient waits for it: it asks Redis as often for many visits as for one.
func (s *Store) OpenOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error) {
	return s.openNumberTasks(ctx, p, n, gateway.TaskOptOut, now, func(f gateway.Facts, known bool) bool {
		return !known || f.Appointment.Patient.Declined != gateway.FlagYes
	})
}

// OpenWrongNumberTasks opens a task for each patient of a number, also for those who
// declined texts: whoever has the phone says that it is not the patient's.
func (s *Store) OpenWrongNumberTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error) {
	return s.openNumberTasks(ctx, p, n, gateway.TaskWrongNumber, now, func(gateway.Facts, bool) bool { return true })
}

// OpenOptInTasks opens a task for each patient with the number of whom the clinical
// system says that they want no texts, or for everybody with it: the number said
// START, and nothing is sent until a person has put right what is out of date.
// Nobody is asked to see to a patient who has died, or whose record is restricted.
func (s *Store) OpenOptInTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, everybody bool, now time.Time) ([]gateway.TaskID, error) {
	return s.openNumberTasks(ctx, p, n, gateway.TaskOptIn, now, func(f gateway.Facts, known bool) bool {
		patient := f.Appointment.Patient
		return known && patient.Deceased != gateway.FlagYes && patient.Restricted != gateway.FlagYes &&
			(everybody || patient.Declined == gateway.FlagYes)
	})
}

// openNumberTasks opens a task of a kind for each patient of a number whom it
// concerns; known is false where what is kept of a visit cannot be opened.
func (s *Store) openNumberTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, kind gateway.TaskKind, now time.Time, concerns func(f gateway.Facts, known bool) bool) ([]gateway.TaskID, error) {
	wanted, err := s.numberTasks(ctx, p, n, kind, concerns)
	if err != nil {
		return nil, fmt.Errorf("tasks of a number: %w", err)
	}
	opened, err := s.putTasks(ctx, p, wanted, now)
	if err != nil {
		return opened, fmt.Errorf("tasks of a number: %w", err)
	}
	return opened, nil
}

// CloseOptOutTasks closes what is open of the tasks to record that a number opted
// out: it has opted in again, and recording it now would be wrong.
func (s *Store) CloseOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, at time.Time, by string, note gateway.Text) error {
	open, err := s.OpenTasksOf(ctx, p, gateway.TaskOptOut)
	if err != nil {
		return err
	}
	for _, t := range open {
		if t.Damaged || t.Facts.Appointment.Patient.Mobile != n {
			continue
		}
		if _, err := s.CloseTask(ctx, t.ID, at, by, note); err != nil && !errors.Is(err, ErrNoTask) {
			return err
		}
	}
	return nil
}

// wantedTask is a task that has to be open, with the record that it is about.
type wantedTask struct {
	id     gateway.TaskID
	record string
}

// numberTasks gives the tasks of a number, one for each patient.
func (s *Store) numberTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, kind gateway.TaskKind, concerns func(f gateway.Facts, known bool) bool) ([]wantedTask, error) {
	about, err := s.aboutNumber(ctx, p, n)
	if err != nil || len(about) == 0 {
		return nil, err
	}
	fields := make([]string, len(about))
	for i := range about {
		fields[i] = string(about[i].Ref[:])
	}
	records, err := s.rdb.HMGet(ctx, keysOf(p).appointments(), fields...).Result()
	if err != nil {
		return nil, plain(err)
	}
	var out []wantedTask
	seen := map[gateway.PatientID]bool{}
	for i, r := range about {
		record, ok := records[i].(string)
		if !ok {
			continue
		}
		_, f, err := s.openRecord(ctx, p, r.Ref, []byte(record))
		patient := f.Appointment.Patient
		if !concerns(f, err == nil) || err == nil && seen[patient.ID] {
			continue
		}
		seen[patient.ID] = err == nil && patient.ID != ""
		out = append(out, wantedTask{gateway.TaskID{Kind: kind, ReminderID: r}, record})
	}
	return out, nil
}

// aboutNumber gives a reminder of each visit that has a number, soonest first, and
// the last one that was handed over to it.
func (s *Store) aboutNumber(ctx context.Context, p gateway.ODS, n gateway.Phone) ([]gateway.ReminderID, error) {
	out, err := s.ofNumber(ctx, p, n)
	if err != nil {
		return nil, err
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

// putTasks writes tasks of one practice down in the layout of plan.lua, but for
// those that are open already, and gives those that it wrote.
func (s *Store) putTasks(ctx context.Context, p gateway.ODS, wanted []wantedTask, now time.Time) ([]gateway.TaskID, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	k, err := s.key(ctx, p)
	if err != nil {
		return nil, err
	}
	keys := keysOf(p)
	about, fields := make([]gateway.ReminderID, len(wanted)), make([]string, len(wanted))
	for i, w := range wanted {
		about[i], fields[i] = w.id.ReminderID, string(w.id.Key())
	}
	states, err := s.Standings(ctx, about)
	if err != nil {
		return nil, err
	}
	before, err := s.rdb.HMGet(ctx, keys.tasks(), fields...).Result()
	if err != nil {
		return nil, plain(err)
	}
	var ids []gateway.TaskID
	var calls []call
	for i, w := range wanted {
		task := append([]byte{formatVersion, byte(states[i])}, seconds(now)...)
		task = append(append(task, make([]byte, taskFixed-taskClosed)...), w.record...)
		put := call{s.scripts.keep, []string{ShardOf(p).epoch(), keys.tasks(), keys.stories()}, []any{k.mark, fields[i], task, "", ""}}
		if was, there := before[i].(string); there {
			if t, ok := parseTask(p, []byte(fields[i]), []byte(was)); ok && t.Open() {
				continue
			}
			put.script, put.keys, put.args = s.scripts.swap, put.keys[:2], []any{k.mark, fields[i], was, task}
		}
		ids, calls = append(ids, w.id), append(calls, put)
	}
	got, err := s.run(ctx, calls)
	if err != nil {
		return nil, err
	}
	var opened []gateway.TaskID
	for i, c := range got {
		if done, err := c.Int(); err != nil {
			return opened, errRecord
		} else if done == 1 {
			opened = append(opened, ids[i])
		}
	}
	return opened, nil
}
