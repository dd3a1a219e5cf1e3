package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/scheduler"
)

// practices is how many surgeries share the work.
const practices = 60

func codes() []gateway.ODS {
	out := make([]gateway.ODS, practices)
	for i := range out {
		out[i] = gateway.ODS(fmt.Sprintf("B%05d", i))
	}
	return out
}

func practiceOf(p gateway.ODS, rules ...string) gateway.Practice {
	var rs []gateway.Rule
	for _, r := range rules {
		rule, err := gateway.ParseRule(r)
		if err != nil {
			panic(err)
		}
		rs = append(rs, rule)
	}
	return gateway.Practice{
		ODS: p, Name: "Riverside Surgery", Phone: "01632 960001", Nation: gateway.England, Sender: "+447700900001",
		Policy: gateway.Policy{
			Rules: rs, StaleAfter: 90 * time.Minute, Latest: time.Hour, Wording: "default",
			Hours: gateway.Hours{Days: [7]bool{true, true, true, true, true, true, true}, To: 1440, BankHolidays: true},
		},
	}
}

// diaryOf invents one practice's diary of n visits around start.
func diaryOf(n int, start, now time.Time) gateway.Feed {
	f := gateway.Feed{Complete: true, AsOf: now, Covers: gateway.Span{From: now, To: now.AddDate(0, 0, 30)}}
	for i := range n {
		f.Appointments = append(f.Appointments, gateway.Appointment{
			ID: gateway.AppointmentID(fmt.Sprintf("%d-%d", 88000+i, 1000+i)), Status: gateway.StatusBooked, Site: "5", Mode: gateway.ModeInPerson,
			Start: start.Add(time.Duration(i%1000) * time.Minute), Version: "1",
			Patient: gateway.Patient{
				ID: gateway.PatientID(fmt.Sprint(1000 + i)), MobileKind: gateway.NumberMobile,
				Mobile: gateway.NewPhone(fmt.Sprintf("+447700%06d", 900100+i%800)),
			},
		})
	}
	return f
}

// everySecond is how often Redis syncs its file where asynq is measured beside ours:
// as asynq's own users have it.
const everySecond = "everysec"

// openLedger starts a Redis and opens the ledger of all practices on it. The caller
// stops the server.
func openLedger(ctx context.Context, fsync string) (*server, *store.Store, error) {
	r, err := startRedis(ctx, fsync)
	if err != nil {
		return nil, nil, err
	}
	st, err := r.open(ctx, codes())
	if err != nil {
		r.stop()
		return nil, nil, err
	}
	return r, st, nil
}

// measurePlan decides and queues the reminders of n appointments, then reads the
// same diaries again.
func measurePlan(ctx context.Context, n int, planned, again, bytes *figure) error {
	r, st, err := openLedger(ctx, everySecond)
	if err != nil {
		return err
	}
	defer r.stop()
	now := time.Now()
	feed := diaryOf(n/practices, now.AddDate(0, 0, 10).Truncate(time.Minute), now)
	for _, p := range codes() {
		if _, err := st.Known(ctx, p); err != nil {
			return err
		}
	}
	before := r.memory(ctx)
	total := n / practices * practices * 2
	took, err := planAll(ctx, st, feed, now, "7d", "1d")
	if err != nil {
		return err
	}
	planned.add(perSecond(total, took))
	bytes.add((r.memory(ctx) - before) / float64(total))
	if took, err = planAll(ctx, st, feed, now.Add(time.Minute), "7d", "1d"); err != nil {
		return err
	}
	again.add(perSecond(total, took))
	return nil
}

// planAll plans every practice, several at a time as the service does.
func planAll(ctx context.Context, st *store.Store, feed gateway.Feed, now time.Time, rules ...string) (time.Duration, error) {
	work := make(chan gateway.ODS, practices)
	for _, p := range codes() {
		work <- p
	}
	close(work)
	errs := make(chan error, practices)
	began := time.Now()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for p := range work {
				errs <- planOne(ctx, st, practiceOf(p, rules...), feed, now)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return took, all
}

func planOne(ctx context.Context, st *store.Store, p gateway.Practice, feed gateway.Feed, now time.Time) error {
	d, err := st.Known(ctx, p.ODS)
	if err != nil {
		return err
	}
	draft := scheduler.Drafting{Practice: p, Feed: feed, Diary: d, Now: now}.Make()
	entries := make([]gateway.Entry, len(draft.Entries))
	for i := range draft.Entries {
		entries[i] = draft.Entries[i].Entry
	}
	if _, err := st.Plan(ctx, d, now, entries); err != nil {
		return err
	}
	return st.SetFeed(ctx, p.ODS, gateway.FeedState{AsOf: now})
}

// measureSend has n reminders fall due and hands them over.
func measureSend(ctx context.Context, n int, phones *twilioDouble, sent, allocs *figure) error {
	r, st, err := openLedger(ctx, everySecond)
	if err != nil {
		return err
	}
	defer r.stop()
	now := time.Now()
	due := diaryOf(n/practices, now.Add(26*time.Hour).Truncate(time.Minute), now)
	// Planned an hour before they are due, so that they are owed; due when the
	// clock below stands a day later.
	if _, err := planAll(ctx, st, due, now, "1d"); err != nil {
		return err
	}
	later := gateway.ClockFunc(func() time.Time { return time.Now().Add(19 * time.Hour) })
	for _, p := range codes() {
		if err := st.SetFeed(ctx, p, gateway.FeedState{AsOf: later.Now()}); err != nil {
			return err
		}
	}
	s, done, err := senderOn(st, phones.address, later, n/practices*practices)
	if err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu := spentBy(ctx, r, phones.pid)
	began := time.Now()
	stopped := make(chan struct{})
	go func() { s.Run(working); close(stopped) }()
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		cancel()
		return errors.New("the sender did not finish")
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	cancel()
	<-stopped
	total := n / practices * practices
	fmt.Fprintf(os.Stderr, "processor time a text, us: %s\n", spentBy(ctx, r, phones.pid).each(cpu, total))
	sent.add(perSecond(total, took))
	allocs.add(float64(after.Mallocs-before.Mallocs) / float64(total))
	return nil
}

// counting is the ledger, which says when the last text was written down.
type counting struct {
	*store.Store
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (c *counting) Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error) {
	got, err := c.Store.Move(ctx, now, changes)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range got {
		if changes[i].To == gateway.Accepted && got[i].Verdict == gateway.Done {
			if c.left--; c.left == 0 {
				close(c.done)
			}
		}
	}
	return got, err
}

func senderOn(st *store.Store, phones string, clock gateway.Clock, n int) (*sender.Sender, <-chan struct{}, error) {
	provider, err := twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: phones,
	}, "http://127.0.0.1:1", gateway.Surroundings{Clock: clock, Trial: true})
	if err != nil {
		return nil, nil, err
	}
	var ps []sender.Practice
	pens := map[gateway.ODS]message.Pen{}
	for _, p := range codes() {
		ps = append(ps, sender.Practice{Practice: practiceOf(p, "1d")})
		pens[p] = message.NewPen(practiceOf(p, "1d"))
	}
	render := func(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error) {
		return pens[p.ODS].Render(a, now)
	}
	c := &counting{Store: st, left: n, done: make(chan struct{})}
	return sender.New(sender.Options{
		Memory: c, Provider: provider, Practices: ps, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Metrics: sender.NewMetrics(prometheus.NewRegistry(), codes()), Render: render, InFlight: 256, Timeout: 10 * time.Second,
	}), c.done, nil
}
