package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bellman/gateway"
)

// The spans of a restoration.
const (
	restoreLease = 2 * time.Minute
	// everyNotices is the least time in hold: every replica has seen the loss by
	// then and brought its own journal back.
	everyNotices = 15 * time.Second
	// diaryPatience is how long the hold waits for diaries that cannot be read. Such
	// a practice stays closed by itself, and the others go.
	diaryPatience = 20 * time.Minute
	restoreBatch  = 500
)

// Restore takes the next steps of bringing a store back that was emptied or set
// back to an older state, and ends its hold when nothing is left that could text
// somebody twice or somebody who said STOP:
//
//   - the opt-outs of the journal are back;
//   - what patients wrote since is read in the provider's list, and obeyed;
//   - each diary has been read again, and each reminder that was due before, which
//     may have been sent, has been made Unknown: Reconcile looks for it in the
//     provider's list, and it is sent only when it is not there.
//
// A practice is closed until its part is done, also after the hold. Call it again
// and again; one replica does it. What cannot be done is tried again at the next
// call, and told in the store's Restoration.
func (in *Inbox) Restore(ctx context.Context) error {
	m := in.o.Restoring
	hold, err := m.RefreshHold(ctx)
	if err != nil {
		return err
	}
	r, err := m.Restoration(ctx)
	if err != nil || (!hold && (r.Since.IsZero() || !r.Ended.IsZero())) {
		in.o.Metrics.left.Set(float64(r.Left))
		return err
	}
	if err := in.keepRight(ctx); errors.Is(err, errNotOurs) {
		return nil
	} else if err != nil {
		return err
	}
	now := in.o.Clock.Now()
	if hold && !r.Begun() {
		if r, err = in.beginRestore(ctx, r, now); err != nil {
			return err
		}
	}
	was := r
	r, done, err := in.restoreAll(ctx, r, now)
	if errors.Is(err, errNotOurs) {
		in.o.Log.Warn("restoring took so long that another replica goes on with it")
		return nil
	}
	if err != nil {
		return err
	}
	if done && hold && now.Sub(r.Since) >= everyNotices && r.Waits == "" {
		if err := m.Release(ctx); err != nil {
			return err
		}
		r.Released = now
		in.o.Log.Info("the hold has ended: opt-outs, patients' texts and diaries are back", "left", r.Left)
	}
	if !r.Released.IsZero() && r.Read == r.Practices && r.Left == 0 {
		r.Ended = now
		in.o.Log.Info("what was lost has been looked up", "found", r.Found)
	}
	in.o.Metrics.left.Set(float64(r.Left))
	if r == was {
		return nil
	}
	in.o.Log.Info("restoring", "practices", r.Practices, "heard", r.Heard, "read", r.Read, "found", r.Found, "left", r.Left, "waits", r.Waits)
	return m.SetRestoration(ctx, r)
}

// beginRestore closes every practice, and has everybody's texts read again.
func (in *Inbox) beginRestore(ctx context.Context, r gateway.Restoration, now time.Time) (gateway.Restoration, error) {
	if err := in.o.Restoring.Replay(ctx); err != nil {
		return r, err
	}
	for _, p := range in.o.Practices {
		// What was noted of earlier reads would tell of one that is lost.
		if err := errors.Join(in.o.Restoring.SetLost(ctx, p.ODS, now), in.o.Restoring.SetFeed(ctx, p.ODS, gateway.FeedState{})); err != nil {
			return r, err
		}
		heard, err := in.o.Memory.HeardUntil(ctx, p.ODS)
		if err != nil {
			return r, err
		}
		if back := now.Add(-farthest); heard.After(back) {
			if err := in.o.Memory.SetHeardUntil(ctx, p.ODS, back); err != nil {
				return r, err
			}
		}
	}
	in.o.Log.Warn("restoring: the opt-outs are back from the journal; patients' texts and the diaries are read again", "practices", len(in.o.Practices))
	begun := gateway.Restoration{Since: now.Truncate(time.Millisecond), Practices: len(in.o.Practices)}
	return begun, in.o.Restoring.SetRestoration(ctx, begun)
}

// errNotOurs ends the work of a replica that was so slow that another one restores.
var errNotOurs = errors.New("another replica restores now")

// restoreAll does what can be done for each practice. It reports whether the hold
// may end: nothing is left but diaries that nobody could read for long. Reading the
// lists of many practices takes longer than the right to restore lasts, so that is
// renewed before each. Once another replica has it, nothing of this is to be told.
func (in *Inbox) restoreAll(ctx context.Context, r gateway.Restoration, now time.Time) (gateway.Restoration, bool, error) {
	r.Heard, r.Read, r.Left, r.Waits = 0, 0, 0, ""
	patient := now.Sub(r.Since) < diaryPatience
	done := true
	for _, p := range in.o.Practices {
		if err := in.keepRight(ctx); err != nil {
			return r, false, err
		}
		found, step, err := in.restoreOne(ctx, p, r.Since, now)
		r.Found += found
		if step >= heardAgain {
			r.Heard++
		}
		switch {
		case err != nil:
			done, r.Waits = false, fmt.Sprintf("%s: %v", p.ODS, err)
		case step == readAgain:
			r.Read++
		case patient:
			done, r.Waits = false, fmt.Sprintf("%s: its diary has not been read again yet", p.ODS)
		}
		left, err := in.maybeSent(ctx, p.ODS)
		if err != nil {
			done, r.Waits = false, fmt.Sprintf("%s: %v", p.ODS, err)
		}
		r.Left += left
	}
	return r, done, in.keepRight(ctx)
}

// keepRight renews the right to restore.
func (in *Inbox) keepRight(ctx context.Context) error {
	ours, err := in.o.Restoring.LockRestore(ctx, in.owner, restoreLease)
	if err == nil && !ours {
		return errNotOurs
	}
	return err
}

// restoreStep is how far one practice is.
type restoreStep int

const (
	notBack    restoreStep = iota
	heardAgain             // its patients' texts have been read again
	readAgain              // and its diary, and what may have been sent is Unknown
)

func (in *Inbox) restoreOne(ctx context.Context, p gateway.Practice, since, now time.Time) (found int, step restoreStep, err error) {
	lost, err := in.o.Restoring.Lost(ctx, p.ODS)
	if err != nil {
		return 0, notBack, err
	}
	if lost.IsZero() {
		return 0, readAgain, nil
	}
	heard, err := in.o.Memory.HeardUntil(ctx, p.ODS)
	if err == nil && heard.Before(since) {
		err = in.catchUp(ctx, p, now)
	}
	if err != nil {
		return 0, notBack, err
	}
	feed, err := in.o.Restoring.Feed(ctx, p.ODS)
	if err != nil || feed.AsOf.IsZero() {
		return 0, heardAgain, err
	}
	if found, err = in.suspect(ctx, p, now); err != nil {
		return found, heardAgain, err
	}
	return found, readAgain, in.o.Restoring.SetLost(ctx, p.ODS, time.Time{})
}

// suspect makes Unknown what waits although it was due: it may have been sent
// before it was forgotten.
func (in *Inbox) suspect(ctx context.Context, p gateway.Practice, now time.Time) (int, error) {
	waiting, err := in.o.Restoring.Waiting(ctx, p.ODS)
	if err != nil {
		return 0, err
	}
	var changes []gateway.Change
	for _, w := range waiting {
		if from, _ := window(p, w.ID); !from.After(now) {
			changes = append(changes, gateway.Change{ID: w.ID, To: gateway.Unknown, Reason: gateway.MaybeSent})
		}
	}
	found := 0
	for len(changes) > 0 {
		n := min(len(changes), restoreBatch)
		got, err := in.o.Memory.Move(ctx, now, changes[:n])
		if err != nil {
			return found, err
		}
		for _, g := range got {
			if g.Verdict == gateway.Done {
				found++
			}
		}
		changes = changes[n:]
	}
	return found, nil
}

// window gives when a reminder could have been sent at the earliest, and when the
// next reminder of the same appointment, whose words are the same, could have been;
// zero: there is none.
func window(p gateway.Practice, id gateway.ReminderID) (from, next time.Time) {
	from = id.Rule.Due(id.Start)
	var others []time.Time
	for _, o := range p.Policy.Plan(id.Start, p.Nation, time.Time{}) {
		at := o.SendAt
		if o.Due.Before(at) {
			at = o.Due
		}
		if o.Rule == id.Rule {
			from = at
		} else {
			others = append(others, at)
		}
	}
	for _, at := range others {
		if at.After(from) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return from, next
}

// maybeSent counts the reminders of a practice that may have been sent before the
// loss, and whose fate is not known yet.
func (in *Inbox) maybeSent(ctx context.Context, p gateway.ODS) (int, error) {
	unknowns, err := in.o.Memory.Unknowns(ctx, p)
	n := 0
	for _, u := range unknowns {
		if u.Reason == gateway.MaybeSent {
			n++
		}
	}
	return n, err
}

// restore is Restore for the loop: what went wrong is told once a call.
func (in *Inbox) restore(ctx context.Context) {
	if in.o.Restoring == nil {
		return
	}
	if err := in.Restore(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
		in.o.Log.Warn("bring the store back", "error", err)
	}
}
