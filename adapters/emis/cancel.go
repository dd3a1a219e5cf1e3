package emis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

var errNotConfirmed = errors.New("EMIS has not confirmed that the appointment is cancelled")

// CancelAppointment takes the patient out of the slot. EMIS has made this a GET:
// it goes out once, on a connection of its own, with a token that is not renewed on
// the way, and is not repeated whatever comes back. What EMIS then lists of the
// patient's own appointments decides whether it is confirmed.
func (a *Adapter) CancelAppointment(ctx context.Context, known gateway.Appointment) error {
	now, err := a.Reread(ctx, known)
	if err != nil {
		return fmt.Errorf("%w: it cannot be looked at first: %w", gateway.ErrNotWritten, err)
	}
	if now.Status != gateway.StatusBooked || !now.Start.Equal(known.Start) || now.StartDoubt != gateway.NoDoubt {
		return fmt.Errorf("%w: the appointment is not what it was", gateway.ErrNotWritten)
	}
	slot, patient, _ := splitID(known.ID) // Reread has looked at it
	if err := a.askToCancel(ctx, slot, patient); err != nil {
		return err
	}
	after, err := a.Reread(ctx, known)
	if err != nil || after.Status != gateway.StatusCancelled {
		return errNotConfirmed
	}
	return nil
}

// askToCancel makes the one call that changes something.
func (a *Adapter) askToCancel(ctx context.Context, slot, patient string) error {
	token, err := a.tokens.get(ctx, gateway.Secret{})
	if err != nil {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	_, res, err := a.ask(ctx, a.once, opCancel, url.Values{"slotId": {slot}, "patientNumber": {patient}}, token)
	if e, ok := errors.AsType[*outbound.Error](err); ok && e.NotSent() {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNotConfirmed, err)
	case res.Status >= 400 && res.Status < 500:
		return fmt.Errorf("%w: EMIS refused it with status %d", gateway.ErrNotWritten, res.Status)
	case res.Status != http.StatusOK:
		return fmt.Errorf("%w: status %d", errNotConfirmed, res.Status)
	}
	return nil
}
