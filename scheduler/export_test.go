package scheduler

import "context"

// SweepNow is what the timetable does at night.
func (s *Scheduler) SweepNow(ctx context.Context) { s.sweep(ctx) }
