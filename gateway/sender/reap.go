package sender

import (
	"context"
	"time"

	"bellman/gateway"
)

// reapEvery is how often the work of dead senders is looked for.
const reapEvery = 5 * time.Second

// reap takes up the work of senders that died: what had not left goes back to
// the queue; what may have left becomes unknown, and is never sent again before
// its fate is known.
func (s *Sender) reap(ctx context.Context, now time.Time) {
	if !s.reaping.TryLock() {
		return
	}
	defer s.reaping.Unlock()
	if now.Sub(s.lastReap) < reapEvery && !now.Before(s.lastReap) {
		return
	}
	s.lastReap = now
	expired, err := s.o.Memory.Expired(ctx, now)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("look for expired leases", "error", err)
	}
	if len(expired) == 0 {
		return
	}
	var back []gateway.Change
	taken := 0
	for _, e := range expired {
		if e.State != gateway.Sending {
			back = append(back, gateway.Change{ID: e.ID, Token: e.Token, Only: string(byte(e.State)), To: gateway.Queued, At: now})
		} else if s.lost(ctx, e, now) {
			taken++
		}
	}
	if len(back) > 0 {
		if _, err := s.o.Memory.Move(ctx, now, back); err != nil {
			s.o.Log.Warn("take up expired work", "error", err)
			return
		}
	}
	s.o.Log.Info("took up the work of a sender that stopped", "back", len(back), "unknown", taken)
}

// lost writes down that the fate of a text is not known, as of the moment in
// which the right to hand it over ended and not as of now: nobody may have looked
// for hours, and the provider's list is searched from that moment backwards.
func (s *Sender) lost(ctx context.Context, e gateway.Expired, now time.Time) bool {
	was, ok, err := s.o.Memory.Reminder(ctx, e.ID)
	if err == nil && ok && was.State == gateway.Sending && was.Token == e.Token {
		at := was.At.Add(s.o.Timeout + claimLease)
		if now.Before(at) {
			at = now
		}
		_, err = s.o.Memory.Move(ctx, at, []gateway.Change{{
			ID: e.ID, Token: e.Token, Only: onlySending, To: gateway.Unknown, Reason: gateway.UnknownOutcome,
		}})
	}
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("take up expired work", "reminder", e.ID.String(), "error", err)
	}
	return err == nil
}
