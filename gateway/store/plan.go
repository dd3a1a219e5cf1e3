package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Batch sizes that won in trials: 50 appointments a script, 16 scripts a round trip.
const (
	planBatch = 50
	planPipe  = 16
)

// diary is the store's gateway.Diary.
type diary struct {
	practice gateway.ODS
	heads    map[gateway.Ref]gateway.Head
	optouts  map[Tag]bool
	// Of finer opt-outs; nil where there are none.
	visitsOut  map[gateway.Ref]bool
	clinicsOut map[Tag]gateway.ClinicOuts
	again      map[string]struct{} // refs to decide again although nothing changed
	key        *practiceKey
	beside     *neighbours
	right      string // what the lock says while this diary may be planned on; "": always
}

// Known reads what is known of a practice, for whoever plans single appointments
// and needs no right to read its diary: what changed since is a conflict.
func (s *Store) Known(ctx context.Context, p gateway.ODS) (gateway.Diary, error) {
	d, err := s.known(ctx, p)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (s *Store) known(ctx context.Context, p gateway.ODS) (*diary, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return nil, err
	}
	d := &diary{practice: p, key: k}
	if err := s.outs(ctx, p, d); err != nil {
		return nil, err
	}
	again, err := s.rdb.SMembersMap(ctx, keysOf(p).again()).Result()
	if err != nil {
		return nil, fmt.Errorf("read what is known of %s: %w", p, plain(err))
	}
	d.again = again
	d.heads, err = s.heads(ctx, k, p, "")
	return d, err
}

// heads reads the heads of a practice's appointments: of those with a number, by what
// stands for it, or of all.
func (s *Store) heads(ctx context.Context, k *practiceKey, p gateway.ODS, tag string) (map[gateway.Ref]gateway.Head, error) {
	out := map[gateway.Ref]gateway.Head{}
	for cursor := "0"; ; {
		got, err := s.run(ctx, []call{{s.scripts.known, []string{ShardOf(p).epoch(), keysOf(p).appointments()}, []any{k.mark, cursor, tag}}})
		if err != nil {
			return nil, fmt.Errorf("read what is known of %s: %w", p, err)
		}
		page, err := got[0].Slice()
		if err != nil || len(page) != 2 {
			return nil, errRecord
		}
		if err := addHeads(out, page[1].(string)); err != nil {
			return nil, err
		}
		if cursor = page[0].(string); cursor == "0" {
			return out, nil
		}
	}
}

func addHeads(into map[gateway.Ref]gateway.Head, page string) error {
	for b := []byte(page); len(b) > 0; {
		if len(b) < 10 || len(b) < 10+int(b[9]) {
			return errRecord
		}
		n := 10 + int(b[9])
		var ref gateway.Ref
		copy(ref[:], b)
		// A head that cannot be read is as good as none: the appointment is
		// written anew by the next plan.
		if h, _, err := parseHead(b[10:n]); err == nil {
			into[ref] = h
		}
		b = b[n:]
	}
	return nil
}

// Ref gives our own id of an appointment, from its Identity.
func (d *diary) Ref(id gateway.AppointmentID) gateway.Ref { return d.key.ref(id) }

// OptedOut reports whether a number opted out of the practice.
func (d *diary) OptedOut(n gateway.Phone) bool {
	return len(d.optouts) > 0 && !n.IsZero() && d.optouts[d.key.tag(n)]
}

// Outs gives what finer opt-outs say about a visit. A hash is worked out only where
// there are some.
func (d *diary) Outs(a gateway.Appointment) gateway.Outs {
	var o gateway.Outs
	if len(d.visitsOut) > 0 {
		o.Visit = d.visitsOut[d.key.ref(a.Identity())]
	}
	if n := a.Patient.Mobile; len(d.clinicsOut) > 0 && !n.IsZero() {
		o.Clinics = d.clinicsOut[d.key.tag(n)]
	}
	return o
}

// Head gives what is known of an appointment.
func (d *diary) Head(r gateway.Ref) (gateway.Head, bool) {
	h, ok := d.heads[r]
	return h, ok
}

// Heads gives everything that is known.
func (d *diary) Heads() map[gateway.Ref]gateway.Head { return d.heads }

// Plan writes down appointments and brings their reminders into line. What is
// exactly as the diary already knows costs nothing. The diary is the one that
// Known or KnownUnder gave; it learns what was written. With an error, the moves
// are those that were made all the same.
func (s *Store) Plan(ctx context.Context, known gateway.Diary, now time.Time, entries []gateway.Entry) (gateway.Planning, error) {
	var out gateway.Planning
	d, ok := known.(*diary)
	if !ok {
		return out, errors.New("plan: the diary is not one of this store")
	}
	calls := make([]call, 0, planPipe)
	flush := func() error {
		got, err := s.tryAll(ctx, calls)
		if err != nil {
			return fmt.Errorf("plan for %s: %w", d.practice, err)
		}
		calls = calls[:0]
		var first error
		for _, c := range got { // also those that went well before one that did not: they moved reminders
			if err = plain(c.Err()); err == nil {
				err = takePlan(&out, d.practice, c)
			}
			if err != nil && first == nil {
				first = fmt.Errorf("plan for %s: %w", d.practice, err)
			}
		}
		return first
	}
	batch := s.newPlanCall(d, now)
	inBatch := 0
	for i := range entries {
		ok, err := d.encode(&batch, &entries[i], &out)
		if err != nil {
			return out, err
		}
		if ok {
			inBatch++
		}
		if inBatch == planBatch || (i == len(entries)-1 && inBatch > 0) {
			calls = append(calls, batch)
			batch, inBatch = s.newPlanCall(d, now), 0
		}
		if len(calls) == planPipe {
			if err := flush(); err != nil {
				return out, err
			}
		}
	}
	if len(calls) > 0 {
		if err := flush(); err != nil {
			return out, err
		}
	}
	s.dueAt(ShardOf(d.practice), out.Earliest)
	return out, nil
}

// Recall opens what is kept of some appointments of a diary: those that a read no
// longer shows. What cannot be opened is left out.
func (s *Store) Recall(ctx context.Context, known gateway.Diary, refs []gateway.Ref) ([]gateway.Facts, error) {
	d, ok := known.(*diary)
	if !ok || len(refs) == 0 {
		return nil, nil
	}
	fields := make([]string, len(refs))
	for i := range refs {
		fields[i] = string(refs[i][:])
	}
	got, err := s.rdb.HMGet(ctx, keysOf(d.practice).appointments(), fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("recall: %w", plain(err))
	}
	out := make([]gateway.Facts, 0, len(refs))
	for i, v := range got {
		if record, ok := v.(string); ok {
			if _, f, err := s.openRecord(ctx, d.practice, refs[i], []byte(record)); err == nil {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func (s *Store) newPlanCall(d *diary, now time.Time) call {
	sh, k := ShardOf(d.practice), keysOf(d.practice)
	args := make([]any, 0, 5+planBatch*2)
	return call{
		script: s.scripts.plan,
		keys:   []string{sh.epoch(), sh.due(), sh.lease(), k.appointments(), k.reminders(), k.stories(), k.counts(), k.again(), k.tasks(), k.texted(), k.lock()},
		args:   append(args, d.key.mark, millis(now), seconds(now), string(d.practice), d.right),
	}
}

// encode adds one appointment to a call, unless it is already as wanted.
func (d *diary) encode(c *call, e *gateway.Entry, out *gateway.Planning) (bool, error) {
	a := &e.Facts.Appointment
	if len(e.Plan) > maxRules {
		return false, fmt.Errorf("plan: an appointment is owed more than %d reminders", maxRules)
	}
	content := encodeFacts(e.Facts)
	ref := e.Ref
	if ref == (gateway.Ref{}) {
		ref = d.key.ref(a.Identity())
	}
	h := gateway.Head{Start: a.Start, FirstSeen: e.FirstSeen, Tag: d.key.tag(a.Patient.Mobile)}
	signed := append(append(make([]byte, 0, len(content)+4+planRule*len(e.Plan)), content...), seconds(a.Start)...)
	h.Rules = make([]gateway.Rule, 0, len(e.Plan))
	wanted := append(make([]byte, 0, planHead+planRule*len(e.Plan)), ref[:]...)
	wanted = append(wanted, make([]byte, planHead-len(ref))...)
	for _, p := range e.Plan {
		h.Rules = append(h.Rules, p.Rule)
		wanted = appendRule(wanted, p)
		b := wanted[len(wanted)-planRule:]
		// The time to look at what is held or withdrawn is no part of the facts.
		if p.State != gateway.Queued {
			b = b[:4]
		} else if out.Earliest.IsZero() || p.At.Before(out.Earliest) {
			out.Earliest = p.At
		}
		signed = append(signed, b...)
	}
	h.Digest = d.key.digest(signed)
	wanted[planHead-1] = byte(e.Task)
	if old, ok := d.heads[ref]; ok {
		if _, again := d.again[string(ref[:])]; old.Digest == h.Digest && !again {
			return false, nil
		}
		copy(wanted[len(ref):], old.Digest[:])
	}
	head := appendHead(h, make([]byte, 0, 256))
	sealed, err := d.key.seal(content, recordPlace(ref, head))
	if err != nil {
		return false, fmt.Errorf("seal: %w", errSealed)
	}
	c.args = append(c.args, wanted, append(head, sealed...))
	d.heads[ref] = h
	out.Written++
	return true, nil
}

// The layout of what plan.lua is told of an appointment besides its record.
const (
	planHead = 18 // ref, digest and kind of task
	planRule = 18 // rule, state, reason and 14 digits
)

// appendRule adds one wanted reminder, in the layout that plan.lua reads.
func appendRule(b []byte, p gateway.Planned) []byte {
	b = binary.BigEndian.AppendUint16(b, p.Rule.Code())
	b = append(append(b, byte(p.State), byte(p.Reason)), "00000000000000"...)
	for at, ms := len(b)-1, max(0, p.At.UnixMilli()); ms > 0; at, ms = at-1, ms/10 {
		b[at] = byte('0' + ms%10)
	}
	return b
}

const moveSize = gateway.KeySize + 5

func takePlan(o *gateway.Planning, p gateway.ODS, c *redis.Cmd) error {
	got, err := c.Slice()
	if err != nil || len(got) != 2 {
		return errRecord
	}
	conflicts := len(got[0].(string)) / len(gateway.Ref{})
	o.Conflicts += conflicts
	o.Written -= conflicts
	for b := []byte(got[1].(string)); len(b) >= moveSize; b = b[moveSize:] {
		m, err := parseMove(p, b)
		if err != nil {
			return err
		}
		o.Moves = append(o.Moves, m)
	}
	return nil
}

func parseMove(p gateway.ODS, b []byte) (gateway.Move, error) {
	id, err := gateway.ReminderFromKey(p, b[:gateway.KeySize])
	if err != nil {
		return gateway.Move{}, err
	}
	m := gateway.Move{ID: id, To: gateway.State(b[gateway.KeySize+1]), Reason: gateway.Reason(b[gateway.KeySize+2])}
	if from := b[gateway.KeySize]; from != '-' {
		m.From = gateway.State(from)
	}
	return m, nil
}
