package cliniko

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bellman/gateway"
)

var errForeignID = errors.New("its id is not one of this source's")

// Reread looks at one appointment again, and at its patient when it still stands. One
// that Cliniko no longer has, or that is another patient's now, is given back as
// cancelled. An answer that says that it is minutes old is outbound.ErrOld: what
// happened since is unknown.
func (a *Adapter) Reread(ctx context.Context, known gateway.Appointment) (gateway.Appointment, error) {
	ctx, stop := context.WithTimeout(ctx, rereadTimeout)
	defer stop()
	t := a.quickTalk()
	now, err := t.look(ctx, known)
	if err != nil {
		return gateway.Appointment{}, fmt.Errorf("read the appointment again: %w", err)
	}
	if now.Status != gateway.StatusBooked {
		return now, nil
	}
	m := newMirror(now.Start, now.Start)
	id := string(now.Patient.ID)
	if _, err = t.fetchPeople(ctx, m, []string{id}); err == nil {
		err = t.age.Recent(a.clock.Now())
	}
	if err != nil {
		return gateway.Appointment{}, fmt.Errorf("read the patient again: %w", err)
	}
	if p, ok := m.people[id]; ok {
		now.Patient = p.patient(id, a.trial)
	}
	return now, nil
}

// look gives an appointment as it is now, with nothing of its patient but the id.
func (t *talk) look(ctx context.Context, known gateway.Appointment) (gateway.Appointment, error) {
	what, id, patient, ok := splitID(known.ID)
	if !ok {
		return gateway.Appointment{}, errForeignID
	}
	s, err := t.knownSettings(ctx)
	if err != nil {
		return gateway.Appointment{}, err
	}
	r := reading{settings: s, own: t.a.config.OwnReminders, trial: t.a.trial}
	var now gateway.Appointment
	if what == ofIndividual {
		now, err = t.lookAtIndividual(ctx, r, id)
	} else {
		now, err = t.lookAtAttendee(ctx, r, id)
	}
	if old := t.age.Recent(t.a.clock.Now()); old != nil {
		return gateway.Appointment{}, old
	}
	switch {
	case errors.Is(err, errNotThere):
		known.Status = gateway.StatusCancelled
		return known, nil
	case errors.Is(err, errNoPatient), errors.Is(err, errNoStart):
		known.Status = gateway.StatusUnknown
		return known, nil
	case err != nil:
		return gateway.Appointment{}, err
	case string(now.Patient.ID) != patient, now.Status == gateway.StatusCancelled:
		known.Status = gateway.StatusCancelled
		return known, nil
	}
	return now, nil
}

func (t *talk) lookAtIndividual(ctx context.Context, r reading, id string) (gateway.Appointment, error) {
	i, err := one[individual](ctx, t, listIndividuals, id)
	if err != nil {
		return gateway.Appointment{}, err
	}
	return r.individual(id, i)
}

func (t *talk) lookAtAttendee(ctx context.Context, r reading, id string) (gateway.Appointment, error) {
	at, err := one[attendee](ctx, t, listAttendees, id)
	if err != nil {
		return gateway.Appointment{}, err
	}
	booking, ok := at.Booking.id()
	if !ok {
		return gateway.Appointment{}, errNoStart
	}
	g, err := one[group](ctx, t, listGroups, booking)
	if err != nil {
		return gateway.Appointment{}, err
	}
	return r.attendee(id, at, g)
}

// knownSettings gives what the last read learnt of places and types, or asks for it.
func (t *talk) knownSettings(ctx context.Context) (settings, error) {
	kept, err := t.a.env.Shelf.Get(ctx, keySettings)
	if err != nil {
		return settings{}, fmt.Errorf("what is remembered of Cliniko: %w", err)
	}
	var s settings
	if len(kept) == 1 && json.Unmarshal(kept[0].Value, &s) == nil && !s.At.IsZero() {
		return s, nil
	}
	return t.settings(ctx)
}
