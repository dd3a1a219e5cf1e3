package beside

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"bellman/gateway"
)

// Remembering is a Checker that knows what it has learnt before, such as a Memory.
type Remembering interface {
	gateway.Checker
	// Recall lays over the appointments of a whole read, in their order, what was
	// learnt before. remark is for an operator, or empty.
	Recall(ctx context.Context, of []gateway.Appointment) (laid []gateway.Appointment, remark string, err error)
	// Known lays what was learnt before over one appointment, and asks nobody.
	Known(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error)
}

// Join makes one source of a practice's own and the checkers beside it, which are
// asked in their order. The source it gives can always look at one appointment
// again, and has the powers of the practice's own: it listens, cancels and writes
// preferences where that one does. Where that one cannot cancel and a checker can,
// it cancels through the checker. Without checkers it is the practice's own. The
// error says that there is nowhere to remember whom to ask about.
func Join(own gateway.Source, checks []gateway.Checker, env gateway.Surroundings) (gateway.Source, error) {
	if len(checks) == 0 {
		return own, nil
	}
	if env.Shelf == nil {
		return nil, errNoShelf
	}
	j := &joined{own: own, checks: checks, people: people{env.Shelf, env.Clock}}
	return withPowers(j, own, cancellerOf(j)), nil
}

var errNoShelf = errors.New("what is asked beside a clinical system needs somewhere to remember patients")

// joined is a source with checkers beside it.
type joined struct {
	own    gateway.Source
	checks []gateway.Checker
	people people

	mu    sync.Mutex
	swept daily
}

// Read reads the practice's own diary and lays over it what the checkers have
// learnt before. Where that cannot be looked up nothing was learnt: the diary alone
// would bring back to life whom a checker knows to be dead.
func (j *joined) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	feed, err := j.own.Read(ctx, span)
	if err != nil {
		return gateway.Feed{}, err
	}
	if err := j.note(ctx, feed.Appointments); err != nil {
		return gateway.Feed{}, err
	}
	feed.Notes = slices.Clone(feed.Notes) // they may be the source's own
	for _, c := range j.checks {
		r, ok := c.(Remembering)
		if !ok {
			continue
		}
		laid, remark, err := r.Recall(ctx, feed.Appointments)
		if err != nil {
			return gateway.Feed{}, err
		}
		feed.Appointments = laid
		if remark != "" {
			feed.Notes = append(feed.Notes, remark)
		}
	}
	return feed, nil
}

// note remembers whom the checkers can be asked about, and forgets whom nobody books
// any more.
func (j *joined) note(ctx context.Context, of []gateway.Appointment) error {
	if err := j.people.note(ctx, of); err != nil {
		return err
	}
	j.mu.Lock()
	due := j.swept.due(j.people.clock.Now())
	j.mu.Unlock()
	if !due {
		return nil
	}
	return j.people.sweep(ctx)
}

// Reread looks at the appointment again in the practice's own system, where that
// can be done, and then asks every checker, as long as the text may still be sent:
// about whom nothing will be sent nobody is asked.
func (j *joined) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	is := a
	if r, ok := j.own.(gateway.Rereader); ok {
		var err error
		if is, err = r.Reread(ctx, a); err != nil {
			return gateway.Appointment{}, err
		}
	}
	is, err := j.people.fill(ctx, is)
	if err != nil {
		return gateway.Appointment{}, fmt.Errorf("look beside the clinical system: %w", err)
	}
	for _, c := range j.checks {
		next, err := ask(ctx, c, is)
		if err != nil {
			return gateway.Appointment{}, fmt.Errorf("look beside the clinical system: %w", err)
		}
		if next.ID != is.ID || next.Patient.ID != is.Patient.ID || !next.Start.Equal(is.Start) {
			return gateway.Appointment{}, errOther
		}
		is = next
	}
	return is, nil
}

var errOther = errors.New("look beside the clinical system: the checker spoke of another appointment")

// ask asks one checker, or lays what it has learnt before where nothing will be sent.
func ask(ctx context.Context, c gateway.Checker, a gateway.Appointment) (gateway.Appointment, error) {
	if sendable(a) {
		return c.Check(ctx, a)
	}
	if r, ok := c.(Remembering); ok {
		return r.Known(ctx, a)
	}
	return a, nil
}

// sendable reports whether nothing that a checker could not correct stands against
// a text.
func sendable(a gateway.Appointment) bool {
	p := a.Patient
	return a.Status == gateway.StatusBooked && a.StartDoubt == gateway.NoDoubt && a.Reminded == gateway.FlagNo &&
		p.Deceased == gateway.FlagNo && p.Left == gateway.FlagNo && p.Declined == gateway.FlagNo && p.Restricted == gateway.FlagNo
}
