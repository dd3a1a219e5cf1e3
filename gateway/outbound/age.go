package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// clockTolerance is how far behind ours the other side's clock may be before
	// the difference counts as the age of its answer.
	clockTolerance = 2 * time.Minute
	// longestBelief is how old an answer may say that it is and still be believed
	// in the moment of sending.
	longestBelief = 5 * time.Minute
	// longestAge is what RFC 9111 makes of an Age too large for a number.
	longestAge = 1 << 31 * time.Second
)

// ErrOld says that an answer is older, by its own account, than a look in the
// moment of sending may be.
var ErrOld = errors.New("the answer is minutes old by its own account; a cache in between, or a clock that is wrong")

// Age keeps what several answers say of when they were made. The zero Age has
// heard of none, or of none that says anything. It is not safe for concurrent use.
type Age struct{ oldest time.Time }

// Heard takes in the headers of an answer that came at now, by our clock: Date,
// when the source made it, and Age, for how many seconds caches have had it since
// (RFC 9111). What is missing or cannot be read says nothing.
func (a *Age) Heard(res *Response, now time.Time) {
	if made, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		a.Told(made, now)
	}
	if kept, ok := seconds(res.Header.Get("Age")); ok {
		a.note(now.Add(-kept))
	}
}

// Told takes in a time at which, by the source's own clock, an answer was made
// that came at now. One less than two minutes ago, or ahead of us, is now: clocks
// differ. The zero time is what programs write that have none to tell.
func (a *Age) Told(made, now time.Time) {
	if !made.IsZero() && now.Sub(made) > clockTolerance {
		a.note(made)
	}
}

func (a *Age) note(made time.Time) {
	if a.oldest.IsZero() || made.Before(a.oldest) {
		a.oldest = made
	}
}

// AsOf says when all that was heard was true, by our clock: when the first
// question was asked, or when the oldest answer was made if that is earlier.
func (a *Age) AsOf(asked time.Time) time.Time {
	if !a.oldest.IsZero() && a.oldest.Before(asked) {
		return a.oldest.UTC()
	}
	return asked
}

// Remark says for an operator how old the oldest answer was when the first
// question was asked; empty while clocks that differ may explain it.
func (a *Age) Remark(asked time.Time) string {
	old := asked.Sub(a.AsOf(asked))
	if old <= clockTolerance {
		return ""
	}
	return fmt.Sprintf("the answers are %.0f minutes old by their own account: a cache in between, or a clock that is wrong", old.Minutes())
}

// Recent gives ErrOld when, at now, the oldest answer was made too long ago for
// the moment of sending.
func (a *Age) Recent(now time.Time) error {
	if now.Sub(a.AsOf(now)) > longestBelief {
		return ErrOld
	}
	return nil
}

// seconds reads a number of seconds, never negative.
func seconds(header string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(header), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && n > uint64(longestAge/time.Second):
		return longestAge, true
	case err != nil:
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}
