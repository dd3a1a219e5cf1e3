package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
)

// conflictRow is one number of which clinical system and patient say different things.
type conflictRow struct {
	Practice     string   `json:"practice"`
	Number       string   `json:"number"`       // its last three digits, unless revealed
	Appointments []string `json:"appointments"` // visits to come
	System       string   `json:"system"`       // what the clinical system says: texts, unclear, declined
	Patient      string   `json:"patient"`      // what was said last for the number: stop, start
	By           string   `json:"by"`
	Since        string   `json:"since"`
	Wins         string   `json:"wins"`   // patient, clinical_system
	Reason       string   `json:"reason"` // that texts are withheld for
}

func (c *cli) optoutConflicts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "conflicts", Short: "Where the clinical system and the patient say different things; nothing is sent",
		Long: `List the numbers of visits to come of which the clinical system and the patient say
different things: it lets a number be texted that said STOP, or it says declined of
one that said START since. The stricter wins: nothing is sent to any of them. What
to do is to put the clinical system right, or, after asking the patient, to use
optout remove.`,
		Args: exactly(0),
	}
	practice := cmd.Flags().String("practice", "", "only this practice")
	reveal := cmd.Flags().Bool("reveal", false, "show whole numbers (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		of := func(a *app, p configs.Practice) ([]conflictRow, error) {
			all, err := a.conflicts(cmd.Context(), p.ODS)
			rows := make([]conflictRow, len(all))
			for i, x := range all {
				rows[i] = conflictLine(p.ODS, x, *reveal)
			}
			return rows, err
		}
		return overview(cmd.Context(), c, *practice, of, func(a *app, rows []conflictRow) error {
			if *reveal {
				if err := c.record(a.cfg, "optout conflicts --reveal", gateway.ODS(*practice), fmt.Sprintf("%d numbers", len(rows))); err != nil {
					return err
				}
			}
			return c.showConflicts(rows)
		})
	}
	return cmd
}

// conflicts compares what is known of a practice's visits to come with what its
// patients said.
func (a *app) conflicts(ctx context.Context, p gateway.ODS) ([]gateway.Conflict, error) {
	kept, err := a.store.Appointments(ctx, p)
	if err != nil {
		return nil, err
	}
	out, err := a.store.OptOuts(ctx, p)
	if err != nil {
		return nil, err
	}
	history, _, err := a.store.OptOutHistory(ctx, p)
	if err != nil {
		return nil, err
	}
	// A START that had nothing to lift changed nothing, and is a task.
	asked, err := a.store.OpenTasksOf(ctx, p, gateway.TaskOptIn)
	if err != nil {
		return nil, err
	}
	for _, t := range asked {
		start := gateway.OptOut{Practice: p, Number: t.Facts.Appointment.Patient.Mobile, Since: t.Opened, By: gateway.OutByPatient}
		history = append(history, gateway.OptOutChange{OptOut: start})
	}
	var visits []gateway.Appointment
	for _, k := range kept {
		if stands(k) && k.Head.Start.After(a.clock.Now()) {
			visits = append(visits, k.Facts.Appointment)
		}
	}
	return gateway.Conflicts(visits, out, history), nil
}

func conflictLine(p gateway.ODS, x gateway.Conflict, reveal bool) conflictRow {
	r := conflictRow{
		Practice: string(p), Number: shownNumber(x.Number, reveal), System: "texts", Patient: "start",
		By: x.Wish.By, Since: utc(x.Wish.Since), Wins: "clinical_system", Reason: x.Reason().String(),
	}
	switch x.System {
	case gateway.FlagYes:
		r.System = "declined"
	case gateway.FlagUnclear:
		r.System = "unclear"
	case gateway.FlagNo:
	}
	if x.Wish.Out {
		r.Patient, r.Wins = "stop", "patient"
	}
	for _, id := range x.Visits {
		r.Appointments = append(r.Appointments, string(id))
	}
	return r
}

func (c *cli) showConflicts(rows []conflictRow) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		c.say("%-8s %-16s the clinical system says %s, and the number said %s (by %s, %s); the %s wins: appointments %s",
			r.Practice, r.Number, r.System, r.Patient, r.By, r.Since, strings.ReplaceAll(r.Wins, "_", " "), strings.Join(r.Appointments, ", "))
	}
	c.say("%d conflicts; nothing is sent to these numbers", len(rows))
	return nil
}
