package emisextract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// spec is one table: its columns (with a question mark where it may be missing),
// and what is done with a row.
type spec struct {
	columns []string
	row     func(*intake, context.Context, *extract.Rows, []int) error
}

var specs = map[table]spec{
	tableOrganisations: {columnsOrganisations, (*intake).organisationRow},
	tableAgreements:    {columnsAgreements, (*intake).agreementRow},
	tableCodes:         {columnsCodes, (*intake).codeRow},
	tablePatients:      {columnsPatients, (*intake).patientRow},
	tableSessions:      {columnsSessions, (*intake).sessionRow},
	tableUsers:         {columnsUsers, (*intake).userRow},
	tableObservations:  {columnsObservations, (*intake).observationRow},
	tableSlots:         {columnsSlots, (*intake).slotRow},
}

// intake is one batch on its way to the shelf.
type intake struct {
	a      *Adapter
	k      *extract.Keeper
	b      batch
	prefix string
	since  string // the first day that still matters
	facts  facts  // as this batch leaves them
	org    guid
	wanted map[string]bool // codes that are looked for
	table  table           // the one that is being read

	sessions, slots, entries map[guid]struct{} // those that are kept
}

// readIn reads one batch in: every file once to its end, so that nothing is kept
// of a batch that is cut or changed; then again, row by row. How far it has come
// is kept, so that the next call goes on with the next file. A fault of the files
// is given as stop; err is everything else.
func (a *Adapter) readIn(ctx context.Context, k *extract.Keeper, p *progress, b batch, full bool) (stop, err error) {
	if p.Doing == nil || p.Doing.Batch != b.batchID || p.Doing.Full != full {
		p.Doing = &doing{Batch: b.batchID, Full: full, Checked: map[table]string{}}
	}
	if stop, err := a.checkFiles(ctx, k, p, b); stop != nil || err != nil {
		return stop, err
	}
	if stop, err := a.keepFiles(ctx, k, p, b); stop != nil || err != nil {
		return stop, err
	}
	return nil, a.finish(ctx, k, p)
}

// checkFiles reads every file to its end that was not read so before, or changed.
func (a *Adapter) checkFiles(ctx context.Context, k *extract.Keeper, p *progress, b batch) (stop, err error) {
	for _, name := range a.config.tables() {
		f := b.files[name]
		mark := fmt.Sprint(f.Name, f.Size, f.Changed.UnixNano())
		if p.Doing.Checked[name] == mark {
			continue
		}
		p.Doing.Kept = nil
		if err := a.walk(ctx, f, a.checker(p.Doing.Full, name)); err != nil {
			return faultOrError(ctx, name, err)
		}
		p.Doing.Checked[name] = mark
		if err := save(ctx, k, p); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// checker gives what is looked at when a file is read for the first time.
func (a *Adapter) checker(full bool, name table) func(*extract.Rows, []int) error {
	if !full || name != tablePatients {
		return func(*extract.Rows, []int) error { return nil }
	}
	deleted := slices.Index(columnsPatients, "Deleted")
	return func(r *extract.Rows, at []int) error {
		if truthOf(r.Bytes(at[deleted])) == saidTrue {
			return errors.New("it holds deleted patients, so that its batch is no full delivery: see bulk")
		}
		return nil
	}
}

// keepFiles keeps what the rows say, file by file.
func (a *Adapter) keepFiles(ctx context.Context, k *extract.Keeper, p *progress, b batch) (stop, err error) {
	if p.Doing.Kept == nil {
		if err := a.begin(ctx, k, p); err != nil {
			return nil, err
		}
	}
	t, err := a.newIntake(ctx, k, p, b)
	if err != nil {
		return nil, err
	}
	if a.config.lacks(tableOrganisations) {
		if err := t.organisationKnown(); err != nil {
			return err, nil
		}
	}
	for _, name := range a.config.tables() {
		if p.Doing.Kept[name] {
			continue
		}
		if err := t.keepFile(ctx, name); err != nil {
			return faultOrError(ctx, name, err)
		}
		p.Doing.Kept[name], p.Doing.Facts = true, t.facts.clone()
		if err := save(ctx, k, p); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// begin notes that from now on what is kept may be half of one batch and half of
// another, unless the batch begins a state of its own.
func (a *Adapter) begin(ctx context.Context, k *extract.Keeper, p *progress) error {
	d := p.Doing
	d.Kept = map[table]bool{}
	if d.Full {
		d.Facts = facts{Lists: a.config.listsDigest()}
		p.Old = slices.DeleteFunc(p.Old, func(prefix string) bool { return prefix == d.Batch.prefix() }) // needed again
		if err := save(ctx, k, p); err != nil {
			return err
		}
		return k.Clear(ctx, d.Batch.prefix()) // what an earlier attempt left
	}
	p.Torn, d.Facts = true, p.Facts.clone()
	return save(ctx, k, p)
}

func (a *Adapter) newIntake(ctx context.Context, k *extract.Keeper, p *progress, b batch) (*intake, error) {
	prefix := p.Bulk.prefix()
	if p.Doing.Full {
		prefix = b.prefix()
	}
	t := &intake{
		a: a, k: k, b: b, prefix: prefix, facts: p.Doing.Facts.clone(), wanted: a.config.wantedCodes(),
		since:    today(a.env.Clock.Now().Add(-24 * time.Hour)),
		sessions: map[guid]struct{}{}, slots: map[guid]struct{}{}, entries: map[guid]struct{}{},
	}
	t.org, _ = parseGUID([]byte(t.facts.Organisation))
	err := a.env.Shelf.Each(ctx, prefix, func(kept gateway.Kept) error {
		switch kind, id := splitKey(kept.Key, prefix); kind {
		case keySession:
			t.sessions[id] = struct{}{}
		case keySlot:
			t.slots[id] = struct{}{}
		case keyConsent:
			t.entries[id] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through what the extract has said before: %w", err)
	}
	return t, nil
}

// splitKey gives what kind of thing stands under a key, and its id.
func splitKey(key, prefix string) (string, guid) {
	rest := key[len(prefix):]
	if len(rest) < 2 {
		return "", guid{}
	}
	id, _ := parseGUID([]byte(rest[2:]))
	return rest[:2], id
}

func (t *intake) keepFile(ctx context.Context, name table) error {
	t.table = name
	row := specs[name].row
	err := t.a.walk(ctx, t.b.files[name], func(r *extract.Rows, at []int) error { return row(t, ctx, r, at) })
	if err != nil {
		return err
	}
	if name == tableOrganisations {
		if err := t.organisationKnown(); err != nil {
			return err
		}
	}
	return shelfError(t.k.Flush(ctx))
}

// walk reads a file to its end, and calls do for every row. What do has done
// counts only when walk gives no error: the end of an encrypted file proves it.
func (a *Adapter) walk(ctx context.Context, f named, do func(*extract.Rows, []int) error) error {
	h, err := extract.OpenFile(f.Path)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	var in io.Reader = h
	if f.encrypted {
		if in, err = a.keys.Open(h); err != nil {
			return err
		}
	}
	rows := extract.NewRows(ctx, in, extract.Guess)
	at, err := rows.Header(specs[f.table].columns...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := do(rows, at); err != nil {
			return err
		}
	}
	switch {
	case rows.Err() != nil:
		return rows.Err()
	case rows.Cut():
		return errors.New("its last line has no line end: it is cut, or still being written")
	}
	return h.Unchanged()
}

// notTheFiles marks an error that is none of the files'.
type notTheFiles struct{ error }

func (e notTheFiles) Unwrap() error { return e.error }

// shelfError marks what a shelf has said.
func shelfError(err error) error {
	if err == nil {
		return nil
	}
	return notTheFiles{err}
}

// faultOrError tells a fault of a file, which stops the reading in, from an error
// of the machine, after which the next read goes on.
func faultOrError(ctx context.Context, name table, err error) (stop, other error) {
	if e, ok := errors.AsType[notTheFiles](err); ok {
		return nil, e.error
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading %s in was ended; the next read goes on: %w", name, ctx.Err())
	}
	return fmt.Errorf("%s: %w", name, err), nil
}

// finish counts the batch as done, and takes away what is over.
func (a *Adapter) finish(ctx context.Context, k *extract.Keeper, p *progress) error {
	d := p.Doing
	if d.Full {
		if p.begun() && p.Bulk != d.Batch {
			p.Old = append(p.Old, p.Bulk.prefix())
		}
		p.Bulk = d.Batch
	}
	p.Done, p.Facts, p.Torn, p.Doing = d.Batch, d.Facts, false, nil
	if err := save(ctx, k, p); err != nil {
		return err
	}
	return a.tidy(ctx, k, p)
}

// tidy takes away former full deliveries, and slots and sessions that are over.
func (a *Adapter) tidy(ctx context.Context, k *extract.Keeper, p *progress) error {
	since := today(a.env.Clock.Now().Add(-24 * time.Hour))
	prefix := p.Bulk.prefix()
	over := func(key string, value []byte) (bool, error) {
		if kind, _ := splitKey(key, prefix); kind != keySlot && kind != keySession {
			return false, nil
		}
		var v struct{ Until string }
		if json.Unmarshal(value, &v) != nil {
			return false, errDamaged
		}
		return v.Until != "" && v.Until < since, nil
	}
	if err := k.Sweep(ctx, prefix, over); err != nil {
		return err
	}
	if len(p.Old) == 0 {
		return nil
	}
	for _, prefix := range p.Old {
		if err := k.Clear(ctx, prefix); err != nil {
			return err
		}
	}
	p.Old = nil
	return save(ctx, k, p)
}

func save(ctx context.Context, k *extract.Keeper, p *progress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write down how far the extract is kept: %w", err)
	}
	return k.SetHead(ctx, b)
}

// where says where the present row stands.
func (t *intake) where(r *extract.Rows) string {
	return fmt.Sprintf("%s, %s, %s", t.b.batchID, t.table, r.Where())
}

// unread notes a row that could not be read, and that concerns nobody who is known.
func (t *intake) unread(r *extract.Rows, why string) {
	t.facts.Unread++
	if len(t.facts.Places) < mostPlaces {
		t.facts.Places = append(t.facts.Places, place{t.where(r), why})
	}
}

// unsure notes a row of which not even the key could be read: it may cancel any
// visit, or say no for any patient.
func (t *intake) unsure(r *extract.Rows, why string) {
	t.facts.Unsure++
	t.unread(r, why)
}

// foreign reports whether a row is another practice's. A deleted row may come
// without the practice: it concerns only what is known.
func (t *intake) foreign(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	g, ok := parseGUID(b)
	return !ok || g != t.org
}

// change notes a change to a thing of this practice.
func (t *intake) change(ctx context.Context, kind string, id guid, c extract.Change) error {
	return shelfError(t.k.Change(ctx, t.prefix+kind+id.String(), c))
}
