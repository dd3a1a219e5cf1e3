package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

type sealedReply struct {
	From  string    `json:"f"`
	Text  string    `json:"t"`
	Kind  uint8     `json:"k"`
	At    time.Time `json:"a"`
	About []byte    `json:"r,omitempty"`
}

func replyPlace(messageID string) string { return "i" + messageID }

// KeepReply writes a reply down, once: false means that this message was kept
// before. In the same step it is put where a person reads it, or closed where nobody
// has to. It links the reply to the last text that went to the number, and tells
// it in that appointment's story.
func (s *Store) KeepReply(ctx context.Context, r gateway.Reply) (bool, error) {
	k, err := s.key(ctx, r.Practice)
	if err != nil {
		return false, err
	}
	keys := keysOf(r.Practice)
	id, linked, err := s.LastText(ctx, r.Practice, r.From)
	if err != nil {
		return false, err
	}
	sr := sealedReply{From: r.From.Reveal(), Text: r.Text.Reveal(), Kind: uint8(r.Kind), At: r.At.UTC().Truncate(time.Second)}
	if linked {
		sr.About = id.Ref[:]
	}
	b, err := json.Marshal(sr)
	if err != nil {
		return false, errors.New("reply: cannot be written down")
	}
	sealed, err := k.seal(b, replyPlace(r.MessageID))
	if err != nil {
		return false, errors.New("reply: cannot be sealed")
	}
	ref, event := "", ""
	if linked {
		ref, event = string(id.Ref[:]), replyEvent(id, r)
	}
	got, err := s.run(ctx, []call{{s.scripts.keepreply, []string{ShardOf(r.Practice).epoch(), keys.replies(), keys.unread(), keys.closed(), keys.stories()}, []any{
		k.mark, r.MessageID, sealed, wait(r.Kind), sr.At.Unix(), seconds(sr.At), ref, event,
	}}})
	if err != nil {
		return false, fmt.Errorf("reply: %w", err)
	}
	first, err := got[0].Int()
	if err != nil {
		return false, fmt.Errorf("reply: %w", errRecord)
	}
	return first == 1, nil
}

// wait tells a script whether a reply of a kind waits for a person.
func wait(k gateway.ReplyKind) string {
	if k.NeedsPerson() {
		return "wait"
	}
	return ""
}

// replyEvent words a reply as a line of a story; see parseEvent.
func replyEvent(id gateway.ReminderID, r gateway.Reply) string {
	key := id.Key()
	e := append([]byte{byte(EventReply)}, seconds(r.At)...)
	e = append(e, key[len(id.Ref):]...)
	return string(append(e, 0, 1, byte(r.Kind)))
}

// LastText gives the last reminder that was handed over to a number.
func (s *Store) LastText(ctx context.Context, p gateway.ODS, n gateway.Phone) (gateway.ReminderID, bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return gateway.ReminderID{}, false, err
	}
	tag := k.tag(n)
	v, err := s.rdb.HGet(ctx, keysOf(p).texted(), string(tag[:])).Result()
	if errors.Is(err, redis.Nil) {
		return gateway.ReminderID{}, false, nil
	}
	if err != nil {
		return gateway.ReminderID{}, false, fmt.Errorf("last text: %w", plain(err))
	}
	id, err := gateway.ReminderFromKey(p, []byte(v))
	return id, err == nil, nil
}

// WithdrawNumber withdraws everything that waits for a number, and gives the
// moves. The claim and the last step before sending check opt-outs themselves;
// this makes the queue tell the truth at once.
func (s *Store) WithdrawNumber(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time, why gateway.Reason) ([]gateway.Move, error) {
	ids, err := s.ofNumber(ctx, p, n)
	if err != nil {
		return nil, err
	}
	return s.moveAll(ctx, ids, gateway.Withdrawn, why, now)
}

// moveAll moves what may be moved of some reminders, and gives the moves. What is held
// is looked at again when it would have been due.
func (s *Store) moveAll(ctx context.Context, ids []gateway.ReminderID, to gateway.State, why gateway.Reason, now time.Time) ([]gateway.Move, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	changes := make([]gateway.Change, len(ids))
	for i, id := range ids {
		changes[i] = gateway.Change{ID: id, To: to, Reason: why}
		if to == gateway.Held {
			changes[i].At = gateway.Later(id.Rule.Due(id.Start), now)
		}
	}
	got, err := s.Move(ctx, now, changes)
	if err != nil {
		return nil, err
	}
	var out []gateway.Move
	for i, c := range got {
		if c.Verdict == gateway.Done {
			out = append(out, gateway.Move{ID: changes[i].ID, From: c.From, To: to, Reason: why})
		}
	}
	return out, nil
}

// ofNumber gives the reminders of all visits that have a number.
func (s *Store) ofNumber(ctx context.Context, p gateway.ODS, n gateway.Phone) ([]gateway.ReminderID, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return nil, err
	}
	tag := k.tag(n)
	heads, err := s.heads(ctx, k, p, string(tag[:]))
	if err != nil {
		return nil, err
	}
	var out []gateway.ReminderID
	for ref, h := range heads {
		for _, r := range h.Rules {
			out = append(out, gateway.ReminderID{Practice: p, Ref: ref, Rule: r, Start: h.Start})
		}
	}
	return out, nil
}

// InFlight reports whether a text to a number is between being written down as
// leaving and being answered for. It looks at leased work only.
func (s *Store) InFlight(ctx context.Context, p gateway.ODS, n gateway.Phone) (bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return false, err
	}
	tag := k.tag(n)
	leased, err := s.rdb.ZRange(ctx, ShardOf(p).lease(), 0, -1).Result()
	if err != nil {
		return false, fmt.Errorf("in flight: %w", plain(err))
	}
	var ours []string
	for _, m := range leased {
		if len(m) > gateway.KeySize && gateway.ODS(m[gateway.KeySize:]) == p {
			ours = append(ours, m[:gateway.KeySize])
		}
	}
	if len(ours) == 0 {
		return false, nil
	}
	entries, err := s.rdb.HMGet(ctx, keysOf(p).reminders(), ours...).Result()
	if err != nil {
		return false, fmt.Errorf("in flight: %w", plain(err))
	}
	for i, key := range ours {
		entry, _ := entries[i].(string)
		r, ok := parseReminder(entry)
		if !ok || r.State != gateway.Sending {
			continue
		}
		number, err := s.leftFor(ctx, p, key[:len(gateway.Ref{})], r)
		if err != nil {
			return false, err
		}
		if number == tag {
			return true, nil
		}
	}
	return false, nil
}

// leftFor gives what stands for the number that a text leaves for: the one that was
// written down with it, since the appointment may have another by now.
func (s *Store) leftFor(ctx context.Context, p gateway.ODS, ref string, r gateway.Standing) (Tag, error) {
	if r.Number != (Tag{}) {
		return r.Number, nil
	}
	record, err := s.rdb.HGet(ctx, keysOf(p).appointments(), ref).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return Tag{}, fmt.Errorf("in flight: %w", plain(err))
	}
	h, _, err := parseHead([]byte(record))
	if err != nil {
		return Tag{}, nil // nobody can tell; its sender cannot have either
	}
	return h.Tag, nil
}

// NumberTag gives what stands for a number within a practice.
func (s *Store) NumberTag(ctx context.Context, p gateway.ODS, n gateway.Phone) ([12]byte, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return Tag{}, err
	}
	return k.tag(n), nil
}

// Kept reports whether a message was kept before.
func (s *Store) Kept(ctx context.Context, p gateway.ODS, messageID string) (bool, error) {
	ok, err := s.rdb.HExists(ctx, keysOf(p).replies(), messageID).Result()
	if err != nil {
		return false, fmt.Errorf("reply: %w", plain(err))
	}
	return ok, nil
}

// FirstToday reports, once in 24 hours for a number and each of the answers, that it
// has not got that one yet.
func (s *Store) FirstToday(ctx context.Context, p gateway.ODS, n gateway.Phone, what gateway.Answer) (bool, error) {
	k, err := s.key(ctx, p)
	if err != nil {
		return false, err
	}
	err = s.rdb.SetArgs(ctx, keysOf(p).answered(what, k.tag(n)), "1", redis.SetArgs{Mode: "NX", TTL: 24 * time.Hour}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("answered: %w", plain(err))
	}
	return true, nil
}

// Unknowns lists the reminders of a practice whose fate is not known.
func (s *Store) Unknowns(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error) {
	n, err := s.rdb.HGet(ctx, keysOf(p).counts(), string(byte(gateway.Unknown))).Int()
	if errors.Is(err, redis.Nil) || (err == nil && n == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("unknown fates: %w", plain(err))
	}
	all, err := s.rdb.HGetAll(ctx, keysOf(p).reminders()).Result()
	if err != nil {
		return nil, fmt.Errorf("unknown fates: %w", plain(err))
	}
	var out []gateway.Standing
	for key, v := range all {
		r, ok := parseReminder(v)
		if !ok || r.State != gateway.Unknown {
			continue
		}
		if r.ID, err = gateway.ReminderFromKey(p, []byte(key)); err == nil {
			out = append(out, r)
		}
	}
	return out, nil
}

// FactsOf gives what is kept of a reminder's appointment.
func (s *Store) FactsOf(ctx context.Context, id gateway.ReminderID) (gateway.Facts, bool, error) {
	k, ok, err := s.Appointment(ctx, id.Practice, id.Ref)
	return k.Facts, ok && !k.Damaged, err
}
