package sender_test

import (
	"fmt"
	"slices"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

// harm does one kind of harm to the practice, as the dice fall.
func (w *wreck) harm() {
	w.t.Helper()
	letter := []string{"a", "r", "e", "n", "t", "d", "m"}[w.dice.IntN(7)]
	kind := w.dice.IntN(10)
	if kind == 0 || kind == 3 {
		w.whole[letter] = true
		if len(w.whole) > 2 { // losing everything is another matter: an emptied store
			return
		}
	}
	switch kind {
	case 0:
		w.say("deleted key %s", letter)
		w.raw.Del(w.t.Context(), storetest.Key(riverside, letter))
	case 1:
		w.say("deleted the queue")
		w.raw.Del(w.t.Context(), storetest.ShardKey(riverside, "due"))
	case 2:
		w.say("deleted the leases")
		w.raw.Del(w.t.Context(), storetest.ShardKey(riverside, "lease"))
	case 3:
		w.say("put words in the place of key %s", letter)
		w.raw.Set(w.t.Context(), storetest.Key(riverside, letter), "words", 0)
	case 4:
		set := []string{"due", "lease"}[w.dice.IntN(2)]
		w.say("put words in the place of the shard's %s", set)
		w.raw.Set(w.t.Context(), storetest.ShardKey(riverside, set), "words", 0)
	case 5:
		w.members([]string{"due", "lease"}[w.dice.IntN(2)])
	default:
		w.fields([]string{"a", "r", "e", "t"}[w.dice.IntN(4)], kind)
	}
}

func (w *wreck) say(f string, args ...any) { w.done = append(w.done, fmt.Sprintf(f, args...)) }

// members takes a few members out of a set of the shard.
func (w *wreck) members(set string) {
	ctx := w.t.Context()
	all := w.raw.ZRange(ctx, storetest.ShardKey(riverside, set), 0, -1).Val()
	whose := w.owners()
	slices.SortFunc(all, func(a, b string) int { return whose(a, "") - whose(b, "") })
	for range min(len(all), 1+w.dice.IntN(5)) {
		m := all[w.dice.IntN(len(all))]
		w.say("took patient %d out of %s", whose(m, ""), set)
		w.raw.ZRem(ctx, storetest.ShardKey(riverside, set), m)
	}
}

// owners gives a function that says whose a field or a member is, by the patient's
// number, so that a seed does the same harm every time although our own ids differ.
func (w *wreck) owners() func(field, value string) int {
	by := map[string]int{}
	for n := range waiting {
		for p, patient := range map[gateway.ODS]int{riverside: n, hillside: 100 + n} {
			ref := w.id(p, person(patient), day).Ref
			by[string(ref[:])] = patient
		}
	}
	return func(field, value string) int {
		if n, ok := by[field[:min(len(field), 9)]]; ok {
			return n
		}
		return by[value[:min(len(value), 9)]]
	}
}

// fields deletes or damages a few fields of one of the practice's keys.
func (w *wreck) fields(letter string, kind int) {
	ctx, key := w.t.Context(), storetest.Key(riverside, letter)
	all := w.raw.HGetAll(ctx, key).Val()
	names := make([]string, 0, len(all))
	for f := range all {
		names = append(names, f)
	}
	whose := w.owners()
	slices.SortFunc(names, func(a, b string) int { return whose(a, all[a]) - whose(b, all[b]) })
	for range min(len(names), 1+w.dice.IntN(6)) {
		f := names[w.dice.IntN(len(names))]
		v := []byte(all[f])
		switch {
		case kind == 6:
			w.say("deleted %s of patient %d", letter, whose(f, all[f]))
			w.raw.HDel(ctx, key, f)
			continue
		case len(v) == 0:
			continue
		case kind == 7:
			v = v[:w.dice.IntN(len(v))]
			w.say("cut %s of patient %d to %d", letter, whose(f, all[f]), len(v))
		default:
			i := w.dice.IntN(len(v))
			by := byte(1 << w.dice.IntN(8))
			if kind == 9 {
				by = byte(1 + w.dice.IntN(255))
			}
			v[i] ^= by
			w.say("changed byte %d of %s of patient %d by %02x", i, letter, whose(f, all[f]), by)
		}
		w.raw.HSet(ctx, key, f, v)
	}
}
