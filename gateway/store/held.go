package store

import (
	"context"
	"fmt"

	"bellman/gateway"
)

// HeldFor lists the reminders of a practice that are held for one reason.
func (s *Store) HeldFor(ctx context.Context, p gateway.ODS, why gateway.Reason) ([]gateway.ReminderID, error) {
	var out []gateway.ReminderID
	page := s.rdb.HScan(ctx, keysOf(p).reminders(), 0, "", 1000).Iterator()
	for page.Next(ctx) {
		key := page.Val()
		if !page.Next(ctx) {
			break
		}
		r, ok := parseReminder(page.Val())
		if !ok || r.State != gateway.Held || r.Reason != why {
			continue
		}
		if id, err := gateway.ReminderFromKey(p, []byte(key)); err == nil {
			out = append(out, id)
		}
	}
	if err := page.Err(); err != nil {
		return nil, fmt.Errorf("reminders held as %s: %w", why, plain(err))
	}
	return out, nil
}
