// Package hl7sim is a simulated hospital that sends its appointments and patients as
// HL7 v2 messages over MLLP: what changes in an invented diary goes out as SIU and
// ADT, one message after another, each until it is acknowledged. It sends in the
// forms that are public of British senders, and misbehaves in the ways that such
// senders and the way to them are known or feared to.
//
// It was never compared with a live hospital's engine.
package hl7sim

import (
	"crypto/tls"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Options says who sends, and to where.
type Options struct {
	Clock gateway.Clock
	// To gives the address that messages go to, asked for every connection.
	To func() string
	// TLS is what connections are made with; nil: plain TCP.
	TLS *tls.Config
	// Facility is MSH-4; empty: RSIM1.
	Facility string
	// Wait is how long an answer is waited for; 0: ten seconds.
	Wait time.Duration
	// Tries is how often a message is sent before a Flush gives up; it stays first in
	// the queue then. 0: three times.
	Tries int
}

// Sim is the simulated hospital. It is safe for concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options

	sending sync.Mutex // one message at a time, as engines do
	line    *line      // under sending

	mu      sync.Mutex
	faults  Faults
	visits  map[int]surgery.Visit  // as they were told last
	people  map[int]surgery.Person // likewise
	merged  map[int]int            // person to the one in which he or she went up
	queue   []outgoing
	first   int // the slot told first
	control int
	stamp   time.Time
	counts  Counts
}

// Counts says what became of messages so far.
type Counts struct {
	Sent     int `json:"sent"`     // frames, repeated ones too
	Accepted int `json:"accepted"` // AA or CA
	Refused  int `json:"refused"`  // AR or CR: given up
	Failed   int `json:"failed"`   // AE or CE: sent again
	Lost     int `json:"lost"`     // no answer: sent again
	Waiting  int `json:"waiting"`
}

// outgoing is one message that waits for its acknowledgement.
type outgoing struct {
	control string
	body    []byte
}

// New makes a hospital that tells of a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	if o.Facility == "" {
		o.Facility = "RSIM1"
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	if o.Tries == 0 {
		o.Tries = 3
	}
	return &Sim{diary: diary, options: o, visits: map[int]surgery.Visit{}, people: map[int]surgery.Person{}, merged: map[int]int{}}
}

// Counts gives what became of messages so far.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Waiting = len(s.queue)
	return c
}

// Replay tells everything anew: every visit as a new booking, as a hospital does
// when it is asked to fill an empty listener.
func (s *Sim) Replay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visits, s.people = map[int]surgery.Visit{}, map[int]surgery.Person{}
}

// Merge says that one person's record went up in another's (A40).
func (s *Sim) Merge(gone, stays int) bool {
	if _, ok := s.diary.Person(gone); !ok {
		return false
	}
	p, ok := s.diary.Person(stays)
	if !ok || gone == stays {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merged[gone] = stays
	w := s.writer()
	s.enqueue(w.message("ADT", "A40", "ADT_A39", w.evn("A40"), w.pid(p), w.segment("MRG", fields{1: w.parts(w.id(gone), "", "", s.options.Facility, "PI")})))
	return true
}

// Send puts a message of one's own into the queue, as it stands.
func (s *Sim) Send(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control++
	s.queue = append(s.queue, outgoing{"", []byte(body)})
}
