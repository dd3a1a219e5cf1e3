package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"bellman/gateway"
)

// The spans of asking for receipts that did not come.
const (
	// AskFirst is how long after a text was accepted, or was not answered for, the
	// provider is asked for its receipt; AskLast is when it is asked for the last time.
	AskFirst = 2 * time.Hour
	AskLast  = 24 * time.Hour
	// enquireEvery is how often it is a practice's turn, whichever replica takes it.
	enquireEvery = 15 * time.Minute
	// knock is how often one replica looks whether it is a practice's turn.
	knock = time.Minute
	// singly is how many texts of a practice are asked for by their ids in one turn.
	// More are read in the list of what its sender sent, a thousand a request.
	singly = 10
	// farAsked is how far back a turn looks that is the first one, or follows many
	// that failed.
	farAsked = 2 * AskLast
)

// askAfter are the ages at which a text without a receipt is asked for.
var askAfter = []time.Duration{AskFirst, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, AskLast}

// Enquire asks the provider for the receipts of texts of a practice that it took
// hours ago and of which nobody has said how they ended, and takes what it says as
// if the receipt had come. It does so when it is the practice's turn, once for the
// installation, and for each text at growing ages. What it has not learnt after a
// day stays accepted. A turn that failed is made up for by the next.
func (in *Inbox) Enquire(ctx context.Context, p gateway.Practice) error {
	now := in.o.Clock.Now()
	if (in.o.Keeper != nil && !in.o.Keeper.Right()) || !in.mayKnock(p.ODS, now) {
		return nil
	}
	since, ours, err := in.o.Memory.TakeTurn(ctx, p.ODS, now, enquireEvery)
	if err != nil || !ours {
		return err
	}
	if back := now.Add(-farAsked); since.Before(back) {
		since = back
	}
	unheard, err := in.o.Memory.Unheard(ctx, p.ODS)
	if err != nil {
		return err
	}
	due := slices.DeleteFunc(unheard, func(u gateway.Standing) bool { return u.MessageID == "" || !dueBetween(u.At, since, now) })
	if len(due) > 0 {
		err = in.enquire(ctx, p, due)
	}
	if err != nil {
		return err
	}
	return in.o.Memory.EndTurn(ctx, p.ODS, now)
}

// mayKnock reports whether this replica has not just looked.
func (in *Inbox) mayKnock(p gateway.ODS, now time.Time) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if now.Sub(in.knocked[p]).Abs() < knock {
		return false
	}
	in.knocked[p] = now
	return true
}

// dueBetween reports whether a text came to one of the ages at which it is asked
// for after since, and by now.
func dueBetween(at, since, now time.Time) bool {
	return slices.ContainsFunc(askAfter, func(age time.Duration) bool {
		asked := at.Add(age)
		return asked.After(since) && !asked.After(now)
	})
}

// enquire asks for texts and takes what is said of them. What could be learnt is
// taken also where the rest could not.
func (in *Inbox) enquire(ctx context.Context, p gateway.Practice, due []gateway.Standing) error {
	said, failed := in.ask(ctx, p, due)
	var receipts []gateway.Receipt
	for _, u := range due {
		l, ok := said[u.MessageID]
		switch {
		case !ok && failed != nil:
			continue
		case !ok:
			in.o.Metrics.asked.WithLabelValues(string(p.ODS), missing).Inc()
			continue
		case l.State == gateway.Unknown && l.Code == 0:
			l.State = gateway.Accepted // a status that is not understood
		}
		in.o.Metrics.asked.WithLabelValues(string(p.ODS), l.State.String()).Inc()
		if l.State != gateway.Accepted {
			receipts = append(receipts, gateway.Receipt{
				Reminder: u.ID, MessageID: l.MessageID, State: l.State, Code: l.Code, Class: l.Class, Everywhere: l.Everywhere,
			})
		}
	}
	in.o.Log.Info("asked the provider for receipts that did not come", "practice", p.ODS, "texts", len(due), "ended", len(receipts))
	if len(receipts) == 0 {
		return failed
	}
	_, err := in.receive(ctx, receipts)
	return errors.Join(failed, err)
}

// ask gives what the provider says of texts, by their ids: from one reading of the
// list where they are many, and by itself for each of a few.
func (in *Inbox) ask(ctx context.Context, p gateway.Practice, due []gateway.Standing) (map[string]gateway.Listed, error) {
	said := map[string]gateway.Listed{}
	if len(due) > singly {
		since := due[0].At
		for _, u := range due {
			since = sooner(since, u.At)
		}
		listed, err := in.o.Lister.Outbound(ctx, since.Add(-lookBack), p.Sender)
		if err != nil {
			return said, err
		}
		for _, l := range listed {
			said[l.MessageID] = l
		}
	}
	asked := 0
	var failed []error
	for _, u := range due {
		if _, ok := said[u.MessageID]; ok {
			continue
		}
		if asked++; asked > singly || len(failed) == mostFailures || ctx.Err() != nil {
			break
		}
		l, ok, err := in.o.Lister.Message(ctx, u.MessageID)
		if err != nil {
			failed = append(failed, err)
		} else if ok {
			said[u.MessageID] = l
		}
	}
	return said, errors.Join(failed...)
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
