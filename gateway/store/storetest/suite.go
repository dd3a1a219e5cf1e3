package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"bellman/gateway"
	"bellman/gateway/store"
)

// Run holds one kind of Redis to everything that the store promises. start gives
// the address of a server that the tests may empty as they like.
func Run(t *testing.T, start func(testing.TB) string) {
	address := start(t)
	for _, part := range [][]promise{planning, claiming, moving, walking, consent, finer, histories, replies, emptied, receding, journals, sealing, rotating, keeping, shelving, fencing, tasks, cancelling, balancing, unanswered, resisting} {
		for _, p := range part {
			t.Run(p.says, func(t *testing.T) { p.test(t, newSurgery(t, address)) })
		}
	}
}

// promise is one thing that the store must do.
type promise struct {
	says string
	test func(*testing.T, *surgery)
}

// Mini starts a Redis inside the process, as the demo does where no redis-server
// is installed, and gives its address.
func Mini(t testing.TB) string {
	t.Helper()
	m, err := miniredis.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return "redis://" + m.Addr()
}

// The practices and rules of the tests.
const (
	riverside gateway.ODS = "A81001"
	hillside  gateway.ODS = "B82002"
)

var (
	week  = must(gateway.ParseRule("7d"))
	day   = must(gateway.ParseRule("1d"))
	hours = must(gateway.ParseRule("2h"))
)

func must(r gateway.Rule, err error) gateway.Rule {
	if err != nil {
		panic(err)
	}
	return r
}

// surgery is a store with two practices on an emptied Redis, and a clock that
// stands until it is set.
type surgery struct {
	t       *testing.T
	address string
	place   Place
	raw     redis.UniversalClient
	s       *store.Store
	now     time.Time
	asked   *atomic.Int64 // commands that g.s sent
	// meddle is called before every script that the store runs, with its number of
	// keys, for tests that change something in the worst moment.
	meddle func(keys int)
	// scanned is called before and after every page of a hash that the store reads,
	// with the hash's name.
	scanned func(hash string, after bool)
}

func newSurgery(t *testing.T, address string) *surgery {
	t.Helper()
	g := &surgery{t: t, address: address, place: NewPlace(t), raw: Client(t, address), now: time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)}
	g.flush()
	g.s = g.open()
	return g
}

// open opens the store as one more process of the same installation. asked counts
// what the newest one sends.
func (g *surgery) open() *store.Store {
	g.t.Helper()
	g.asked = new(atomic.Int64)
	c := Client(g.t, g.address)
	c.AddHook(asking{g.asked, g})
	s, err := openOn(g.t, c, g.place)
	if err != nil {
		g.t.Fatal(err)
	}
	s.Serve([]gateway.ODS{riverside, hillside})
	return s
}

// asking counts commands on their way to Redis, and lets tests meddle.
type asking struct {
	n *atomic.Int64
	g *surgery
}

func (asking) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a asking) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		a.n.Add(1)
		if a.g.scanned == nil || cmd.Name() != "hscan" {
			return next(ctx, cmd)
		}
		hash := cmd.Args()[1].(string)
		a.g.scanned(hash, false)
		err := next(ctx, cmd)
		a.g.scanned(hash, true)
		return err
	}
}

func (a asking) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		a.n.Add(int64(len(cmds)))
		if args := cmds[0].Args(); a.g.meddle != nil && args[0] == "evalsha" {
			a.g.meddle(args[2].(int))
		}
		return next(ctx, cmds)
	}
}

// flush empties Redis, every node of it.
func (g *surgery) flush() {
	g.t.Helper()
	g.nodes(func(ctx context.Context, c *redis.Client) error { return c.FlushAll(ctx).Err() })
}

func (g *surgery) nodes(do func(context.Context, *redis.Client) error) {
	g.t.Helper()
	each(g.t, g.raw, do)
}

// each does something with every node of a Redis, one after the other.
func each(t testing.TB, c redis.UniversalClient, do func(context.Context, *redis.Client) error) {
	t.Helper()
	var err error
	switch c := c.(type) {
	case *redis.ClusterClient:
		var one sync.Mutex // the client asks all nodes at the same time
		err = c.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error {
			one.Lock()
			defer one.Unlock()
			return do(ctx, c)
		})
	case *redis.Client:
		err = do(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// person gives an appointment of the n-th invented patient, five days ahead.
func (g *surgery) person(n int) gateway.Appointment {
	return gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprintf("88%04d-%04d", n, n)), Start: g.now.AddDate(0, 0, 5), Site: "5",
		Mode: gateway.ModeInPerson, Status: gateway.StatusBooked, Version: "1",
		Patient: gateway.Patient{
			ID: gateway.PatientID(fmt.Sprint(1000 + n)), Mobile: number(n), MobileKind: gateway.NumberMobile,
			Name: gateway.NewName("Cadwallader"), NHSNumber: gateway.NewNHSNumber("9990000018"),
		},
	}
}

func number(n int) gateway.Phone { return gateway.NewPhone(fmt.Sprintf("+447700900%03d", n%1000)) }

// owed gives an appointment with a queued reminder for each rule, at its time.
func (g *surgery) owed(a gateway.Appointment, rules ...gateway.Rule) gateway.Entry {
	e := gateway.Entry{Facts: gateway.Facts{Appointment: a}, FirstSeen: g.now}
	for _, r := range rules {
		e.Plan = append(e.Plan, gateway.Planned{Rule: r, State: gateway.Queued, At: r.Due(a.Start)})
	}
	return e
}

// withheld gives an appointment whose reminders are all to be in one state.
func (g *surgery) withheld(a gateway.Appointment, s gateway.State, why gateway.Reason, rules ...gateway.Rule) gateway.Entry {
	e := g.owed(a, rules...)
	for i := range e.Plan {
		e.Plan[i].State, e.Plan[i].Reason = s, why
	}
	return e
}

func (g *surgery) plan(entries ...gateway.Entry) gateway.Planning {
	g.t.Helper()
	return g.planFor(riverside, entries...)
}

func (g *surgery) planFor(p gateway.ODS, entries ...gateway.Entry) gateway.Planning {
	g.t.Helper()
	d, err := g.s.Known(g.t.Context(), p)
	if err != nil {
		g.t.Fatal(err)
	}
	out, err := g.s.Plan(g.t.Context(), d, g.now, entries)
	if err != nil {
		g.t.Fatal(err)
	}
	if out.Conflicts > 0 {
		g.t.Fatalf("%d conflicts with nobody", out.Conflicts)
	}
	return out
}

// id gives the reminder of an appointment and rule.
func (g *surgery) id(p gateway.ODS, a gateway.Appointment, r gateway.Rule) gateway.ReminderID {
	g.t.Helper()
	ref, err := g.s.Ref(g.t.Context(), p, a.Identity())
	if err != nil {
		g.t.Fatal(err)
	}
	return gateway.ReminderID{Practice: p, Ref: ref, Rule: r, Start: a.Start}
}

func token(b byte) gateway.Token { return gateway.Token{b, 1, 2, 3, 4, 5, 6, 7} }

// lease is how long a claim of the tests is good.
const lease = 30 * time.Second

func (g *surgery) claim() gateway.Catch {
	g.t.Helper()
	return g.claimAs(g.s, token(1), 0)
}

func (g *surgery) claimAs(s *store.Store, as gateway.Token, perSec int) gateway.Catch {
	g.t.Helper()
	s.Look()
	c, err := s.Claim(g.t.Context(), gateway.Claiming{Now: g.now, Limit: 2000, Lease: lease, Token: as, PerSec: perSec})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

func (g *surgery) move(c gateway.Change) gateway.Changed {
	g.t.Helper()
	got, err := g.s.Move(g.t.Context(), g.now, []gateway.Change{c})
	if err != nil {
		g.t.Fatal(err)
	}
	return got[0]
}

// state gives where a reminder stands; one without an entry of its own waits.
func (g *surgery) state(id gateway.ReminderID) gateway.State {
	g.t.Helper()
	got, err := g.s.Standings(g.t.Context(), []gateway.ReminderID{id})
	if err != nil {
		g.t.Fatal(err)
	}
	return got[0]
}

func (g *surgery) stands(id gateway.ReminderID, want gateway.State, why gateway.Reason) {
	g.t.Helper()
	r, _, err := g.s.Reminder(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	if r.State == 0 {
		r.State = gateway.Queued
	}
	if r.State != want || r.Reason != why {
		g.t.Errorf("the %s reminder is %s (%s), want %s (%s)", id.Rule, r.State, r.Reason, want, why)
	}
}

// counted compares the counters of a practice with its data.
func (g *surgery) counted(p gateway.ODS) {
	g.t.Helper()
	entries, err := g.raw.HGetAll(g.t.Context(), Key(p, "r")).Result()
	if err != nil {
		g.t.Fatal(err)
	}
	want := map[gateway.State]int{}
	for _, v := range entries {
		want[gateway.State(v[0])]++
	}
	kept, err := g.s.Appointments(g.t.Context(), p)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, k := range kept {
		for _, r := range k.Reminders {
			rk := r.ID.Key()
			if _, ok := entries[string(rk[:])]; !ok {
				want[gateway.Queued]++
			}
		}
	}
	counts, err := g.s.Counts(g.t.Context(), []gateway.ODS{p})
	if err != nil {
		g.t.Fatal(err)
	}
	for _, s := range gateway.States {
		if counts[p][s] != want[s] {
			g.t.Errorf("%d %s are counted, %d are there", counts[p][s], s, want[s])
		}
	}
}

// explained checks that every reminder still to come can be answered for.
func (g *surgery) explained(p gateway.ODS) {
	g.t.Helper()
	n, err := g.s.Unexplained(g.t.Context(), p, g.now)
	if err != nil {
		g.t.Fatal(err)
	}
	if n != 0 {
		g.t.Errorf("%d reminders are owed and nowhere", n)
	}
}
