// Package emisextract reads a practice's diary from the EMIS Extract: nightly CSV
// files, encrypted with OpenPGP or not, first a full delivery and then only what
// has changed. What is needed of them (patients, booked slots that are still to
// come, sessions, and who said no to texts) is kept on the practice's shelf, so
// that a change of last night is understood with what was said months ago.
//
// It is as of the extract: what changes in the course of a day is not seen before
// the next morning. It writes nothing into the folder and nothing into EMIS.
package emisextract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// Adapter reads the extracts of one practice. It implements gateway.Source. It is
// no gateway.Rereader: there is nothing newer than the last extract to look at.
type Adapter struct {
	config Config
	env    gateway.Surroundings
	keys   *extract.Keys // nil: the files come decrypted
	modes  map[string]gateway.Mode
	turn   chan struct{} // holds one token: who has it reads
	last   extract.Remembered[shown]
}

// New makes the adapter of one practice. It fails when the section has faults, when
// the keys cannot be used, or when there is no shelf; it does not look at the folder.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	var problems []error
	for _, f := range c.Check(env.Trial) {
		problems = append(problems, f)
	}
	if env.Shelf == nil {
		problems = append(problems, errors.New("the EMIS Extract needs a store in which to keep what earlier files have said"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	a := &Adapter{config: c, env: env, modes: map[string]gateway.Mode{}, turn: make(chan struct{}, 1)}
	if !c.Key.IsZero() {
		keys, err := extract.NewKeys(c.Key.Reveal(), c.Passphrase.Reveal(), c.Signer, env.Clock)
		if err != nil {
			return nil, err
		}
		a.keys = keys
	}
	for word, name := range c.Modes {
		a.modes[plainWord(word)] = modeNames[name]
	}
	return a, nil
}

func (a *Adapter) encrypted() bool { return a.keys != nil }

// Read reads in what batches have come, in their order, and gives the visits of the
// last one that start within the span. Where the next batch is missing or cannot be
// read, it says so, and gives what is known from those before it: as of then, so
// that it gets old and holds by itself.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return gateway.Feed{}, fmt.Errorf("read the extract: %w", ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		return gateway.Feed{}, fmt.Errorf("read the extract: %w", err)
	}
	k, err := extract.NewKeeper(ctx, a.env.Shelf, headKey)
	if err != nil {
		return gateway.Feed{}, err
	}
	p := &progress{}
	if b := k.Head(); b != nil && json.Unmarshal(b, p) != nil {
		return gateway.Feed{}, errDamaged
	}
	stop, err := a.readAll(ctx, k, p)
	if err != nil {
		return gateway.Feed{}, err
	}
	switch {
	case !p.begun() && stop == nil:
		return gateway.Feed{}, errors.New("there is no extract yet")
	case !p.begun():
		return gateway.Feed{}, stop
	case p.Torn:
		return gateway.Feed{}, fmt.Errorf("what is kept is half of one batch and half of the next: %w", stop)
	case p.Facts.Stopped != "":
		return gateway.Feed{}, fmt.Errorf("EMIS does not share the practice's data any more since %s: activate the sharing agreement, ask for a full delivery, and set bulk to it", p.Facts.Stopped)
	}
	return a.feed(ctx, k, p, span, stop)
}

// stopped is why no further batch can be read in.
type stopped struct {
	batch string
	why   error
	wait  bool // it will come by itself
}

func (s *stopped) Error() string { return s.batch + ": " + s.why.Error() }
func (s *stopped) Unwrap() error { return s.why }

// readAll reads in all batches that are there, until one is missing or has a fault,
// which is given as stop. err is what else prevents it.
func (a *Adapter) readAll(ctx context.Context, k *extract.Keeper, p *progress) (stop, err error) {
	all, err := a.batches()
	if err != nil {
		return nil, err
	}
	for {
		b, full, why := a.choose(all, p)
		if b == nil {
			return why, nil
		}
		wait := false
		if why == nil {
			why, wait = a.complete(*b)
		}
		if why == nil {
			if why, err = a.readIn(ctx, k, p, *b, full); err != nil {
				return nil, err
			}
		}
		if why != nil {
			return &stopped{b.batchID.String(), why, wait}, nil
		}
	}
}

// choose gives the batch to read in next, and whether it begins a new state.
func (a *Adapter) choose(all []batch, p *progress) (b *batch, full bool, why error) {
	bulk := a.bulkIn(all)
	switch {
	case bulk != nil && bulk.batchID != p.Bulk:
		return bulk, true, nil
	case bulk == nil && !p.begun():
		return nil, false, fmt.Errorf("the folder does not hold the full delivery %s: put its files into the folder, or ask EMIS for a new one and set bulk to its processing ids", a.config.Bulk)
	case bulk == nil && p.Bulk.IDs != a.config.Bulk:
		return nil, false, fmt.Errorf("the folder does not hold the full delivery %s yet", a.config.Bulk)
	}
	if p.Torn {
		for i := range all {
			if p.Doing != nil && all[i].batchID == p.Doing.Batch {
				return &all[i], false, nil
			}
		}
		return nil, false, errors.New("a batch was begun, and its files are gone: put them back, or ask EMIS for a full delivery and set bulk to it")
	}
	b, why = a.next(all, p.Done)
	return b, false, why
}

// asOf gives when the data of a batch were true.
func (a *Adapter) asOf(b batchID) time.Time {
	at := b.at()
	if a.config.CutOff != CutOffStamp {
		l := at.In(gateway.London())
		at = time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, gateway.London())
	}
	if now := a.env.Clock.Now(); at.After(now) {
		at = now
	}
	return at.UTC()
}
