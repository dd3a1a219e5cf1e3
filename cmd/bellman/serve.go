package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/sender"
	"bellman/gateway/store"
	"bellman/scheduler"
)

// parts of the service that --only chooses from.
var parts = []string{"scheduler", "sender", "web"}

func (c *cli) serveCommand() *cobra.Command {
	var only []string
	var debug bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the service: scheduler, sender, web",
		Long: `Run the service until SIGTERM or SIGINT. It then finishes or gives back what is
in flight, writes everything down, and ends.

--only splits it over processes or machines; any number may run on one Redis.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, p := range only {
				if !slices.Contains(parts, p) {
					return usageError{fmt.Errorf("--only knows %s, not %q", strings.Join(parts, ", "), p)}
				}
			}
			cfg, err := c.load()
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if debug {
				level = slog.LevelDebug
			}
			log := newLog(c.err, level)
			for _, w := range cfg.Warnings {
				log.Warn("configuration", "path", w.Path, "problem", w.Problem)
			}
			a := newApp(cfg, gateway.ClockFunc(c.now), log)
			a.redisTime = c.redisTime
			return newService(a, only).run(cmd.Context())
		},
	}
	cmd.Flags().StringSliceVar(&only, "only", nil, "run only these parts: scheduler,sender,web")
	cmd.Flags().BoolVar(&debug, "debug", false, "log at debug level")
	return cmd
}

// service is the app as it runs.
type service struct {
	*app
	only    []string
	opened  atomic.Bool // the store could be opened
	trouble atomic.Pointer[string]
	durable atomic.Pointer[store.Keeping]
	work    sync.WaitGroup
	doors   map[string]*door
	public  *swap
	staff   *swap
}

// swap is a handler that answers 503 until the real one is there.
type swap struct{ h atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.h.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.h.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	// Never text/plain on the public door: the provider would text it.
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte("<Response></Response>"))
}

func newService(a *app, only []string) *service {
	if len(only) == 0 {
		only = parts
	}
	return &service{app: a, only: only, doors: map[string]*door{}, public: &swap{}, staff: &swap{}}
}

func (s *service) does(part string) bool { return slices.Contains(s.only, part) }

// run builds everything, works until ctx ends, and stops in order.
func (s *service) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	s.log.Info("stopping: finishing or giving back what is in flight")
	return nil
}

// start opens the doors first, so that monitoring sees what is missing, then the
// store, then sets the workers to work.
func (s *service) start(ctx context.Context) error {
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if _, err := store.ReadKeyFile(s.cfg.Keys.File); err != nil {
		return err
	}
	s.serving = true
	if err := s.openSources(); err != nil {
		return err
	}
	if err := s.openAgents(); err != nil {
		return err
	}
	s.watchClock()
	if err := s.openProvider(); err != nil {
		return err
	}
	if err := s.openDoors(); err != nil {
		return err
	}
	if err := s.awaitStore(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return nil
	}
	sched, send, in := s.workers()
	s.opened.Store(true)
	s.setToWork(ctx, sched, send, in)
	return nil
}

func (s *service) openDoors() error {
	type plan struct {
		name, addr string
		files      configs.TLS
		h          http.Handler
	}
	plans := []plan{{"ops", s.cfg.Listen.Ops, configs.TLS{}, opsHandler(s.registry, s.ready)}}
	if s.does("web") {
		plans = append(plans, plan{"public", s.cfg.Listen.Public, s.cfg.Listen.TLS, s.public}, plan{"staff", s.cfg.Listen.Staff, configs.TLS{}, s.staff})
	}
	for _, p := range plans {
		d, err := openDoor(p.name, p.addr, p.files, p.h, s.log)
		if err != nil {
			return err
		}
		s.doors[p.name] = d
		d.serve(&s.work)
		s.later("close the "+p.name+" door", d.close)
		s.log.Info("door open", "door", p.name, "address", d.addr())
	}
	return nil
}

// awaitStore opens the store, trying again while Redis cannot be reached: the
// service comes up by itself when Redis does. What a person must mend ends it: also a
// redis-server of our own that cannot be started, but not one that was joined while it
// was ending, since it is started again.
func (s *service) awaitStore(ctx context.Context) error {
	told := ""
	for {
		err := s.openStore(ctx)
		var usage usageError
		switch {
		case err == nil:
			s.trouble.Store(nil)
			return nil
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, store.ErrKeyFile), errors.As(err, &usage), s.cfg.Redis.Embedded() && s.rdb == nil:
			return err
		}
		words := err.Error()
		s.trouble.Store(&words)
		if words != told {
			s.log.Error("redis is not usable yet; trying again every two seconds", "error", err)
			told = words
		}
		if !gateway.Wait(ctx, 2*time.Second) {
			return nil
		}
	}
}

// setToWork starts what this process does. Everything ends with ctx and is waited
// for: the sender after the doors that could still bring a STOP.
func (s *service) setToWork(ctx context.Context, sched *scheduler.Scheduler, send *sender.Sender, in *inbox.Inbox) {
	working, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	s.later("finish what is in flight", func(context.Context) error { cancel(); running.Wait(); return nil })
	running.Go(func() { s.keeper.Run(working) })
	running.Go(func() { s.watch(working) })
	if s.does("web") {
		s.public.set(s.publicHandler(in))
		s.staff.set(s.staffHandler())
		running.Go(func() { in.Run(working) })
	}
	if s.does("sender") {
		noteWords(s.cfg, s.clock.Now(), s.log)
		running.Go(func() { send.Run(working) })
	}
	if s.does("scheduler") {
		s.hearken(working, sched, &running)
		running.Go(func() {
			if err := sched.Run(working); err != nil {
				s.log.Error("scheduler", "error", err)
			}
		})
	}
	s.log.Info("at work", "mode", string(s.cfg.Mode), "practices", len(s.cfg.Practices), "parts", strings.Join(s.only, ","))
}

// watch keeps an eye on what makes the service ready: that Redis is still the one
// we wrote to, that it keeps what it is given, and that the provider knows us.
func (s *service) watch(ctx context.Context) {
	for n := 0; ; n++ {
		if _, err := s.store.RefreshHold(ctx); errors.Is(err, store.ErrEmptied) {
			s.log.Error("nothing is sent until redis is reconciled", "error", err)
			if err := s.store.Rejoin(ctx); err != nil {
				s.log.Error("put redis in hold and bring the opt-outs back", "error", err)
			}
		}
		if n%30 == 0 {
			s.look(ctx)
		}
		if !gateway.Wait(ctx, 2*time.Second) {
			return
		}
	}
}

func (s *service) look(ctx context.Context) {
	keeping := store.Durability(ctx, s.rdb)
	defer s.durable.Store(&keeping) // last: until then the service is not ready
	var words *string
	if err := s.provider.Check(ctx); err != nil && ctx.Err() == nil {
		w := err.Error()
		words = &w
		s.log.Error("the provider does not accept us", "error", err)
	}
	s.trouble.Store(words)
}

// ready says what is missing before texts can go, and what is merely unwise.
func (s *service) ready(ctx context.Context) (missing, warnings []string) {
	if w := s.trouble.Load(); w != nil {
		missing = append(missing, *w)
	}
	if !s.opened.Load() {
		if len(missing) == 0 {
			missing = append(missing, "the store is being opened")
		}
		return missing, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	switch hold, err := s.store.RefreshHold(ctx); {
	case errors.Is(err, store.ErrReceded):
		missing = append(missing, "redis holds an older state than was written there; it is being put in hold")
	case errors.Is(err, store.ErrEmptied):
		missing = append(missing, "redis was emptied; it is being marked")
	case err != nil:
		missing = append(missing, err.Error())
	case hold:
		r, err := s.store.Restoration(ctx)
		if err != nil {
			missing = append(missing, err.Error())
		}
		missing = append(missing, restoreWords(hold, r)+"; see `bellman restore --help`")
	}
	wrong, warn := s.keeper.Trouble()
	missing, warnings = append(missing, wrong...), append(warnings, warn...)
	k := s.durable.Load()
	if k == nil {
		missing = append(missing, "redis and the provider are being looked at for the first time")
	} else {
		warnings = append(warnings, k.Unwise...)
		if s.cfg.Mode == configs.Live {
			missing = append(missing, k.Unsafe...)
		} else {
			warnings = append(warnings, k.Unsafe...)
		}
	}
	return missing, warnings
}
