package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
)

// mostAtOnce bounds what one script looks at: its working lists must fit Lua's stack.
const mostAtOnce = 1000

// Claim takes what is due for the practices that the store serves, earliest
// first within each shard. A shard that does not answer hides nothing that the
// others have: its error is given when there is nothing else to give.
func (s *Store) Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error) {
	var out gateway.Catch
	shares := s.shares(o.Now, o.Limit)
	if len(shares) == 0 {
		out.Next = s.earliest()
		return out, nil
	}
	every, burst := "0", 1
	if o.PerSec > 0 {
		every, burst = fmt.Sprintf("%.3f", 1000/float64(o.PerSec)), max(1, o.PerSec/5)
	}
	calls := make([]call, len(shares))
	for i, x := range shares {
		sh, each := x.shard, min(x.most, mostAtOnce)
		calls[i] = call{s.scripts.claim, []string{sh.epoch(), sh.due(), sh.lease(), sh.tide()}, []any{
			s.mark(sh), millis(o.Now), seconds(o.Now), each, millis(o.Now.Add(o.Lease)), o.Token[:], sh.prefix(), every, burst, s.tide.floor(sh),
		}}
	}
	got, err := s.tryAll(ctx, calls)
	if err != nil {
		return out, fmt.Errorf("claim: %w", err)
	}
	var failed error
	for i, c := range got {
		err := plain(c.Err())
		if err == nil {
			err = s.takeClaims(ctx, c, shares[i].shard, o, &out)
		}
		failed = cmp.Or(failed, err)
	}
	s.setHold(errors.Is(failed, ErrInHold) || (failed != nil && s.InHold()))
	out.Next = s.earliest()
	if failed != nil && len(out.Claims)+len(out.Moves) == 0 {
		return out, fmt.Errorf("claim: %w", failed)
	}
	return out, nil
}

const claimFields = 3

func (s *Store) takeClaims(ctx context.Context, c *redis.Cmd, sh Shard, o gateway.Claiming, out *gateway.Catch) error {
	got, err := c.Slice()
	if err != nil || len(got) != 6 {
		return errRecord
	}
	s.risen(sh, got[5].(string))
	out.Looked += int(got[0].(int64))
	next, _ := parseMillis(got[1].(string))
	s.learn(sh, next, o.Now)
	for b := []byte(got[2].(string)); len(b) > moveSize; {
		n := moveSize + 1 + int(b[moveSize])
		if len(b) < n {
			return errRecord
		}
		m, err := parseMove(gateway.ODS(b[moveSize+1:n]), b)
		if err != nil {
			return err
		}
		out.Moves = append(out.Moves, m)
		b = b[n:]
	}
	asOf := map[gateway.ODS]time.Time{}
	metas := got[3].([]any)
	for i := 0; i+1 < len(metas); i += 2 {
		asOf[gateway.ODS(metas[i].(string))], _ = parseMillis(metas[i+1].(string))
	}
	items := got[4].([]any)
	for i := 0; i+claimFields <= len(items); i += claimFields {
		ods, head := gateway.ODS(items[i].(string)), []byte(items[i+1].(string))
		if len(head) < gateway.KeySize+3 {
			continue // its entry was cut short; it is taken up when its lease runs out
		}
		id, err := gateway.ReminderFromKey(ods, head[:gateway.KeySize])
		if err != nil {
			return err
		}
		was := head[gateway.KeySize:]
		cl := gateway.Claim{
			ID: id, Token: o.Token, Until: o.Now.Add(o.Lease), FeedAsOf: asOf[ods],
			Was: gateway.State(was[0]), WasFor: gateway.Reason(was[1]), Attempts: int(was[2]),
		}
		s.openClaim(ctx, &cl, []byte(items[i+2].(string)), string(was[3:]))
		out.Claims = append(out.Claims, cl)
	}
	return nil
}

// openClaim opens the record of a claim, and what is kept of the clinics about which its
// number wants no texts, where there are some.
func (s *Store) openClaim(ctx context.Context, cl *gateway.Claim, record []byte, clinics string) {
	var err error
	var h gateway.Head
	h, cl.Facts, err = s.openRecord(ctx, cl.ID.Practice, cl.ID.Ref, record)
	cl.Digest, cl.FirstSeen, cl.Damaged = h.Digest, h.FirstSeen, err != nil
	if clinics != "" {
		cl.Clinics = s.clinicOuts(ctx, cl.ID.Practice, string(h.Tag[:]), clinics)
	}
}

// openRecord unseals a record and checks that it is the one of that appointment
// and that its number is the one that its head is indexed by.
func (s *Store) openRecord(ctx context.Context, p gateway.ODS, ref gateway.Ref, record []byte) (gateway.Head, gateway.Facts, error) {
	h, n, err := parseHead(record)
	if err != nil {
		return h, gateway.Facts{}, err
	}
	k, plainText, err := s.unseal(ctx, p, record[n:], recordPlace(ref, record[:n]))
	if err != nil {
		return h, gateway.Facts{}, err
	}
	f, err := decodeFacts(plainText, h.Start)
	if err == nil && (k.tag(f.Appointment.Patient.Mobile) != h.Tag || k.ref(f.Appointment.Identity()) != ref) {
		err = errRecord
	}
	return h, f, err
}

// recordPlace binds what is sealed of an appointment to its ref and its head, so
// that neither a start nor an index can be changed beside it.
func recordPlace(ref gateway.Ref, head []byte) string { return "a" + string(ref[:]) + string(head) }

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

// Expired lists the work of senders that died or were paused past their lease. A
// shard that does not answer hides nothing of the others: what they have is given
// beside its error.
func (s *Store) Expired(ctx context.Context, now time.Time) ([]gateway.Expired, error) {
	shards := s.served()
	calls := make([]call, len(shards))
	for i, sh := range shards {
		calls[i] = call{s.scripts.expired, []string{sh.epoch(), sh.lease()}, []any{s.mark(sh), millis(now), sh.prefix(), 500}}
	}
	got, err := s.tryAll(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("expired leases: %w", err)
	}
	var out []gateway.Expired
	var failed error
	for _, c := range got {
		err := plain(c.Err())
		if err == nil {
			out, err = takeExpired(c, out)
		}
		failed = cmp.Or(failed, err)
	}
	if failed != nil {
		failed = fmt.Errorf("expired leases: %w", failed)
	}
	return out, failed
}

// takeExpired adds what one shard has to the list.
func takeExpired(c *redis.Cmd, out []gateway.Expired) ([]gateway.Expired, error) {
	found, err := c.StringSlice()
	if err != nil {
		return out, errRecord
	}
	for ; len(found) >= 3; found = found[3:] {
		id, err := gateway.ReminderFromKey(gateway.ODS(found[0]), []byte(found[1]))
		if err != nil || len(found[2]) != 9 {
			return out, errRecord
		}
		out = append(out, gateway.Expired{ID: id, State: gateway.State(found[2][0]), Token: gateway.Token([]byte(found[2][1:]))})
	}
	return out, nil
}
