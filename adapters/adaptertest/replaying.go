package adaptertest

import (
	"net/http"
	"testing"
	"time"

	"bellman/gateway"
)

// replaying tests sources behind which the diary may stand still while every
// question is answered.
func replaying(t *testing.T, s Subject) {
	t.Run("a diary that a cache replays is as old as the cache's answer", func(t *testing.T) {
		st := forty(t, s)
		slot := st.ordinary(0)
		st.read()
		replayed := st.clock.Now()
		st.wreck(Replayed)
		st.clock.Advance(3 * time.Hour)
		st.diary.Cancel(slot)
		feed := st.read()
		st.only(feed, st.visit(slot).Start) // the cancelling is not in it
		if feed.AsOf.IsZero() || feed.AsOf.After(replayed) {
			t.Errorf("the read is as of %v, and the answer was made at %v", feed.AsOf, replayed)
		}
	})
	t.Run("a look that a cache answers is an error", func(t *testing.T) {
		st := forty(t, s)
		again, ok := st.wire.Source.(gateway.Rereader)
		if !ok {
			t.Skip("this source cannot look at one appointment again")
		}
		before := st.only(st.read(), st.visit(st.ordinary(0)).Start)
		st.wreck(Replayed)
		if _, err := st.reread(again, before); err != nil {
			t.Fatalf("an answer made now: %v", err)
		}
		st.clock.Advance(3 * time.Hour)
		if _, err := st.reread(again, before); err == nil {
			t.Error("an answer of three hours ago is believed")
		}
	})
}

// Dated makes a handler tell the time of a hand-set clock in the header Date,
// where net/http would put the machine's own.
func Dated(clock gateway.Clock, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", clock.Now().UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}
