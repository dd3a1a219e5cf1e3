package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// The spans of catching up.
const (
	catchUpEvery = 5 * time.Minute
	// overlap is read again each time, for what the provider lists late and for
	// clocks that differ.
	overlap = 10 * time.Minute
	// farthest is how far back the list is read when nobody knows until when it
	// was read: nothing yet, or Redis was emptied. The journal holds what was
	// obeyed before.
	farthest = 14 * 24 * time.Hour
	// doorsOwn is left to the door, which can still answer the patient: the
	// provider gives up on us, after its second try, within this time.
	doorsOwn = 30 * time.Second
)

// catchUpAll reads the inbound list at once and then every five minutes, until ctx
// ends.
func (in *Inbox) catchUpAll(ctx context.Context) {
	tick := time.NewTicker(catchUpEvery)
	defer tick.Stop()
	for {
		if err := in.CatchUp(ctx); err != nil && ctx.Err() == nil {
			in.o.Log.Error("read the provider's list of patients' texts; a STOP may be among those that are not read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// CatchUp reads what patients wrote in the provider's own list, and takes what did
// not come to the door: a STOP is obeyed although the door was closed. It is taken
// in the order in which it was written, and nobody is answered, since the answer
// would come at a strange time. Several replicas may do it at once. A practice
// whose list cannot be read stops no other; the error tells of all of them.
func (in *Inbox) CatchUp(ctx context.Context) error {
	until := in.o.Clock.Now().Add(-doorsOwn)
	var failed []error
	for _, p := range in.o.Practices {
		if err := in.catchUp(ctx, p, until); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.ODS, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

func (in *Inbox) catchUp(ctx context.Context, p gateway.Practice, until time.Time) error {
	if !strings.HasPrefix(p.Sender, "+") {
		return nil // a name, which nobody can write to
	}
	since, err := in.o.Memory.HeardUntil(ctx, p.ODS)
	if err != nil {
		return err
	}
	if since = since.Add(-overlap); since.Before(until.Add(-farthest)) {
		since = until.Add(-farthest)
	}
	listed, unreadable, err := in.o.Lister.Inbound(ctx, since, p.Sender)
	if err != nil {
		return err
	}
	if unreadable > 0 {
		in.o.Log.Error("entries of the provider's list of patients' texts cannot be read; a STOP may be among them", "practice", p.ODS, "entries", unreadable)
	}
	// The list begins with the newest; of one second, the earlier came first.
	slices.Reverse(listed)
	slices.SortStableFunc(listed, func(a, b gateway.Listed) int { return cmp.Compare(a.Created.Unix(), b.Created.Unix()) })
	taken := 0
	var failed []error
	for _, l := range listed {
		if !l.Inbound || l.From.IsZero() || l.Created.After(until) {
			continue
		}
		m := gateway.Inbound{MessageID: l.MessageID, From: l.From, To: p.Sender, Text: l.Text, Written: l.Created}
		first, err := in.file(ctx, p, m, in.lateKind(m))
		if err != nil {
			failed = append(failed, err) // it is read again; the others are taken
		}
		if first {
			taken++
		}
		if ctx.Err() != nil {
			break
		}
	}
	if taken > 0 {
		in.o.Log.Warn("took texts of patients from the provider's list that did not come to the door", "practice", p.ODS, "texts", taken)
	}
	if len(failed) > 0 {
		return errors.Join(failed[:min(len(failed), mostFailures)]...)
	}
	return in.o.Memory.SetHeardUntil(ctx, p.ODS, until)
}

// lateKind is kind for a text that is read in the list, to which no answer of ours
// comes any more: who asked for help, and was not answered by the provider, waits for a
// person.
func (in *Inbox) lateKind(m gateway.Inbound) gateway.ReplyKind {
	kind := in.kind(m)
	if kind == gateway.ReplyHelp && !in.mute(m) {
		return gateway.ReplyOther
	}
	return kind
}
