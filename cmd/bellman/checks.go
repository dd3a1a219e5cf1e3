package main

import (
	"context"
	"errors"
	"fmt"

	"bellman/adapters"
	"bellman/configs"
	"bellman/gateway"
)

// checksOf gives the sections of what is asked beside a practice's source.
func checksOf(p configs.Practice) []adapters.Check {
	out := make([]adapters.Check, len(p.Checks))
	for i, c := range p.Checks {
		out[i] = adapters.Check{Type: c.Type, Section: adapters.Section{Path: c.Path, Decode: c.Decode}}
	}
	return out
}

// beside puts what is asked beside a practice's source next to it.
func (a *app) beside(p configs.Practice, src gateway.Source) (gateway.Source, []gateway.Fault) {
	env := a.surroundings(p)
	checks, faults := adapters.Beside(checksOf(p), env)
	if src == nil || len(faults) > 0 {
		return src, faults
	}
	joined, err := adapters.Join(src, checks, env)
	if err != nil {
		return src, []gateway.Fault{{Path: p.Source.Path, Problem: err.Error()}}
	}
	return joined, nil
}

// prover is a checker that can show that it is let in, and what time it is there,
// without asking about any patient.
type prover interface {
	Prove(context.Context) (gateway.Reading, error)
}

// checkBeside tries everything that is asked beside a practice's source.
func (a *app) checkBeside(ctx context.Context, p configs.Practice, f *findings) {
	sections := checksOf(p)
	checks, faults := adapters.Beside(sections, a.surroundings(p))
	if len(faults) > 0 {
		return // told where the feed is tried
	}
	for i, c := range checks {
		what := fmt.Sprintf("%s of %s", sections[i].Type, p.ODS)
		asked, ok := c.(prover)
		if !ok {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, readWithin)
		reading, err := asked.Prove(limited)
		cancel()
		switch {
		case errors.Is(err, gateway.ErrSourceDenied):
			f.fail(what, "%s: correct the credentials in %s", err, sections[i].Path)
		case err != nil:
			f.fail(what, "%s: no text of the practice would leave", err)
		default:
			f.ok(what, "answers and accepts the credentials")
			a.checkClock(f, what, reading, errUntold(reading))
		}
	}
}

// errUntold is the error of a reading that tells no time.
func errUntold(r gateway.Reading) error {
	if r.Theirs.IsZero() {
		return errNoAnswerTime
	}
	return nil
}

var errNoAnswerTime = errors.New("the answer does not tell its time")
