package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"bellman/adapters"
	"bellman/adapters/twilio"
	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/clockwatch"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/number"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
	"bellman/scheduler"
)

// app is the program, built in order; what was built is undone in reverse.
type app struct {
	cfg       *configs.Config
	clock     gateway.Clock
	log       *slog.Logger
	registry  *prometheus.Registry
	rdb       redis.UniversalClient
	store     *store.Store
	provider  *twilio.Provider
	practices []scheduler.Practice
	told      []told            // practices whose systems send by themselves
	keeper    *clockwatch.Watch // of a service; commands have none
	redisTime func() time.Time  // see cli
	turns     *turns
	agents    agents
	opening   sync.Mutex // by an adapter that needs its shelf
	serving   bool       // reads are carried out
	undo      []undoing
}

type undoing struct {
	what string
	do   func(context.Context) error
}

func newApp(cfg *configs.Config, clock gateway.Clock, log *slog.Logger) *app {
	registry := prometheus.NewRegistry()
	return &app{cfg: cfg, clock: clock, log: log, registry: registry, turns: newTurns(registry)}
}

func (a *app) later(what string, do func(context.Context) error) {
	a.undo = append(a.undo, undoing{what, do})
}

// stop undoes everything, last first, bounded in time. It may be called twice.
func (a *app) stop() error {
	var all error
	for len(a.undo) > 0 {
		u := a.undo[len(a.undo)-1]
		a.undo = a.undo[:len(a.undo)-1]
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		if err := u.do(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", u.what, err))
		}
		cancel()
	}
	return all
}

func auditFile(cfg *configs.Config) string {
	return filepath.Join(filepath.Dir(cfg.Keys.File), "audit.log")
}

// connect reaches Redis, starting the embedded one where the configuration asks
// for it.
func (a *app) connect(ctx context.Context) error {
	url := a.cfg.Redis.URL.Reveal()
	if a.cfg.Redis.Embedded() {
		server, err := embedded.Start(ctx, a.cfg.Redis.Dir, embedded.Options{Log: a.log})
		if err != nil {
			return err
		}
		a.later("stop the embedded redis", server.Stop)
		url = server.URL()
	}
	rdb, err := store.Client(url)
	if err != nil {
		return usageError{err}
	}
	a.rdb = rdb
	a.later("leave redis", func(context.Context) error {
		if a.store != nil {
			return a.store.Close() // and what it keeps beside Redis
		}
		return rdb.Close()
	})
	return nil
}

// openStore opens the ledger: key file, journal, Redis.
func (a *app) openStore(ctx context.Context) error {
	master, err := store.ReadKeyFile(a.cfg.Keys.File)
	if err != nil {
		return err
	}
	journal, err := store.OpenJournal(a.cfg.OptOuts.Journal, master)
	if err != nil {
		return err
	}
	if a.rdb == nil {
		if err := a.connect(ctx); err != nil {
			return err
		}
	}
	if a.store, err = store.Open(ctx, a.rdb, master, journal); err != nil {
		return err
	}
	a.store.Serve(a.codes())
	return a.store.VerifyKeys(ctx, a.codes())
}

func (a *app) codes() []gateway.ODS {
	out := make([]gateway.ODS, len(a.cfg.Practices))
	for i, p := range a.cfg.Practices {
		out[i] = p.ODS
	}
	return out
}

func (a *app) domain() []gateway.Practice {
	out := make([]gateway.Practice, len(a.cfg.Practices))
	for i, p := range a.cfg.Practices {
		out[i] = p.Practice
	}
	return out
}

// openSources makes the adapters. Every mistake in any section is reported.
func (a *app) openSources() error {
	var faults configs.Faults
	for _, p := range a.cfg.Practices {
		made, wrong := a.openSource(p)
		faults = append(faults, wrong...)
		a.practices = append(a.practices, made)
	}
	_, wrong := ears(a.told)
	if faults = append(faults, wrong...); len(faults) > 0 {
		return usageError{fmt.Errorf("the configuration has mistakes:\n%w", faults)}
	}
	return nil
}

func (a *app) openSource(p configs.Practice) (scheduler.Practice, []gateway.Fault) {
	out := scheduler.Practice{Practice: p.Practice, SourceType: p.Source.Type, Poll: p.Poll}
	build, ok := adapters.Sources[p.Source.Type]
	if !ok {
		return out, []gateway.Fault{{Path: p.Source.Path + ".type", Problem: fmt.Sprintf("is no clinical system that Bellman knows: choose one of %v", adapters.SourceNames())}}
	}
	src, faults := build(adapters.Section{Path: p.Source.Path, Decode: p.Source.Decode}, a.surroundings(p))
	if l, ok := src.(gateway.Listener); ok {
		a.told, out.Tells = append(a.told, told{p.ODS, p.Source.Path, l}), true
	}
	joined, wrong := a.beside(p, src)
	if faults = append(faults, wrong...); len(faults) == 0 {
		faults = powerFaults(p, joined)
	}
	out.Source = joined
	return out, faults
}

func (a *app) openProvider() error {
	p, err := twilio.New(twilio.Config(a.cfg.Twilio), a.cfg.PublicURL, gateway.Surroundings{Clock: a.clock, Trial: a.cfg.Mode.Trial(), Heard: a.heard})
	if err != nil {
		return usageError{err}
	}
	a.provider = p
	a.later("leave twilio", func(context.Context) error { p.Close(); return nil })
	return nil
}

// allowed says which numbers may be texted in this mode; nil means every one.
func (a *app) allowed() func(gateway.Phone) bool {
	if a.cfg.Mode == configs.Live {
		return nil
	}
	return func(n gateway.Phone) bool { return a.cfg.AllowNumbers.Has(n.Reveal()) }
}

// answerable says which numbers may be answered: those that may be texted, and of
// these UK mobiles only. Texts from elsewhere are read and obeyed, and cost nothing.
func (a *app) answerable() func(gateway.Phone) bool {
	listed := a.allowed()
	return func(n gateway.Phone) bool {
		_, kind := number.Parse(n.Reveal(), a.cfg.Mode.Trial())
		return kind == gateway.NumberMobile && (listed == nil || listed(n))
	}
}

// workers builds the scheduler, the sender and the inbox on one set of metrics.
func (a *app) workers() (*scheduler.Scheduler, *sender.Sender, *inbox.Inbox) {
	codes, domain := a.codes(), a.domain()
	counts := newTally(a.registry, codes)
	a.registry.MustRegister(&gauges{store: a.store, practices: codes, log: a.log})
	a.registry.MustRegister(&taskGauges{store: a.store, practices: codes, clock: a.clock, log: a.log})
	a.registry.MustRegister(&replyGauges{store: a.store, practices: domain, clock: a.clock, log: a.log})
	sent := sender.NewMetrics(a.registry, codes)
	sched := scheduler.New(scheduler.Options{
		Memory: a.store, Practices: a.practices, Clock: a.clock, Keeper: a.keeper, Log: a.log.With("part", "scheduler"),
		Metrics: scheduler.NewMetrics(a.registry, a.clock, a.practices), Moved: counts.moved, Allowed: a.allowed(),
	})
	send := sender.New(sender.Options{
		Memory: a.store, Provider: a.provider, Practices: a.rereaders(), Clock: a.clock, Keeper: a.keeper, Log: a.log.With("part", "sender"),
		Metrics: sent, Moved: counts.moved, Refresh: a.writing(sched.Refresh), Render: render(domain), Allowed: a.allowed(),
		InFlight: inFlight, PerSec: a.cfg.Twilio.MaxPerSecond, Timeout: a.cfg.Twilio.Timeout,
	})
	in := inbox.New(inbox.Options{
		Memory: a.store, Restoring: a.store, Start: message.Start, Webhooks: a.provider, Lister: a.provider, Forged: twilio.ErrSignature, Practices: domain,
		Clock: a.clock, Keeper: a.keeper, Log: a.log.With("part", "inbox"), Metrics: inbox.NewMetrics(a.registry, domain),
		Moved: counts.moved, Settled: sent.Settled, Trouble: send.Trouble, Writers: a.writers(), Cancels: a.cancels(a.writing(sched.Confirmed)), Taken: twilio.Config(a.cfg.Twilio).TakenWords(),
		Answers: message.Answers(),
		Allowed: a.answerable(), Render: message.Render, Settle: a.cfg.Twilio.Settle,
	})
	return sched, send, in
}

// render words texts with one pen for each practice.
func render(ps []gateway.Practice) func(gateway.Practice, gateway.Appointment, time.Time) (gateway.Text, int, error) {
	pens := make(map[gateway.ODS]message.Pen, len(ps))
	for _, p := range ps {
		pens[p.ODS] = message.NewPen(p)
	}
	return func(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error) {
		return pens[p.ODS].Render(a, now)
	}
}

// inFlight is how many texts are handed over at the same time.
const inFlight = 256

// rereaders gives the sender the clinical systems that can be asked again.
func (a *app) rereaders() []sender.Practice {
	out := make([]sender.Practice, len(a.practices))
	for i, p := range a.practices {
		out[i].Practice = p.Practice
		if r, ok := p.Source.(gateway.Rereader); ok {
			out[i].Reread = r
		}
	}
	return out
}

// writing gives what writes an appointment down, by the practice's code.
func (a *app) writing(do func(context.Context, gateway.Practice, gateway.Appointment) error) func(context.Context, gateway.ODS, gateway.Appointment) error {
	by := make(map[gateway.ODS]gateway.Practice, len(a.practices))
	for _, p := range a.practices {
		by[p.ODS] = p.Practice
	}
	return func(ctx context.Context, ods gateway.ODS, ap gateway.Appointment) error {
		return do(ctx, by[ods], ap)
	}
}

// newLog makes the logger: one JSON object a line. Private values do not print
// themselves; sources of trouble are named by our own ids.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}
