package tpp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bellman/gateway"
)

var errSpanPast = errors.New("read the diary: the span asked for has no future")

// detailsSlack is left of a read's time when it stops asking for patients' details.
const detailsSlack = 10 * time.Second

// missesInARow ends the asking for details: SystmOne has stopped answering.
const missesInARow = 2

// Read asks for the diary day by day, from now to the end of the span, at most the
// configured window, and then for the details of patients of whom none or only old
// ones are kept, those with the next visits first. A visit whose patient's details
// are not known yet is given all the same, with nothing clear about the patient.
//
// A day that cannot be read ends the asking: the feed then speaks for the days
// before it and is not complete. Without the first day, or when SystmOne is logged
// on to another organisation before or after, nothing was learnt.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	device, err := a.device(ctx, true)
	if err != nil {
		return gateway.Feed{}, err
	}
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	case <-ctx.Done():
		return gateway.Feed{}, ctx.Err()
	}
	asked := a.env.Clock.Now()
	span = a.ahead(span, asked)
	if !span.From.Before(span.To) {
		return gateway.Feed{}, errSpanPast
	}
	s := a.session(device, false)
	defer s.close()
	c := collector{span: span, seen: map[gateway.AppointmentID]int{}}
	c.feed = gateway.Feed{AsOf: asked, Covers: span, Complete: true}
	if err := s.days(ctx, &c); err != nil {
		return gateway.Feed{}, err
	}
	if err := s.people(ctx, &c); err != nil {
		return gateway.Feed{}, err
	}
	return c.feed, nil
}

// ahead narrows a span to what is still to come and within the window.
func (a *Adapter) ahead(span gateway.Span, now time.Time) gateway.Span {
	span.From = gateway.Later(span.From, now)
	l := now.In(gateway.London())
	if end := time.Date(l.Year(), l.Month(), l.Day()+a.config.Window+1, 0, 0, 0, 0, gateway.London()).UTC(); end.Before(span.To) {
		span.To = end
	}
	return span
}

// days asks for every day of the span, between two looks at whose diary it is.
func (s *session) days(ctx context.Context, c *collector) error {
	if err := s.organisation(ctx); err != nil {
		return err
	}
	for i, day := range daysOf(c.span) {
		rows, err := s.day(ctx, day)
		switch {
		case err == nil:
			c.collect(visits(rows, "diary of "+day.Format(time.DateOnly), c.unreadable))
			continue
		case i == 0, ctx.Err() != nil, errors.Is(err, gateway.ErrSourceDenied):
			return err
		}
		c.feed.Complete, c.feed.Covers.To = false, day.UTC()
		c.note("the diary ends before %s: %s", day.Format(time.DateOnly), err)
		break
	}
	return s.organisation(ctx)
}

// collector makes a feed of visits.
type collector struct {
	span   gateway.Span
	feed   gateway.Feed
	visits []visit
	seen   map[gateway.AppointmentID]int // where in visits
}

func (c *collector) unreadable(u gateway.Unreadable) {
	c.feed.Unreadable = append(c.feed.Unreadable, u)
}

func (c *collector) note(format string, args ...any) {
	c.feed.Notes = append(c.feed.Notes, fmt.Sprintf(format, args...))
}

// collect keeps the visits that start in the span, or whose start is in doubt, each
// once. The same one told twice in two ways is not understood, and is not sent on.
func (c *collector) collect(vs []visit) {
	for _, v := range vs {
		if v.StartDoubt == gateway.NoDoubt && !c.span.Has(v.Start) {
			continue
		}
		i, twice := c.seen[v.ID]
		switch {
		case !twice:
			c.seen[v.ID] = len(c.visits)
			c.visits = append(c.visits, v)
		case c.visits[i].Appointment != v.Appointment:
			c.visits[i].Status = gateway.StatusUnknown
		}
	}
}

// people puts what is known of the patients into the visits, and the visits into
// the feed.
func (s *session) people(ctx context.Context, c *collector) error {
	order := inOrder(c.visits)
	ids := make([]gateway.PatientID, len(order))
	for i, v := range order {
		ids[i] = v.Patient.ID
	}
	known, raw, err := s.a.keptDetails(ctx, ids)
	if err != nil {
		return err
	}
	fresh, asked := s.refresh(ctx, order, known)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for id, d := range fresh {
		known[id] = d
	}
	if err := s.a.keepDetails(ctx, fresh, raw); err != nil {
		c.note("%s", err)
	}
	now := s.a.env.Clock.Now() // not that of the read's beginning: details asked for since would lie ahead of it
	if err := s.a.sweep(ctx, now); err != nil {
		c.note("clear away the details of patients who are no longer in the diary: %s", err)
	}
	waiting := 0
	c.feed.Appointments = make([]gateway.Appointment, len(c.visits))
	for i, v := range c.visits {
		d, ok := known[v.Patient.ID]
		if ok && d.age(now) <= longestBelief {
			v.Patient = s.a.patient(v, d, now)
		} else {
			v.Patient = unknownPatient(v)
			waiting++
		}
		c.feed.Appointments[i] = v.Appointment
	}
	if waiting > 0 {
		c.note("%d appointments wait for their patients' details: %d patients were asked for in this read, %d gave none; the next reads go on", waiting, asked, asked-len(fresh))
	}
	return nil
}

// inOrder gives one visit of each patient who may be texted, the next visit first.
func inOrder(all []visit) []visit {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b visit) int { return a.Start.Compare(b.Start) })
	seen := map[gateway.PatientID]bool{}
	return slices.DeleteFunc(sorted, func(v visit) bool {
		skip := seen[v.Patient.ID] || v.Status != gateway.StatusBooked && v.Status != gateway.StatusUnknown
		seen[v.Patient.ID] = seen[v.Patient.ID] || !skip
		return skip
	})
}

// How soon a patient is asked for, the first one first.
const (
	rankUnknown = iota // nothing that may be believed is kept
	rankOld
	rankRefused
	rankKnown // not asked for
)

// refresh asks for the details of patients of whom nothing that may be believed is
// kept, and then for old ones, as many as one read may. Those whom SystmOne did not
// give the last time come last, so that they never take the turns of the others.
func (s *session) refresh(ctx context.Context, order []visit, known map[gateway.PatientID]details) (fresh map[gateway.PatientID]details, asked int) {
	if end, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithDeadline(ctx, end.Add(-detailsSlack))
		defer cancel()
		ctx = limited
	}
	now := s.a.env.Clock.Now()
	rank := func(v visit) int {
		switch d, ok := known[v.Patient.ID]; {
		case ok && d.age(now) < s.a.config.DetailsAge:
			return rankKnown
		case s.a.refused[v.Patient.ID]:
			return rankRefused
		case ok && d.age(now) <= longestBelief:
			return rankOld
		}
		return rankUnknown
	}
	order = slices.Clone(order)
	slices.SortStableFunc(order, func(a, b visit) int { return cmp.Compare(rank(a), rank(b)) })
	fresh = map[gateway.PatientID]details{}
	refused := map[gateway.PatientID]bool{}
	for _, v := range order {
		refused[v.Patient.ID] = s.a.refused[v.Patient.ID]
	}
	s.a.refused = refused // without those who are not in the diary any more
	misses := 0
	for _, v := range order {
		if rank(v) == rankKnown || asked == s.a.config.DetailsPerRead || misses == missesInARow || ctx.Err() != nil {
			break
		}
		asked++
		d, err := s.details(ctx, v.Patient.ID, v.who)
		switch {
		case err == nil:
			fresh[v.Patient.ID], misses = d, 0
			refused[v.Patient.ID] = false
		case errors.Is(err, errOtherPatient), errors.Is(err, errNoNumber), errors.Is(err, errRefused): // of this patient only
			refused[v.Patient.ID] = true
		default:
			misses++
		}
	}
	return fresh, asked
}
