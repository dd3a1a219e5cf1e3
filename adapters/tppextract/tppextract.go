// Package tppextract reads a practice's diary from TPP's Strategic Reporting
// Extract of SystmOne: nightly directories of CSV, first everything and then what
// changed, of which it keeps on its shelf what a reminder needs. An extract counts
// once all of it is kept; a gap between two of them, or one that was taken in by
// half, ends the reading until a person has seen to it.
//
// It asks nothing of SystmOne and writes nothing, neither there nor into the
// folder. It fetches no files: somebody's SFTP client does. Files are streamed, so
// that their size does not matter.
package tppextract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// Adapter reads the extracts of one practice from one folder. It implements
// gateway.Source. It is no gateway.Rereader: between two nights there is nothing
// new to look at.
type Adapter struct {
	config       Config
	env          gateway.Surroundings
	organisation string // the code in the rows
	words        words
	layouts      []layout      // the tables that are needed
	turn         chan struct{} // held by the read that takes extracts in
	last         extract.Remembered[*known]
}

// New makes the adapter of one practice. It fails when the section has faults, or
// when there is no shelf; it does not look at the folder.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	var problems []error
	for _, f := range c.Check(env.Trial) {
		problems = append(problems, f)
	}
	if env.Shelf == nil {
		problems = append(problems, errors.New("there is no place to keep what the extracts say"))
	}
	a := &Adapter{config: c, env: env, organisation: c.Organisation, words: newWords(c), turn: make(chan struct{}, 1)}
	if a.organisation == "" {
		a.organisation = string(env.Practice)
	}
	if a.organisation == "" {
		problems = append(problems, errors.New("neither the practice nor the section says the organisation's code"))
	}
	for _, l := range layouts {
		if l.table == tableRecords && len(c.RecordStatuses) == 0 || slices.Contains(c.Without, l.table) {
			continue
		}
		a.layouts = append(a.layouts, l)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return a, nil
}

// Read takes in the extracts that came since the last time, and gives the visits
// that start within the span as the last one has them. The feed is as of the end of
// the last extract that spoke of appointments, so that it grows old by itself when
// none comes.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return gateway.Feed{}, fmt.Errorf("read the extracts: %w", ctx.Err())
	}
	keep, err := extract.NewKeeper(ctx, a.env.Shelf, headKey)
	if err != nil {
		return gateway.Feed{}, err
	}
	h, begun, err := decodeHead(keep.Head(), a.organisation)
	if err != nil {
		return gateway.Feed{}, err
	}
	whole, notes, err := a.survey(ctx, h)
	if err != nil {
		return gateway.Feed{}, err
	}
	h, taken, err := a.takeIn(ctx, keep, h, begun, whole)
	if err != nil {
		return gateway.Feed{}, withWaiting(err, notes)
	}
	return a.feed(ctx, keep, h, span, append(notes, taken...))
}

// takeIn takes in what is there, in order.
func (a *Adapter) takeIn(ctx context.Context, keep *extract.Keeper, h head, begun bool, whole []delivered) (head, []string, error) {
	chain, gap := a.chain(h, begun, whole)
	var notes []string
	for _, d := range chain {
		i := &intake{adapter: a, ctx: ctx, keep: keep, head: h, said: d.said, restart: d.restart}
		if err := i.open(d); err != nil {
			return h, nil, fmt.Errorf("take in the extract %s: %w", d.name, err)
		}
		h = i.head
		notes = append(notes, i.notes...)
	}
	switch {
	case gap != nil:
		return h, nil, gap
	case h.Loading != "":
		return h, nil, fmt.Errorf("the extract %s was taken in by half and is not there as a whole any more: put it back, or ask TPP for a full one", h.Loading)
	}
	for _, l := range a.layouts {
		if _, ok := h.Since[l.table]; !ok {
			return h, nil, fmt.Errorf("no full %s has been taken in: ask TPP for a full extract with it, or name it under without", l.table)
		}
	}
	return h, notes, nil
}

// open takes one extract in.
func (i *intake) open(d delivered) error {
	b, err := openBundle(i.adapter.config.Dir, d.name)
	if err != nil {
		return err
	}
	defer b.close()
	if i.until, err = moment(d.said.to); err != nil {
		return err
	}
	i.from = b
	return i.run()
}

// withWaiting adds to an error what has not been taken in, which may be why.
func withWaiting(err error, waiting []string) error {
	const most = 3
	if len(waiting) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(waiting[max(0, len(waiting)-most):], "; "))
}
