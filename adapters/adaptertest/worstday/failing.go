package worstday

import (
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// failingEve brings forty patients to the eve of their visits, and lets the system
// fail from the evening before on. A feed of which nothing was learnt, or half,
// gets old, and all texts wait; nobody's visit is taken for cancelled. With one
// broken record only that patient waits.
func failingEve(t *testing.T, s adaptertest.Subject, f adaptertest.Fault) {
	st := newStage(t, s, seasons[0].day)
	if st.wire.Break == nil {
		t.Skip("this system cannot be made to fail")
	}
	last := -2 // the day of the last good read: what is learnt on it is too old on the eve
	if s.StaleAfter > 0 {
		last -= int(s.StaleAfter/(24*time.Hour)) + 1
	}
	st.clock.Set(st.on(last, 16*60))
	cases := surgery.Forty(st.diary, st.clock.Now(), -last)
	st.pass(last, 16*60)
	st.pass(last, 16*60+30)
	if !st.wire.Break(f) {
		t.Skipf("this system cannot fail by %s", f)
	}
	owed := 0
	for _, c := range cases {
		if c.Why == gateway.None || c.Why == gateway.Deceased && !s.Can.Deceased || c.Why == gateway.LeftPractice && !s.Can.Left {
			owed++
		}
	}
	st.mayFail, st.silent = true, f == adaptertest.Hangs
	switch f {
	case adaptertest.BadRecord, adaptertest.SkippedHour:
		// Forty visits from nine o'clock on, each due at its own time.
		st.day(-1)
		if n := st.came(); n != owed-1 && n != owed {
			t.Errorf("%d texts, want all %d but at most the one that cannot be read", n, owed)
		}
	default:
		st.pass(-1, 8*60+30)
		st.pass(-1, 11*60)
		if n := st.came(); n != 0 {
			t.Errorf("%d texts came on a diary that nobody could read since yesterday", n)
		}
		if n := st.taken(); n != 0 {
			t.Errorf("%d reminders were withdrawn as if their visits were gone", n)
		}
	}
	st.explained()
}
