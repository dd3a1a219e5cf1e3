package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// Claim takes what is due for the practices that the store serves.
func (s *Store) Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error) {
	shards := s.busy(o.Now)
	if len(shards) == 0 {
		return gateway.Catch{}, nil
	}
	each := max(1, o.Limit/len(shards))
	every, burst := 0, 1
	if o.PerSec > 0 {
		every, burst = 1000/o.PerSec, max(1, o.PerSec/5)
		if every == 0 {
			every, burst = 1, max(1, o.PerSec/1000*200)
		}
	}
	calls := make([]call, len(shards))
	for i, sh := range shards {
		calls[i] = call{s.scripts.claim, []string{sh.epoch(), sh.due(), sh.lease()}, []any{
			s.journal.ID(), millis(o.Now), seconds(o.Now), each, millis(o.Now.Add(o.Lease)), o.Token[:], sh.prefix(), every, burst,
		}}
	}
	var out gateway.Catch
	got, err := s.run(ctx, calls)
	if err != nil {
		if errors.Is(err, ErrInHold) {
			s.setHold(true)
		}
		return out, fmt.Errorf("claim: %w", err)
	}
	for i, c := range got {
		if err := s.takeClaims(ctx, c, shards[i], o, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

const claimFields = 6

func (s *Store) takeClaims(ctx context.Context, c *redis.Cmd, sh Shard, o gateway.Claiming, out *gateway.Catch) error {
	got, err := c.Slice()
	if err != nil || len(got) != 5 {
		return errRecord
	}
	out.Looked += int(got[0].(int64))
	next, _ := parseMillis(got[1].(string))
	s.learn(sh, next, o.Now)
	if !next.IsZero() && (out.Next.IsZero() || next.Before(out.Next)) {
		out.Next = next
	}
	for b := []byte(got[2].(string)); len(b) > moveSize; {
		n := moveSize + 1 + int(b[moveSize])
		m, err := parseMove(gateway.ODS(b[moveSize+1:n]), b)
		if err != nil {
			return err
		}
		out.Moves = append(out.Moves, m)
		b = b[n:]
	}
	asOf := map[string]time.Time{}
	metas := got[3].([]any)
	for i := 0; i+1 < len(metas); i += 2 {
		asOf[metas[i].(string)], _ = parseMillis(metas[i+1].(string))
	}
	items := got[4].([]any)
	for i := 0; i+claimFields <= len(items); i += claimFields {
		ods := items[i].(string)
		id, err := gateway.ReminderFromKey(gateway.ODS(ods), []byte(items[i+1].(string)))
		if err != nil {
			return err
		}
		cl := gateway.Claim{
			ID: id, Token: o.Token, FeedAsOf: asOf[ods],
			Was: gateway.State(items[i+2].(string)[0]), WasFor: gateway.Reason(items[i+3].(string)[0]), Attempts: int(items[i+4].(string)[0]),
		}
		s.openClaim(ctx, &cl, []byte(items[i+5].(string)))
		out.Claims = append(out.Claims, cl)
	}
	return nil
}

func (s *Store) openClaim(ctx context.Context, cl *gateway.Claim, record []byte) {
	var err error
	var h gateway.Head
	h, cl.Facts, err = s.openRecord(ctx, cl.ID.Practice, cl.ID.Ref, record)
	cl.Digest, cl.FirstSeen, cl.Damaged = h.Digest, h.FirstSeen, err != nil
}

// openRecord unseals a record and checks that its number is the one that its
// head is indexed by.
func (s *Store) openRecord(ctx context.Context, p gateway.ODS, ref gateway.Ref, record []byte) (gateway.Head, gateway.Facts, error) {
	h, n, err := parseHead(record)
	if err != nil {
		return h, gateway.Facts{}, err
	}
	k, err := s.key(ctx, p)
	if err != nil {
		return h, gateway.Facts{}, err
	}
	plainText, err := k.open(record[n:], string(ref[:]))
	if err != nil {
		return h, gateway.Facts{}, err
	}
	f, err := decodeFacts(plainText, h.Start)
	if err == nil && (k.tag(f.Appointment.Patient.Mobile) != h.Tag || k.ref(f.Appointment.ID) != ref) {
		err = errRecord
	}
	return h, f, err
}

func parseMillis(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f)).UTC(), true
}

// Expired lists the work of senders that died or were paused past their lease.
func (s *Store) Expired(ctx context.Context, now time.Time) ([]gateway.Expired, error) {
	shards := s.served()
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.StringSliceCmd, len(shards))
	for i, sh := range shards {
		cmds[i] = pipe.ZRangeByScore(ctx, sh.lease(), &redis.ZRangeBy{Min: "-inf", Max: millis(now), Count: 500})
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("expired leases: %w", plain(err))
	}
	var out []gateway.Expired
	for i, c := range cmds {
		for _, m := range c.Val() {
			e, ok, err := s.expired(ctx, shards[i], m)
			if err != nil {
				return out, err
			}
			if ok {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// expired reads one leased reminder. A lease without work is dropped.
func (s *Store) expired(ctx context.Context, sh Shard, member string) (gateway.Expired, bool, error) {
	if len(member) <= gateway.KeySize {
		return gateway.Expired{}, false, s.dropLease(ctx, sh, member)
	}
	p := gateway.ODS(member[gateway.KeySize:])
	id, err := gateway.ReminderFromKey(p, []byte(member[:gateway.KeySize]))
	if err != nil {
		return gateway.Expired{}, false, s.dropLease(ctx, sh, member)
	}
	v, err := s.rdb.HGet(ctx, keysOf(p).reminders(), member[:gateway.KeySize]).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return gateway.Expired{}, false, fmt.Errorf("expired leases: %w", plain(err))
	}
	r, ok := parseReminder(v)
	if !ok || (r.State != gateway.Claimed && r.State != gateway.Sending) {
		return gateway.Expired{}, false, s.dropLease(ctx, sh, member)
	}
	return gateway.Expired{ID: id, State: r.State, Token: r.Token}, true, nil
}

func (s *Store) dropLease(ctx context.Context, sh Shard, member string) error {
	if err := s.rdb.ZRem(ctx, sh.lease(), member).Err(); err != nil {
		return fmt.Errorf("expired leases: %w", plain(err))
	}
	return nil
}
