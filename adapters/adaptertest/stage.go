package adaptertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// monday is an ordinary working morning, far from any change of the clocks.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// readTimeout bounds every read of the suite, so that a hanging adapter fails
// its own test and not the whole run.
const readTimeout = 20 * time.Second

// stage is one diary behind one wire.
type stage struct {
	t     *testing.T
	can   Abilities
	clock *gatewaytest.Clock
	diary *surgery.Diary
	cases []surgery.Case // of surgery.Forty, when it was filled
	wire  Wire
	span  gateway.Span
}

// empty gives a stage with an empty diary and the two weeks after now as span.
func empty(t *testing.T, s Subject, now time.Time) *stage {
	t.Helper()
	clock := gatewaytest.NewClock(now)
	d := surgery.New(clock)
	return &stage{
		t: t, can: s.Can, clock: clock, diary: d,
		wire: s.New(t, d, clock),
		span: gateway.Span{From: now, To: now.AddDate(0, 0, 14)},
	}
}

// forty gives a stage with the forty patients, a week after an ordinary Monday.
func forty(t *testing.T, s Subject) *stage {
	t.Helper()
	st := empty(t, s, monday)
	st.cases = surgery.Forty(st.diary, monday, 7)
	return st
}

// wreck switches a fault on, or skips the test when the system has no such fault.
func (st *stage) wreck(f Fault) {
	st.t.Helper()
	if st.wire.Break == nil || !st.wire.Break(f) {
		st.t.Skipf("this system cannot fail by %s", f)
	}
}

// try reads once.
func (st *stage) try() (gateway.Feed, error) {
	ctx, cancel := context.WithTimeout(st.t.Context(), readTimeout)
	defer cancel()
	return st.wire.Source.Read(ctx, st.span)
}

// read reads once and fails the test when nothing was learnt.
func (st *stage) read() gateway.Feed {
	st.t.Helper()
	feed, err := st.try()
	if err != nil {
		st.t.Fatalf("read: %v", err)
	}
	return feed
}

// visit gives the visit in a slot of the diary.
func (st *stage) visit(slot int) surgery.Visit {
	st.t.Helper()
	v, ok := st.diary.Visit(slot)
	if !ok {
		st.t.Fatalf("slot %d of the suite's own diary is empty", slot)
	}
	return v
}

// ordinary gives the slot of an ordinary visit, the n-th of them.
func (st *stage) ordinary(n int) int {
	st.t.Helper()
	for _, c := range st.cases {
		if c.What == "an ordinary visit" {
			if n--; n < 0 {
				return c.Slot
			}
		}
	}
	st.t.Fatal("the suite's own diary has too few ordinary visits")
	return 0
}

// at gives the appointments of a feed that start at a moment.
func at(f gateway.Feed, start time.Time) []gateway.Appointment {
	var out []gateway.Appointment
	for _, a := range f.Appointments {
		if a.Start.Equal(start) {
			out = append(out, a)
		}
	}
	return out
}

// only gives the single appointment at a moment. The visits of the suite all
// start at different times, so that it needs no id to find them again.
func (st *stage) only(f gateway.Feed, start time.Time) gateway.Appointment {
	st.t.Helper()
	found := at(f, start)
	if len(found) != 1 {
		st.t.Fatalf("%d appointments start at %s, want 1", len(found), start.UTC().Format(time.RFC3339))
	}
	return found[0]
}

// expectsNobodyAt fails when a feed still shows a booked visit at a moment.
func (st *stage) expectsNobodyAt(f gateway.Feed, start time.Time) {
	st.t.Helper()
	for _, a := range at(f, start) {
		if a.Status == gateway.StatusBooked {
			st.t.Errorf("a visit is still booked at %s", start.UTC().Format(time.RFC3339))
		}
	}
}

// tells reports whether the source gives a status exactly.
func (c Abilities) tells(s gateway.Status) bool { return slices.Contains(c.Statuses, s) }
