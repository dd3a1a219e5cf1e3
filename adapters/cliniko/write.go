package cliniko

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The two things that are changed in Cliniko. Each looks first, then makes exactly
// one attempt: what came of an attempt without an answer, a person finds out.

// cancellationNote is what staff read beside a cancellation. It is the same for
// everybody: what a patient wrote stays with the task.
const cancellationNote = "Cancelled at the patient's request by text message."

var (
	errNotBooked   = errors.New("the appointment is no longer booked as it was")
	errChoice      = errors.New("what the patient chose for reminders is not understood")
	errUnconfirmed = errors.New("the change was taken by Cliniko, and its answer does not show it")
)

// CancelAppointment cancels an individual appointment, or one attendee of a group,
// and never a series. It refuses one that has moved, is another patient's or has
// begun. One that is cancelled already is done.
func (a *Adapter) CancelAppointment(ctx context.Context, known gateway.Appointment) error {
	ctx, stop := context.WithTimeout(ctx, rereadTimeout)
	defer stop()
	t := a.quickTalk()
	now, err := t.look(ctx, known)
	switch {
	case err != nil:
		return fmt.Errorf("cancel the appointment: %w: %w", gateway.ErrNotWritten, err)
	case now.Status == gateway.StatusCancelled:
		return nil
	case now.Status != gateway.StatusBooked, !now.Start.Equal(known.Start), !now.Start.After(a.clock.Now()):
		return fmt.Errorf("cancel the appointment: %w: %w", gateway.ErrNotWritten, errNotBooked)
	}
	what, id, _, _ := splitID(known.ID)
	list, body := listAttendees, map[string]any{
		"cancellation_reason": a.config.CancellationReason, "cancellation_note": cancellationNote,
	}
	if what == ofIndividual {
		list, body["apply_to_repeats"] = listIndividuals, false
	}
	if _, err := t.patch(ctx, list+"/"+id+"/cancel", body); err != nil {
		return fmt.Errorf("cancel the appointment: %w", err)
	}
	return nil
}

// WriteDeclined takes texts out of the ways by which a patient is reminded, and leaves
// e-mail as it is. It changes that one field. One without texts already is done.
func (a *Adapter) WriteDeclined(ctx context.Context, p gateway.Patient) error {
	ctx, stop := context.WithTimeout(ctx, rereadTimeout)
	defer stop()
	t := a.quickTalk()
	change, err := t.withoutTexts(ctx, string(p.ID))
	if err != nil {
		return fmt.Errorf("write that the patient wants no texts: %w: %w", gateway.ErrNotWritten, err)
	}
	if change == nil {
		return nil
	}
	answer, err := t.patch(ctx, listPatients+"/"+string(p.ID), change)
	if err != nil {
		return fmt.Errorf("write that the patient wants no texts: %w", err)
	}
	var is person
	if json.Unmarshal(answer, &is) != nil || is.declined() != gateway.FlagYes {
		return fmt.Errorf("write that the patient wants no texts: %w", errUnconfirmed)
	}
	return nil
}

// withoutTexts gives the change that takes texts out of what a patient chose; nil
// when they are out.
func (t *talk) withoutTexts(ctx context.Context, id string) (map[string]any, error) {
	if !isID(id) {
		return nil, errForeignID
	}
	p, err := one[person](ctx, t, listPatients, id)
	if err != nil {
		return nil, err
	}
	if err := t.age.Recent(t.a.clock.Now()); err != nil {
		return nil, err
	}
	_, channelled := p.byChannel()
	switch p.declined() {
	case gateway.FlagYes:
		return nil, nil
	case gateway.FlagUnclear:
		return nil, errChoice
	}
	if channelled {
		return map[string]any{"reminders_communication_channels": p.otherChannels()}, nil
	}
	rest := "None"
	if text, _ := p.ReminderType.text(); text == "SMS & Email" {
		rest = "Email"
	}
	return map[string]any{"reminder_type": rest}, nil
}

// otherChannels gives the channels but SMS, as they stand.
func (p person) otherChannels() []scalar {
	var channels []scalar
	rest := []scalar{}
	if json.Unmarshal(p.Channels.raw, &channels) != nil {
		return rest
	}
	for _, c := range channels {
		if word, _ := c.text(); word != channelSMS {
			rest = append(rest, c)
		}
	}
	return rest
}

// patch makes one change, once. ErrNotWritten says that it was certainly not made:
// the request never left, or Cliniko refused it.
func (t *talk) patch(ctx context.Context, path string, change map[string]any) ([]byte, error) {
	r, res, err := t.once(ctx, http.MethodPatch, t.a.base+"/"+path, marshal(change))
	if e, ok := errors.AsType[*outbound.Error](err); r == nil || ok && e.NotSent() {
		return nil, fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	if err != nil {
		return nil, err
	}
	failed := outbound.StatusError(r, res.Status)
	switch {
	case res.Status == http.StatusOK || res.Status == http.StatusNoContent:
		return res.Body, nil
	case res.Status == http.StatusTooManyRequests:
		_ = t.refusedUntil(res) // the pause is noted; this change is not tried again
		return nil, fmt.Errorf("%w: %w", gateway.ErrNotWritten, failed)
	case res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden:
		return nil, fmt.Errorf("%w: %w: %w", gateway.ErrNotWritten, gateway.ErrSourceDenied, failed)
	case res.Status == http.StatusBadRequest || res.Status == http.StatusNotFound || res.Status == http.StatusUnprocessableEntity:
		return nil, fmt.Errorf("%w: %w", gateway.ErrNotWritten, failed)
	}
	return nil, failed
}
