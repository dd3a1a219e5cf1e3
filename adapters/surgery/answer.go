package surgery

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"bellman/gateway"
)

// Stamp writes into the head of a simulator's answer when it was made: now or, where
// it came out of a cache, at the moment kept, and then also for how long the cache has
// kept it. A zero kept means no cache. The real net/http would put in the machine's
// own time.
func Stamp(w http.ResponseWriter, now, kept time.Time) {
	made := now
	if !kept.IsZero() {
		w.Header().Set("Age", strconv.Itoa(int(now.Sub(kept).Seconds())))
		made = kept
	}
	w.Header().Set("Date", made.UTC().Format(http.TimeFormat))
}

// Pause has a simulator's answer wait so many milliseconds. It reports false when the
// caller has gone.
func Pause(ctx context.Context, ms int) bool {
	return ms <= 0 || gateway.Wait(ctx, time.Duration(ms)*time.Millisecond)
}
