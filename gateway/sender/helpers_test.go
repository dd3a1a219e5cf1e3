package sender_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	riverside     gateway.ODS = "A81001"
	hillside      gateway.ODS = "B82002"
	public                    = "https://texts.example.org"
	timeout                   = 5 * time.Second
	fromRiverside             = "+441632960101"
	fromHillside              = "+441632960102"
)

// The appointments of these tests are on Tuesday at ten; the texts a day before
// are due on Monday at ten.
var (
	friday  = time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC)
	monday  = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
	day     = must(gateway.ParseRule("1d"))
	hours   = must(gateway.ParseRule("4h"))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hand is a clock that is set by hand.
type hand struct{ at atomic.Int64 }

func (h *hand) Now() time.Time { return time.UnixMilli(h.at.Load()).UTC() }

func (h *hand) set(t time.Time) { h.at.Store(t.UnixMilli()) }

func (h *hand) on(d time.Duration) { h.at.Add(d.Milliseconds()) }

// stage is two practices with their diaries, a Redis, a telephone network, and
// whatever senders a test starts.
type stage struct {
	t        *testing.T
	clock    hand
	address  string
	place    storetest.Place
	store    *store.Store
	diaries  map[gateway.ODS]*diary
	surgs    []scheduler.Practice
	sched    *scheduler.Scheduler
	sim      *twiliosim.Sim
	wire     *wire
	provider *twilio.Provider
	log      *lines
	moves    moves
	withRead bool // the clinical systems can be asked once more
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
		t: t, place: storetest.NewPlace(t), address: storetest.Redis(t), diaries: map[gateway.ODS]*diary{},
		wire: &wire{}, log: &lines{}, timeout: timeout, render: message.Render,
	}
	s.clock.set(friday)
	for _, a := range asks {
		a(s)
	}
	s.store = storetest.OpenAt(t, s.address, s.place)
	s.store.Serve([]gateway.ODS{riverside, hillside})
	s.sim = twiliosim.New(twiliosim.Options{Clock: &s.clock, Manual: true})
	t.Cleanup(s.sim.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	server := httptest.NewServer(s.wire.record(s.sim))
	t.Cleanup(server.Close)
	s.provider = must(twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: server.URL, Timeout: s.timeout,
	}, public, gateway.Surroundings{Clock: &s.clock, Trial: true}))
	t.Cleanup(s.provider.Close)
	for ods, from := range map[gateway.ODS]string{riverside: fromRiverside, hillside: fromHillside} {
		d := &diary{clock: &s.clock, visits: map[gateway.AppointmentID]gateway.Appointment{}}
		s.diaries[ods] = d
		s.surgs = append(s.surgs, scheduler.Practice{Practice: practice(ods, from), Source: d, SourceType: "scripted", Poll: "@every 1h"})
	}
	s.sched = scheduler.New(scheduler.Options{
		Memory: s.store, Practices: s.surgs, Clock: &s.clock, Log: s.log.logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &s.clock, s.surgs), Moved: s.moves.add,
	})
	return s
}

func practice(ods gateway.ODS, from string) gateway.Practice {
	weekdays := gateway.Hours{From: 8 * 60, To: 18 * 60}
	for d := time.Monday; d <= time.Friday; d++ {
		weekdays.Days[d] = true
	}
	return gateway.Practice{
		ODS: ods, Name: "Riverside Surgery", Phone: "01632 960001", Nation: gateway.England, Sender: from,
		Policy: gateway.Policy{Rules: []gateway.Rule{day}, Hours: weekdays, StaleAfter: 90 * time.Minute, Latest: time.Hour},
	}
}

// person gives the appointment of the n-th invented patient: Tuesday at ten.
func person(n int) gateway.Appointment {
	return gateway.Appointment{
		ID: gateway.AppointmentID(numbered("88", n)), Start: tuesday, Site: "5", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: gateway.PatientID(numbered("1", n)), Mobile: gateway.NewPhone(phone(n)), MobileKind: gateway.NumberMobile},
	}
}

func phone(n int) string { return numbered("+447700900", n) }

func numbered(before string, n int) string {
	return before + string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)})
}

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
	s.clock.set(at)
	s.read(riverside)
	s.read(hillside)
}

// id gives the reminder of an appointment and rule.
func (s *stage) id(p gateway.ODS, a gateway.Appointment, r gateway.Rule) gateway.ReminderID {
	s.t.Helper()
	return gateway.ReminderID{Practice: p, Ref: must(s.store.Ref(s.t.Context(), p, a.ID)), Rule: r, Start: a.Start}
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

// running is a sender at work.
type running struct {
	s       *stage
	memory  *watched
	metrics *prometheus.Registry
	cancel  context.CancelFunc
	done    chan struct{}
}

// start sets a sender to work. meddle may change its options.
func (s *stage) start(meddle ...func(*sender.Options)) *running {
	s.t.Helper()
	st := storetest.OpenAt(s.t, s.address, s.place)
	st.Serve([]gateway.ODS{riverside, hillside})
	r := &running{s: s, memory: &watched{Store: st}, metrics: prometheus.NewRegistry(), done: make(chan struct{})}
	o := sender.Options{
		Memory: r.memory, Provider: s.provider, Clock: &s.clock, Log: s.log.logger(),
		Metrics: sender.NewMetrics(r.metrics, []gateway.ODS{riverside, hillside}), Moved: s.moves.add,
		Refresh: func(ctx context.Context, p gateway.ODS, a gateway.Appointment) error {
			for _, surgery := range s.surgs {
				if surgery.ODS == p {
					return s.sched.Refresh(ctx, surgery.Practice, a)
				}
			}
			return nil
		},
		Render: s.render, InFlight: 16, PerSec: s.perSec, Timeout: s.timeout,
	}
	for _, surgery := range s.surgs {
		p := sender.Practice{Practice: surgery.Practice}
		if s.withRead {
			p.Reread = s.diaries[surgery.ODS]
		}
		o.Practices = append(o.Practices, p)
	}
	for _, m := range meddle {
		m(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	worker := sender.New(o)
	go func() {
		defer close(r.done)
		worker.Run(ctx)
	}()
	s.t.Cleanup(r.stop)
	return r
}

// stop stops the sender and waits until it has ended.
func (r *running) stop() {
	r.cancel()
	<-r.done
}

// quiet waits until the sender has looked at everything that is due by the clock
// and is done with it. While it leaves the provider alone it looks at nothing.
func (r *running) quiet() {
	r.s.t.Helper()
	r.s.await("the sender is done with what is due", func() bool {
		r.memory.Store.Look()
		turn, woken := r.memory.turn.Add(1), r.memory.woken.Load()
		done := func() bool {
			return r.memory.idle.Load() >= turn || (r.memory.woken.Load() > woken+1 && r.metric("bellman_provider_broken") == 1)
		}
		for try := 0; !done() && try < 20; try++ {
			_ = r.s.store.Wake(r.s.t.Context(), r.s.clock.Now())
			time.Sleep(2 * time.Millisecond)
		}
		return done() && r.s.count(gateway.Claimed)+r.s.count(gateway.Sending) == 0
	})
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
	for deadline := time.Now().Add(30 * time.Second); !yes(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it did not come about that %s", what)
		}
	}
}

// watched is the store, with places at which a test can step in. idle is the turn
// of the last claim that found nothing due.
type watched struct {
	*store.Store
	turn, idle, woken atomic.Int64
	claimed           func()                       // after something was claimed
	moving            func([]gateway.Change) error // before a move; an error is what the sender gets instead
	moved             func([]gateway.Change) error // after it
}

func (w *watched) Look() {
	w.woken.Add(1)
	w.Store.Look()
}

func (w *watched) Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error) {
	turn := w.turn.Load()
	c, err := w.Store.Claim(ctx, o)
	if len(c.Claims) > 0 && w.claimed != nil {
		w.claimed()
	}
	if c.Looked == 0 && (err == nil || errors.Is(err, store.ErrInHold)) {
		w.idle.Store(turn)
	}
	return c, err
}

func (w *watched) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	if w.moving != nil {
		if err := w.moving(changes); err != nil {
			return nil, err
		}
	}
	got, err := w.Store.Move(ctx, now, changes)
	if w.moved != nil && err == nil {
		err = w.moved(changes)
	}
	return got, err
}

// to reports whether a batch of changes holds one to a state.
func to(changes []gateway.Change, st gateway.State) bool {
	for _, c := range changes {
		if c.To == st {
			return true
		}
	}
	return false
}

// diary is a clinical system that says what a test wrote into it.
type diary struct {
	clock  gateway.Clock
	mu     sync.Mutex
	visits map[gateway.AppointmentID]gateway.Appointment
	broken error // what asking for one appointment gives
	asked  int
	hang   bool // asking for one appointment hangs until it is given up
}

func (d *diary) book(a gateway.Appointment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.visits[a.ID] = a
}

func (d *diary) drop(id gateway.AppointmentID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visits, id)
}

func (d *diary) breakWith(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

func (d *diary) Read(_ context.Context, span gateway.Span) (gateway.Feed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := gateway.Feed{Covers: span, Complete: true, AsOf: d.clock.Now()}
	for _, a := range d.visits {
		f.Appointments = append(f.Appointments, a)
	}
	return f, nil
}

func (d *diary) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	d.mu.Lock()
	d.asked++
	is, ok := d.visits[a.ID]
	err, hang := d.broken, d.hang
	d.mu.Unlock()
	if hang {
		<-ctx.Done()
		return a, ctx.Err()
	}
	if !ok {
		is = a
		is.Status = gateway.StatusCancelled
	}
	return is, err
}

// wire remembers the requests to send.
type wire struct {
	mu    sync.Mutex
	posts []url.Values
}

func (w *wire) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(b))
			w.mu.Lock()
			w.posts = append(w.posts, form)
			w.mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(b))
		}
		next.ServeHTTP(rw, r)
	})
}

func (w *wire) all() []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]url.Values(nil), w.posts...)
}

// moves remembers what was told to be withheld.
type moves struct {
	mu  sync.Mutex
	all []gateway.Move
}

func (m *moves) add(ms []gateway.Move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, ms...)
}

// told counts the moves for a reason.
func (m *moves) told(why gateway.Reason) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, x := range m.all {
		if x.Reason == why {
			n++
		}
	}
	return n
}

// lines keeps what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func storetestClient(s *stage) redis.UniversalClient { return storetest.Client(s.t, s.address) }

// redisKey gives the name of one of a practice's keys in Redis.
func redisKey(p gateway.ODS, letter string) string {
	return fmt.Sprintf("{%02d}:P:%s:%s", store.ShardOf(p), p, letter)
}

// onlyPractice takes every other practice out of a sender's configuration.
func onlyPractice(p gateway.ODS) func(*sender.Options) {
	return func(o *sender.Options) {
		o.Practices = slices.DeleteFunc(o.Practices, func(x sender.Practice) bool { return x.ODS != p })
	}
}

// metric gives the sum of a metric of the sender over all its labels; of a
// histogram, how often something was observed.
func (r *running) metric(name string) float64 {
	r.s.t.Helper()
	for _, f := range must(r.metrics.Gather()) {
		if f.GetName() != name {
			continue
		}
		sum := 0.0
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		return sum
	}
	r.s.t.Fatalf("there is no metric %s", name)
	return 0
}

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
