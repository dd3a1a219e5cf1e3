package beside

import (
	"context"

	"bellman/gateway"
)

// cancellerOf gives what cancels: the practice's own system, or else the first
// checker that can.
func cancellerOf(own gateway.Source, checks []gateway.Checker) gateway.Canceller {
	if c, ok := own.(gateway.Canceller); ok {
		return c
	}
	for _, check := range checks {
		if c, ok := check.(gateway.Canceller); ok {
			return c
		}
	}
	return nil
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
