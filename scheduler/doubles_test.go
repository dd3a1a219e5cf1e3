package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/message"
	"bellman/gateway/sender"
	"bellman/gateway/store/storetest"
)

// send lets a sender send what is due, until nothing is.
func (s *stage) send() {
	s.t.Helper()
	if s.sending == nil {
		s.sending = s.open()
	}
	idle := &storetest.Idling{Store: s.sending, Practices: []gateway.ODS{s.surgery.ODS}}
	idle.Serve([]gateway.ODS{s.surgery.ODS})
	idle.Look()
	ctx, cancel := context.WithCancel(s.t.Context())
	idle.Nothing = cancel
	sender.New(sender.Options{
		Memory: idle, Provider: s.phones, Clock: &s.clock, Log: s.log.Logger(), Render: message.Render, InFlight: 4, Timeout: time.Second,
		Practices: []sender.Practice{{Practice: s.surgery.Practice}},
		Metrics:   sender.NewMetrics(prometheus.NewRegistry(), []gateway.ODS{s.surgery.ODS}),
	}).Run(ctx)
}

// outbox is a provider that takes everything and remembers it.
type outbox struct {
	mu   sync.Mutex
	sent []gateway.Outgoing
}

func (*outbox) Name() string { return "outbox" }

func (o *outbox) Send(_ context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, m)
	return gateway.Handover{MessageID: fmt.Sprintf("SM%032d", len(o.sent)), Segments: 1}, nil
}

// to counts the texts to a number.
func (o *outbox) to(n gateway.Phone) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := 0
	for _, m := range o.sent {
		if m.To == n {
			c++
		}
	}
	return c
}

// diary is a clinical system that says what a test wrote into it.
type diary struct {
	clock      gateway.Clock
	mu         sync.Mutex
	visits     map[gateway.AppointmentID]gateway.Appointment
	rows       []gateway.Appointment // besides the visits, as they stand
	complete   bool
	unreadable []gateway.Unreadable
	covers     *gateway.Span
	age        time.Duration
	fails      error
	reading    func() // in the middle of a read
	reads      int
}

var errDown = errors.New("clinic.example: connection refused")

func (d *diary) book(as ...gateway.Appointment) {
	for _, a := range as {
		d.visits[a.ID] = a
	}
}

func (d *diary) drop(as ...gateway.Appointment) {
	for _, a := range as {
		delete(d.visits, a.ID)
	}
}

func (d *diary) Read(_ context.Context, span gateway.Span) (gateway.Feed, error) {
	d.mu.Lock()
	d.reads++
	d.mu.Unlock()
	f := gateway.Feed{
		Appointments: append(slices.Collect(maps.Values(d.visits)), d.rows...), Unreadable: d.unreadable,
		Covers: span, Complete: d.complete, AsOf: d.clock.Now().Add(-d.age),
	}
	if d.covers != nil {
		f.Covers = *d.covers
	}
	if d.reading != nil {
		d.reading()
	}
	if d.fails != nil {
		return gateway.Feed{}, d.fails
	}
	return f, nil
}
