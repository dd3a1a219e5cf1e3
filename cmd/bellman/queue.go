package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/store"
)

type queueRow struct {
	Practice    string `json:"practice"`
	Appointment string `json:"appointment"`
	Rule        string `json:"rule"`
	State       string `json:"state"`
	Due         string `json:"due"`
	Reason      string `json:"reason"`

	line string
}

func (c *cli) queueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "queue", Short: "What is waiting, held, unknown, sent or withheld",
		Long: `List every reminder that is kept, with its state and reason: queued, claimed,
sending, accepted, delivered, undelivered, held, withdrawn, refused, unknown,
failed. Without --practice, of every practice.

--unexplained lists instead what does not add up in Bellman's own books: what is
neither sent, waiting nor withheld with a reason. It changes nothing; the service
mends what it can at the next read of the diary.`,
		Args: exactly(0),
	}
	practice := cmd.Flags().String("practice", "", "only this practice")
	unexplained := cmd.Flags().Bool("unexplained", false, "only what does not add up in the books")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *unexplained {
			return c.unexplained(cmd.Context(), *practice)
		}
		of := func(a *app, p configs.Practice) ([]queueRow, error) { return a.queued(cmd.Context(), p) }
		return overview(cmd.Context(), c, *practice, of, c.showQueue)
	}
	cmd.AddCommand(c.releaseCommand(), c.withdrawCommand())
	return cmd
}

func (c *cli) showQueue(a *app, rows []queueRow) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		c.say("%s", r.line)
	}
	c.say("%d reminders", len(rows))
	if a.store.InHold() {
		c.say("the store was emptied or set back to an older state, or may have been at the last start of redis, and is in hold: nothing is sent; see `bellman restore`")
	}
	return nil
}

// whole opens the ledger for a command about every practice.
func (c *cli) whole(ctx context.Context) (*app, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, err
	}
	a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelWarn))
	a.redisTime = c.redisTime
	if err := a.openStore(ctx); err != nil {
		return nil, errors.Join(err, a.stop())
	}
	return a, nil
}

func (a *app) queued(ctx context.Context, p configs.Practice) ([]queueRow, error) {
	all, err := a.store.Appointments(ctx, p.ODS)
	if err != nil {
		return nil, err
	}
	wrongClock := a.clockWrong(ctx)
	var rows []queueRow
	for _, k := range all {
		owed := map[gateway.Rule]gateway.Owed{}
		for _, o := range p.Policy.Plan(k.Head.Start, p.Nation, k.Head.FirstSeen) {
			owed[o.Rule] = o
		}
		for _, r := range k.Reminders {
			o := owed[r.ID.Rule]
			if r.State == gateway.Queued && wrongClock {
				r.Reason = gateway.ClockWrong
			}
			row := queueRow{
				Practice: string(p.ODS), Appointment: appointmentWord(k), Rule: r.ID.Rule.String(),
				State: r.State.String(), Due: utc(o.SendAt), Reason: r.Reason.String(),
			}
			row.line = fmt.Sprintf("%-8s %-20s %-4s %-11s %-22s %s", row.Practice, row.Appointment, row.Rule, row.State, local(o.SendAt), r.Reason.Words())
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func appointmentWord(k store.Kept) string {
	if k.Damaged {
		return "damaged:" + k.Ref.String()
	}
	return string(k.Facts.Appointment.ID)
}

func (c *cli) releaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "release", Short: "End a hold that waits for a person",
		Long: `Without --practice: end the hold of a store that was emptied or restored, at once.
It ends by itself when it is safe: ` + "`bellman restore`" + ` says what it waits for. Who ends
it by hand looks at the provider's console first, for texts and STOPs since the
store was lost.

With --practice: let the next read of that practice withdraw, move and queue
what it will, although it is an unusual number. Look at the diary first: what
waits may be the sign of a wrong clock, or of another practice's diary. It takes
the name of the person who looked (--by) and what they found (--reason).

Says what it would do until --yes. --by and --reason are written to the audit trail.`,
		Args: exactly(0),
	}
	practice := cmd.Flags().String("practice", "", "the practice whose unusual read to let through")
	by := cmd.Flags().String("by", "", "who decides this, for the audit trail")
	reason := cmd.Flags().String("reason", "", "why, for the audit trail")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		a, err := c.whole(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		if *practice != "" {
			return c.releasePractice(cmd, a, release{by: *by, reason: *reason, yes: *yes})
		}
		hold, err := a.store.RefreshHold(cmd.Context())
		switch {
		case err != nil:
			return err
		case !hold:
			return c.tell(false, "the store is not in hold; there is nothing to release")
		case !*yes:
			return c.tell(false, "would end the hold of the emptied store and let texts go again; add --yes")
		}
		if err := c.record(a.cfg, "queue release", "", decision(*by, *reason)); err != nil {
			return err
		}
		if err := a.store.Release(cmd.Context()); err != nil {
			return err
		}
		if err := a.endRestoration(cmd.Context(), c.now()); err != nil {
			return err
		}
		return c.tell(true, "the hold has ended")
	}
	return cmd
}

func (c *cli) withdrawCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "withdraw --practice ODS --appointment ID", Short: "Withdraw what waits for one appointment",
		Long: `Withdraw every reminder of one appointment that has not left. What has left
cannot be called back. Says what it would do until --yes.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("appointment", "", "the appointment's id")
	reason := cmd.Flags().String("reason", "", "why, for the audit trail")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		id, err := required(cmd, "appointment")
		if err != nil {
			return err
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		k, err := a.find(cmd.Context(), p.ODS, gateway.AppointmentID(id))
		if err != nil {
			return err
		}
		var changes []gateway.Change
		for _, r := range k.Reminders {
			if gateway.MayMove(r.State, gateway.Withdrawn) {
				changes = append(changes, gateway.Change{ID: r.ID, To: gateway.Withdrawn, Reason: gateway.ByStaff})
			}
		}
		switch {
		case len(changes) == 0:
			return c.tell(false, "nothing of appointment %s waits", appointmentWord(k))
		case !*yes:
			return c.tell(false, "would withdraw %d reminder(s) of appointment %s; add --yes", len(changes), appointmentWord(k))
		}
		if err := c.record(a.cfg, "queue withdraw", p.ODS, k.Ref.String()+" "+*reason); err != nil {
			return err
		}
		got, err := a.store.Move(cmd.Context(), c.now(), changes)
		if err != nil {
			return err
		}
		n := 0
		for _, g := range got {
			if g.Verdict == gateway.Done {
				n++
			}
		}
		return c.tell(n > 0, "withdrew %d reminder(s)", n)
	}
	return cmd
}
