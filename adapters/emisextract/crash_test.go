package emisextract_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"bellman/adapters/emisextract"
	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// dying is a shelf whose process dies at the n-th thing that it is asked: before
// the putting, or just after it.
type dying struct {
	gateway.Shelf
	left  int
	after bool
	dead  bool
}

func (d *dying) alive() bool {
	d.left--
	if d.left < 0 {
		d.dead = true
	}
	return !d.dead
}

func (d *dying) Get(ctx context.Context, keys ...string) ([]gateway.Kept, error) {
	if !d.alive() {
		return nil, errDown
	}
	return d.Shelf.Get(ctx, keys...)
}

func (d *dying) Put(ctx context.Context, things ...gateway.Kept) error {
	if !d.alive() {
		if d.after && d.left == -1 {
			_ = d.Shelf.Put(ctx, things...)
		}
		return errDown
	}
	return d.Shelf.Put(ctx, things...)
}

func (d *dying) Each(ctx context.Context, prefix string, do func(gateway.Kept) error) error {
	if !d.alive() {
		return errDown
	}
	return d.Shelf.Each(ctx, prefix, do)
}

// second is a second night on which much changes at once.
func second() delivery {
	return delivery{
		"Appointment_Slot": {slotRow.with("PatientGuid", bilal), otherRow.with("PatientGuid", ann)},
		"Admin_Patient":    {annRow.with("MobilePhone", "07700 900111"), bilalRow.with("MobilePhone", "07700 900112")},
		"CareRecord_Observation": {{"ObservationGuid": "a0000005-0000-4000-8000-000000000001", "PatientGuid": bilal, "OrganisationGuid": org, "CodeId": "501",
			"EffectiveDate": "2026-11-16", "EnteredDate": "2026-11-16", "EnteredTime": "09:00:00", "Deleted": "false"}},
	}
}

// Whenever the process dies while a batch is read in, what is read before it is
// read in again is the old state, the new one, or an error: never something
// between. And then it is the new one.
func TestADeathInTheMiddleOfABatchLeavesNothingBetween(t *testing.T) {
	const after = "1/2 23 Nov 09:10 booked; 2/1 23 Nov 09:20 booked"
	deaths := 0
	for _, late := range []bool{false, true} {
		for n := 0; ; n++ {
			s := newStage(t)
			s.night(full())
			s.tells(bothBooked)
			files := s.hide()
			s.tomorrow()
			s.night(second())
			shelf := s.shelf
			d := &dying{Shelf: shelf, left: n, after: late}
			s.shelf = d
			s.restart()
			f, err := s.try()
			if err == nil && told(f) != after {
				t.Fatalf("death at %d, unnoticed: %s", n, told(f))
			}
			died := d.dead
			// Another process, to which the new files do not appear at first.
			s.shelf = shelf
			s.restart()
			newer := s.hide()
			files()
			if f, err := s.try(); err == nil && told(f) != bothBooked && told(f) != after {
				t.Fatalf("death at %d: read %s", n, told(f))
			} else if err == nil && told(f) == after && s.visit(f, bilal).Patient.Declined != gateway.FlagYes {
				t.Fatalf("death at %d: half of the batch counts as all of it", n)
			}
			newer()
			if f := s.tells(after); s.visit(f, bilal).Patient.Declined != gateway.FlagYes || s.visit(f, ann).Patient.Mobile != gateway.NewPhone("+447700900111") {
				t.Fatalf("death at %d: the batch is not whole", n)
			}
			if !died {
				break
			}
			deaths++
		}
	}
	if deaths < 40 {
		t.Errorf("only %d deaths", deaths)
	}
}

// hide takes the files away that are in the folder now, and gives what brings them
// back.
func (s *stage) hide() func() {
	s.t.Helper()
	aside := s.t.TempDir()
	move := func(from, to string) {
		entries, err := os.ReadDir(from)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	move(s.dir, aside)
	return func() { move(aside, s.dir) }
}

func TestADeathInTheMiddleOfAFullDeliveryLeavesTheOldStateWhole(t *testing.T) {
	for n := 0; ; n++ {
		s := newStage(t)
		s.night(full())
		s.tells(bothBooked)
		s.tomorrow()
		s.deliver("400", s.clock.Now().Add(-3600e9), delivery{
			"Admin_Organisation": full()["Admin_Organisation"], "Coding_ClinicalCode": full()["Coding_ClinicalCode"], "Admin_Patient": {annRow},
			"Appointment_Session": full()["Appointment_Session"], "Appointment_SessionUser": full()["Appointment_SessionUser"], "Appointment_Slot": {slotRow},
		})
		shelf := s.shelf
		d := &dying{Shelf: shelf, left: n}
		s.c.Bulk, s.shelf = "400", d
		s.restart()
		_, _ = s.try()
		s.c.Bulk, s.shelf = "291", shelf
		s.restart()
		if !d.dead {
			break
		}
		f, err := s.try()
		if err == nil && told(f) != bothBooked {
			t.Fatalf("death at %d: read %s", n, told(f))
		}
		s.c.Bulk = "400"
		s.restart()
		s.tells("1/1 23 Nov 09:10 booked")
	}
}

// Two processes read in the same batches at once: what each gives is right or an
// error, and in the end everything is kept.
func TestTwoProcessesDoNoHarm(t *testing.T) {
	const rounds, nights = 8, 6
	for range rounds {
		s := newStage(t)
		s.night(full())
		for n := range nights {
			s.tomorrow()
			who := []string{ann, bilal}[n%2]
			s.night(delivery{"Appointment_Slot": {slotRow.with("PatientGuid", who)}, "Admin_Patient": {annRow.with("MobilePhone", fmt.Sprintf("07700 90012%d", n))}})
		}
		s.clock.Set(begin) // the visits are still to come
		s.clock.Advance(nights * 24 * 3600e9)
		var wg sync.WaitGroup
		var elsewhere atomic.Int64
		for range 3 {
			a, err := emisextract.New(s.c, gateway.Surroundings{Clock: s.clock, Trial: true, Practice: gatewaytest.Riverside, Shelf: s.shelf})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for range 30 {
					f, err := a.Read(t.Context(), s.span())
					switch {
					case errors.Is(err, extract.ErrElsewhere):
						elsewhere.Add(1)
					case err != nil:
						// The other one is in the middle of a batch.
					case told(f) != "1/2 23 Nov 09:10 booked; 2/2 23 Nov 09:20 booked":
						t.Errorf("one of them read %s", told(f))
					}
				}
			})
		}
		wg.Wait()
		f := s.read()
		if got := told(f); got != "1/2 23 Nov 09:10 booked; 2/2 23 Nov 09:20 booked" {
			t.Errorf("in the end: %s", got)
		}
	}
}

func TestAReadThatIsEndedGoesOnNextTime(t *testing.T) {
	s := newStage(t)
	s.night(full())
	ctx, cancel := context.WithCancel(t.Context())
	s.shelf = ending{s.shelf, cancel}
	s.restart()
	if _, err := s.Adapter.Read(ctx, s.span()); !errors.Is(err, context.Canceled) {
		t.Errorf("ended in the middle: %v", err)
	}
	s.tells(bothBooked)
}

// ending ends the read when something is put.
type ending struct {
	gateway.Shelf
	end func()
}

func (e ending) Put(ctx context.Context, things ...gateway.Kept) error {
	e.end()
	return e.Shelf.Put(ctx, things...)
}
