package hl7_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// The profile of the simulated hospital: its words for how people meet, and the
// segment of its own in which it says who wants texts.
func simProfile() hl7.Profile {
	return hl7.Profile{
		PatientID: hl7.PatientID{Types: []string{"PI"}},
		Mode: hl7.Words{Field: "SCH-8.1", Words: map[string]string{
			"FTF": "in_person", "TEL": "telephone", "VID": "video", "HOME": "home_visit",
		}},
		Declined: hl7.Words{Field: "ZTX-1", Words: map[string]string{"N": "yes", "Y": "no"}},
	}
}

func simConfig() hl7.Config {
	return hl7.Config{
		Listen: "127.0.0.1:0", Profile: simProfile(), Facility: hl7.Facility{Field: "MSH-4", Is: []string{"RSIM1"}},
	}
}

// joined is an adapter that listens, and a hospital that sends to it.
type joined struct {
	*hl7.Adapter
	t       testing.TB
	clock   gateway.Clock
	diary   *surgery.Diary
	sim     *hl7sim.Sim
	shelf   *tornShelf
	changes chan struct{}
	at      string

	mu sync.Mutex // one flush at a time
}

// join opens a door for the adapter of a section and has a hospital send to it.
func join(t testing.TB, d *surgery.Diary, clock gateway.Clock, c hl7.Config) *joined {
	t.Helper()
	shelf := &tornShelf{Shelf: gatewaytest.NewShelf()}
	a, err := hl7.New(c, gateway.Surroundings{Clock: clock, Trial: true, Practice: "A81001", Shelf: shelf})
	if err != nil {
		t.Fatal(err)
	}
	j := &joined{Adapter: a, t: t, clock: clock, diary: d, shelf: shelf, changes: make(chan struct{}, 10_000)}
	j.at = open(t, func(ods gateway.ODS) { j.changes <- struct{}{} }, a)
	j.sim = hl7sim.New(d, hl7sim.Options{Clock: clock, To: func() string { return j.at }})
	t.Cleanup(j.sim.Close)
	return j
}

// open opens a door and closes it with the test.
func open(t testing.TB, changed func(gateway.ODS), practices ...*hl7.Adapter) string {
	t.Helper()
	door, err := hl7.NewDoor(practices...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := door.Run(ctx, changed); err != nil {
			t.Errorf("listen: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	at, err := door.Address(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Read has the hospital tell what is new, and reads. A hospital that is not
// answered goes on by itself; what it has then told is what is read.
func (j *joined) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	j.flush(ctx)
	return j.Adapter.Read(ctx, span)
}

func (j *joined) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	j.flush(ctx)
	return j.Adapter.Reread(ctx, a)
}

func (j *joined) flush(ctx context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.sim.Flush(ctx)
}

// tornShelf is a shelf that fails in the ways that storage does.
type tornShelf struct {
	*gatewaytest.Shelf
	mu   sync.Mutex
	how  string // "": it works
	put  func() // called after a Put
	wait func() // called before a Put
}

const (
	tornFails = "fails"
	tornCuts  = "gives half of every thing"
	tornPage  = "gives a page of HTML for every thing"
	tornEach  = "fails in the middle of Each"
)

var errTorn = errors.New("the shelf is torn")

func (s *tornShelf) tear(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how = how
}

func (s *tornShelf) state() (how string, wait, put func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.how, s.wait, s.put
}

func (s *tornShelf) Get(ctx context.Context, keys ...string) ([]gateway.Kept, error) {
	how, _, _ := s.state()
	if how == tornFails {
		return nil, errTorn
	}
	got, err := s.Shelf.Get(ctx, keys...)
	for i := range got {
		got[i].Value = spoil(how, got[i].Value)
	}
	return got, err
}

func (s *tornShelf) Put(ctx context.Context, things ...gateway.Kept) error {
	how, wait, put := s.state()
	if how == tornFails {
		return errTorn
	}
	if wait != nil {
		wait()
	}
	err := s.Shelf.Put(ctx, things...)
	if put != nil && err == nil {
		put()
	}
	return err
}

func (s *tornShelf) Each(ctx context.Context, prefix string, do func(gateway.Kept) error) error {
	how, _, _ := s.state()
	if how == tornFails {
		return errTorn
	}
	n := 0
	return s.Shelf.Each(ctx, prefix, func(k gateway.Kept) error {
		if n++; how == tornEach && n > 10 {
			return errTorn
		}
		k.Value = spoil(how, k.Value)
		return do(k)
	})
}

func spoil(how string, b []byte) []byte {
	switch {
	case b == nil:
		return nil
	case how == tornCuts:
		return b[:len(b)/2]
	case how == tornPage:
		return []byte("<html><body>Log in</body></html>")
	}
	return b
}
