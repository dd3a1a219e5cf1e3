package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"bellman/adapters/twilio"
	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/gateway/store"
	"bellman/scheduler"
)

// finding is one line of a check.
type finding struct {
	Result string `json:"result"` // ok, warn, FAIL
	What   string `json:"what"`
	Words  string `json:"words"`
}

type findings []finding

func (f *findings) ok(what, words string, args ...any) {
	*f = append(*f, finding{"ok", what, fmt.Sprintf(words, args...)})
}

func (f *findings) warn(what, words string, args ...any) {
	*f = append(*f, finding{"warn", what, fmt.Sprintf(words, args...)})
}

func (f *findings) fail(what, words string, args ...any) {
	*f = append(*f, finding{"FAIL", what, fmt.Sprintf(words, args...)})
}

func (c *cli) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Try everything that a deployment needs and say what to do about the rest",
		Long: `Check the configuration, the key file, Redis (reachable, durable, not evicting),
every feed, the provider's credentials, the reply words and the clock. One line
each: ok, warn or FAIL and what to do. Ends with status 1 when something FAILs.
Nothing is changed and nobody is texted.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelError))
			a.redisTime = c.redisTime
			defer func() { err = errors.Join(err, a.stop()) }()
			f := a.check(cmd.Context())
			if err := c.showFindings(f); err != nil {
				return err
			}
			for _, x := range f {
				if x.Result == "FAIL" {
					return errQuiet
				}
			}
			return nil
		},
	}
}

func (c *cli) showFindings(f findings) error {
	if c.asJSON {
		return c.print(f)
	}
	for _, x := range f {
		c.say("%-4s  %s: %s", x.Result, x.What, x.Words)
	}
	return nil
}

func (a *app) check(ctx context.Context) findings {
	var f findings
	f.ok("configuration", "%d practice(s), mode %s", len(a.cfg.Practices), a.cfg.Mode)
	for _, w := range a.cfg.Warnings {
		f.warn(w.Path, "%s", w.Problem)
	}
	a.checkRedis(ctx, &f)
	a.checkAgents(&f)
	a.checkFeeds(ctx, &f)
	a.checkProvider(ctx, &f)
	a.checkWords(&f)
	return f
}

func (a *app) checkRedis(ctx context.Context, f *findings) {
	limited, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	if _, err := store.ReadKeyFile(a.cfg.Keys.File); err != nil {
		f.fail("keys.file", "%s", err)
		return
	}
	f.ok("keys.file", "readable, and by nobody else")
	if err := a.openStore(limited); err != nil {
		f.fail("redis", "%s", err)
		return
	}
	f.ok("redis", "reachable")
	k := store.Durability(limited, a.rdb)
	for _, w := range k.Unsafe {
		f.fail("redis", "%s", w)
	}
	for _, w := range k.Unwise {
		f.warn("redis", "%s", w)
	}
	if len(k.Unsafe)+len(k.Unwise) == 0 {
		f.ok("redis", "keeps what it is given, and never evicts")
	}
	if a.store.InHold() {
		f.warn("redis", "the store was emptied, or set back to an older state, and is in hold: nothing is sent; `bellman restore` says what it waits for")
	}
	r, err := a.askRedis(limited)
	a.checkClock(f, "redis", r, err)
}

func (a *app) checkFeeds(ctx context.Context, f *findings) {
	for _, p := range a.cfg.Practices {
		what := "feed of " + string(p.ODS)
		made, faults := a.openSource(p)
		for _, x := range faults {
			f.fail(x.Path, "%s", x.Problem)
		}
		if len(faults) > 0 {
			continue
		}
		a.checkFeed(ctx, made, what, f)
		a.checkBeside(ctx, p, f)
	}
}

func (a *app) checkFeed(ctx context.Context, p scheduler.Practice, what string, f *findings) {
	limited, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	feed, err := p.Source.Read(limited, scheduler.SpanOf(p.Policy, a.clock.Now()))
	age := a.clock.Now().Sub(feed.AsOf).Round(time.Second)
	switch {
	case errors.Is(err, gateway.ErrSourceDenied):
		f.fail(what, "%s: correct the credentials in practices[].source", err)
	case err != nil:
		f.fail(what, "%s", err)
	case age > p.Policy.StaleAfter:
		f.fail(what, "the data are %s old, older than stale_after: nothing would be sent", age)
	case !feed.Complete:
		f.warn(what, "%d appointments, but the read is not complete: what it does not show is not texted, and the diary does not count as fresh", len(feed.Appointments))
	case len(feed.Unreadable) > 0:
		f.warn(what, "%d appointments, %d records unreadable: see `bellman pull --practice %s`", len(feed.Appointments), len(feed.Unreadable), p.ODS)
	case len(feed.Appointments) == 0:
		f.warn(what, "readable, but empty: look whether that is so in the diary")
	default:
		f.ok(what, "%d appointments read with %s, complete, true as of %s; %s", len(feed.Appointments), p.SourceType, local(feed.AsOf), a.turns.words(p.ODS))
	}
	a.checkFeedClock(p.ODS, what, f)
}

func (a *app) checkProvider(ctx context.Context, f *findings) {
	if err := a.openProvider(); err != nil {
		f.fail("twilio", "%s", err)
		return
	}
	if err := a.provider.Check(ctx); err != nil {
		f.fail("twilio", "%s", err)
		return
	}
	f.ok("twilio", "knows the account and accepts the credentials")
	r, err := a.provider.AskTime(ctx)
	a.checkClock(f, "the provider", r, err)
}

// checkWords looks at what patients are told to reply: no wording may teach them
// a word that the provider takes for its own (HAZ-11).
func (a *app) checkWords(f *findings) {
	for _, p := range a.cfg.Practices {
		if err := message.Fits(p.Practice); err != nil {
			f.fail("wording of "+string(p.ODS), "%s", err)
		}
	}
	taken := twilio.Config(a.cfg.Twilio).TakenWords()
	_, blocks := taken["CANCEL"]
	asked := "the texts ask for STOP only"
	for _, p := range a.cfg.Practices {
		if p.Policy.Extras.CancelByText { // the configuration is refused where the provider takes CANCEL for STOP
			asked = "the texts ask for STOP, and for CANCEL with the visit's code"
		}
	}
	if blocks && a.cfg.Mode == configs.Live {
		f.warn("reply words", "the provider takes a bare CANCEL, END or QUIT for STOP and YES for START: set up Advanced Opt-Out and twilio.custom_opt_out_words (docs/adapters/twilio.md)")
		return
	}
	f.ok("reply words", "%s", asked)
}
