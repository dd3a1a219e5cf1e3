package scheduler_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

// stopped is the store of a replica that is stopped, once, right before a write.
type stopped struct {
	*store.Store
	at    string
	plans int
	while func()
}

func (m *stopped) stop(at string) {
	if m.at == at {
		m.at = ""
		m.while()
	}
}

func (m *stopped) Plan(ctx context.Context, d gateway.Diary, now time.Time, entries []gateway.Entry) (gateway.Planning, error) {
	m.plans++
	m.stop([]string{"", "plan", "second plan"}[m.plans])
	return m.Store.Plan(ctx, d, now, entries)
}

func (m *stopped) NoteRead(ctx context.Context, r gateway.Right, f gateway.FeedState) error {
	m.stop("note")
	return m.Store.NoteRead(ctx, r, f)
}

// overslept lets another replica read the diary, and stops it before a write for
// longer than its right to read lasts. Meanwhile happens what the test says, and
// this replica reads the diary. The other one must say that it dropped its read.
func (s *stage) overslept(at string, meanwhile func()) {
	s.t.Helper()
	m := &stopped{Store: s.open(), at: at}
	m.while = func() {
		s.raw.Del(s.t.Context(), storetest.Key(s.surgery.ODS, "lock")) // it ran out
		s.clock.Advance(30 * time.Second)
		meanwhile()
		s.read()
	}
	other := scheduler.New(scheduler.Options{
		Memory: m, Practices: []scheduler.Practice{s.surgery}, Clock: &s.clock, Log: s.log.Logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &s.clock, []scheduler.Practice{s.surgery}),
	})
	if err := other.Tick(s.t.Context(), s.surgery); err != nil {
		s.t.Error("read the diary:", err)
	}
	switch {
	case m.at != "":
		s.t.Fatal("it never came to be stopped before its", at)
	case !strings.Contains(s.log.String(), "this read is dropped"):
		s.t.Error("it does not say that its read was dropped")
	}
	s.sound()
}

func TestAReadThatWakesUpAfterANewerOneQueuesNoTextForACancelledVisit(t *testing.T) {
	s := newStage(t)
	s.booked(person(1), person(2))
	s.clock.Set(monday.Add(-15 * time.Minute))
	s.booked(cancelled(1))
	s.clock.Set(monday)
	s.diary.book(person(1)) // booked again, as the one read sees, and cancelled again before the other
	s.overslept("plan", func() { s.diary.book(cancelled(1)) })
	s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled)
	s.send()
	if n := s.phones.to(number(1)); n != 0 {
		t.Errorf("%d texts for a visit that is cancelled", n)
	}
	if n := s.phones.to(number(2)); n != 1 {
		t.Errorf("%d texts for the visit that stands", n)
	}
}

// A visit beside another one is planned after it, by a second plan of the same read.
func TestAReadThatWakesUpBetweenItsPlansQueuesNoTextForACancelledVisit(t *testing.T) {
	s := newStage(t)
	again, off := person(1), cancelled(1)
	again.ID, off.ID = "88999", "88999"
	s.booked(person(1), off)
	s.clock.Set(monday)
	s.diary.book(cancelled(1), again)
	s.overslept("second plan", func() { s.diary.book(off) })
	s.stands(person(1), day, gateway.Withdrawn, gateway.Cancelled)
	s.stands(again, day, gateway.Withdrawn, gateway.Cancelled)
	s.send()
	if n := s.phones.to(number(1)); n != 0 {
		t.Errorf("%d texts for visits that are cancelled", n)
	}
}

func TestAReadThatWakesUpAfterANewerOneLeavesWhatThatNoted(t *testing.T) {
	s := newStage(t)
	as := s.many(12)
	s.clock.Advance(15 * time.Minute)
	s.overslept("note", func() { s.diary.drop(as...) })
	f := must(s.store.Feed(t.Context(), riverside))
	if len(f.Missing) != 12 {
		t.Errorf("%d visits are noted as missing, the newest read misses 12", len(f.Missing))
	}
	if !f.AsOf.Equal(s.clock.Now()) {
		t.Errorf("the diary counts as read at %v, it was read at %v", f.AsOf, s.clock.Now())
	}
}
