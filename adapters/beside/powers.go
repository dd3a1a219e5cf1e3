package beside

import (
	"context"
	"fmt"

	"bellman/gateway"
)

// cancellerOf gives what cancels: the practice's own system, or else the first
// checker that can.
func cancellerOf(j *joined) gateway.Canceller {
	if c, ok := j.own.(gateway.Canceller); ok {
		return c
	}
	for i, check := range j.checks {
		if c, ok := check.(gateway.Canceller); ok {
			return cancelling{j, j.checks[:i], c}
		}
	}
	return nil
}

// cancelling cancels through a checker.
type cancelling struct {
	j      *joined
	before []gateway.Checker // those that stand before it
	to     gateway.Canceller
}

// CancelAppointment implements gateway.Canceller. The checkers that stand before are
// asked first: about a patient whose record turns out to be sensitive the other
// system may not even be asked.
func (c cancelling) CancelAppointment(ctx context.Context, a gateway.Appointment) error {
	is, err := c.j.people.fill(ctx, a)
	for _, check := range c.before {
		if err == nil {
			is, err = check.Check(ctx, is)
		}
	}
	if err != nil {
		return fmt.Errorf("cancel: %w: %w", gateway.ErrNotWritten, err)
	}
	return c.to.CancelAppointment(ctx, is)
}

// listening is the power to listen by itself: what comes is the practice's own
// system's business.
type listening struct{ to gateway.Listener }

// Listen implements gateway.Listener.
func (l listening) Listen(ctx context.Context, changed func()) error {
	return l.to.Listen(ctx, changed)
}

// withPowers gives a joined source just those powers that there are: who asks a
// source for one must not find it where nobody is behind it.
func withPowers(j *joined, own gateway.Source, c gateway.Canceller) gateway.Source {
	to, listens := own.(gateway.Listener)
	l := listening{to}
	w, writes := own.(gateway.PreferenceWriter)
	switch cancels := c != nil; {
	case listens && cancels && writes:
		return struct {
			*joined
			listening
			gateway.Canceller
			gateway.PreferenceWriter
		}{j, l, c, w}
	case listens && cancels:
		return struct {
			*joined
			listening
			gateway.Canceller
		}{j, l, c}
	case listens && writes:
		return struct {
			*joined
			listening
			gateway.PreferenceWriter
		}{j, l, w}
	case cancels && writes:
		return struct {
			*joined
			gateway.Canceller
			gateway.PreferenceWriter
		}{j, c, w}
	case listens:
		return struct {
			*joined
			listening
		}{j, l}
	case cancels:
		return struct {
			*joined
			gateway.Canceller
		}{j, c}
	case writes:
		return struct {
			*joined
			gateway.PreferenceWriter
		}{j, w}
	}
	return j
}
