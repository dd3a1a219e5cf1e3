package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"bellman/gateway"
)

// table is what a file holds, as read.
type table struct {
	rows       int  // below the headings, blank ones not counted
	ended      bool // the last line has its line end
	unsure     bool // somewhere rows could not be told apart
	visits     []visit
	unreadable []gateway.Unreadable
	notes      []string
}

func (t *table) refuse(rec record, problem string) {
	t.unreadable = append(t.unreadable, gateway.Unreadable{Where: rec.where(), Why: problem})
}

// readTable reads a whole file: once to learn its encoding, once for its rows.
func (a *Adapter) readTable(ctx context.Context, f *os.File, size int64) (*table, error) {
	if size > sizeLimit {
		return nil, fmt.Errorf("the newest file is larger than %d MiB", sizeLimit>>20)
	}
	s, err := surveyOf(ctx, io.LimitReader(f, sizeLimit+1))
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the newest file again: %s", why(err))
	}
	return a.parse(ctx, s, io.LimitReader(f, size))
}

// parse reads headings and rows of a file whose survey is known.
func (a *Adapter) parse(ctx context.Context, s survey, r io.Reader) (*table, error) {
	recs := newRecords(s.decoded(r))
	first, err := recs.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the newest file is empty")
	}
	if err != nil {
		return nil, err
	}
	l, err := a.config.Columns.find(first)
	if err != nil {
		return nil, err
	}
	t := &table{ended: s.ended || a.config.OpenEnd, notes: l.notes(a.config.Columns, s.encoding)}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the newest file: %w", err)
		}
		rec, err := recs.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := a.addRow(t, l, recs, rec); err != nil {
			return nil, err
		}
	}
	t.doubtLastRow(recs.read)
	return t, nil
}

// addRow reads one record into the table. It fails only for what condemns the
// whole file.
func (a *Adapter) addRow(t *table, l layout, recs *records, rec record) error {
	if rec.problem != "" {
		t.rows++
		t.unsure = t.unsure || rec.unsure
		t.refuse(rec, rec.problem)
		return nil
	}
	cells, ok := rec.cells(l.delimiter)
	switch {
	case !ok:
		t.rows++
		t.unsure = t.unsure || rec.lines > 1
		recs.retreat(rec)
		rec.lines = 1
		t.refuse(rec, "quotation marks are not as CSV has them")
		return nil
	case blank(cells):
		return nil
	case len(cells) != l.width:
		t.rows++
		t.unsure = t.unsure || rec.lines > 1
		t.refuse(rec, fmt.Sprintf("holds %d cells under %d headings", len(cells), l.width))
		return nil
	}
	t.rows++
	v, problem, err := a.readRow(l, cells)
	if err != nil {
		return fmt.Errorf("%s: %w", rec.where(), err)
	}
	if problem != "" {
		t.refuse(rec, problem)
		return nil
	}
	v.record = rec
	t.visits = append(t.visits, v)
	return nil
}

// doubtLastRow takes back the row on a last line that has no line end: it may
// have been cut anywhere, in the middle of a word such as yes or of a number. A
// companion that counts the rows cannot see that either.
func (t *table) doubtLastRow(lines int) {
	if t.ended || len(t.visits) == 0 {
		return
	}
	last := t.visits[len(t.visits)-1]
	if last.record.line+last.record.lines-1 != lines {
		return
	}
	t.visits = t.visits[:len(t.visits)-1]
	t.refuse(last.record, "the line has no line end: it may be cut")
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
