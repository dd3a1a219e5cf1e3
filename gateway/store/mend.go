package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"bellman/gateway"
)

// mending is a reminder with what is to be changed about it.
type mending struct {
	sight sight
	cure  cure
}

// anyRecord matches whatever record an appointment has, or none.
const anyRecord = "*"

// mend looks at what seemed wrong a second time, in one script, and puts right
// what is still as it was seen. What is otherwise by now was no flaw: somebody
// was in the middle of a move.
func (b *balance) mend(ctx context.Context, all []mending) error {
	for part := range slices.Chunk(all, mendBatch) {
		yes := ""
		if b.b.Mend {
			yes = "y"
		}
		args := append(make([]any, 0, 4+8*len(part)), b.k.mark, string(b.b.Practice), len(part), yes)
		for _, m := range part {
			key := m.sight.id.Key()
			args = append(args, string(key[:]), m.sight.record, m.sight.entry, m.sight.seen(),
				m.cure.entry, m.cure.due, m.cure.lease, m.cure.line)
		}
		got, err := b.s.run(ctx, []call{{b.s.scripts.mend, []string{
			b.shard.epoch(), b.shard.due(), b.shard.lease(), b.keys.appointments(), b.keys.reminders(), b.keys.stories(), b.keys.counts(), b.keys.again(),
		}, args}})
		if err != nil {
			return err
		}
		verdicts, err := got[0].Text()
		if err != nil || len(verdicts) != len(part) {
			return errRecord
		}
		for i, m := range part {
			if verdicts[i] == 'y' {
				b.mended(m)
			}
		}
	}
	return nil
}

func (b *balance) mended(m mending) {
	b.found(gateway.Finding{Reminder: m.sight.id, Ref: m.sight.id.Ref, Flaw: m.cure.flaw, Remedy: m.cure.remedy})
	if !b.b.Mend {
		return
	}
	b.changed = true
	if at, ok := parseMillis(m.cure.due); ok && (b.books.Earliest.IsZero() || at.Before(b.books.Earliest)) {
		b.books.Earliest = at
	}
}

// seen gives where a reminder was seen, in the layout that mend.lua reads. Of one
// that belongs to no present plan it does not matter whether it is in the queue:
// its place there may be another start's.
func (v *sight) seen() string {
	out := []byte("00")
	switch {
	case v.stray:
		out[0] = '*'
	case v.due:
		out[0] = '1'
	}
	if v.lease {
		out[1] = '1'
	}
	return string(out)
}

// turnField is where a practice's counters keep how often anything moved.
const turnField = "turn"

// recount writes down how many reminders are in each state where the counters say
// something else, and reports false when something moved since they said was.
func (b *balance) recount(ctx context.Context, was map[string]string) (bool, error) {
	turn := was[turnField]
	delete(was, turnField)
	args := []any{b.k.mark, turn}
	_, err := strconv.ParseUint(turn, 10, 63)
	same := len(was) <= len(gateway.States) && (err == nil || turn == "")
	for _, s := range gateway.States {
		letter := string(byte(s))
		said, now := was[letter], fmt.Sprint(b.tally[s])
		same = same && (said == now || (said == "" && now == "0"))
		args = append(args, letter, now)
	}
	if same || !b.b.Mend {
		return true, nil // without mending nobody can tell a difference from a move
	}
	got, err := b.s.run(ctx, []call{{b.s.scripts.recount, []string{b.shard.epoch(), b.keys.counts()}, args}})
	if err != nil {
		return false, err
	}
	done, err := got[0].Int()
	if err == nil && done == 1 && !b.mendedAny() {
		b.found(gateway.Finding{Place: "n", Flaw: gateway.CountsDifferent, Remedy: gateway.Restored})
	}
	return done == 1, err
}

// mendedAny reports whether something was found: the counters then differ for that
// reason, which needs no line of its own.
func (b *balance) mendedAny() bool { return len(b.books.Findings) > 0 }
