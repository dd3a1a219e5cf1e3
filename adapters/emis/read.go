package emis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

var errSpanPast = errors.New("read the booked list: the span asked for has no future; EMIS lists what is ahead only")

// Read asks for the booked patients from now to the end of the span, at most the
// configured window, and then for the registrations that changed since the last
// read. Any failure of either is an error: without the second a death recorded
// meanwhile could be missed. What the answer lacks is no longer booked; EMIS has
// no other word for cancelled. The feed is as old as the older of the two answers
// says that it is.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	// The token comes first, so that the window is counted from the moment of the
	// request and not from before a slow sign-in.
	if _, err := a.tokens.get(ctx, gateway.Secret{}); err != nil {
		return gateway.Feed{}, err
	}
	asked := a.clock.Now()
	minutes := a.minutesAhead(asked, span.To)
	if minutes <= 0 {
		return gateway.Feed{}, errSpanPast
	}
	var age outbound.Age
	rows, err := a.booked(ctx, minutes, &age)
	if err != nil {
		return gateway.Feed{}, err
	}
	changed, err := a.changed(ctx, &age)
	if err != nil {
		return gateway.Feed{}, err
	}
	c := collector{reading: a.reading(asked), seen: make(map[gateway.AppointmentID]int, len(rows))}
	c.learn(changed)
	c.collect(rows, span)
	c.feed.AsOf = age.AsOf(asked)
	if remark := age.Remark(asked); remark != "" {
		c.feed.Notes = append(c.feed.Notes, remark)
	}
	// An old answer counted the minutes from when it was made, and ends earlier.
	c.feed.Covers = intersect(span, gateway.Span{From: asked, To: c.feed.AsOf.Add(time.Duration(minutes) * time.Minute)})
	c.feed.Complete = true
	a.succeeded(c.feed.AsOf)
	return c.feed, nil
}

// minutesAhead gives the whole minutes from now that hold the span, at most the
// window.
func (a *Adapter) minutesAhead(now, to time.Time) int {
	ahead := min(to.Sub(now), time.Duration(a.config.Window)*24*time.Hour)
	return int((ahead + time.Minute - 1) / time.Minute)
}

func intersect(a, b gateway.Span) gateway.Span {
	if b.From.After(a.From) {
		a.From = b.From
	}
	if b.To.Before(a.To) {
		a.To = b.To
	}
	if a.To.Before(a.From) {
		a.To = a.From
	}
	return a
}

func (a *Adapter) booked(ctx context.Context, minutes int, age *outbound.Age) ([]row[bookedRow], error) {
	q := url.Values{"minutesBefore": {"0"}, "minutesWithin": {strconv.Itoa(minutes)}}
	body, err := a.get(ctx, a.bulk, opBooked, q, age)
	switch {
	case errors.Is(err, errNothingFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the %s: %w", bookedLayout.name, err)
	}
	return decode[bookedRow](a.config.Format, body, bookedLayout)
}

// changed gives the registrations that changed since the last read; on the first
// read none, since the booked list has just told everything.
func (a *Adapter) changed(ctx context.Context, age *outbound.Age) ([]row[registration], error) {
	since := a.last()
	if since.IsZero() {
		return nil, nil
	}
	q := url.Values{"fromDate": {a.config.day(since.Add(-overlap))}}
	body, err := a.get(ctx, a.bulk, opChanged, q, age)
	switch {
	case errors.Is(err, errNothingFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the %s: %w", changedLayout.name, err)
	}
	return decode[registration](a.config.Format, body, changedLayout)
}

func (a *Adapter) last() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lastRead
}

func (a *Adapter) succeeded(asOf time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if asOf.After(a.lastRead) {
		a.lastRead = asOf
	}
}
