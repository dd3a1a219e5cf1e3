package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"bellman/gateway"
)

// leavingLimit is how long after a loss a text may still have left that a sender
// had in its hands.
const leavingLimit = time.Minute

// lookAgain is how often what could not be told is looked up once more.
const lookAgain = 5 * time.Minute

// lookUp settles the reminders that may have been sent before the store lost them,
// by what the provider's list says was sent from the practice's sender. A text that
// names the appointment's own day and time is the reminder's; one that names
// another is not, in whatever words. Where only a later reminder's time fits, or a
// text cannot be read, it stays unknown, and is never sent. So does one that is not
// there while a text that may be it went to a number that nobody has any more.
func (in *Inbox) lookUp(ctx context.Context, p gateway.Practice, suspects []gateway.Standing, now time.Time) error {
	ready := make([]gateway.Standing, 0, len(suspects))
	since := now
	for _, u := range suspects {
		if now.Sub(u.At) < in.o.Settle+leavingLimit {
			continue
		}
		ready = append(ready, u)
		if from, _ := window(p, u.ID); from.Before(since) {
			since = from
		}
	}
	if len(ready) == 0 || !in.mayLook(p.ODS, ready, now) {
		return nil
	}
	slices.SortFunc(ready, func(a, b gateway.Standing) int {
		x, _ := window(p, a.ID)
		y, _ := window(p, b.ID)
		return x.Compare(y)
	})
	listed, err := in.o.Lister.Outbound(ctx, since.Add(-lookBack), p.Sender)
	if err != nil {
		listed = nil
	}
	byNumber := map[gateway.Phone][]gateway.Listed{}
	for _, l := range slices.Backward(listed) { // the earliest first
		byNumber[l.To] = append(byNumber[l.To], l)
	}
	list := list{readable: err == nil, byNumber: byNumber, used: map[string]bool{}}
	failed := []error{err}
	if list.strays, err = in.straysOf(ctx, p, byNumber); err != nil {
		return errors.Join(append(failed, err)...)
	}
	for _, u := range ready {
		if err := in.lookUpOne(ctx, p, u, now, list); err != nil {
			failed = append(failed, err)
		}
		if len(failed) > mostFailures || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// mayLook reports whether something is new since the last look at a practice's
// list, or that look is long ago.
func (in *Inbox) mayLook(p gateway.ODS, ready []gateway.Standing, now time.Time) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	last := in.looked[p]
	if now.Sub(last).Abs() < lookAgain && !slices.ContainsFunc(ready, func(u gateway.Standing) bool {
		return u.At.Add(in.o.Settle + leavingLimit).After(last)
	}) {
		return false
	}
	in.looked[p] = now
	return true
}

// list is what a practice's sender sent, as lookUp read it.
type list struct {
	readable bool
	byNumber map[gateway.Phone][]gateway.Listed // the earliest first
	strays   strays
	used     map[string]bool // the ids of texts that were found to be some reminder's
}

func (in *Inbox) lookUpOne(ctx context.Context, p gateway.Practice, u gateway.Standing, now time.Time, list list) error {
	a, ok, err := in.addressed(ctx, u)
	if err != nil || !ok || !list.readable {
		return errors.Join(err, in.giveUp(ctx, u, now, over(p, u, now)))
	}
	number := a.Patient.Mobile
	others, err := in.others(ctx, p, u.ID, number)
	if err != nil {
		return err
	}
	c, known := in.match(p, u, list.byNumber[number], func(id string) bool { return others[id] || list.used[id] })
	if known && c.To == gateway.Queued {
		tag, err := in.o.Memory.NumberTag(ctx, p.ODS, number)
		if err != nil {
			return err
		}
		known = !list.strays.mayHold(p, u.ID, tag)
	}
	if known {
		list.used[c.MessageID] = true
	}
	return in.conclude(ctx, p, u, now, c, known)
}

// match looks for a reminder among the texts that went to its number, the earliest
// first. Known is false when it cannot be told.
func (in *Inbox) match(p gateway.Practice, u gateway.Standing, texts []gateway.Listed, taken func(string) bool) (gateway.Change, bool) {
	from, next := window(p, u.ID)
	answers := in.o.Answers.all(p)
	c := gateway.Change{ID: u.ID, Token: u.Token, Since: u.At, Only: string(byte(gateway.Unknown)), To: gateway.Queued}
	known := true
	for _, l := range texts {
		if l.Inbound || l.Answer || l.Created.Before(from.Add(-lookBack)) || taken(l.MessageID) || slices.Contains(answers, l.Text) {
			continue
		}
		start, names := in.o.Start(l.Text, l.Created)
		switch {
		case names && !start.Equal(u.ID.Start):
		case !names, !next.IsZero() && !l.Created.Before(next.Add(-lookBack)):
			known = false
		default:
			return settledBy(c, l), true
		}
	}
	return c, known
}

// settledBy gives the move that a text of the provider's list brings about.
func settledBy(c gateway.Change, l gateway.Listed) gateway.Change {
	c.To, c.MessageID, c.Code = l.State, l.MessageID, l.Code
	if l.State == gateway.Unknown && l.Code == 0 {
		c.To = gateway.Accepted // a status that is not understood
	}
	c.Reason = reasonOf(c.To, l.Class)
	return c
}
