package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store"
)

// diaryOf gives n appointments over a month with two reminders each.
func diaryOf(n int, now time.Time) []gateway.Entry {
	g := surgery{now: now}
	out := make([]gateway.Entry, n)
	for i := range out {
		a := g.person(i)
		a.ID = gateway.AppointmentID(fmt.Sprintf("8%07d-%06d", i, i))
		a.Patient.Mobile = gateway.NewPhone(fmt.Sprintf("+4477009%05d", i))
		a.Start = a.Start.Add(time.Duration(i%3000) * 10 * time.Minute)
		out[i] = g.owed(a, week, day)
	}
	return out
}

func memoryOf(t testing.TB, address string) int {
	t.Helper()
	for line := range strings.Lines(Client(t, address).Info(t.Context(), "memory").Val()) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory_dataset:"); ok {
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("redis does not tell its memory")
	return 0
}

func TestAQueuedReminderStaysSmall(t *testing.T) {
	const appointments, most = 20000, 300
	address := Redis(t)
	s := Open(t, address)
	now := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	d, err := s.Known(t.Context(), riverside)
	if err != nil {
		t.Fatal(err)
	}
	before := memoryOf(t, address)
	if got, err := s.Plan(t.Context(), d, now, diaryOf(appointments, now)); err != nil || got.Written != appointments {
		t.Fatal(got.Written, err)
	}
	each := (memoryOf(t, address) - before) / (2 * appointments)
	t.Logf("%d bytes for each queued reminder", each)
	if each > most {
		t.Errorf("a queued reminder takes %d bytes, at most %d were promised", each, most)
	}
}

// BenchmarkPlanning writes a diary of 20,000 appointments down, reads it again
// unchanged, and again with everything changed. An operation is one reminder.
func BenchmarkPlanning(b *testing.B) {
	for _, kind := range []struct {
		name string
		opts []string
	}{{"in memory", nil}, {"append-only, always", []string{"--appendonly", "yes", "--appendfsync", "always"}}} {
		b.Run(kind.name, func(b *testing.B) {
			const appointments = 20000
			now := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
			for b.Loop() {
				b.StopTimer()
				s := Open(b, Redis(b, kind.opts...))
				entries := diaryOf(appointments, now)
				b.StartTimer()
				planOnce(b, s, entries, now, "first")
				planOnce(b, s, entries, now, "unchanged")
				for i := range entries {
					entries[i].Facts.Appointment.Version = "2"
				}
				planOnce(b, s, entries, now, "changed")
			}
		})
	}
}

func planOnce(b *testing.B, s *store.Store, entries []gateway.Entry, now time.Time, what string) {
	b.Helper()
	before := b.Elapsed()
	d, err := s.Known(b.Context(), riverside)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Plan(b.Context(), d, now, entries); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(2*len(entries))/(b.Elapsed()-before).Seconds(), what+"/s")
}
