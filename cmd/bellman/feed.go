package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (c *cli) feedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "feed", Short: "What is remembered of a clinical system between reads",
		Long: `Some feeds come in pieces (nightly extracts, HL7 messages, approved devices).
What was heard so far is remembered in Redis, sealed.`,
		Args: exactly(0),
	}
	cmd.AddCommand(c.feedForgetCommand())
	return cmd
}

func (c *cli) feedForgetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "forget --practice ODS", Short: "Forget what is remembered of a clinical system, so that it is read anew",
		Long: `Forget what is remembered of a practice's clinical system. The next read begins
anew: a nightly extract needs its last full delivery in the folder, HL7 knows
nothing of what was said before, and SystmOne asks for its device to be approved
once more. Reminders, opt-outs and the record of what was sent stay.

It is for what is damaged, and for a practice that changes its system. It is
written to the audit trail.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	by := cmd.Flags().String("by", "", "who decides this")
	yes := cmd.Flags().Bool("yes", false, "do it; without it only what would be done is said")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		a, p, err := c.ledger(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		switch {
		case !*yes:
			return c.tell(false, "would forget what is remembered of the clinical system of %s; add --by and --yes", p.ODS)
		case *by == "":
			return usageError{errors.New("write who decides this (--by)")}
		}
		if err := c.record(a.cfg, "feed forget", p.ODS, "by "+*by); err != nil {
			return err
		}
		if err := a.store.ForgetShelf(cmd.Context(), p.ODS); err != nil {
			return err
		}
		return c.tell(true, "what was remembered of the clinical system of %s is forgotten; it is read anew", p.ODS)
	}
	return cmd
}
