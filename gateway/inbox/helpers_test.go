package inbox_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	riverside = gatewaytest.Riverside
	hillside  = gatewaytest.Hillside

	fromRiverside = gatewaytest.FromRiverside
	fromHillside  = gatewaytest.FromHillside

	timeout = 5 * time.Second
	settle  = time.Minute
)

// The visits of the invented town, and when its texts are due.
var (
	friday, monday, tuesday = gatewaytest.Friday, gatewaytest.Monday, gatewaytest.Tuesday
	day                     = gatewaytest.Rule("1d")
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// stage is two practices, a Redis, a telephone network, and the public door.
type stage struct {
	t        *testing.T
	clock    gatewaytest.Clock
	address  string
	place    storetest.Place
	memory   *meddled
	surgs    []scheduler.Practice
	visits   map[gateway.ODS]map[gateway.AppointmentID]gateway.Appointment
	sched    *scheduler.Scheduler
	sim      *twiliosim.Sim
	provider *twilio.Provider
	in       *inbox.Inbox
	door     string // address of the public door
	metrics  *prometheus.Registry
	settled  atomic.Int64
	log      gatewaytest.Log

	counters *inbox.Metrics // shared by all inboxes of the stage
}

// newStage builds a stage. meddle may change the inbox's options.
func newStage(t *testing.T, meddle ...func(*inbox.Options)) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{
		t: t, place: storetest.NewPlace(t), address: storetest.Redis(t), metrics: prometheus.NewRegistry(),
		visits: map[gateway.ODS]map[gateway.AppointmentID]gateway.Appointment{riverside: {}, hillside: {}},
	}
	s.clock.Set(friday)
	s.memory = &meddled{Store: s.open()}
	s.sim = twiliosim.New(twiliosim.Options{Clock: &s.clock, Manual: true})
	t.Cleanup(s.sim.Close)
	var handler atomic.Pointer[http.Handler]
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(door.Close)
	s.door = door.URL
	api := httptest.NewServer(s.sim)
	t.Cleanup(api.Close)
	s.provider = must(twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: api.URL, Timeout: timeout,
	}, door.URL, gateway.Surroundings{Clock: &s.clock, Trial: true}))
	t.Cleanup(s.provider.Close)
	for ods, from := range map[gateway.ODS]string{riverside: fromRiverside, hillside: fromHillside} {
		s.sim.AddSender(twiliosim.Sender{Number: from, InboundURL: door.URL + inbox.InboundPath})
		s.surgs = append(s.surgs, scheduler.Practice{Practice: practice(ods, from), Source: source{s, ods}, SourceType: "scripted", Poll: "@every 1h"})
	}
	s.sched = scheduler.New(scheduler.Options{
		Memory: s.memory.Store, Practices: s.surgs, Clock: &s.clock, Log: s.log.Logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), &s.clock, s.surgs),
	})
	s.in = s.newInbox(meddle...)
	h := s.in.Handler()
	handler.Store(&h)
	s.log.Watch(t)
	return s
}

func (s *stage) newInbox(meddle ...func(*inbox.Options)) *inbox.Inbox {
	o := inbox.Options{
		Memory: s.memory, Restoring: s.memory.Store, Start: message.Start, Webhooks: s.provider, Lister: s.provider, Forged: twilio.ErrSignature, Practices: s.practices(),
		Clock: &s.clock, Log: s.log.Logger(), Settled: func(gateway.ODS) { s.settled.Add(1) },
		Answers: message.Answers(),
		Taken:   twilio.Config{}.TakenWords(), Render: message.Render, Settle: settle,
	}
	for _, m := range meddle {
		m(&o)
	}
	if s.counters == nil {
		s.counters = inbox.NewMetrics(s.metrics, o.Practices)
	}
	o.Metrics = s.counters
	return inbox.New(o)
}

func (s *stage) practices() []gateway.Practice {
	var out []gateway.Practice
	for _, p := range s.surgs {
		out = append(out, p.Practice)
	}
	return out
}

func (s *stage) practice(p gateway.ODS) gateway.Practice {
	i := slices.IndexFunc(s.surgs, func(x scheduler.Practice) bool { return x.ODS == p })
	return s.surgs[i].Practice
}

// open opens the store as one more process of the installation.
func (s *stage) open() *store.Store {
	st := storetest.OpenAt(s.t, s.address, s.place)
	st.Serve([]gateway.ODS{riverside, hillside})
	return st
}

func practice(ods gateway.ODS, from string) gateway.Practice {
	p := gatewaytest.Practice(ods, from)
	p.Name = "Smith & Jones' Surgery" // what an answer in XML has to escape
	return p
}

// person gives the appointment of the n-th invented patient: Tuesday at ten.
func person(n int) gateway.Appointment { return gatewaytest.Person(n) }

func phone(n int) string { return gatewaytest.Number(n) }

// source is a practice's diary as the scheduler reads it.
type source struct {
	s *stage
	p gateway.ODS
}

func (d source) Read(_ context.Context, span gateway.Span) (gateway.Feed, error) {
	return gateway.Feed{
		Appointments: slices.Collect(maps.Values(d.s.visits[d.p])), Covers: span, Complete: true, AsOf: d.s.clock.Now(),
	}, nil
}

// booked puts appointments into a diary and reads it.
func (s *stage) booked(p gateway.ODS, as ...gateway.Appointment) {
	s.t.Helper()
	for _, a := range as {
		s.visits[p][a.ID] = a
	}
	for _, surgery := range s.surgs {
		if surgery.ODS == p {
			if err := s.sched.Tick(s.t.Context(), surgery); err != nil {
				s.t.Fatal("read the diary:", err)
			}
		}
	}
}

// come sets the clock and reads both diaries, as the timetable would have.
func (s *stage) come(at time.Time) {
	s.t.Helper()
	s.clock.Set(at)
	s.booked(riverside)
	s.booked(hillside)
}

// id gives the reminder a day before an appointment.
func (s *stage) id(p gateway.ODS, a gateway.Appointment) gateway.ReminderID {
	s.t.Helper()
	return gateway.ReminderID{Practice: p, Ref: must(s.memory.Ref(s.t.Context(), p, a.Identity())), Rule: day, Start: a.Start}
}

// standing gives where a reminder stands; one without an entry of its own waits.
func (s *stage) standing(id gateway.ReminderID) gateway.Standing {
	s.t.Helper()
	r, ok, err := s.memory.Store.Reminder(s.t.Context(), id)
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
		s.t.Errorf("it is %s (%s), want %s (%s)", r.State, r.Reason, want, why)
	}
}

// optedOut gives who recorded the opt-out of the n-th patient's number, or "".
func (s *stage) optedOut(p gateway.ODS, n int) string {
	s.t.Helper()
	o, out, err := s.memory.Store.OptedOut(s.t.Context(), p, gateway.NewPhone(phone(n)))
	if err != nil {
		s.t.Fatal(err)
	}
	if !out {
		return ""
	}
	return o.By
}

func (s *stage) replies(p gateway.ODS) []gateway.Reply {
	s.t.Helper()
	return must(s.memory.Replies(s.t.Context(), p))
}

// leaving brings the reminder of the n-th patient to Sending, as a sender does.
func (s *stage) leaving(n int) gateway.Change {
	s.t.Helper()
	s.booked(riverside, person(n))
	return s.claimed(s.id(riverside, person(n)))
}

// claimed claims what is due, and lets one reminder leave. It gives the move that
// the provider's answer would bring about.
func (s *stage) claimed(id gateway.ReminderID) gateway.Change {
	s.t.Helper()
	s.memory.Look()
	got := must(s.memory.Claim(s.t.Context(), gateway.Claiming{Now: s.clock.Now(), Limit: 1000, Lease: 30 * time.Second, Token: gateway.Token{1}}))
	for _, c := range got.Claims {
		if c.ID == id {
			s.move(gateway.Change{ID: id, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, At: s.clock.Now().Add(timeout + 30*time.Second)})
			return gateway.Change{ID: id, Token: c.Token, Only: "s", To: gateway.Accepted, MessageID: sid(1)}
		}
	}
	s.t.Fatal("it is not due")
	return gateway.Change{}
}

func (s *stage) move(c gateway.Change) gateway.Changed {
	s.t.Helper()
	return must(s.memory.Store.Move(s.t.Context(), s.clock.Now(), []gateway.Change{c}))[0]
}

// sid gives a message id as the provider's are.
func sid(n int) string { return fmt.Sprintf("SM%032d", n) }

// metric gives the sum of a metric of the inbox over all that have these labels.
func (s *stage) metric(name string, labels ...string) float64 {
	s.t.Helper()
	return gatewaytest.Metric(s.t, s.metrics, name, labels...)
}

// await asks until the answer is yes, for a generous time.
func (s *stage) await(what string, yes func() bool) {
	s.t.Helper()
	gatewaytest.Await(s.t, what, yes)
}
