// Package born reads dates of birth as clinical systems write them, and says how much
// of one an adapter may keep between two reads. It judges no age: the domain does.
package born

import (
	"strings"
	"time"

	"bellman/gateway"
)

// What is kept in place of a date. Neither is anything that a system would write.
const (
	unclear = "=?"
	grown   = "=18+"
)

// Read reads a date of birth by the layouts (package time) in which a system writes
// it. Nothing there is no date of birth; what fits none of them is an unclear one, and
// so is a date that does not say the day. What stands there is never repeated.
func Read(s string, layouts ...string) gateway.Birth {
	if s = strings.TrimSpace(s); s == "" {
		return gateway.Birth{}
	}
	day, ok := dayOf(s, layouts)
	if !ok {
		return gateway.UnclearBirth()
	}
	return gateway.NewBirth(day.Date())
}

// Keep gives what an adapter may keep of a date of birth on its shelf, which seals it:
// the day only of who is not 18 yet, and of everybody else that they are. Nobody grows
// younger, and a date that is put right comes anew. What is kept already is kept as it
// is. Kept reads it.
func Keep(s string, now time.Time, layouts ...string) string {
	if s == grown || s == unclear {
		return s
	}
	b := Read(s, layouts...)
	switch b.AgeOn(now) {
	case gateway.AgeUnsaid:
		return ""
	case gateway.AgeAdult:
		return grown
	case gateway.AgeUnder11, gateway.Age11To15, gateway.Age16To17:
		day, _ := dayOf(strings.TrimSpace(s), layouts)
		return day.Format(time.DateOnly)
	case gateway.AgeUnclear:
	}
	return unclear
}

// Kept reads what Keep gave. What another version kept, and this one does not know, is
// unclear.
func Kept(s string) gateway.Birth {
	if s == grown {
		return gateway.GrownBirth()
	}
	return Read(s, time.DateOnly)
}

func dayOf(s string, layouts []string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
