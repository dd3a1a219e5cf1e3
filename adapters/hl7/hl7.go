// Package hl7 takes what a hospital's system sends of its appointments and
// patients as HL7 version 2 messages over MLLP: SIU (bookings) and ADT (patients).
// It is a listener: nothing is ever asked of the hospital, and nothing written to
// it. What the messages say is kept, one small record for each appointment and
// each patient, and a read of the diary gives what is kept.
//
// Messages come doubled, late and out of order. Each thing that a message says is
// therefore kept with the time at which the sender says it said so, and only
// something said later takes its place. A message is acknowledged only when what it
// says is kept.
package hl7

import (
	"errors"
	"strings"
	"sync"
	"time"

	"bellman/gateway"
)

// Adapter is one practice's part of a hospital's messages. It is safe for
// concurrent use.
type Adapter struct {
	config   Config
	rules    rules
	clock    gateway.Clock
	trial    bool
	practice gateway.ODS
	shelf    gateway.Shelf

	mu     sync.Mutex
	heard  life      // the newest sign of life, maybe not kept yet
	noted  time.Time // when the last one was kept
	halves int       // messages that broke off
}

var (
	_ gateway.Listener = (*Adapter)(nil)
	_ gateway.Rereader = (*Adapter)(nil)
)

var errNoShelf = errors.New("messages cannot be kept: this practice has no shelf")

// New makes the adapter of one practice. It listens only when Listen is called.
// The error joins every fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	c = c.withDefaults()
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if env.Shelf == nil {
		faults = append(faults, errNoShelf)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	r, _ := c.Profile.rules(nil) // Check has seen that it has no fault
	r.facility = c.Facility.rule()
	return &Adapter{config: c, rules: r, clock: env.Clock, trial: env.Trial, practice: env.Practice, shelf: env.Shelf}, nil
}

// Practice says whose adapter it is.
func (a *Adapter) Practice() gateway.ODS { return a.practice }

// Door is the address that the adapter listens on, as it stands in the section.
// Practices that have one door share it.
func (a *Adapter) Door() string { return strings.TrimSpace(a.config.Listen) }
