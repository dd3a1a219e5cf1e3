package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/store"
)

type replyRow struct {
	Practice string `json:"practice"`
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	At       string `json:"at"`
	// Of an open reply: seconds since it came, and how many of them lie within the
	// practice's hours.
	Waits        int64      `json:"waits_seconds"`
	WaitsInHours int64      `json:"waits_in_hours_seconds"`
	Number       string     `json:"number"` // its last three digits, unless revealed
	About        string     `json:"about,omitempty"`
	AboutStart   string     `json:"about_start,omitempty"`
	Candidates   []visitRow `json:"candidates"`
	Damaged      bool       `json:"damaged,omitempty"`
	Closed       string     `json:"closed,omitempty"`
	By           string     `json:"by,omitempty"`
	Text         string     `json:"text,omitempty"`
	Note         string     `json:"note,omitempty"`

	lines []string
}

// visitRow is a visit that a reply may be about.
type visitRow struct {
	Appointment string `json:"appointment"`
	Start       string `json:"start"`
	Stands      bool   `json:"stands"`
	CodeNamed   bool   `json:"code_named"` // its code stands in the words
	// What came of an attempt to cancel it by text; empty: there was none.
	CancelByText string `json:"cancel_by_text,omitempty"`

	tried gateway.CancelEnd
	at    time.Time
}

func (c *cli) repliesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replies", Short: "What patients answered that a person has to read",
		Long: `List what patients wrote that only a person can understand: free words, wishes to
cancel, and what is not certain. Oldest first, with how long each has waited, the
appointment that the last text to the number was about, and all visits to come of
every patient who has the number; a visit whose code stands in the words is marked.
None of it was acted on, except where the practice lets patients cancel by text: then
a visit says whether the clinical system was asked to cancel it, and what came of it.
Close each reply with replies close when it is dealt with.

--reveal shows the number and the exact words, and is written to the audit trail.`,
		Args: exactly(0),
	}
	practice := cmd.Flags().String("practice", "", "only this practice")
	all := cmd.Flags().Bool("all", false, "also those that were closed in the last 30 days, and those that needed nobody")
	reveal := cmd.Flags().Bool("reveal", false, "show whole numbers and words (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		of := func(a *app, p configs.Practice) ([]replyRow, error) {
			return a.replies(cmd.Context(), p.Practice, *all, *reveal)
		}
		return overview(cmd.Context(), c, *practice, of, func(a *app, rows []replyRow) error {
			if *reveal {
				if err := c.record(a.cfg, "replies --reveal", gateway.ODS(*practice), fmt.Sprintf("%d replies", len(rows))); err != nil {
					return err
				}
			}
			return c.showReplies(rows)
		})
	}
	cmd.AddCommand(c.closeReplyCommand())
	return cmd
}

func (c *cli) showReplies(rows []replyRow) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		for _, l := range r.lines {
			c.say("%s", l)
		}
	}
	c.say("%d replies", len(rows))
	return nil
}

// replies gives the rows of one practice, oldest first.
func (a *app) replies(ctx context.Context, p gateway.Practice, all, reveal bool) ([]replyRow, error) {
	kept, err := a.store.Replies(ctx, p.ODS)
	if err != nil {
		return nil, err
	}
	now := a.clock.Now()
	var shown []gateway.Reply
	var numbers []gateway.Phone
	for _, r := range kept {
		if r.Open() || all {
			shown = append(shown, r)
			numbers = append(numbers, r.From)
		}
	}
	visits, err := a.store.VisitsOf(ctx, p.ODS, numbers, now)
	if err != nil {
		return nil, err
	}
	tried, err := a.store.CancelsTried(ctx, p.ODS, slices.Concat(slices.Collect(maps.Values(visits))...))
	if err != nil {
		return nil, err
	}
	rows := make([]replyRow, len(shown))
	for i, r := range shown {
		rows[i] = rowOf(p, r, visits[r.From], tried, now)
		about := "no text of ours to it is known"
		k, found, err := a.store.Appointment(ctx, p.ODS, r.About)
		if err != nil {
			return nil, err
		}
		if found && !k.Damaged {
			rows[i].About, rows[i].AboutStart = string(k.Facts.Appointment.ID), utc(k.Head.Start)
			about = "the last text to it was about " + rows[i].About + ", " + local(k.Head.Start)
		}
		rows[i].word(r, about, reveal)
	}
	return rows, nil
}

// rowOf gives what may be shown of a reply to everybody.
func rowOf(p gateway.Practice, r gateway.Reply, visits []gateway.Visit, tried map[gateway.Ref]gateway.CancelEnd, now time.Time) replyRow {
	row := replyRow{
		Practice: string(p.ODS), ID: r.ID().String(), Kind: r.Kind.String(), At: utc(r.At), Damaged: r.Damaged, Candidates: []visitRow{},
	}
	if r.Open() {
		whole, inHours := gateway.Unread{Replies: 1, Oldest: r.At}.Age(p, now)
		row.Waits, row.WaitsInHours = int64(whole.Seconds()), int64(inHours.Seconds())
	} else {
		row.Closed, row.By = utc(r.Closed), r.By
	}
	for _, v := range visits {
		row.Candidates = append(row.Candidates, visitOf(p.ODS, r, v, tried[v.Ref]))
	}
	return row
}

func visitOf(p gateway.ODS, r gateway.Reply, v gateway.Visit, tried gateway.CancelEnd) visitRow {
	row := visitRow{Appointment: "damaged:" + v.Ref.String(), Start: utc(v.Start), CancelByText: tried.String(), at: v.Start, tried: tried}
	if a := v.Facts.Appointment; !v.Damaged {
		row.Appointment, row.Stands = string(a.ID), stands(store.Kept{Facts: v.Facts})
		row.CodeNamed = gateway.NamesVisit(r.Text.Reveal(), gateway.VisitCode(p, a))
	}
	return row
}

// word adds what people read. Number and words are there only when they are
// revealed; the words are quoted, since a stranger may have sent what a screen
// would obey.
func (row *replyRow) word(r gateway.Reply, about string, reveal bool) {
	row.Number = shownNumber(r.From, reveal)
	state := "closed " + local(r.Closed)
	switch {
	case r.Open():
		state = "waits for " + (time.Duration(row.Waits) * time.Second).String()
	case r.By != "":
		state += " by " + r.By
	}
	row.lines = []string{
		fmt.Sprintf("%s  %s, came %s, %s", row.ID, row.Kind, local(r.At), state),
		fmt.Sprintf("  number %s; %s", row.Number, about),
	}
	for _, v := range row.Candidates {
		row.lines = append(row.lines, "  may be about "+v.words())
	}
	switch {
	case r.Damaged:
		row.lines = append(row.lines, "  it cannot be opened any more: look for it in the provider's list of messages")
	case reveal:
		row.Text, row.Note = r.Text.Reveal(), r.Note.Reveal()
		row.lines = append(row.lines, fmt.Sprintf("  words %q", row.Text))
	}
}

func (v visitRow) words() string {
	out := v.Appointment + ", " + local(v.at)
	if !v.Stands {
		out += ", which no longer stands"
	}
	if v.CodeNamed {
		out += ": its code is in the words"
	}
	switch v.tried {
	case 0: // never tried
	case gateway.CancelAsked:
		out += "; the clinical system was asked to cancel it, and nobody knows whether it did: look there first"
	default:
		out += "; " + v.tried.Words()
	}
	return out
}
