package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const riverside = gatewaytest.Riverside

// The visits of the invented town, and when its texts are due.
var (
	friday, monday, tuesday = gatewaytest.Friday, gatewaytest.Monday, gatewaytest.Tuesday
	week                    = gatewaytest.Rule("7d")
	day                     = gatewaytest.Rule("1d")
	hours                   = gatewaytest.Rule("4h")
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// judge is what a test says its verdict to.
type judge interface {
	Helper()
	Context() context.Context
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

// stage is one practice with its diary, a Redis and a scheduler.
type stage struct {
	outer   *testing.T
	t       judge // outer, or one of many histories
	clock   gatewaytest.Clock
	address string
	place   storetest.Place
	store   *store.Store
	sending *store.Store // the sender's
	raw     redis.UniversalClient
	surgery scheduler.Practice
	diary   *diary
	sched   *scheduler.Scheduler
	metrics *prometheus.Registry
	phones  *outbox
	moves   []gateway.Move
	log     gatewaytest.Log
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{outer: t, t: t, place: storetest.NewPlace(t), address: storetest.Redis(t), metrics: prometheus.NewRegistry(), phones: &outbox{}}
	s.clock.Set(friday)
	s.store = s.open()
	s.raw = storetest.Client(t, s.address)
	s.diary = &diary{clock: &s.clock, visits: map[gateway.AppointmentID]gateway.Appointment{}, complete: true}
	s.surgery = scheduler.Practice{Practice: gatewaytest.Practice(riverside, gatewaytest.FromRiverside), Source: s.diary, SourceType: "scripted", Poll: "@every 1h"}
	s.sched = s.newScheduler(s.metrics, s.surgery)
	s.log.Watch(t)
	return s
}

// open opens the store as one more process of the installation.
func (s *stage) open() *store.Store {
	st := storetest.OpenAt(s.outer, s.address, s.place)
	st.Serve([]gateway.ODS{riverside})
	return st
}

func (s *stage) newScheduler(r *prometheus.Registry, practices ...scheduler.Practice) *scheduler.Scheduler {
	return scheduler.New(scheduler.Options{
		Memory: s.store, Practices: practices, Clock: &s.clock, Log: s.log.Logger(),
		Metrics: scheduler.NewMetrics(r, &s.clock, practices), Reads: slots,
		Moved: func(ms []gateway.Move) { s.moves = append(s.moves, ms...) },
	})
}

// person gives the appointment of the n-th invented patient: Tuesday at ten.
func person(n int) gateway.Appointment { return gatewaytest.Person(n) }

func number(n int) gateway.Phone { return gateway.NewPhone(gatewaytest.Number(n)) }

// read reads the diary once.
func (s *stage) read() {
	s.t.Helper()
	if err := s.sched.Tick(s.t.Context(), s.surgery); err != nil {
		s.t.Fatal("read the diary:", err)
	}
	s.sound()
}

// booked puts appointments into the diary and reads it.
func (s *stage) booked(as ...gateway.Appointment) {
	s.t.Helper()
	for _, a := range as {
		s.diary.book(a)
	}
	s.read()
}

// come sets the clock and reads the diary, as the timetable would have.
func (s *stage) come(at time.Time) {
	s.t.Helper()
	s.clock.Set(at)
	s.read()
}

// rules gives the practice other rules.
func (s *stage) rules(rs ...gateway.Rule) {
	s.surgery.Policy.Rules = rs
}

// id gives the reminder of an appointment and rule.
func (s *stage) id(a gateway.Appointment, r gateway.Rule) gateway.ReminderID {
	s.t.Helper()
	return gateway.ReminderID{Practice: s.surgery.ODS, Ref: must(s.store.Ref(s.t.Context(), s.surgery.ODS, a.Identity())), Rule: r, Start: a.Start}
}

// stands compares where the reminder of an appointment and rule stands.
func (s *stage) stands(a gateway.Appointment, r gateway.Rule, want gateway.State, why gateway.Reason) {
	s.t.Helper()
	st, ok, err := s.store.Reminder(s.t.Context(), s.id(a, r))
	if err != nil {
		s.t.Fatal(err)
	}
	if !ok {
		st.State = gateway.Queued
	}
	if st.State != want || st.Reason != why {
		s.t.Errorf("the %s reminder is %s (%s), want %s (%s)", r, st.State, st.Reason, want, why)
	}
}

// texts checks how many texts the n-th patient got.
func (s *stage) texts(n, want int) {
	s.t.Helper()
	if got := s.phones.to(number(n)); got != want {
		s.t.Errorf("patient %d got %d texts, want %d", n, got, want)
	}
}

// silent checks that no move was told since it was last asked.
func (s *stage) silent() {
	s.t.Helper()
	if told := s.told(); len(told) != 0 {
		s.t.Errorf("told once more, or for nothing: %v", told)
	}
}

// told gives the moves since it was last asked, by reason.
func (s *stage) told() map[gateway.Reason]int {
	out := map[gateway.Reason]int{}
	for _, m := range s.moves {
		out[m.Reason]++
	}
	s.moves = nil
	return out
}

// sound checks what must hold after every read: that every reminder can be
// answered for, that none lives for a start or rule that no longer stands, and
// that the counters say what is there.
func (s *stage) sound() {
	s.t.Helper()
	ctx, p := s.t.Context(), s.surgery.ODS
	if n := must(s.store.Unexplained(ctx, p, s.clock.Now())); n != 0 {
		s.t.Errorf("%d reminders are owed and nowhere", n)
	}
	if got := s.metric("bellman_unexplained"); got != 0 {
		s.t.Errorf("the metric tells of %v that cannot be explained", got)
	}
	counted := map[gateway.State]int{}
	owed := map[string]bool{}
	entries := must(s.raw.HGetAll(ctx, storetest.Key(p, "r")).Result())
	for _, k := range must(s.store.Appointments(ctx, p)) {
		for _, r := range k.Head.Rules {
			id := gateway.ReminderID{Practice: p, Ref: k.Ref, Rule: r, Start: k.Head.Start}
			b := id.Key()
			owed[string(b[:])] = true
			if _, ok := entries[string(b[:])]; !ok {
				counted[gateway.Queued]++
			}
		}
	}
	for k, v := range entries {
		st := gateway.State(v[0])
		counted[st]++
		if (st == gateway.Queued || st == gateway.Held || st == gateway.Claimed) && !owed[k] {
			s.t.Errorf("one is %s for a start or a rule that no longer stands", st)
		}
	}
	counts := must(s.store.Counts(ctx, []gateway.ODS{p}))[p]
	for _, st := range gateway.States {
		if counts[st] != counted[st] {
			s.t.Errorf("%d %s are counted, %d are there", counts[st], st, counted[st])
		}
	}
}

// metric gives the sum of a metric over all its labels that hold every value given.
func (s *stage) metric(name string, labels ...string) float64 {
	s.t.Helper()
	return gatewaytest.Metric(s.t, s.metrics, name, labels...)
}
