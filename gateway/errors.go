package gateway

import (
	"fmt"
	"time"
)

// Class says what a failed hand-over means for the reminder. It is the only
// thing that the sender looks at.
type Class uint8

// The classes. Uncertain, the zero value, is what anything unknown becomes: it
// may have gone, so it is never sent again by a machine that cannot prove the
// opposite.
const (
	Uncertain Class = iota
	TryLater        // certainly did not go; may be tried again while useful
	Rejected        // this number or this message will not be taken
	Stopped         // the provider blocks the number: the patient opted out there
	Account         // the account or its settings do not work: stop, and call a person
)

// String gives the word used in logs and metrics.
func (c Class) String() string {
	switch c {
	case TryLater:
		return "try_later"
	case Rejected:
		return "rejected"
	case Stopped:
		return "stopped"
	case Account:
		return "account"
	case Uncertain:
	}
	return "uncertain"
}

// SendError is why a hand-over failed. It holds codes only, never prose or a
// body from outside.
type SendError struct {
	Class      Class
	Code       int           // the provider's error code, 0 when none
	Status     int           // HTTP status, 0 when there was no answer
	RetryAfter time.Duration // the provider's wish, 0 when none
	Reason     Reason        // why, for reception
}

// Error gives class, code and status.
func (e *SendError) Error() string {
	return fmt.Sprintf("hand-over %s (code %d, status %d)", e.Class, e.Code, e.Status)
}

// Fault is one mistake in the configuration: where, as a path such as
// "practices[0].source.base_url", and what to do about it.
type Fault struct{ Path, Problem string }

// Error gives path and problem.
func (f Fault) Error() string { return f.Path + ": " + f.Problem }
