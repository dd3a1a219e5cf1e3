package beside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bellman/gateway"
)

// people remembers the NHS numbers of a practice's patients from its reads. The
// record of an appointment does not hold them, and a source that cannot look again
// leaves nothing else to ask by in the moment of sending.
type people struct {
	shelf gateway.Shelf
	clock gateway.Clock
}

const peoplePlace = "beside/"

// known is what is kept of one patient.
type known struct {
	NHSNumber string `json:"nhs,omitempty"` // empty: the practice has none
	Read      string `json:"read"`          // the day on which it was last read
}

// errNotRead means that nothing is known of a patient: whether they have an NHS
// number, and so whether somebody must be asked about them.
var errNotRead = errors.New("the patient's NHS number is not known yet: the next read of the diary brings it")

// note keeps the NHS numbers of everybody in a read who can be told from others.
func (p people) note(ctx context.Context, of []gateway.Appointment) error {
	is := map[string]string{}
	var places []string
	for _, a := range of {
		if a.Patient.ID == "" {
			continue
		}
		place := peoplePlace + string(a.Patient.ID)
		nhs, seen := is[place]
		if !seen {
			places = append(places, place)
		}
		if nhs == "" {
			is[place] = a.Patient.NHSNumber.Reveal()
		}
	}
	today := p.clock.Now().In(gateway.London()).Format(time.DateOnly)
	for len(places) > 0 {
		n := min(len(places), gateway.ShelfBatch)
		if err := p.keep(ctx, places[:n], is, today); err != nil {
			return fmt.Errorf("remember NHS numbers: %w", err)
		}
		places = places[n:]
	}
	return nil
}

// keep writes down what is new in one batch, or was last read on another day.
func (p people) keep(ctx context.Context, places []string, is map[string]string, today string) error {
	for try := 1; ; try++ {
		had, err := p.shelf.Get(ctx, places...)
		if err == nil && len(had) != len(places) {
			err = errShelf
		}
		if err != nil {
			return err
		}
		var news []gateway.Kept
		for i, place := range places {
			value, err := json.Marshal(known{is[place], today})
			if err != nil {
				return errShelf
			}
			if string(value) != string(had[i].Value) {
				news = append(news, gateway.Kept{Key: place, Value: value, Seen: had[i].Seen})
			}
		}
		if len(news) == 0 {
			return nil
		}
		if err = p.shelf.Put(ctx, news...); !errors.Is(err, gateway.ErrShelfMoved) || try == tries {
			return err
		}
	}
}

// fill gives an appointment the NHS number of its patient, where it lacks one.
func (p people) fill(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	if !a.Patient.NHSNumber.IsZero() {
		return a, nil
	}
	if a.Patient.ID == "" {
		return a, errNotRead
	}
	had, err := p.shelf.Get(ctx, peoplePlace+string(a.Patient.ID))
	if err != nil {
		return a, fmt.Errorf("look up the NHS number: %w", err)
	}
	var k known
	if len(had) != 1 || had[0].Value == nil || json.Unmarshal(had[0].Value, &k) != nil {
		return a, errNotRead
	}
	a.Patient.NHSNumber = gateway.NewNHSNumber(k.NHSNumber)
	return a, nil
}

// sweep forgets patients who have been in no read for long.
func (p people) sweep(ctx context.Context) error {
	var over []gateway.Kept
	oldest := p.clock.Now().Add(-longKept).In(gateway.London()).Format(time.DateOnly)
	err := p.shelf.Each(ctx, peoplePlace, func(t gateway.Kept) error {
		var k known
		if json.Unmarshal(t.Value, &k) != nil || k.Read < oldest {
			over = append(over, gateway.Kept{Key: t.Key, Seen: t.Seen})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget NHS numbers: %w", err)
	}
	return forget(ctx, p.shelf, over)
}

// forget takes things from the shelf. That somebody else is at it, too, is no error.
func forget(ctx context.Context, shelf gateway.Shelf, over []gateway.Kept) error {
	for len(over) > 0 {
		n := min(len(over), gateway.ShelfBatch)
		err := shelf.Put(ctx, over[:n]...)
		if errors.Is(err, gateway.ErrShelfMoved) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forget what is old: %w", err)
		}
		over = over[n:]
	}
	return nil
}

// daily lets something happen once a day in this process.
type daily struct{ last time.Time }

// due reports whether it is time again, and counts it as done.
func (d *daily) due(now time.Time) bool {
	if now.Sub(d.last).Abs() < sweepEvery {
		return false
	}
	d.last = now
	return true
}
