package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"bellman/gateway"
)

// Every change of a number's wish is a line of the journal, and stands in Redis, too,
// so that what another machine took is told here as well. Both hold the same words:
// a line that is brought back from a journal is the one that was there.

// lineOf gives what the journal keeps of a change.
func lineOf(o gateway.OptOut, out bool) journalLine {
	l := journalLine{
		Practice: o.Practice, Number: o.Number.Reveal(), Out: out, At: o.Since, By: o.By,
		Message: o.Message, Who: o.Who, Scope: o.Scope, Note: o.Note.Reveal(),
	}
	if o.Scope.Finer() {
		l.Visit, l.Start, l.Clinic = string(o.Visit), o.Start, o.Clinic.Reveal()
		if !out {
			l.Number, l.Of = "", l.Number
		}
	}
	return l
}

// change is the inverse of lineOf.
func (l journalLine) change() gateway.OptOutChange {
	return gateway.OptOutChange{Out: l.Out, OptOut: gateway.OptOut{
		Practice: l.Practice, Number: gateway.NewPhone(cmp.Or(l.Number, l.Of)), Since: l.At, By: l.By,
		Message: l.Message, Who: l.Who, Scope: l.Scope, Note: gateway.NewText(l.Note),
		Visit: gateway.AppointmentID(l.Visit), Start: l.Start, Clinic: gateway.NewText(l.Clinic),
	}}
}

func historyPlace(field string) string { return "h" + field }

// putHistory writes changes into Redis, each once, many a round trip.
func (s *Store) putHistory(ctx context.Context, lines []journalLine) error {
	for batch := range slices.Chunk(lines, optOutBatch) {
		calls := make([]call, len(batch))
		for i, l := range batch {
			k, err := s.key(ctx, l.Practice)
			if err != nil {
				return fmt.Errorf("history: %w", err)
			}
			b, err := json.Marshal(l)
			if err != nil {
				return errors.New("history: cannot be written down")
			}
			tag, digest := k.tag(l.change().Number), k.digest(b)
			field := string(tag[:]) + string(digest[:])
			sealed, err := k.seal(b, historyPlace(field))
			if err != nil {
				return errors.New("history: cannot be sealed")
			}
			keys := keysOf(l.Practice)
			calls[i] = call{s.scripts.keep, []string{ShardOf(l.Practice).epoch(), keys.history(), keys.stories()}, []any{k.mark, field, sealed, "", ""}}
		}
		if _, err := s.run(ctx, calls); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}

// OptOutHistory gives every change of a practice's opt-outs, in the order in which
// they came about: those of this machine's journal, which outlives Redis, and those
// that other machines wrote into Redis. A text that was obeyed twice is told once.
// unreadable counts what cannot be opened: of a Redis that lost the practice's keys
// only the journals tell.
func (s *Store) OptOutHistory(ctx context.Context, p gateway.ODS) (told []gateway.OptOutChange, unreadable int, err error) {
	lines, damaged, err := s.journal.read()
	if err != nil {
		return nil, 0, err
	}
	lines = slices.DeleteFunc(lines, func(l journalLine) bool { return l.Practice != p })
	elsewhere, unreadable, err := s.keptHistory(ctx, p)
	if err != nil {
		return nil, 0, err
	}
	lines = append(lines, elsewhere...)
	slices.SortStableFunc(lines, func(a, b journalLine) int { return a.At.Compare(b.At) })
	seen := map[string]bool{}
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			return nil, 0, errors.New("history: cannot be read")
		}
		text := fmt.Sprintf("%t %s", l.Out, l.Message)
		if seen[string(b)] || l.Message != "" && seen[text] {
			continue
		}
		seen[string(b)], seen[text] = true, true
		told = append(told, l.change())
	}
	return told, damaged + unreadable, nil
}

// keptHistory gives what Redis holds of a practice's history, in no order.
func (s *Store) keptHistory(ctx context.Context, p gateway.ODS) (lines []journalLine, unreadable int, err error) {
	all, err := s.rdb.HGetAll(ctx, keysOf(p).history()).Result()
	if err != nil {
		return nil, 0, fmt.Errorf("history: %w", plain(err))
	}
	for field, v := range all {
		_, b, err := s.unseal(ctx, p, []byte(v), historyPlace(field))
		var l journalLine
		if err == nil {
			err = json.Unmarshal(b, &l)
		}
		if err != nil {
			unreadable++
			continue
		}
		lines = append(lines, l)
	}
	return lines, unreadable, nil
}

// replay brings the opt-outs of the journal back into Redis, and their history. It
// only ever adds: a number that opted in again by this journal may have opted out by
// another replica's since.
func (s *Store) replay(ctx context.Context) error {
	lines, damaged, err := s.journal.read()
	if err != nil {
		return err
	}
	if damaged > 0 {
		return errJournalDamaged(damaged)
	}
	if err := s.putOptOuts(ctx, standingOptOuts(lines)); err != nil {
		return err
	}
	return s.putHistory(ctx, lines)
}

// standingOptOuts gives the opt-outs that a journal's lines leave standing, each
// with its first date, in the order of the lines.
func standingOptOuts(lines []journalLine) []gateway.OptOut {
	type standing struct {
		at int
		o  gateway.OptOut
	}
	out := map[subject]standing{}
	for i, l := range lines {
		w := l.subject()
		before, is := out[w]
		switch {
		case !l.Out:
			delete(out, w)
		case is:
			out[w] = standing{before.at, before.o.Join(l.change().OptOut)}
		default:
			o := l.change().OptOut
			o.Message, o.Note = "", gateway.Text{}
			out[w] = standing{i, o}
		}
	}
	all := slices.SortedFunc(maps.Values(out), func(a, b standing) int { return a.at - b.at })
	opted := make([]gateway.OptOut, len(all))
	for i, x := range all {
		opted[i] = x.o
	}
	return opted
}

// subject is what a line is about: a number, one visit whatever its number, or one
// clinic and number.
type subject struct {
	practice gateway.ODS
	scope    gateway.Scope // ScopePractice also for those of every practice
	number   string
	visit    string
	clinic   gateway.Text
}

func (l journalLine) subject() subject {
	w := subject{practice: l.Practice, number: cmp.Or(l.Number, l.Of)}
	switch l.Scope {
	case gateway.ScopeVisit:
		return subject{practice: l.Practice, scope: l.Scope, visit: l.Visit}
	case gateway.ScopeClinic:
		w.scope, w.clinic = l.Scope, gateway.FoldClinic(gateway.NewText(l.Clinic))
	case gateway.ScopePractice, gateway.ScopeAll:
	}
	return w
}
