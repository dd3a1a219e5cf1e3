package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/scheduler"
)

type planRow struct {
	Appointment string `json:"appointment"`
	Start       string `json:"start"`
	Rule        string `json:"rule"`
	Due         string `json:"due"`
	SendAt      string `json:"send_at"` // due, brought into the practice's hours
	Decision    string `json:"decision"`
	Reason      string `json:"reason"`
	Segments    int    `json:"segments"`
	// Encoding is UCS-2 where a letter of the patient's or practice's name makes the
	// text cost two or three times as much. Which letter it is would tell of the name.
	Encoding string `json:"encoding,omitempty"`
	Text     string `json:"text,omitempty"`

	start, due time.Time
	words      string
}

func (c *cli) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan --practice ODS [--at TIME]", Short: "Dry run: who would be texted, when, and why the others not",
		Long: `Read a practice's diary and show for every appointment and rule whether a text
would be sent, when, and of how many segments, or why not. Opt-outs and what is
already queued are taken from Redis. Nothing is changed.

--at moves planning's clock (RFC 3339), not the clinical system's.
--reveal shows the words of each text and is written to the audit trail.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	at := cmd.Flags().String("at", "", "plan as if it were this time (RFC 3339)")
	reveal := cmd.Flags().Bool("reveal", false, "show the words (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		now := c.now()
		if *at != "" {
			if now, err = time.Parse(time.RFC3339, *at); err != nil {
				return usageError{fmt.Errorf("--at: write a time as 2026-11-24T09:00:00Z")}
			}
		}
		a, p, err := c.one(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		if err := a.openStore(cmd.Context()); err != nil {
			return err
		}
		rows, notes, err := a.draft(cmd.Context(), p, now, *at != "")
		if err != nil {
			return err
		}
		if *reveal {
			if err := c.record(a.cfg, "plan --reveal", p.ODS, fmt.Sprintf("%d reminders", len(rows))); err != nil {
				return err
			}
		} else {
			for i := range rows {
				rows[i].Text = ""
			}
		}
		return c.showPlan(rows, notes)
	}
	return cmd
}

// draft reads the diary and decides, as the scheduler would at that moment.
func (a *app) draft(ctx context.Context, p scheduler.Practice, now time.Time, moved bool) ([]planRow, []string, error) {
	feed, err := read(ctx, p, a.clock.Now())
	if err != nil {
		return nil, nil, err
	}
	if moved {
		// Another clock for planning: the feed counts as fresh at that moment.
		feed.AsOf = now
	}
	diary, err := a.store.Known(ctx, p.ODS)
	if err != nil {
		return nil, nil, err
	}
	state, err := a.store.Feed(ctx, p.ODS)
	if err != nil {
		return nil, nil, err
	}
	drafting := scheduler.Drafting{
		Practice: p.Practice, Feed: feed, Diary: diary, Now: now, Allowed: a.allowed(), Moving: state.Moving, Rebuilt: state.Rebuilt,
	}
	if !moved {
		drafting.Lost, err = a.store.Lost(ctx, p.ODS)
		if errors.Is(err, gateway.ErrLossUnmarked) {
			drafting.Lost, err = now, nil // as it will be marked
		}
		if err != nil {
			return nil, nil, err
		}
		drafting.Blind = scheduler.BlindSince(p.Policy, state, now)
	}
	d := drafting.Make()
	if err := d.TellOnce(ctx, a.store, p.ODS, diary); err != nil {
		return nil, nil, err
	}
	rows := []planRow{}
	for _, e := range d.Entries {
		ap := e.Facts.Appointment
		for i, o := range e.Owed {
			dec := e.Decisions[i]
			r := planRow{
				Appointment: string(ap.ID), Start: utc(ap.Start), Rule: o.Rule.String(), Due: utc(o.Due), SendAt: utc(o.SendAt),
				Decision: dec.Verdict.String(), Reason: dec.Reason.String(), start: ap.Start, due: o.SendAt, words: dec.Reason.Words(),
			}
			if dec.Verdict == gateway.Send {
				text, n, err := message.Render(p.Practice, ap, o.SendAt)
				if err != nil {
					r.Decision, r.Reason, r.words = gateway.Hold.String(), gateway.WordingFailed.String(), gateway.WordingFailed.Words()
				}
				r.Segments, r.Text = n, text.Reveal()
				if n > 0 {
					encoding, _ := message.Count(r.Text)
					r.Encoding = string(encoding)
				}
				if err := a.already(ctx, gateway.ReminderID{Practice: p.ODS, Ref: e.Ref, Rule: o.Rule, Start: ap.Start}, &r); err != nil {
					return nil, nil, err
				}
			}
			rows = append(rows, r)
		}
	}
	return rows, feed.Notes, nil
}

// already changes a row whose text has gone: it is not sent again.
func (a *app) already(ctx context.Context, id gateway.ReminderID, r *planRow) error {
	s, ok, err := a.store.Reminder(ctx, id)
	if err != nil || !ok {
		return err
	}
	switch s.State {
	case gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Sending, gateway.Unknown, gateway.Refused, gateway.Failed:
		r.suppress("already_"+s.State.String(), "this text stands as "+s.State.String())
	case gateway.Withdrawn:
		if s.Reason == gateway.LaterReminder { // which stays, as long as the visit does
			r.suppress(s.Reason.String(), s.Reason.Words())
		}
	case gateway.Queued, gateway.Claimed, gateway.Held:
	}
	return nil
}

// suppress says that a text which was decided on is not sent, and why.
func (r *planRow) suppress(reason, words string) {
	r.Decision, r.Reason, r.words = gateway.Suppress.String(), reason, words
	r.Segments, r.Encoding, r.Text = 0, "", ""
}

func (c *cli) showPlan(rows []planRow, notes []string) error {
	if c.asJSON {
		return c.print(rows)
	}
	send, dear := 0, 0
	for _, r := range rows {
		if r.Decision == gateway.Send.String() {
			send++
			inUCS2 := ""
			if r.Encoding == string(message.UCS2) {
				dear++
				inUCS2 = " in UCS-2"
			}
			c.say("%-20s %-22s %-4s send at %s, %d segment(s)%s", r.Appointment, local(r.start), r.Rule, local(r.due), r.Segments, inUCS2)
		} else {
			c.say("%-20s %-22s %-4s %s: %s", r.Appointment, local(r.start), r.Rule, r.Decision, r.words)
		}
		if r.Text != "" {
			c.say("    %q", r.Text)
		}
	}
	for _, n := range notes {
		c.say("note: %s", n)
	}
	c.say("%d reminders, %d to send", len(rows), send)
	if dear > 0 {
		c.say("%d of them in UCS-2, which costs two or three times as much, for a letter of a name: see bellman wording preview, and policy.accents", dear)
	}
	return nil
}
