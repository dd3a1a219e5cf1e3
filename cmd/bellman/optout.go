package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
)

type optoutRow struct {
	Practice string `json:"practice"`
	Number   string `json:"number"`
	Since    string `json:"since"`
	By       string `json:"by"`
	Who      string `json:"who,omitempty"` // the member of staff
	Scope    string `json:"scope"`

	Appointment string `json:"appointment,omitempty"` // of scope visit
	Clinic      string `json:"clinic,omitempty"`      // of scope clinic, for who asks with --reveal

	reach string
}

func (c *cli) optoutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "optout", Short: "The opt-out ledger: list, check, history, conflicts, add, remove, undo, import, export",
		Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.optoutList(), c.optoutCheck(), c.optoutHistory(), c.optoutConflicts(), c.optoutAdd(), c.optoutRemove(), c.optoutUndo(), c.optoutImport(), c.optoutExport())
	return cmd
}

func row(o gateway.OptOut, reveal bool) optoutRow {
	r := optoutRow{
		Practice: string(o.Practice), Number: shownNumber(o.Number, reveal), Since: utc(o.Since), By: o.By, Who: o.Who,
		Scope: o.Scope.String(), Appointment: visitWord(o), reach: reach(o, reveal),
	}
	if reveal {
		r.Clinic = o.Clinic.Reveal()
	}
	return r
}

// author says who opted a number out or in, for people: "staff (A. Manager)".
func author(by, who string) string {
	if who == "" {
		return by
	}
	return fmt.Sprintf("%s (%s)", by, who)
}

// signed gives a command that staff change opt-outs with its flags for their name
// and a note.
func signed(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("by", "", "who decides this; without it, the account that runs the command")
	cmd.Flags().String("note", "", "what the patient said, or why; kept sealed, shown by history --reveal")
	return cmd
}

// signature reads what signed added, and gives with them what the audit trail says.
func signature(cmd *cobra.Command) (who string, note gateway.Text, detail string) {
	by, _ := cmd.Flags().GetString("by")
	words, _ := cmd.Flags().GetString("note")
	if who = strings.TrimSpace(by); who != "" {
		return who, gateway.NewText(words), "by " + who
	}
	return account(), gateway.NewText(words), ""
}

func (c *cli) optoutList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "Who opted out, since when, and how; numbers as their last three digits", Args: exactly(0)}
	practice := cmd.Flags().String("practice", "", "only this practice")
	reveal := cmd.Flags().Bool("reveal", false, "show whole numbers (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		of := func(a *app, p configs.Practice) ([]gateway.OptOut, error) {
			return a.allOptOuts(cmd.Context(), p.ODS)
		}
		return overview(cmd.Context(), c, *practice, of, func(a *app, all []gateway.OptOut) error {
			if *reveal {
				if err := c.record(a.cfg, "optout list --reveal", gateway.ODS(*practice), fmt.Sprintf("%d numbers", len(all))); err != nil {
					return err
				}
			}
			return c.showOptOuts(all, *reveal)
		})
	}
	return cmd
}

func (c *cli) showOptOuts(all []gateway.OptOut, reveal bool) error {
	rows := make([]optoutRow, 0, len(all))
	for _, o := range all {
		rows = append(rows, row(o, reveal))
	}
	if c.asJSON {
		return c.print(rows)
	}
	finer := 0
	for i, r := range rows {
		c.say("%-8s %-16s since %s by %s%s", r.Practice, r.Number, r.Since, author(r.By, r.Who), r.reach)
		if all[i].Scope.Finer() {
			finer++
		}
	}
	words := fmt.Sprintf("%d numbers opted out", len(rows)-finer)
	if finer > 0 {
		words += fmt.Sprintf(", and %d visits or clinics", finer)
	}
	c.say("%s", words)
	return nil
}

// allOptOuts gives the opt-outs of a practice: of numbers, then of visits and clinics.
func (a *app) allOptOuts(ctx context.Context, p gateway.ODS) ([]gateway.OptOut, error) {
	wide, err := a.store.OptOuts(ctx, p)
	if err != nil {
		return nil, err
	}
	finer, err := a.store.FinerOptOuts(ctx, p)
	return append(wide, finer...), err
}

// numbered is a command about one number of one practice.
func (c *cli) numbered(cmd *cobra.Command, do func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error) *cobra.Command {
	cmd.Args = exactly(0)
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("number", "", "the mobile number, in any usual form")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		n, err := numberFlag(cmd)
		if err != nil {
			return err
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		return do(cmd, a, p, n)
	}
	return cmd
}

func (c *cli) optoutCheck() *cobra.Command {
	var reveal *bool
	cmd := c.numbered(&cobra.Command{Use: "check", Short: "Whether one number opted out, or some of its visits or clinics are"}, func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error {
		o, out, err := a.store.OptedOut(cmd.Context(), p.ODS, n)
		if err != nil {
			return err
		}
		finer, err := a.finerOf(cmd.Context(), p.ODS, n)
		if err != nil {
			return err
		}
		if *reveal {
			if err := c.record(a.cfg, "optout check --reveal", p.ODS, "1 number"); err != nil {
				return err
			}
		}
		return c.showCheck(p.ODS, o, out, finer, *reveal)
	})
	reveal = cmd.Flags().Bool("reveal", false, "show the number and the names of clinics (audited)")
	return cmd
}

func (c *cli) showCheck(p gateway.ODS, o gateway.OptOut, out bool, finer []gateway.OptOut, reveal bool) error {
	rows := make([]optoutRow, len(finer))
	for i, f := range finer {
		rows[i] = row(f, reveal)
	}
	if c.asJSON {
		v := map[string]any{"opted_out": out, "since": nil, "by": nil, "scope": nil, "finer": rows}
		if out {
			v["since"], v["by"], v["scope"] = utc(o.Since), o.By, o.Scope.String()
			if o.Who != "" {
				v["who"] = o.Who
			}
		}
		return c.print(v)
	}
	if out {
		c.say("opted out of %s since %s, by %s%s", p, local(o.Since), author(o.By, o.Who), reach(o, reveal))
	} else {
		c.say("not opted out of %s", p)
	}
	for i, f := range finer {
		c.say("opted out since %s, by %s%s", local(f.Since), author(f.By, f.Who), rows[i].reach)
	}
	return nil
}

func (c *cli) optoutAdd() *cobra.Command {
	cmd := meaning(signed(&cobra.Command{
		Use: "add", Short: "Record that a patient does not want texts, or not about one visit or clinic; withdraws what waits",
		Long: `Record that nothing is to be texted to a number (--number), or nothing about one
visit (--appointment), or nothing about one clinic to a number (--number, --clinic).
What waits is withdrawn at once; of a clinic, what waits for the number is held until
the next read of the diary tells which visits are there. Only staff can record the
last two, and no START lifts them.

Says what it would do until --yes; written to the audit trail.`,
	}))
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		m, err := readMeant(cmd)
		if err != nil {
			return err
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		o, err := a.optOutOf(cmd.Context(), p.ODS, m)
		if err != nil {
			return err
		}
		if !*yes {
			return c.tell(false, "%s", wouldAdd(o))
		}
		var detail string
		o.Who, o.Note, detail = signature(cmd)
		if o.Scope.Finer() {
			if detail, err = a.finerDetail(cmd.Context(), o, detail); err != nil {
				return err
			}
		}
		if err := c.record(a.cfg, "optout add", p.ODS, detail); err != nil {
			return err
		}
		if o.Scope.Finer() {
			return c.addFiner(cmd.Context(), a, o)
		}
		return c.addWide(cmd.Context(), a, o)
	}
	return cmd
}

func wouldAdd(o gateway.OptOut) string {
	if o.Scope.Finer() {
		return fmt.Sprintf("would opt out of %s; add --yes", subject(o))
	}
	return fmt.Sprintf("would opt a number ending in %s out of %s; add --yes", o.Number.LastThree(), o.Practice)
}

// addWide records an opt-out of all texts to a number.
func (c *cli) addWide(ctx context.Context, a *app, o gateway.OptOut) error {
	if _, err := a.optOut(ctx, o); err != nil {
		return err
	}
	if _, err := a.store.OpenOptOutTasks(ctx, o.Practice, o.Number, c.now()); err != nil {
		return err
	}
	words := "opted out; a task stays open for each patient with the number until the clinical system says so, too"
	if !a.quietFor(ctx, o) {
		words += ". A text to the number was just leaving, and may still arrive"
	}
	return c.tell(true, "%s", words)
}

// optOut records an opt-out and brings the queue into line with it.
func (a *app) optOut(ctx context.Context, o gateway.OptOut) ([]gateway.Move, error) {
	if err := a.store.AddOptOut(ctx, o); err != nil {
		return nil, err
	}
	if o.Scope.Finer() {
		return a.store.WithholdFiner(ctx, o, a.clock.Now())
	}
	return a.store.WithdrawNumber(ctx, o.Practice, o.Number, a.clock.Now(), gateway.OptedOut)
}

func (c *cli) optoutRemove() *cobra.Command {
	cmd := meaning(signed(&cobra.Command{
		Use: "remove", Short: "Let a number be texted again, or about one visit or clinic, at the patient's own wish",
		Long: `Lift an opt-out: of a number (--number), of one visit (--appointment), or of one
clinic for a number (--number, --clinic). It lifts that one and no other. Says what
it would do until --yes; written to the audit trail.`,
	}))
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		m, err := readMeant(cmd)
		if err != nil {
			return err
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		if m.appointment != "" || !m.clinic.IsZero() {
			return c.removeFiner(cmd, a, p, m, *yes)
		}
		return c.removeWide(cmd, a, p, m.number, *yes)
	}
	return cmd
}

// removeWide lets a number be texted again.
func (c *cli) removeWide(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone, yes bool) error {
	if !yes {
		return c.tell(false, "would let a number ending in %s be texted by %s again; add --yes", n.LastThree(), p.ODS)
	}
	who, note, detail := signature(cmd)
	if err := c.record(a.cfg, "optout remove", p.ODS, detail); err != nil {
		return err
	}
	o := gateway.OptOut{Practice: p.ODS, Number: n, Since: c.now(), By: gateway.OutByStaff, Who: who, Note: note}
	if err := a.store.OptIn(cmd.Context(), o); err != nil {
		return err
	}
	if err := a.store.CloseOptOutTasks(cmd.Context(), p.ODS, n, c.now(), who, gateway.NewText("the number is opted in again")); err != nil {
		return err
	}
	stays, err := a.stillFiner(cmd.Context(), p.ODS, n)
	if err != nil {
		return err
	}
	return c.tell(true, "no longer opted out; reminders come back with the next read of the diary. If the patient texted STOP, the provider still blocks the number until it gets a START%s", stays)
}
