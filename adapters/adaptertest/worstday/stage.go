package worstday

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

// stage is one practice with its clinical system, and all of Bellman behind it on a
// clock that is set by hand.
type stage struct {
	t         *testing.T
	can       adaptertest.Abilities
	midnight  time.Time // of the day of the visits, London
	clock     *gatewaytest.Clock
	diary     *surgery.Diary
	wire      adaptertest.Wire
	store     *store.Store
	practice  scheduler.Practice
	sched     *scheduler.Scheduler
	phone     *twiliosim.Sim
	provider  *twilio.Provider
	people    []person
	second    int  // a second visit within the hour, which gets no text of its own
	bystander int  // a patient without a mobile, whose visit lies behind the end of the story
	mayFail   bool // reads may fail from now on
	silent    bool // and do, by silence
}

func newStage(t *testing.T, s adaptertest.Subject, day time.Time) *stage {
	t.Helper()
	midnight, _ := gateway.FromWall(day.Year(), day.Month(), day.Day(), 0, 0, 0)
	st := &stage{t: t, can: s.Can, midnight: midnight}
	st.clock = gatewaytest.NewClock(st.on(-8, 15*60))
	st.diary = surgery.New(st.clock)
	st.bystander = st.diary.Register(surgery.Person{Title: "Mr", Given: "Huw", Family: "Kerr", NHSNumber: surgery.NHSNumber(90), Born: time.Date(1960, 5, 5, 0, 0, 0, 0, time.UTC)})
	st.diary.Book(surgery.Visit{Person: st.bystander, Start: st.at(9, 0), Site: 5, Mode: gateway.ModeInPerson})
	st.wire = s.New(t, st.diary, st.clock)
	st.store = storetest.Open(t, storetest.Redis(t))
	st.practice = scheduler.Practice{Practice: gatewaytest.Practice(gatewaytest.Riverside, gatewaytest.FromRiverside), Source: st.wire.Source, SourceType: s.Name, Poll: "@every 15m"}
	if s.StaleAfter > 0 {
		st.practice.Policy.StaleAfter = s.StaleAfter
	}
	st.practice.Policy.Rules = []gateway.Rule{gatewaytest.Rule("7d"), gatewaytest.Rule("1d")}
	st.store.Serve([]gateway.ODS{st.practice.ODS})
	log := &gatewaytest.Log{}
	log.Watch(t, "appointment with", adaptertest.Canary)
	st.sched = scheduler.New(scheduler.Options{
		Memory: st.store, Practices: []scheduler.Practice{st.practice}, Clock: st.clock, Log: log.Logger(),
		Metrics: scheduler.NewMetrics(prometheus.NewRegistry(), st.clock, []scheduler.Practice{st.practice}),
	})
	st.phone = twiliosim.New(twiliosim.Options{Clock: st.clock, Manual: true})
	t.Cleanup(st.phone.Close)
	api := httptest.NewServer(st.phone)
	t.Cleanup(api.Close)
	provider, err := twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: api.URL, Timeout: 5 * time.Second,
	}, "https://texts.example.org", gateway.Surroundings{Clock: st.clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	st.provider = provider
	t.Cleanup(provider.Close)
	st.phone.AddSender(twiliosim.Sender{Number: gatewaytest.FromRiverside})
	return st
}

// on gives the moment at a minute of a day, counted from the day of the visits, by
// the clock on the wall in London.
func (st *stage) on(days, minute int) time.Time {
	l := st.midnight.In(gateway.London()).AddDate(0, 0, days)
	at, _ := gateway.FromWall(l.Year(), l.Month(), l.Day(), minute/60, minute%60, 0)
	return at
}

// at gives the moment so many minutes after nine.
func (st *stage) at(days, minute int) time.Time { return st.on(days, 9*60+minute) }

func (st *stage) register(i int) person {
	p := person{number: fmt.Sprintf("+447700900%03d", 100+i), minute: i * 5}
	p.id = st.diary.Register(surgery.Person{
		Title: "Ms", Given: "Carys", Family: "Holt", NHSNumber: surgery.NHSNumber(i), Born: time.Date(1950, 1, 1+i%28, 0, 0, 0, 0, time.UTC),
		Mobile: fmt.Sprintf("07700 900%03d", 100+i),
	})
	return p
}

func (st *stage) book(i int) person {
	p := st.register(i)
	p.slot = st.diary.Book(surgery.Visit{Person: p.id, Start: st.at(0, p.minute), Site: 5, Mode: gateway.ModeInPerson})
	return p
}

// The moments of a sending day at which the story looks round: closer together
// than a read is trusted.
const step = 80

// night changes something that concerns nobody's visit: a system that only tells
// what changed shows by it that it is alive.
func (st *stage) night(days int) {
	st.clock.Set(st.on(days, 2*60))
	st.diary.Edit(st.bystander, func(p *surgery.Person) { p.Home = fmt.Sprintf("01632 960%03d", 500+days) })
}

// day passes through the hours of one day in which texts come.
func (st *stage) day(days int) {
	st.t.Helper()
	st.night(days)
	for minute := 8*60 + 55; minute < 17*60; minute += step {
		st.pass(days, minute)
	}
}

// How long a read may take: what the scheduler gives it, and less where nothing but
// silence is to be expected.
const (
	readLimit = 110 * time.Second
	silence   = 3 * time.Second
)

// pass brings a moment about: the diary is read, and what is due leaves.
func (st *stage) pass(days, minute int) {
	st.t.Helper()
	st.clock.Set(st.on(days, minute))
	limit := readLimit
	if st.silent {
		limit = silence
	}
	ctx, cancel := context.WithTimeout(st.t.Context(), limit)
	defer cancel()
	if err := st.sched.Tick(ctx, st.practice); err != nil && !st.mayFail {
		st.t.Fatalf("read the diary: %v", err)
	}
	st.send()
}

// send lets a sender work until nothing is left for it to do.
func (st *stage) send() {
	ctx, cancel := context.WithTimeout(st.t.Context(), 30*time.Second)
	defer cancel()
	var once sync.Once
	memory := &storetest.Idling{Store: st.store, Practices: []gateway.ODS{st.practice.ODS}, Nothing: func() { once.Do(cancel) }}
	served := sender.Practice{Practice: st.practice.Practice}
	if r, ok := st.wire.Source.(gateway.Rereader); ok {
		served.Reread = r
	}
	log := &gatewaytest.Log{}
	sender.New(sender.Options{
		Memory: memory, Provider: st.provider, Practices: []sender.Practice{served}, Clock: st.clock, Log: log.Logger(),
		Metrics: sender.NewMetrics(prometheus.NewRegistry(), []gateway.ODS{st.practice.ODS}),
		Refresh: func(ctx context.Context, _ gateway.ODS, a gateway.Appointment) error {
			return st.sched.Refresh(ctx, st.practice.Practice, a)
		},
		Render: message.Render, InFlight: 16, PerSec: 1000, Timeout: 5 * time.Second,
	}).Run(ctx)
}

// named finds the day and time that a text names.
var named = regexp.MustCompile(`on (\w+day \d+ \w+ at [0-9a-z:]+)`)

// phones gives which days and times the texts named, by phone.
func (st *stage) phones() map[string][]string {
	out := map[string][]string{}
	for number, texts := range st.phone.Phones() {
		for _, x := range texts {
			said := "nothing"
			if m := named.FindStringSubmatch(x.Body); m != nil {
				said = m[1]
			}
			out[number] = append(out[number], said)
		}
	}
	return out
}

// came counts the texts that came.
func (st *stage) came() int {
	n := 0
	for _, texts := range st.phone.Phones() {
		n += len(texts)
	}
	return n
}

// taken counts the reminders that were withdrawn because their visit is gone.
func (st *stage) taken() int {
	n := 0
	for _, a := range st.kept() {
		for _, r := range a.Reminders {
			if r.State == gateway.Withdrawn && (r.Reason == gateway.Gone || r.Reason == gateway.Cancelled) {
				n++
			}
		}
	}
	return n
}

func (st *stage) kept() []store.Kept {
	st.t.Helper()
	all, err := st.store.Appointments(st.t.Context(), st.practice.ODS)
	if err != nil {
		st.t.Fatal(err)
	}
	return all
}

// explained sees that every reminder that did not leave has its reason.
func (st *stage) explained() {
	st.t.Helper()
	for _, a := range st.kept() {
		for _, r := range a.Reminders {
			switch r.State {
			case gateway.Held, gateway.Withdrawn, gateway.Refused:
				if r.Reason == gateway.None {
					st.t.Error("a reminder was withheld without a reason")
				}
			case gateway.Claimed, gateway.Sending, gateway.Unknown, gateway.Failed:
				st.t.Errorf("a reminder is %s in the end", r.State)
			case gateway.Queued, gateway.Accepted, gateway.Delivered, gateway.Undelivered:
			}
		}
	}
}
