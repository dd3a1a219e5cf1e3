package inbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store/storetest"
)

// slow is the provider's list, with something that happens before it is read.
type slow struct {
	inbox.Lister
	before func(sender string)
}

func (l slow) Inbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, int, error) {
	l.before(sender)
	return l.Lister.Inbound(ctx, since, sender)
}

// restoringSlowly is a stage in hold, whose first replica reads lists while before
// happens.
func restoringSlowly(t *testing.T, before func(s *stage, raw redis.UniversalClient, reading int)) *stage {
	var s *stage
	var raw redis.UniversalClient
	reading := 0
	s = newStage(t, func(o *inbox.Options) {
		o.Lister = slow{o.Lister, func(string) {
			reading++
			before(s, raw, reading)
		}}
	})
	raw = storetest.Client(t, s.address)
	s.booked(riverside, person(1))
	s.come(monday)
	s.emptied()
	return s
}

func TestTheRightToRestoreIsRenewedWhileManyListsAreRead(t *testing.T) {
	s := restoringSlowly(t, func(s *stage, raw redis.UniversalClient, reading int) {
		if reading == 2 {
			if left := raw.PTTL(s.t.Context(), storetest.RestoreLock()).Val(); left < time.Minute {
				t.Errorf("it lasts for %s more", left)
			}
		}
		raw.PExpire(s.t.Context(), storetest.RestoreLock(), 20*time.Second) // time passes
	})
	if err := s.in.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.progress(); r.Heard != 2 {
		t.Errorf("it says %+v", r)
	}
}

func TestAReplicaThatLostTheRightToRestoreTellsNothingMore(t *testing.T) {
	s := restoringSlowly(t, func(s *stage, raw redis.UniversalClient, reading int) {
		if reading > 1 {
			t.Error("it goes on")
		}
		raw.Del(s.t.Context(), storetest.RestoreLock()) // it ran out
		other := s.newInbox()
		for range 2 {
			if err := other.Restore(s.t.Context()); err != nil {
				t.Error(err)
			}
			s.booked(riverside)
			s.booked(hillside)
		}
	})
	for i := range s.surgs {
		s.surgs[i].Policy.SendBookedLate = true
	}
	if err := s.in.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.progress(); r.Read != 2 || r.Found != 1 || r.Left != 1 {
		t.Errorf("it says %+v", r)
	}
}
