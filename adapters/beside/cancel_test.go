package beside_test

import (
	"context"
	"errors"
	"testing"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// canceller is a checker that cancels, and keeps what it was asked to cancel.
type canceller struct{ got []gateway.Appointment }

func (*canceller) Check(_ context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	return a, nil
}

func (c *canceller) CancelAppointment(_ context.Context, a gateway.Appointment) error {
	c.got = append(c.got, a)
	return nil
}

func TestACheckerCancelsOnlyAfterThoseBeforeItWereAsked(t *testing.T) {
	c, restricted := &canceller{}, false
	first := speaker(func(a gateway.Appointment) (gateway.Appointment, error) {
		if restricted {
			a.Patient.Restricted = yes
		}
		return a, nil
	})
	after := speaker(func(gateway.Appointment) (gateway.Appointment, error) { return gateway.Appointment{}, errDown })
	source := joined(t, &own{}, []gateway.Checker{first, c, after}).(gateway.Canceller)
	for _, restricted = range []bool{false, true} {
		if err := source.CancelAppointment(t.Context(), gatewaytest.Person(1)); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.got) != 2 || c.got[0].Patient.Restricted != no || c.got[1].Patient.Restricted != yes {
		t.Errorf("%d cancellations, of which the second should know that the record is sensitive", len(c.got))
	}
	if err := source.CancelAppointment(t.Context(), gatewaytest.Person(2)); !errors.Is(err, gateway.ErrNotWritten) || len(c.got) != 2 {
		t.Errorf("a patient who was never read: %v", err)
	}
	source = joined(t, &own{}, []gateway.Checker{after, c}).(gateway.Canceller)
	if err := source.CancelAppointment(t.Context(), gatewaytest.Person(1)); !errors.Is(err, gateway.ErrNotWritten) || !errors.Is(err, errDown) || len(c.got) != 2 {
		t.Errorf("without the answer of the first: %v", err)
	}
}
