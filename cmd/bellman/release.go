package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
)

// release is a person's word that what an unusual read does is right.
type release struct {
	by, reason string
	yes        bool
}

// releasePractice lets the next read of a practice do what waits.
func (c *cli) releasePractice(cmd *cobra.Command, a *app, r release) error {
	p, err := practiceFlag(cmd, a.cfg)
	if err != nil {
		return err
	}
	f, err := a.store.Feed(cmd.Context(), p.ODS)
	if err != nil {
		return err
	}
	what := waitsForRelease(f)
	switch {
	case what == "":
		return c.tell(false, "nothing of %s waits for a release", p.ODS)
	case !r.yes:
		return c.tell(false, "would let the next read of %s go through: %s; add --by, --reason and --yes", p.ODS, what)
	case strings.TrimSpace(r.by) == "" || strings.TrimSpace(r.reason) == "":
		return usageError{errors.New("write who decides this (--by) and why it is right (--reason); see bellman queue release --help")}
	}
	if err := c.record(a.cfg, "queue release", p.ODS, decision(r.by, r.reason)+"; "+what); err != nil {
		return err
	}
	if err := a.letThrough(cmd.Context(), p.ODS); err != nil {
		return err
	}
	return c.tell(true, "the next read of %s goes through", p.ODS)
}

// decision says for the audit trail who decided something, where it is known, and
// why.
func decision(by, reason string) string {
	if by == "" {
		return reason
	}
	return "by " + by + ": " + reason
}

// waitsForRelease says in words what an unusual read keeps waiting, if anything.
func waitsForRelease(f gateway.FeedState) string {
	var out []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{len(f.Missing), "%d appointments withdrawn"},
		{len(f.Moving), "%d appointments moved"},
		{f.New, "%d new reminders"},
	} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf(x.what, x.n))
		}
	}
	return strings.Join(out, ", ")
}

// How long a release waits for a read that is under way.
const (
	releaseWait  = 30 * time.Second
	releaseRetry = 200 * time.Millisecond
	releaseLease = 10 * time.Second
)

var errReading = errors.New("the diary is being read at this moment: try again in a minute")

// letThrough writes the release down, between reads: a read that is under way
// would write over it, and one that began since would be written over.
func (a *app) letThrough(ctx context.Context, p gateway.ODS) (err error) {
	ctx, cancel := context.WithTimeout(ctx, releaseWait)
	defer cancel()
	right := gateway.Right{Practice: p, Owner: "release-" + rand.Text()}
	for {
		if right.Token, err = a.store.Lock(ctx, p, right.Owner, releaseLease); err != nil {
			return err
		}
		if right.Token != 0 {
			break
		}
		if !gateway.Wait(ctx, releaseRetry) {
			return errReading
		}
	}
	defer func() { err = errors.Join(err, a.store.Unlock(context.WithoutCancel(ctx), p, right.Owner)) }()
	f, err := a.store.Feed(ctx, p)
	if err != nil {
		return err
	}
	f.Released = true
	return a.store.NoteRead(ctx, right, f)
}
