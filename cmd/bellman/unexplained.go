package main

import (
	"context"
	"fmt"

	"bellman/configs"
	"bellman/gateway"
	"bellman/scheduler"
)

type unexplainedRow struct {
	Practice    string `json:"practice"`
	Name        string `json:"name"`                  // our id of the reminder, appointment or key
	Appointment string `json:"appointment,omitempty"` // the clinical system's id, where it is known
	Rule        string `json:"rule,omitempty"`
	Flaw        string `json:"flaw"`

	words string
}

// unexplained lists what does not add up in the books of the practices, and
// changes nothing.
func (c *cli) unexplained(ctx context.Context, practice string) error {
	of := func(a *app, p configs.Practice) ([]unexplainedRow, error) { return a.unexplained(ctx, p) }
	return overview(ctx, c, practice, of, func(_ *app, rows []unexplainedRow) error {
		if c.asJSON {
			return c.print(rows)
		}
		for _, r := range rows {
			c.say("%-8s %-36s %-20s %-4s %s", r.Practice, r.Name, r.Appointment, r.Rule, r.words)
		}
		c.say("%d cannot be explained", len(rows))
		return nil
	})
}

func (a *app) unexplained(ctx context.Context, p configs.Practice) ([]unexplainedRow, error) {
	books, err := a.store.Balance(ctx, gateway.Balancing{Practice: p.ODS, Now: a.clock.Now(), SendAt: scheduler.SendAt(p.Practice)})
	if err != nil {
		return nil, err
	}
	rows := make([]unexplainedRow, 0, len(books.Findings))
	for _, f := range books.Findings {
		r := unexplainedRow{Practice: string(p.ODS), Name: f.Name(), Flaw: string(f.Flaw), words: f.Flaw.Words()}
		if !f.Reminder.Rule.IsZero() {
			r.Rule = f.Reminder.Rule.String()
		}
		if f.Ref != (gateway.Ref{}) {
			k, ok, err := a.store.Appointment(ctx, p.ODS, f.Ref)
			if err != nil {
				return nil, fmt.Errorf("look up an appointment: %w", err)
			}
			if ok && !k.Damaged {
				r.Appointment = appointmentWord(k)
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}
