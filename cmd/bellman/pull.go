package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/scheduler"
)

// readWithin bounds one read by a command.
const readWithin = 2 * time.Minute

// one makes the app and one practice's adapter for a command.
func (c *cli) one(cmd *cobra.Command) (*app, scheduler.Practice, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, scheduler.Practice{}, err
	}
	p, err := practiceFlag(cmd, cfg)
	if err != nil {
		return nil, scheduler.Practice{}, err
	}
	a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelWarn))
	made, faults := a.openSource(p)
	if len(faults) > 0 {
		return nil, made, usageError{fmt.Errorf("the configuration has mistakes:\n%w", configs.Faults(faults))}
	}
	return a, made, nil
}

func read(ctx context.Context, p scheduler.Practice, now time.Time) (gateway.Feed, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	feed, err := p.Source.Read(ctx, scheduler.SpanOf(p.Policy, now))
	if err != nil {
		return feed, fmt.Errorf("read the diary of %s: %w", p.ODS, err)
	}
	return feed, nil
}

type pulledRow struct {
	Appointment string `json:"appointment"`
	Start       string `json:"start"`
	Status      string `json:"status"`
	Mode        string `json:"mode"`
	Number      string `json:"number"`
	Note        string `json:"note,omitempty"`
	Name        string `json:"name,omitempty"`
}

type pulledBad struct {
	Where string `json:"where"`
	Why   string `json:"why"`
}

func (c *cli) pullCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pull --practice ODS", Short: "Read a clinical system once and show what was understood; changes nothing",
		Long: `Read a practice's diary once: the appointments as understood, and the records
that cannot be read with where and why. Nothing is planned, queued or sent.

A number shows as its last three digits; --reveal shows names and numbers and is
written to the audit trail.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	reveal := cmd.Flags().Bool("reveal", false, "show names and numbers (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		a, p, err := c.one(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		feed, err := read(cmd.Context(), p, c.now())
		if err != nil {
			return err
		}
		feed.Notes = append(slices.Concat(feed.Notes, doubts(feed.Appointments)), a.turns.words(p.ODS))
		if *reveal {
			if err := c.record(a.cfg, "pull --reveal", p.ODS, fmt.Sprintf("%d appointments", len(feed.Appointments))); err != nil {
				return err
			}
		}
		return c.showFeed(feed, *reveal)
	}
	return cmd
}

func (c *cli) showFeed(feed gateway.Feed, reveal bool) error {
	rows := make([]pulledRow, 0, len(feed.Appointments))
	for _, a := range feed.Appointments {
		r := pulledRow{
			Appointment: string(a.ID), Start: utc(a.Start), Status: statusWord(a.Status), Mode: modeWord(a.Mode),
			Number: numberWord(a.Patient, reveal), Note: noteOf(a),
		}
		if reveal {
			r.Name = a.Patient.Name.Reveal()
		}
		rows = append(rows, r)
	}
	bad := make([]pulledBad, 0, len(feed.Unreadable))
	for _, u := range feed.Unreadable {
		bad = append(bad, pulledBad{u.Where, u.Why})
	}
	if c.asJSON {
		return c.print(map[string]any{"as_of": utc(feed.AsOf), "complete": feed.Complete, "appointments": rows, "unreadable": bad, "notes": feed.Notes})
	}
	for i, r := range rows {
		c.say("%-20s %-22s %-12s %-10s %-14s %s %s", r.Appointment, local(feed.Appointments[i].Start), r.Status, r.Mode, r.Number, r.Note, r.Name)
	}
	for _, u := range bad {
		c.say("unreadable: %s: %s", u.Where, u.Why)
	}
	for _, n := range feed.Notes {
		c.say("note: %s", n)
	}
	whole := "complete: what is missing from it is no longer booked"
	if !feed.Complete {
		whole = "not complete: what is missing from it may still be booked"
	}
	c.say("%d appointments, %d unreadable, as of %s, %s", len(rows), len(bad), local(feed.AsOf), whole)
	return nil
}

func statusWord(s gateway.Status) string {
	switch s {
	case gateway.StatusBooked:
		return "booked"
	case gateway.StatusCancelled:
		return "cancelled"
	case gateway.StatusArrived:
		return "arrived"
	case gateway.StatusFinished:
		return "finished"
	case gateway.StatusMissed:
		return "missed"
	case gateway.StatusNotBooked:
		return "not_booked"
	case gateway.StatusUnknown:
	}
	return "unknown"
}

func modeWord(m gateway.Mode) string {
	switch m {
	case gateway.ModeInPerson:
		return "in_person"
	case gateway.ModeTelephone:
		return "telephone"
	case gateway.ModeVideo:
		return "video"
	case gateway.ModeHomeVisit:
		return "home_visit"
	case gateway.ModeUnknown:
	}
	return "unknown"
}

// numberWord shows a number as far as the person may see it, or what stood in
// its place.
func numberWord(p gateway.Patient, reveal bool) string {
	switch p.MobileKind {
	case gateway.NumberMobile:
		return shownNumber(p.Mobile, reveal)
	case gateway.NumberLandline:
		return "landline"
	case gateway.NumberOther:
		return "not_a_mobile"
	case gateway.NumberUnclear:
		return "unclear"
	case gateway.NumberMissing:
	}
	return "none"
}

func shownNumber(n gateway.Phone, reveal bool) string {
	if reveal {
		return n.Reveal()
	}
	return "…" + n.LastThree()
}

// doubts says how many visits are of patients of whom something stands in the clinical
// system that is not understood. The rows name it, and never what stood there.
func doubts(all []gateway.Appointment) []string {
	born, needs := 0, 0
	for _, a := range all {
		if a.Patient.Born.AgeOn(a.Start) == gateway.AgeUnclear {
			born++
		}
		if a.Patient.Needs.Unclear() {
			needs++
		}
	}
	var out []string
	if born > 0 {
		out = append(out, fmt.Sprintf("%d visits are of patients whose date of birth is not understood, or cannot be one: their age is not known (\"date of birth?\")", born))
	}
	if needs > 0 {
		out = append(out, fmt.Sprintf("%d visits are of patients of whose needs something is not understood: they are not texted (\"needs?\")", needs))
	}
	return out
}

// noteOf names what is known of the patient that bears on texting.
func noteOf(a gateway.Appointment) string {
	out := ""
	add := func(f gateway.Flag, word string) {
		if f == gateway.FlagYes {
			out += word + " "
		} else if f != gateway.FlagNo {
			out += word + "? "
		}
	}
	add(a.Patient.Deceased, "deceased")
	add(a.Patient.Left, "left")
	add(a.Patient.Declined, "declined")
	add(a.Patient.Restricted, "restricted")
	add(a.Reminded, "reminded elsewhere")
	if a.StartDoubt != gateway.NoDoubt {
		out += "time? "
	}
	if a.Patient.Born.AgeOn(a.Start) == gateway.AgeUnclear {
		out += "date of birth? "
	}
	if a.Patient.Needs.Unclear() {
		out += "needs? "
	}
	return out
}
