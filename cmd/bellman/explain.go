package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/audit"
	"bellman/gateway/inbox"
	"bellman/gateway/store"
)

type storyLine struct {
	At     string `json:"at"`
	What   string `json:"what"`
	Reason string `json:"reason"`
	Rule   string `json:"rule,omitempty"`
	Start  string `json:"start,omitempty"`
	To     string `json:"to,omitempty"`
	Due    string `json:"due,omitempty"`
	Code   int    `json:"code,omitempty"`
	SID    string `json:"message_id,omitempty"`
	// Wording is the version of the words that a text was handed over in.
	Wording string `json:"wording,omitempty"`

	at    time.Time
	words string
}

func (c *cli) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain --practice ODS --appointment ID", Short: "The whole story of one appointment",
		Long: `Tell what happened to one appointment's reminders, in time order: when it was
seen and planned, each decision and its reason, texts, receipts and replies. It
holds no name, number or words.

ID is as plan and pull show it; where slots are reused (EMIS), the slot alone is
enough when one patient has it.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	cmd.Flags().String("appointment", "", "the appointment's id")
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
		lines, err := a.story(cmd.Context(), p.Practice, k)
		if err != nil {
			return err
		}
		trail, err := audit.New(auditFile(a.cfg)).Verify()
		if err != nil {
			_, _ = fmt.Fprintf(c.err, "the audit trail cannot tell in which words texts were sent: %v\n", err)
		}
		nameWords(lines, p.Practice, trail)
		return c.showStory(k, lines)
	}
	return cmd
}

// ledger opens the store for a command that looks at one practice.
func (c *cli) ledger(cmd *cobra.Command) (*app, configs.Practice, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, configs.Practice{}, err
	}
	p, err := practiceFlag(cmd, cfg)
	if err != nil {
		return nil, p, err
	}
	a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelWarn))
	if err := a.openStore(cmd.Context()); err != nil {
		return nil, p, errors.Join(err, a.stop())
	}
	return a, p, nil
}

// find looks an appointment up by its id, or by its slot when that is enough.
func (a *app) find(ctx context.Context, p gateway.ODS, id gateway.AppointmentID) (store.Kept, error) {
	ref, err := a.store.Ref(ctx, p, id)
	if err != nil {
		return store.Kept{}, err
	}
	all, err := a.store.Appointments(ctx, p)
	if err != nil {
		return store.Kept{}, err
	}
	var slot []store.Kept
	for _, k := range all {
		if k.Ref == ref {
			return k, nil
		}
		if strings.HasPrefix(string(k.Facts.Appointment.ID), string(id)+"-") {
			slot = append(slot, k)
		}
	}
	switch len(slot) {
	case 0:
		return store.Kept{}, fmt.Errorf("appointment %q is not known: it was never read, or was forgotten 48 hours after it was over", id)
	case 1:
		return slot[0], nil
	}
	ids := make([]string, len(slot))
	for i, k := range slot {
		ids[i] = string(k.Facts.Appointment.ID)
	}
	return store.Kept{}, fmt.Errorf("several appointments had the slot %q: say which of %s", id, strings.Join(ids, ", "))
}

// story tells an appointment from its record and its events.
func (a *app) story(ctx context.Context, p gateway.Practice, k store.Kept) ([]storyLine, error) {
	events, err := a.store.Story(ctx, p.ODS, k.Ref)
	if err != nil {
		return nil, err
	}
	first := storyLine{at: k.Head.FirstSeen, What: "seen", Start: utc(k.Head.Start), words: "seen in the diary for " + local(k.Head.Start)}
	lines := []storyLine{first}
	owed := map[gateway.Rule]gateway.Owed{}
	for _, o := range p.Policy.Plan(k.Head.Start, p.Nation, k.Head.FirstSeen) {
		owed[o.Rule] = o
	}
	told := map[gateway.Rule]bool{}
	for _, e := range events {
		lines = append(lines, eventLine(e))
		if e.What == store.EventReminder && e.Start.Equal(k.Head.Start) {
			told[e.Rule] = true
		}
	}
	for _, r := range k.Reminders {
		o := owed[r.ID.Rule]
		if !told[r.ID.Rule] || r.State == gateway.Queued {
			lines = append(lines, storyLine{
				at: k.Head.FirstSeen, What: "planned", Rule: r.ID.Rule.String(), Start: utc(k.Head.Start), To: gateway.Queued.String(), Due: utc(o.SendAt),
				words: "reminder " + r.ID.Rule.String() + " planned for " + local(o.SendAt),
			})
		}
		if r.MessageID != "" {
			for i := range lines {
				if l := &lines[i]; l.To == gateway.Accepted.String() && l.Rule == r.ID.Rule.String() && l.Start == utc(r.ID.Start) {
					l.SID = r.MessageID
				}
			}
		}
	}
	tasks, err := a.taskLines(ctx, p.ODS, k.Ref)
	if err != nil {
		return nil, err
	}
	read, err := a.replyLines(ctx, p.ODS, k.Ref)
	if err != nil {
		return nil, err
	}
	lines = append(append(lines, tasks...), read...)
	slices.SortStableFunc(lines, func(x, y storyLine) int { return x.at.Compare(y.at) })
	for i := range lines {
		lines[i].At = utc(lines[i].at)
	}
	return lines, nil
}

func eventLine(e store.Event) storyLine {
	l := storyLine{at: e.At, Reason: e.Reason.String(), Code: e.Code}
	if !e.Start.IsZero() {
		l.Start = utc(e.Start)
	}
	if !e.Rule.IsZero() {
		l.Rule = e.Rule.String()
	}
	switch e.What {
	case store.EventChanged:
		l.What, l.words = "changed", "the diary's entry changed"
	case store.EventMoved:
		l.What, l.To = "moved", utc(e.Moved)
		l.words = "moved from " + local(e.Start) + " to " + local(e.Moved)
	case store.EventReply:
		l.What, l.Reason = "reply", e.Reply.String()
		l.words = "the patient replied: " + strings.ReplaceAll(e.Reply.String(), "_", " ")
	case store.EventCancel:
		l.What, l.Reason = "cancel_by_text", e.Cancel.String()
		l.words = "the patient's CANCEL: " + e.Cancel.Words()
	case store.EventReminder:
		l.What, l.To = e.To.String(), e.To.String()
		l.words = "reminder " + l.Rule + " " + e.To.String()
		if e.Reason != gateway.None {
			l.words += ": " + e.Reason.Words()
		}
		if e.Code != 0 {
			l.words += fmt.Sprintf(" (provider's code %d)", e.Code)
		}
	}
	return l
}

func (c *cli) showStory(k store.Kept, lines []storyLine) error {
	id := string(k.Facts.Appointment.ID)
	if c.asJSON {
		return c.print(map[string]any{"appointment": id, "start": utc(k.Head.Start), "events": lines, "reminders": standings(k)})
	}
	c.say("appointment %s, %s", id, local(k.Head.Start))
	for _, l := range lines {
		c.say("  %s  %s", local(l.at), l.words)
	}
	for _, r := range k.Reminders {
		why := cmp.Or(r.Reason.Words(), unheard(r, c.now()))
		if why != "" {
			why = ": " + why
		}
		c.say("  now      reminder %s is %s%s", r.ID.Rule, r.State, why)
	}
	return nil
}

// unheard says of a text of which no receipt has come for hours what is done about
// it; "" for all others.
func unheard(r gateway.Standing, now time.Time) string {
	switch age := now.Sub(r.At); {
	case r.State != gateway.Accepted || age < inbox.AskFirst:
		return ""
	case age < inbox.AskLast:
		return "no receipt has come yet, and the text provider is asked for it"
	}
	return "no receipt ever came, and the text provider had none to give: nobody knows whether the phone has it"
}

type standingRow struct {
	Rule   string `json:"rule"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func standings(k store.Kept) []standingRow {
	out := make([]standingRow, 0, len(k.Reminders))
	for _, r := range k.Reminders {
		out = append(out, standingRow{r.ID.Rule.String(), r.State.String(), r.Reason.String()})
	}
	return out
}
