package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
)

// changeRow is one line of a number's history.
type changeRow struct {
	At       string `json:"at"`
	Change   string `json:"change"` // out or in
	By       string `json:"by"`
	Who      string `json:"who,omitempty"`        // the member of staff
	Message  string `json:"message_id,omitempty"` // the provider's id of the text that asked for it
	Scope    string `json:"scope"`
	Practice string `json:"practice"`
	Number   string `json:"number"` // its last three digits, unless revealed
	Note     string `json:"note,omitempty"`

	Appointment string `json:"appointment,omitempty"` // of scope visit
	Clinic      string `json:"clinic,omitempty"`      // of scope clinic, for who asks with --reveal

	reach string
}

func (c *cli) optoutHistory() *cobra.Command {
	var reveal *bool
	cmd := c.numbered(&cobra.Command{
		Use: "history", Short: "Every time one number opted out or in: when, who, and by which text",
		Long: `Tell every change of one number's wish at one practice, in order: out or in, since
when, who said so (patient, staff with their name, provider, import, unsure,
wrong_number) and by which text, by the provider's own id. It is read from the
journal of this machine and from Redis, where other machines wrote theirs.

--reveal shows the whole number, what staff noted and the names of clinics, and is
written to the audit trail.`,
	}, func(cmd *cobra.Command, a *app, p configs.Practice, n gateway.Phone) error {
		all, unreadable, err := a.store.OptOutHistory(cmd.Context(), p.ODS)
		if err != nil {
			return err
		}
		if unreadable > 0 {
			_, _ = fmt.Fprintf(c.err, "bellman: %d changes of the practice cannot be opened with this key file, and may be missing here\n", unreadable)
		}
		if *reveal {
			if err := c.record(a.cfg, "optout history --reveal", p.ODS, "1 number"); err != nil {
				return err
			}
		}
		rows := []changeRow{}
		for _, ch := range all {
			if ch.Number == n {
				rows = append(rows, changeLine(ch, *reveal))
			}
		}
		return c.showHistory(rows)
	})
	reveal = cmd.Flags().Bool("reveal", false, "show the whole number and the notes (audited)")
	return cmd
}

func changeLine(ch gateway.OptOutChange, reveal bool) changeRow {
	r := changeRow{
		At: utc(ch.Since), Change: "in", By: ch.By, Who: ch.Who, Message: ch.Message, Scope: ch.Scope.String(),
		Practice: string(ch.Practice), Number: shownNumber(ch.Number, reveal),
		Appointment: visitWord(ch.OptOut), reach: reach(ch.OptOut, reveal),
	}
	if ch.Out {
		r.Change = "out"
	}
	if reveal {
		r.Note, r.Clinic = ch.Note.Reveal(), ch.Clinic.Reveal()
	}
	return r
}

func (c *cli) showHistory(rows []changeRow) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		words := r.At + "  " + r.Number + " " + r.Change + " by " + author(r.By, r.Who) + r.reach
		if r.Message != "" {
			words += ", text " + r.Message
		}
		if r.Note != "" {
			words += ": " + r.Note
		}
		c.say("%s", words)
	}
	c.say("%d changes", len(rows))
	return nil
}
