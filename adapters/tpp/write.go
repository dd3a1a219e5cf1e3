package tpp

import (
	"context"
	"errors"
	"fmt"

	"bellman/gateway"
)

// What SystmOne is told.
const (
	consentNo          = "No"
	cancelledByPatient = "Cancelled by Patient"
)

var (
	errUnknownPatient = errors.New("nothing is known of the patient any more to name him or her with")
	errPseudo         = errors.New("the patient has no NHS number, and whether SystmOne takes another for changes is not known")
	errNoUID          = errors.New("SystmOne gives no id of the appointment to cancel it by")
	errNotAsBefore    = errors.New("the appointment is no longer what it was")
	errNotSaved       = errors.New("SystmOne has not saved the change: the record is open on that PC")
	errUnconfirmed    = errors.New("SystmOne's answer does not confirm the change")
)

// WriteDeclined sets the patient's SMSConsent to No. It looks first: what is No
// already is left alone. It is asked for once; when no answer comes, one more look
// finds out what became of it.
func (a *Adapter) WriteDeclined(ctx context.Context, p gateway.Patient) error {
	s, err := a.writing(ctx, false)
	if err != nil {
		return notWritten(err)
	}
	defer s.close()
	known, raw, err := a.keptDetails(ctx, []gateway.PatientID{p.ID})
	if err != nil {
		return notWritten(err)
	}
	d, ok := known[p.ID]
	switch {
	case !ok:
		return notWritten(errUnknownPatient)
	case d.NHSNumber == "":
		return notWritten(errPseudo)
	}
	who := identity{NHSNumber: d.NHSNumber}
	now, err := s.details(ctx, p.ID, who)
	if err != nil {
		return notWritten(err)
	}
	if declined(now.Consent, ConsentHold) == gateway.FlagYes {
		return nil
	}
	asked, _ := a.config.identityFor(d.NHSNumber, "")
	err = s.change(ctx, p.ID, parameters{Identity: asked, Demographics: &consentChange{SMSConsent: consentNo}})
	if err != nil && !errors.Is(err, gateway.ErrNotWritten) {
		if now, again := s.details(ctx, p.ID, who); again == nil && declined(now.Consent, ConsentHold) == gateway.FlagYes {
			err = nil
		}
	}
	if err == nil { // what is kept is old now; the next read asks
		k := raw[p.ID]
		k.Value = nil
		_ = a.env.Shelf.Put(ctx, k)
	}
	return err
}

// CancelAppointment sets the appointment's status to Cancelled by Patient. It looks
// first: only what still is booked as it was is cancelled, and what is cancelled
// already is left alone. It is asked for once; when no answer comes, one more look
// finds out what became of it.
func (a *Adapter) CancelAppointment(ctx context.Context, known gateway.Appointment) error {
	uid, ok := uidOf(known.ID)
	if !ok {
		return notWritten(errNoUID)
	}
	s, err := a.writing(ctx, true)
	if err != nil {
		return notWritten(err)
	}
	defer s.close()
	v, err := s.look(ctx, known)
	switch {
	case err != nil:
		return notWritten(err)
	case v.Status == gateway.StatusCancelled && !v.gone():
		return nil
	case v.Status != gateway.StatusBooked || !v.Start.Equal(known.Start):
		return notWritten(errNotAsBefore)
	case squeeze(v.who.NHSNumber) == "":
		return notWritten(errPseudo)
	}
	asked, _ := a.config.identityFor(v.who.NHSNumber, "")
	err = s.change(ctx, v.Patient.ID, parameters{
		Identity: asked, NonClinical: &nonClinicalPart{statusChange{AppointmentUID: uid, Status: cancelledByPatient}},
	})
	if err != nil && !errors.Is(err, gateway.ErrNotWritten) {
		if v, again := s.look(ctx, known); again == nil && v.Status == gateway.StatusCancelled {
			err = nil
		}
	}
	return err
}

// writing gives a connection for a change, to this practice's SystmOne and no
// other. It is urgent where a patient waits for the answer.
func (a *Adapter) writing(ctx context.Context, urgent bool) (*session, error) {
	device, err := a.device(ctx, false)
	if err != nil {
		return nil, err
	}
	s := a.session(device, urgent)
	if err := s.organisation(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// change asks for one change, exactly once. ErrNotWritten says that it certainly was
// not made: nothing left, or SystmOne said so.
func (s *session) change(ctx context.Context, id gateway.PatientID, p parameters) error {
	b, sent, err := s.once(ctx, question{fnUpdate, p})
	switch {
	case !sent, errors.Is(err, errRefused), errors.Is(err, errBusy):
		return notWritten(err)
	case err != nil:
		return fmt.Errorf("change the record: %w", err)
	}
	if got, ok := patientID(b.Identity); !ok || got != id {
		return errUnconfirmed
	}
	if trim(b.RecordState) == "Open" {
		return errNotSaved
	}
	return nil
}

func notWritten(err error) error { return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err) }
