package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/store"
)

func (c *cli) closeReplyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "close ID --by NAME [--note WORDS]", Short: "Write down that a reply was read and dealt with",
		Long: `Close one reply. NAME is who read it; the note says what was done. Both are kept
sealed; the audit trail holds the reply's id and NAME. Says what it would do until
--yes.`,
		Args: exactly(1),
	}
	note := cmd.Flags().String("note", "", "what was done")
	cmd.Flags().String("by", "", "who read it")
	yes := cmd.Flags().Bool("yes", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		by, err := byFlag(cmd)
		if err != nil {
			return err
		}
		id, err := gateway.ParseReplyID(args[0])
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
		r, err := a.reply(cmd.Context(), id)
		switch {
		case err != nil:
			return err
		case !r.Open() && r.By == "":
			return c.tell(false, "it needs nobody, and was closed when it came")
		case !r.Open():
			return c.tell(false, "it was closed before, %s by %s", local(r.Closed), r.By)
		case !*yes:
			return c.tell(false, "would close the reply (%s) that has waited since %s; add --yes", r.Kind, local(r.At))
		}
		if err := c.record(a.cfg, "replies close", id.Practice, id.String()+" by "+by); err != nil {
			return err
		}
		done, err := a.store.CloseReply(cmd.Context(), id, c.now(), by, gateway.NewText(*note))
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

// reply finds one reply.
func (a *app) reply(ctx context.Context, id gateway.ReplyID) (gateway.Reply, error) {
	all, err := a.store.Replies(ctx, id.Practice)
	if err != nil {
		return gateway.Reply{}, err
	}
	i := slices.IndexFunc(all, func(r gateway.Reply) bool { return r.ID() == id })
	if i < 0 {
		return gateway.Reply{}, store.ErrNoReply
	}
	return all[i], nil
}

// replyLines tells in an appointment's story who read the patient's replies. That
// they came is in the story already.
func (a *app) replyLines(ctx context.Context, p gateway.ODS, ref gateway.Ref) ([]storyLine, error) {
	all, err := a.store.Replies(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []storyLine
	for _, r := range all {
		if r.Damaged || r.About != ref || r.By == "" {
			continue
		}
		out = append(out, storyLine{
			at: r.Closed, What: "reply_closed", Reason: r.Kind.String(),
			words: "the reply of " + local(r.At) + " was read by " + r.By,
		})
	}
	return out, nil
}
