package inbox

import (
	"context"
	"sync"
	"time"

	"bellman/gateway"
)

// patience keeps when each text of unknown fate is looked up next, of one practice.
// It is kept by one replica for itself: forgotten, it costs one look.
type patience map[[gateway.KeySize]byte]look

type look struct {
	at   time.Time // since when its fate is unknown: sent again, it is another text
	next time.Time
}

// dueLooks gives those of a practice's unknowns that are to be looked up now: each
// the first time at once, then at growing intervals, and once more when its last
// useful moment has passed. What is no longer unknown is forgotten.
func (in *Inbox) dueLooks(p gateway.Practice, unknowns []gateway.Standing, now time.Time) []gateway.Standing {
	in.mu.Lock()
	defer in.mu.Unlock()
	before, after := in.patience[p.ODS], patience{}
	var due []gateway.Standing
	for _, u := range unknowns {
		l, ok := before[u.ID.Key()]
		if ok = ok && l.at.Equal(u.At) && now.Before(l.next); ok {
			after[u.ID.Key()] = l
		}
		if !ok || over(p, u, now) {
			due = append(due, u)
		}
	}
	in.patience[p.ODS] = after
	return due
}

// lookLater notes that the provider's list could not tell: it is asked again when
// half as much time again has passed, and every lookAgain in the end.
func (in *Inbox) lookLater(u gateway.Standing, now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	wait := min(max(now.Sub(u.At)/2, reconcileEvery), lookAgain)
	in.patience[u.ID.Practice][u.ID.Key()] = look{u.At, now.Add(wait)}
}

// reader gives what the provider's list holds of texts to a number since a text of
// unknown fate may have left.
type reader func(u gateway.Standing, n gateway.Phone) ([]gateway.Listed, error)

// reading gives how the list is read for so many texts: for a few, number by number;
// for many, once for all that the practice's sender sent, when it is first asked for.
func (in *Inbox) reading(ctx context.Context, p gateway.Practice, due []gateway.Standing) reader {
	if len(due) <= singly { // most often one
		return func(u gateway.Standing, n gateway.Phone) ([]gateway.Listed, error) {
			return in.o.Lister.List(ctx, u.At.Add(-lookBack), n)
		}
	}
	since := due[0].At
	for _, u := range due {
		since = sooner(since, u.At)
	}
	whole := sync.OnceValues(func() (map[gateway.Phone][]gateway.Listed, error) {
		listed, err := in.o.Lister.Outbound(ctx, since.Add(-lookBack), p.Sender)
		byNumber := map[gateway.Phone][]gateway.Listed{}
		for _, l := range listed {
			byNumber[l.To] = append(byNumber[l.To], l)
		}
		return byNumber, err
	})
	return func(_ gateway.Standing, n gateway.Phone) ([]gateway.Listed, error) {
		byNumber, err := whole()
		return byNumber[n], err
	}
}
