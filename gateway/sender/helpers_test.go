package sender_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/clockwatch"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/message"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	riverside     = gatewaytest.Riverside
	hillside      = gatewaytest.Hillside
	public        = "https://texts.example.org"
	timeout       = 5 * time.Second
	fromRiverside = gatewaytest.FromRiverside
	fromHillside  = gatewaytest.FromHillside
)

// The visits of the invented town, and when its texts are due.
var (
	friday, monday, tuesday = gatewaytest.Friday, gatewaytest.Monday, gatewaytest.Tuesday
	day                     = gatewaytest.Rule("1d")
	hours                   = gatewaytest.Rule("4h")
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// stage is two practices with their diaries, a Redis, a telephone network, and
// whatever senders a test starts.
type stage struct {
	t        *testing.T
	clock    gatewaytest.Clock
	address  string
	place    storetest.Place
	store    *store.Store
	diaries  map[gateway.ODS]*diary
	surgs    []scheduler.Practice
	sched    *scheduler.Scheduler
	sim      *twiliosim.Sim
	wire     *wire
	provider *twilio.Provider
	log      *gatewaytest.Log
	moves    moves
	outside  gateway.Clock     // of the telephone network; nil: the same as ours
	keeper   *clockwatch.Watch // of our clock; nil: it counts as right
	withRead bool              // the clinical systems can be asked once more
	perSec   int
	timeout  time.Duration
	render   func(gateway.Practice, gateway.Appointment, time.Time) (gateway.Text, int, error)
}

// ask changes a stage before it is built.
type ask func(*stage)

func canReread(s *stage) { s.withRead = true }

func giveUpAfter(d time.Duration) ask { return func(s *stage) { s.timeout = d } }

func newStage(t *testing.T, asks ...ask) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{
		t: t, place: storetest.NewPlace(t), diaries: map[gateway.ODS]*diary{},
		wire: &wire{}, log: &gatewaytest.Log{}, timeout: timeout, render: message.Render,
	}
	s.clock.Set(friday)
	for _, a := range asks {
		a(s)
	}
	if s.address == "" {
		s.address = storetest.Redis(t)
	}
	s.store = storetest.OpenAt(t, s.address, s.place)
	s.store.Serve([]gateway.ODS{riverside, hillside})
	if s.outside == nil {
		s.outside = &s.clock
	}
	s.sim = twiliosim.New(twiliosim.Options{Clock: s.outside, Manual: true})
	t.Cleanup(s.sim.Close)
	s.log.Watch(t, "appointment with")
	server := httptest.NewServer(s.wire.record(s.sim))
	t.Cleanup(server.Close)
	s.provider = must(twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: server.URL, Timeout: s.timeout,
	}, public, gateway.Surroundings{Clock: &s.clock, Trial: true, Heard: s.heard}))
	t.Cleanup(s.provider.Close)
	for ods, from := range map[gateway.ODS]string{riverside: fromRiverside, hillside: fromHillside} {
		d := &diary{clock: &s.clock, visits: map[gateway.AppointmentID]gateway.Appointment{}}
		s.diaries[ods] = d
		s.surgs = append(s.surgs, scheduler.Practice{Practice: gatewaytest.Practice(ods, from), Source: d, SourceType: "scripted", Poll: "@every 1h"})
	}
	s.sched = scheduler.New(scheduler.Options{
		Memory: s.store, Practices: s.surgs, Clock: &s.clock, Log: s.log.Logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &s.clock, s.surgs), Moved: s.moves.add, Keeper: s.timekeeper(),
	})
	return s
}

// heard passes on what the provider's answers say of the time.
func (s *stage) heard(r gateway.Reading) {
	if s.keeper != nil {
		s.keeper.Heard("provider", r)
	}
}

// timekeeper gives the watch on our clock, or nothing.
func (s *stage) timekeeper() gateway.Timekeeper {
	if s.keeper == nil {
		return nil
	}
	return s.keeper
}

// person gives the appointment of the n-th invented patient: Tuesday at ten.
func person(n int) gateway.Appointment { return gatewaytest.Person(n) }

func phone(n int) string { return gatewaytest.Number(n) }

// booked puts appointments into a diary and reads it.
func (s *stage) booked(p gateway.ODS, as ...gateway.Appointment) {
	s.t.Helper()
	for _, a := range as {
		s.diaries[p].book(a)
	}
	s.read(p)
}

// read reads a practice's diary once.
func (s *stage) read(p gateway.ODS) {
	s.t.Helper()
	for _, surgery := range s.surgs {
		if surgery.ODS != p {
			continue
		}
		if err := s.sched.Tick(s.t.Context(), surgery); err != nil {
			s.t.Fatal("read the diary:", err)
		}
	}
}

// come sets the clock and reads both diaries, as the timetable would have.
func (s *stage) come(at time.Time) {
	s.t.Helper()
	s.clock.Set(at)
	s.read(riverside)
	s.read(hillside)
}

// id gives the reminder of an appointment and rule.
func (s *stage) id(p gateway.ODS, a gateway.Appointment, r gateway.Rule) gateway.ReminderID {
	s.t.Helper()
	return gateway.ReminderID{Practice: p, Ref: must(s.store.Ref(s.t.Context(), p, a.Identity())), Rule: r, Start: a.Start}
}

// standing gives where a reminder stands; one without an entry of its own waits.
func (s *stage) standing(id gateway.ReminderID) gateway.Standing {
	s.t.Helper()
	r, ok, err := s.store.Reminder(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	if !ok {
		r = gateway.Standing{ID: id, State: gateway.Queued}
	}
	return r
}

func (s *stage) stands(id gateway.ReminderID, want gateway.State, why gateway.Reason) {
	s.t.Helper()
	if r := s.standing(id); r.State != want || r.Reason != why {
		s.t.Errorf("the %s reminder is %s (%s), want %s (%s)", id.Rule, r.State, r.Reason, want, why)
	}
}

// texts checks how many texts a phone got, and gives them.
func (s *stage) texts(number string, want int) []twiliosim.Text {
	s.t.Helper()
	got := s.sim.Phone(number)
	if len(got) != want {
		s.t.Errorf("the phone got %d texts, want %d", len(got), want)
	}
	return got
}

// explained checks that every reminder still to come can be answered for.
func (s *stage) explained() {
	s.t.Helper()
	for _, p := range []gateway.ODS{riverside, hillside} {
		if n := must(s.store.Unexplained(s.t.Context(), p, s.clock.Now())); n != 0 {
			s.t.Errorf("%d reminders of %s are owed and nowhere", n, p)
		}
	}
}

func (s *stage) count(st gateway.State) int {
	s.t.Helper()
	n := 0
	for _, c := range must(s.store.Counts(s.t.Context(), []gateway.ODS{riverside, hillside})) {
		n += c[st]
	}
	return n
}

// await asks until the answer is yes, for a generous time.
func (s *stage) await(what string, yes func() bool) {
	s.t.Helper()
	gatewaytest.Await(s.t, what, yes)
}

func storetestClient(s *stage) redis.UniversalClient { return storetest.Client(s.t, s.address) }

// unreachable is the provider at an address where nobody listens.
func (s *stage) unreachable() *twilio.Provider {
	s.t.Helper()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	p := must(twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: closed.URL, Timeout: s.timeout,
	}, public, gateway.Surroundings{Clock: &s.clock, Trial: true}))
	s.t.Cleanup(p.Close)
	return p
}
