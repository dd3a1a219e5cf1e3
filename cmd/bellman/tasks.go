package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/gateway/store"
)

type taskRow struct {
	Practice    string `json:"practice"`
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	Appointment string `json:"appointment"`
	Start       string `json:"start"`         // the start that the text named
	Now         string `json:"now,omitempty"` // the start that it has now, when it stands
	Rule        string `json:"rule"`
	State       string `json:"state"` // where the reminder stands now
	Opened      string `json:"opened"`
	Closed      string `json:"closed,omitempty"`
	By          string `json:"by,omitempty"`
	Number      string `json:"number"` // its last three digits, unless revealed
	Text        string `json:"text,omitempty"`
	Note        string `json:"note,omitempty"`

	lines []string
}

func (c *cli) tasksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tasks", Short: "What a person has to look at: moved or cancelled after a text, fate never learnt",
		Long: `List what only a person can put right: appointments that were moved or cancelled
after their patient was texted, and texts whose fate was never learnt. Bellman
does not text patients about these. Close each with tasks close when it is done.

--reveal shows the number and the words of the text that went, worded again from
what was known of the appointment then, and is written to the audit trail.`,
		Args: exactly(0),
	}
	practice := cmd.Flags().String("practice", "", "only this practice")
	all := cmd.Flags().Bool("all", false, "also those that were closed in the last days")
	reveal := cmd.Flags().Bool("reveal", false, "show whole numbers and words (audited)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		of := func(a *app, p configs.Practice) ([]taskRow, error) { return a.tasks(cmd.Context(), p, *all, *reveal) }
		return overview(cmd.Context(), c, *practice, of, func(a *app, rows []taskRow) error {
			if *reveal {
				if err := c.record(a.cfg, "tasks --reveal", gateway.ODS(*practice), fmt.Sprintf("%d tasks", len(rows))); err != nil {
					return err
				}
			}
			return c.showTasks(rows)
		})
	}
	cmd.AddCommand(c.closeTaskCommand())
	return cmd
}

func (c *cli) showTasks(rows []taskRow) error {
	if c.asJSON {
		return c.print(rows)
	}
	for _, r := range rows {
		for _, l := range r.lines {
			c.say("%s", l)
		}
	}
	c.say("%d tasks", len(rows))
	return nil
}

// tasks gives the rows of one practice, oldest first.
func (a *app) tasks(ctx context.Context, p configs.Practice, all, reveal bool) ([]taskRow, error) {
	tasks, err := a.store.Tasks(ctx, p.ODS)
	if err != nil {
		return nil, err
	}
	rows := make([]taskRow, 0, len(tasks))
	for _, t := range tasks {
		if !t.Open() && !all {
			continue
		}
		r, err := a.taskRow(ctx, p.Practice, t, reveal)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (a *app) taskRow(ctx context.Context, p gateway.Practice, t gateway.Task, reveal bool) (taskRow, error) {
	text, known, err := a.store.Reminder(ctx, t.ID.ReminderID)
	if err != nil {
		return taskRow{}, err
	}
	if !known {
		text.State = t.State
	}
	is, found, err := a.store.Appointment(ctx, p.ODS, t.ID.Ref)
	if err != nil {
		return taskRow{}, err
	}
	id := string(t.Facts.Appointment.ID)
	if t.Damaged {
		id = "damaged:" + t.ID.Ref.String()
	}
	r := taskRow{
		Practice: string(p.ODS), ID: t.ID.String(), Kind: t.ID.Kind.String(), Appointment: id, Start: utc(t.ID.Start), Rule: t.ID.Rule.String(),
		State: text.State.String(), Opened: utc(t.Opened), Number: shownNumber(t.Facts.Appointment.Patient.Mobile, reveal),
	}
	if found && stands(is) {
		r.Now = utc(is.Head.Start)
	}
	r.lines = []string{
		fmt.Sprintf("%s  opened %s", r.ID, local(t.Opened)),
		"  " + t.ID.Kind.Words(),
		fmt.Sprintf("  appointment %s; the text named %s, and is %s; %s", id, local(t.ID.Start), text.State, nowWords(t, is, found)),
	}
	if t.ID.Kind.Ahead() {
		r.lines[2] = fmt.Sprintf("  appointment %s on %s; %s", id, local(t.ID.Start), nowWords(t, is, found))
	}
	if reveal && !t.Damaged {
		if !t.ID.Kind.Ahead() { // no text was sent that this is about
			r.Text = a.worded(p, t, text)
		}
		r.Note = t.Note.Reveal()
		r.lines = append(r.lines, fmt.Sprintf("  number %s, text %q", r.Number, r.Text))
	}
	if !t.Open() {
		r.Closed, r.By = utc(t.Closed), t.By
		r.lines = append(r.lines, fmt.Sprintf("  closed %s by %s", local(t.Closed), t.By))
	}
	return r, nil
}

// stands reports whether an appointment is still in the diary as one to come to.
func stands(k store.Kept) bool {
	s := k.Facts.Appointment.Status
	return !k.Damaged && k.Facts.Standing != gateway.Gone && (s == gateway.StatusBooked || s == gateway.StatusUnknown)
}

// nowWords says how the appointment stands by the newest read.
func nowWords(t gateway.Task, is store.Kept, found bool) string {
	switch {
	case !found || is.Damaged:
		return "what became of it is not kept"
	case !stands(is):
		return "it is no longer booked"
	case is.Head.Start.Equal(t.ID.Start):
		return "the diary shows it at that time"
	}
	return "it is now on " + local(is.Head.Start)
}

// worded words the text again that a task is about. A practice that changed its
// wording since sees the new words.
func (a *app) worded(p gateway.Practice, t gateway.Task, text gateway.Standing) string {
	at := text.At
	if at.IsZero() || at.After(t.Opened) {
		at = t.Opened
	}
	words, _, err := message.Render(p, t.Facts.Appointment, at)
	if err != nil {
		return ""
	}
	return words.Reveal()
}

func (c *cli) closeTaskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "close ID --by NAME [--note WORDS]", Short: "Write down that a task was dealt with",
		Long: `Close one task. NAME is who dealt with it; the note says what was done. Both are
kept sealed; the audit trail holds the task's id and NAME. Says what it would do
until --yes.`,
		Args: exactly(1),
	}
	note := cmd.Flags().String("note", "", "what was done")
	cmd.Flags().String("by", "", "who dealt with it")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		by, err := byFlag(cmd)
		if err != nil {
			return err
		}
		id, err := gateway.ParseTaskID(args[0])
		if err != nil {
			return usageError{err}
		}
		a, err := c.whole(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.stop()) }()
		if _, err := named(a.cfg, string(id.Practice)); err != nil {
			return err
		}
		tasks, err := a.store.Tasks(cmd.Context(), id.Practice)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(tasks, func(t gateway.Task) bool { return t.ID == id })
		switch {
		case i < 0:
			return store.ErrNoTask
		case !tasks[i].Open():
			return c.tell(false, "it was closed before, %s", local(tasks[i].Closed))
		case !*yes:
			return c.tell(false, "would close: %s; add --yes", id.Kind.Words())
		}
		if err := c.record(a.cfg, "tasks close", id.Practice, id.String()+" by "+by); err != nil {
			return err
		}
		done, err := a.store.CloseTask(cmd.Context(), id, c.now(), by, gateway.NewText(*note))
		if err != nil {
			return err
		}
		if !done {
			return c.tell(false, "somebody else closed it just now")
		}
		return c.tell(true, "closed")
	}
	return cmd
}

// taskLines tells an appointment's tasks in its story.
func (a *app) taskLines(ctx context.Context, p gateway.ODS, ref gateway.Ref) ([]storyLine, error) {
	tasks, err := a.store.Tasks(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []storyLine
	tell := func(t gateway.Task, at time.Time, what, words string) {
		out = append(out, storyLine{
			at: at, What: what, Reason: t.ID.Kind.String(), Rule: t.ID.Rule.String(), Start: utc(t.ID.Start), words: words,
		})
	}
	for _, t := range tasks {
		if t.ID.Ref != ref {
			continue
		}
		tell(t, t.Opened, "task_opened", "task "+t.ID.String()+": "+t.ID.Kind.Words())
		if !t.Open() {
			tell(t, t.Closed, "task_closed", "task "+t.ID.String()+" closed by "+t.By)
		}
	}
	return out, nil
}
