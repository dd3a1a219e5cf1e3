package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/number"
)

type optoutRow struct {
	Practice string `json:"practice"`
	Number   string `json:"number"`
	Since    string `json:"since"`
	By       string `json:"by"`
	Who      string `json:"who,omitempty"` // the member of staff
	Scope    string `json:"scope"`
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
	return optoutRow{string(o.Practice), shownNumber(o.Number, reveal), utc(o.Since), o.By, o.Who, o.Scope.String()}
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
			return a.store.OptOuts(cmd.Context(), p.ODS)
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
	for _, r := range rows {
		c.say("%-8s %-16s since %s by %s%s", r.Practice, r.Number, r.Since, author(r.By, r.Who), wide(r.Scope))
	}
	c.say("%d numbers opted out", len(rows))
	return nil
}

// wide says of an opt-out that reaches further than one practice how far.
func wide(scope string) string {
	if scope == gateway.ScopePractice.String() {
		return ""
	}
	return ", of all practices"
}

// numbered is a command about one number of one practice.
func (c *cli) numbered(cmd *cobra.Command, do func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error) *cobra.Command {
	cmd.Args = exactly(0)
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("number", "", "the mobile number, in any usual form")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		raw, err := required(cmd, "number")
		if err != nil {
			return err
		}
		// A STOP may have come from any number, so drama numbers are taken here
		// in every mode: an opt-out only ever withholds.
		n, kind := number.Parse(raw, true)
		if kind != gateway.NumberMobile {
			return usageError{errors.New("--number is not one UK mobile number; write it as 07700 900123 or +447700900123")}
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
	return c.numbered(&cobra.Command{Use: "check", Short: "Whether one number opted out"}, func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error {
		o, out, err := a.store.OptedOut(cmd.Context(), p.ODS, n)
		if err != nil {
			return err
		}
		if c.asJSON {
			v := map[string]any{"opted_out": out, "since": nil, "by": nil, "scope": nil}
			if out {
				v["since"], v["by"], v["scope"] = utc(o.Since), o.By, o.Scope.String()
				if o.Who != "" {
					v["who"] = o.Who
				}
			}
			return c.print(v)
		}
		if out {
			c.say("opted out of %s since %s, by %s%s", p.ODS, local(o.Since), author(o.By, o.Who), wide(o.Scope.String()))
		} else {
			c.say("not opted out of %s", p.ODS)
		}
		return nil
	})
}

func (c *cli) optoutAdd() *cobra.Command {
	cmd := signed(&cobra.Command{Use: "add", Short: "Record that a patient does not want texts; withdraws what waits"})
	yes := cmd.Flags().Bool("yes", false, "do it")
	return c.numbered(cmd, func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error {
		if !*yes {
			return c.tell(false, "would opt a number ending in %s out of %s; add --yes", n.LastThree(), p.ODS)
		}
		who, note, detail := signature(cmd)
		if err := c.record(a.cfg, "optout add", p.ODS, detail); err != nil {
			return err
		}
		o := gateway.OptOut{Practice: p.ODS, Number: n, Since: c.now(), By: gateway.OutByStaff, Who: who, Note: note}
		if err := a.optOut(cmd, o); err != nil {
			return err
		}
		if _, err := a.store.OpenOptOutTasks(cmd.Context(), p.ODS, n, c.now()); err != nil {
			return err
		}
		return c.tell(true, "opted out; a task stays open for each patient with the number until the clinical system says so, too")
	})
}

func (a *app) optOut(cmd *cobra.Command, o gateway.OptOut) error {
	if err := a.store.AddOptOut(cmd.Context(), o); err != nil {
		return err
	}
	_, err := a.store.WithdrawNumber(cmd.Context(), o.Practice, o.Number, o.Since, gateway.OptedOut)
	return err
}

func (c *cli) optoutRemove() *cobra.Command {
	cmd := signed(&cobra.Command{Use: "remove", Short: "Let a number be texted again, at the patient's own wish"})
	yes := cmd.Flags().Bool("yes", false, "do it")
	return c.numbered(cmd, func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error {
		if !*yes {
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
		return c.tell(true, "no longer opted out; reminders come back with the next read of the diary. If the patient texted STOP, the provider still blocks the number until it gets a START")
	})
}

func (c *cli) optoutImport() *cobra.Command {
	cmd := signed(&cobra.Command{
		Use: "import --practice ODS FILE", Short: "Add opt-outs from a CSV file",
		Long: `Add opt-outs from a CSV file whose first column is the number and whose optional
second column is since when (RFC 3339 or 2006-01-02). A first line of headers is
passed over. Lines that cannot be read are listed, and stop nobody else's.
Says what it would do until --yes.`,
		Args: exactly(1),
	})
	cmd.Flags().String("practice", "", "the practice's ODS code")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		f, err := os.Open(args[0])
		if err != nil {
			return usageError{err}
		}
		defer func() { _ = f.Close() }()
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		found, bad := readOptOuts(f, p.ODS, c.now())
		if *yes {
			who, note, detail := signature(cmd)
			if err := c.record(a.cfg, "optout import", p.ODS, strings.TrimSpace(fmt.Sprintf("%d numbers %s", len(found), detail))); err != nil {
				return err
			}
			for _, o := range found {
				o.Who, o.Note = who, note
				if err := a.optOut(cmd, o); err != nil {
					return err
				}
			}
		}
		if err := c.showImport(*yes, len(found), bad); err != nil {
			return err
		}
		if len(bad) > 0 {
			return errQuiet
		}
		return nil
	}
	return cmd
}

// showImport says how many numbers an import takes in, and which lines it cannot.
func (c *cli) showImport(done bool, found int, bad []string) error {
	words := fmt.Sprintf("would opt out %d numbers; %d lines cannot be read; add --yes", found, len(bad))
	if done {
		words = fmt.Sprintf("opted out %d numbers; %d lines could not be read", found, len(bad))
	}
	if c.asJSON {
		return c.print(struct {
			outcome
			Numbers    int      `json:"numbers"`
			Unreadable []string `json:"unreadable"` // "line 3: the date is not understood"
		}{outcome{done, words}, found, append([]string{}, bad...)})
	}
	for _, b := range bad {
		c.say("%s", b)
	}
	c.say("%s", words)
	return nil
}

// readOptOuts reads numbers and dates. What it cannot read it names by line.
func readOptOuts(r io.Reader, p gateway.ODS, now time.Time) (found []gateway.OptOut, bad []string) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1
	for n := 1; ; n++ {
		f, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return found, bad
		}
		if err != nil {
			return found, append(bad, fmt.Sprintf("line %d: not CSV; the rest is not read", n))
		}
		num, kind := number.Parse(strings.TrimSpace(f[0]), true)
		if kind != gateway.NumberMobile {
			if n > 1 { // the first line may be headers
				bad = append(bad, fmt.Sprintf("line %d: not one UK mobile number", n))
			}
			continue
		}
		since := now
		if len(f) > 1 && strings.TrimSpace(f[1]) != "" {
			t, ok := anyTime(strings.TrimSpace(f[1]))
			if !ok {
				bad = append(bad, fmt.Sprintf("line %d: the date is not understood; write 2026-11-24", n))
				continue
			}
			since = t
		}
		found = append(found, gateway.OptOut{Practice: p, Number: num, Since: since, By: gateway.OutByImport})
	}
}

func anyTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (c *cli) optoutExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export --practice ODS", Short: "Write whole numbers as CSV, for import elsewhere (audited)",
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	reveal := cmd.Flags().Bool("reveal", false, "needed, since the file holds whole numbers")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if !*reveal {
			return usageError{errors.New("an export holds whole numbers: add --reveal, which is written to the audit trail")}
		}
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		all, err := a.store.OptOuts(cmd.Context(), p.ODS)
		if err != nil {
			return err
		}
		if err := c.record(a.cfg, "optout export --reveal", p.ODS, fmt.Sprintf("%d numbers", len(all))); err != nil {
			return err
		}
		if c.asJSON {
			rows := make([]optoutRow, len(all))
			for i, o := range all {
				rows[i] = row(o, true)
			}
			return c.print(rows)
		}
		w := csv.NewWriter(c.out)
		_ = w.Write([]string{"number", "since", "by"})
		for _, o := range all {
			_ = w.Write([]string{o.Number.Reveal(), utc(o.Since), o.By})
		}
		w.Flush()
		return w.Error()
	}
	return cmd
}
