package scheduler

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// namesAtOnce is how many reminders one line of the log names.
const namesAtOnce = 50

// balanceLimit bounds one balancing of a practice's books.
const balanceLimit = time.Minute

// balance balances a practice's books, tells of what did not add up, and wakes the
// senders for what was put back into the queue. It reports whether something is
// left that the next read may put right. read says that a complete one was carried
// out just now.
func (s *Scheduler) balance(ctx context.Context, p gateway.Practice, read bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, balanceLimit)
	defer cancel()
	books, err := s.o.Memory.Balance(ctx, gateway.Balancing{Practice: p.ODS, Now: s.o.Clock.Now(), SendAt: SendAt(p), Mend: true, Read: read})
	if err != nil {
		return false, err
	}
	s.o.Metrics.unexplained.WithLabelValues(string(p.ODS)).Set(float64(books.Unexplained()))
	s.name(p.ODS, books.Findings)
	var moves []gateway.Move
	for _, f := range books.Findings {
		if f.Remedy == gateway.Withheld {
			moves = append(moves, gateway.Move{ID: f.Reminder, From: gateway.Held, To: gateway.Withdrawn, Reason: gateway.RecordUnreadable})
		}
	}
	s.moved(moves)
	if !books.Earliest.IsZero() {
		if err := s.o.Memory.Wake(ctx, books.Earliest); err != nil {
			s.o.Log.Warn("wake the senders", "practice", p.ODS, "error", err)
		}
	}
	return books.Unexplained() > 0, nil
}

// name writes every finding into the log by its own id, those of one kind together.
func (s *Scheduler) name(p gateway.ODS, all []gateway.Finding) {
	kind := func(a, b gateway.Finding) int {
		return cmp.Or(cmp.Compare(a.Flaw, b.Flaw), cmp.Compare(a.Remedy, b.Remedy))
	}
	slices.SortStableFunc(all, kind)
	for len(all) > 0 {
		n := 1
		for n < min(len(all), namesAtOnce) && kind(all[0], all[n]) == 0 {
			n++
		}
		names := make([]string, n)
		for i, f := range all[:n] {
			names[i] = f.Name()
		}
		log := s.o.Log.With("practice", p, "flaw", string(all[0].Flaw), "remedy", string(all[0].Remedy), "names", strings.Join(names, " "))
		if all[0].Remedy == gateway.Open {
			log.Error("the books do not add up: " + all[0].Flaw.Words())
		} else {
			log.Warn("the books did not add up: " + all[0].Flaw.Words() + "; " + all[0].Remedy.Words())
		}
		all = all[n:]
	}
}

// SendAt gives the times at which a practice's reminders are to leave, by its
// present policy. A rule that the practice does not have any more counts at its
// own moment; the sender withdraws it there.
func SendAt(p gateway.Practice) func(gateway.Head, gateway.Rule) time.Time {
	return func(h gateway.Head, r gateway.Rule) time.Time {
		for _, o := range p.Policy.Plan(h.Start, p.Nation, h.FirstSeen) {
			if o.Rule == r {
				return o.SendAt
			}
		}
		return r.Due(h.Start)
	}
}
