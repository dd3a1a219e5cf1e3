package beside_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bellman/adapters/beside"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// desk is a practice whose system cannot be asked again, with a checker that notes
// by which NHS number it is asked.
type desk struct {
	*own
	t      *testing.T
	clock  *gatewaytest.Clock
	shelf  *gatewaytest.Shelf
	asked  []string
	source gateway.Source
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{own: &own{}, t: t, clock: gatewaytest.NewClock(friday), shelf: gatewaytest.NewShelf()}
	d.open()
	return d
}

// open starts Bellman anew.
func (d *desk) open() {
	d.t.Helper()
	var err error
	d.source, err = beside.Join(d.own, []gateway.Checker{d}, gateway.Surroundings{Clock: d.clock, Shelf: d.shelf})
	if err != nil {
		d.t.Fatal(err)
	}
}

// Check implements gateway.Checker.
func (d *desk) Check(_ context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	d.asked = append(d.asked, a.Patient.NHSNumber.Reveal())
	return a, nil
}

// read reads a diary with one patient.
func (d *desk) read(n int, nhs string) {
	d.t.Helper()
	a := gatewaytest.Person(n)
	a.Patient.NHSNumber = gateway.NewNHSNumber(nhs)
	d.feed = gateway.Feed{Appointments: []gateway.Appointment{a}}
	if _, err := d.source.Read(d.t.Context(), span); err != nil {
		d.t.Fatal(err)
	}
}

// look looks again at a patient's visit, as the store keeps it: without the number.
func (d *desk) look(n int) error {
	_, err := d.source.(gateway.Rereader).Reread(d.t.Context(), gatewaytest.Person(n))
	return err
}

func TestWhoIsAskedAboutIsKnownAlthoughTheRecordDoesNotHoldIt(t *testing.T) {
	d := newDesk(t)
	d.read(1, "9990000018")
	d.open()
	if err := d.look(1); err != nil || len(d.asked) != 1 || d.asked[0] != "9990000018" {
		t.Errorf("asked by %d numbers (error %v)", len(d.asked), err)
	}
	d.read(1, "") // the practice took the number out
	if err := d.look(1); err != nil || len(d.asked) != 2 || d.asked[1] != "" {
		t.Errorf("the number that was taken out is still asked by (error %v)", err)
	}
}

func TestAPatientWhoWasNeverReadIsNotTakenForOneWithoutANumber(t *testing.T) {
	d := newDesk(t)
	d.read(1, "9990000018")
	if err := d.look(2); err == nil || len(d.asked) != 0 {
		t.Errorf("a text would leave unasked (error %v)", err)
	}
	d.read(2, "")
	if err := d.look(2); err != nil || len(d.asked) != 1 {
		t.Errorf("error %v", err)
	}
}

func TestTheNumbersOfPatientsWhoAreNotBookedAnyMoreAreForgotten(t *testing.T) {
	d := newDesk(t)
	d.read(1, "9990000018")
	for range 15 {
		d.clock.Advance(24 * time.Hour)
		d.read(2, "9990000131")
	}
	n := 0
	if err := d.shelf.Each(t.Context(), "", func(gateway.Kept) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d patients are remembered (error %v)", n, err)
	}
	if err := d.look(1); err == nil {
		t.Error("the first patient's number is still known")
	}
}

func TestTwoProcessesMayReadAtOnce(t *testing.T) {
	d := newDesk(t)
	first := d.source
	d.open()
	d.read(1, "9990000018")
	d.source = first
	d.read(1, "9990000131")
	if err := d.look(1); err != nil || d.asked[0] != "9990000131" {
		t.Errorf("the newer number is not asked by (error %v)", err)
	}
}

func TestAReadWhoseNumbersCannotBeKeptIsNone(t *testing.T) {
	d := newDesk(t)
	d.read(1, "9990000018")
	d.shelf.Fail(errDown)
	if _, err := d.source.Read(t.Context(), span); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
	if err := d.look(1); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
	if _, err := beside.Join(d.own, []gateway.Checker{d}, gateway.Surroundings{Clock: d.clock}); err == nil {
		t.Error("without a shelf every patient would be one without a number")
	}
}

func TestPatientsWithoutAnIDAreNotTakenForOneAnother(t *testing.T) {
	d := newDesk(t)
	one, other := gatewaytest.Person(1), gatewaytest.Person(2)
	one.Patient.ID, other.Patient.ID = "", ""
	listed := one
	listed.Patient.NHSNumber = gateway.NewNHSNumber("9990000018")
	d.feed = gateway.Feed{Appointments: []gateway.Appointment{listed, other}}
	if _, err := d.source.Read(t.Context(), span); err != nil {
		t.Fatal(err)
	}
	for _, a := range []gateway.Appointment{one, other} {
		if _, err := d.source.(gateway.Rereader).Reread(t.Context(), a); err == nil || len(d.asked) != 0 {
			t.Errorf("asked %d times about somebody else (error %v)", len(d.asked), err)
		}
	}
	if _, err := d.source.(gateway.Rereader).Reread(t.Context(), listed); err != nil || len(d.asked) != 1 {
		t.Errorf("who brings a number is not asked about (error %v)", err)
	}
}
