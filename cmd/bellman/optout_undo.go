package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
)

func (c *cli) optoutUndo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "undo --practice ODS --since TIME --by NAME", Short: "Take back what patients' texts opted out since a moment: after forged STOPs",
		Long: `Let every number be texted again that opted out of the practice by a text since
TIME (RFC 3339): by STOP, or by what looks like it. What staff recorded, what the
provider blocks, and wrong numbers stay, and so does whoever had opted out before.
NAME is who decided it. Says what it would do until --yes; written to the audit trail.

Only for opt-outs that their owners did not write, such as STOPs from forged numbers.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("since", "", "from when on, such as 2026-11-24T09:10:00Z")
	cmd.Flags().String("by", "", "who decided it")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		since, by, err := sinceWhen(cmd)
		if err != nil {
			return err
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
		found := textedOut(all, since)
		if !*yes {
			return c.showUndo(false, len(found), "would let %d numbers be texted by %s again; add --yes", len(found), p.ODS)
		}
		if err := c.record(a.cfg, "optout undo", p.ODS, fmt.Sprintf("%d numbers since %s, decided by %s", len(found), utc(since), by)); err != nil {
			return err
		}
		for i, o := range found {
			in := gateway.OptOut{Practice: p.ODS, Number: o.Number, Since: c.now(), By: gateway.OutByStaff, Who: by, Note: gateway.NewText("undone with others")}
			err := a.store.OptIn(cmd.Context(), in)
			if err == nil {
				err = a.store.CloseOptOutTasks(cmd.Context(), p.ODS, o.Number, c.now(), by, in.Note)
			}
			if err != nil {
				return fmt.Errorf("%d of %d were taken back, the others were not: %w", i, len(found), err)
			}
		}
		return c.showUndo(true, len(found), "%d numbers may be texted again; reminders come back with the next read of the diary. "+
			"What of it was written into a clinical system stands there. Whoever did text STOP is still blocked by the provider until it gets a START", len(found))
	}
	return cmd
}

// sinceWhen reads from when on, and who decided it.
func sinceWhen(cmd *cobra.Command) (since time.Time, by string, err error) {
	raw, err := required(cmd, "since")
	if err != nil {
		return since, "", err
	}
	if since, err = time.Parse(time.RFC3339, raw); err != nil {
		return since, "", usageError{errors.New("--since is not a time; write 2026-11-24T09:10:00Z")}
	}
	by, err = byFlag(cmd)
	return since, by, err
}

// textedOut gives the opt-outs since a moment that came by a text alone. Times are
// kept to the second.
func textedOut(all []gateway.OptOut, since time.Time) []gateway.OptOut {
	var out []gateway.OptOut
	for _, o := range all {
		byText := o.By == gateway.OutByPatient || o.By == gateway.OutByUnsure
		if byText && !o.Since.Before(since.Truncate(time.Second)) {
			out = append(out, o)
		}
	}
	return out
}

func (c *cli) showUndo(done bool, numbers int, words string, args ...any) error {
	if !c.asJSON {
		return c.tell(done, words, args...)
	}
	return c.print(struct {
		outcome
		Numbers int `json:"numbers"`
	}{outcome{done, fmt.Sprintf(words, args...)}, numbers})
}
