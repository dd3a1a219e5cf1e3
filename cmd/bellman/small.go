package main

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/audit"
	"bellman/gateway/number"
)

// version is set by the linker in a release.
var version = "development"

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Version, Go, modules", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			modules := map[string]string{}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, d := range info.Deps {
					modules[d.Path] = d.Version
				}
			}
			if c.asJSON {
				return c.print(map[string]any{"version": version, "go": runtime.Version(), "modules": modules})
			}
			c.say("bellman %s, %s, %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			for _, m := range []string{"github.com/twilio/twilio-go", "github.com/redis/go-redis/v9", "github.com/robfig/cron/v3", "github.com/prometheus/client_golang"} {
				c.say("%s %s", m, modules[m])
			}
			return nil
		},
	}
}

func (c *cli) sendtestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sendtest --to NUMBER", Short: "Send one text to your own phone",
		Long: `Send one text with no patient in it to your own phone, through the real provider
and the practice's own sender, and say what the provider answered.`,
		Args: exactly(0),
	}
	cmd.Flags().String("to", "", "your mobile number")
	practice := cmd.Flags().String("practice", "", "whose sender to use; the first practice's without")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		raw, err := required(cmd, "to")
		if err != nil {
			return err
		}
		cfg, err := c.load()
		if err != nil {
			return err
		}
		practices, err := named(cfg, *practice)
		if err != nil {
			return err
		}
		p := practices[0]
		to, kind := number.Parse(raw, cfg.Mode.Trial())
		if kind != gateway.NumberMobile {
			return usageError{errors.New("--to is not one UK mobile number that may be texted in this mode")}
		}
		a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelWarn))
		defer func() { err = errors.Join(err, a.stop()) }()
		if ok := a.allowed(); ok != nil && !ok(to) {
			return usageError{fmt.Errorf("mode %s texts only numbers on allow_numbers; add yours there", cfg.Mode)}
		}
		if err := a.openProvider(); err != nil {
			return err
		}
		got, err := a.provider.Send(cmd.Context(), gateway.Outgoing{
			// No appointment of the practice has this reference: receipts find nothing.
			Reminder: gateway.ReminderID{Practice: p.ODS, Start: c.now()},
			From:     p.Sender, To: to, Validity: 10 * time.Minute,
			Text: gateway.NewText(p.Name + ": this is a test of appointment reminders. Nobody needs to act on it."),
		})
		if err != nil {
			return fmt.Errorf("the provider did not take the text: %w", err)
		}
		if c.asJSON {
			return c.print(map[string]any{"message_id": got.MessageID, "segments": got.Segments})
		}
		c.say("the provider took the text as %s; it should arrive within a minute", got.MessageID)
		return nil
	}
	return cmd
}

func (c *cli) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "The tamper-evident trail: verify, export", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	read := func() ([]audit.Entry, error) {
		cfg, err := c.load()
		if err != nil {
			return nil, err
		}
		return audit.New(auditFile(cfg)).Verify()
	}
	cmd.AddCommand(&cobra.Command{
		Use: "verify", Short: "Check that no line was changed or taken out", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			all, err := read()
			if err != nil {
				return err
			}
			if c.asJSON {
				return c.print(map[string]any{"entries": len(all), "whole": true})
			}
			c.say("%d entries, the chain is whole", len(all))
			return nil
		},
	}, &cobra.Command{
		Use: "export", Short: "Write the trail out as JSON", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			all, err := read()
			if err != nil {
				return err
			}
			if all == nil {
				all = []audit.Entry{}
			}
			return c.print(all)
		},
	})
	return cmd
}
