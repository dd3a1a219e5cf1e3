package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
)

// restoreRow is what `bellman restore --json` says.
type restoreRow struct {
	InHold bool `json:"in_hold"`
	gateway.Restoration
}

func (c *cli) restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore", Short: "Bring back who was texted and who said STOP, after Redis lost it",
		Long: `After a backup of Redis was put back, or Redis was emptied, it has forgotten who
was texted and who said STOP since. Bellman then sends nothing (it is in hold)
and brings back, by itself:

  1. the opt-outs of the journal;
  2. what patients wrote to each practice, from the provider's list of the last
     fourteen days: a STOP is obeyed, nobody is answered;
  3. each diary, with its next read;
  4. what was sent: every reminder that was due is looked up in the provider's
     list. What is there is not sent again, what is not there goes while it is
     useful, what cannot be told is never sent and ends as failed, for people.

Then the hold ends. A practice whose diary cannot be read stays closed until it
can; the others go after twenty minutes. While the provider's list cannot be
read, the hold stays.

Bellman notices an emptied Redis, and one that has lost hand-overs. After you put
a backup back on purpose, say so with --yes in case it did not notice: nothing is
lost by saying so. A running ` + "`bellman serve`" + ` does the work; --wait shows it until
the hold has ended. ` + "`bellman queue release --yes`" + ` ends a hold by hand.

Without --yes: how far it is. Exit status 0.`,
		Args: exactly(0),
	}
	reason := cmd.Flags().String("reason", "", "why, for the audit trail")
	yes := cmd.Flags().Bool("yes", false, "say that this Redis was restored from a backup")
	wait := cmd.Flags().Bool("wait", false, "show how far it is until the hold has ended")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		a, err := c.whole(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		if *yes {
			if err := c.record(a.cfg, "restore", "", *reason); err != nil {
				return err
			}
			if err := a.store.Hold(cmd.Context()); err != nil {
				return err
			}
			if !c.asJSON {
				c.say("this Redis counts as restored from a backup; it is in hold, and the opt-outs are back from the journal")
			}
		}
		if *wait {
			if err := c.awaitRestored(cmd.Context(), a); err != nil {
				return err
			}
		}
		return c.showRestoration(cmd.Context(), a, *yes || *wait)
	}
	return cmd
}

func (c *cli) showRestoration(ctx context.Context, a *app, done bool) error {
	hold, r, err := a.restoration(ctx)
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.print(restoreRow{hold, r})
	}
	c.say("%s", restoreWords(hold, r))
	if !done && !hold {
		c.say("would put it in hold and bring everything back since the last fourteen days; add --yes")
	}
	return nil
}

// awaitRestored says how far it is whenever that changes, until the hold has ended.
func (c *cli) awaitRestored(ctx context.Context, a *app) error {
	told := ""
	for {
		hold, r, err := a.restoration(ctx)
		if err != nil {
			return err
		}
		if !hold {
			return nil
		}
		if words := restoreWords(hold, r); words != told && !c.asJSON {
			c.say("%s", words)
			told = words
		}
		if !gateway.Wait(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

func (a *app) restoration(ctx context.Context) (bool, gateway.Restoration, error) {
	hold, err := a.store.RefreshHold(ctx)
	if err != nil {
		return hold, gateway.Restoration{}, err
	}
	r, err := a.store.Restoration(ctx)
	return hold, r, err
}

// restoreWords says how far a restoration is.
func restoreWords(hold bool, r gateway.Restoration) string {
	if r.Since.IsZero() {
		if hold {
			return "redis was emptied or set back to an older state, or may have been at its last start, and is in hold: nothing is sent. A running `bellman serve` brings it back"
		}
		return "redis is not in hold: as far as Bellman can tell it holds all that was written there"
	}
	var b strings.Builder
	if hold {
		fmt.Fprintf(&b, "redis was emptied or set back to an older state, or may have been at its last start, and is in hold since %s: nothing is sent", local(r.Since))
	} else {
		fmt.Fprintf(&b, "redis is not in hold; what it lost before %s is being brought back", local(r.Since))
		if !r.Ended.IsZero() {
			b.Reset()
			fmt.Fprintf(&b, "redis is not in hold; what it lost before %s was brought back by %s", local(r.Since), local(r.Ended))
		}
	}
	fmt.Fprintf(&b, ". Opt-outs are back from the journal; patients' texts of %d of %d practices and the diaries of %d are read again; %d reminders may have been sent before, %d of them are still looked up",
		r.Heard, r.Practices, r.Read, r.Found, r.Left)
	if r.Waits != "" {
		b.WriteString("; it waits: " + r.Waits)
	}
	return b.String()
}

// endRestoration leaves it at what has been brought back: a person ended the hold.
func (a *app) endRestoration(ctx context.Context, now time.Time) error {
	for _, p := range a.codes() {
		if err := a.store.SetLost(ctx, p, time.Time{}); err != nil {
			return err
		}
	}
	r, err := a.store.Restoration(ctx)
	if err != nil || r.Since.IsZero() {
		return err
	}
	r.Released, r.Ended, r.Waits = now, now, ""
	return a.store.SetRestoration(ctx, r)
}
