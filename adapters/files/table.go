package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"bellman/adapters/files/sheet"
	"bellman/gateway"
)

// grid reads tables with one set of headings: of visits, or of patients.
type grid struct {
	columns mapping
	config  Config
	dates   dateReader
	// take makes what it can of one row. It gives the problem of a row that cannot be
	// used, and an error for what condemns the whole file.
	take func(t *table, l layout, rec record, cells []string) (problem string, err error)
}

// table is what a file holds, as read.
type table struct {
	rows       int  // below the headings, blank ones not counted
	ended      bool // the last line has its line end
	unsure     bool // somewhere rows could not be told apart
	visits     []visit
	unreadable []gateway.Unreadable
	notes      []string
	total      *record // the last row so far, when it is one of totals
	layout     layout
	source     string // where the table was found, in our words
	holds      profile
}

func (t *table) refuse(rec record, problem string) {
	t.unreadable = append(t.unreadable, gateway.Unreadable{Where: rec.where(), Why: problem})
}

// read reads a whole file: a spreadsheet, or a text; that once to learn its
// encoding and once for its rows.
func (g *grid) read(ctx context.Context, f *os.File, size int64) (*table, error) {
	if size > sizeLimit {
		return nil, fmt.Errorf("the file is larger than %d MiB", sizeLimit>>20)
	}
	head := make([]byte, 8)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, broken("read the file", err)
	}
	if sheet.Named(head[:n]) {
		return g.readSheet(ctx, io.NewSectionReader(f, 0, size))
	}
	s, err := surveyOf(ctx, io.NewSectionReader(f, 0, size))
	if err != nil {
		return nil, err
	}
	return g.parse(ctx, s, io.NewSectionReader(f, 0, size))
}

// parse reads headings and rows of a file whose survey is known.
func (g *grid) parse(ctx context.Context, s survey, r io.Reader) (*table, error) {
	recs := newRecords(s.decoded(r))
	first, err := recs.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	l, err := g.columns.find(first)
	if err != nil {
		return nil, err
	}
	t := &table{ended: s.ended || g.config.OpenEnd, layout: l, source: l.source(s.encoding)}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		rec, err := recs.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := g.addRow(t, l, recs, rec); err != nil {
			return nil, err
		}
	}
	t.doubtLastRow(recs.read)
	return t, nil
}

// addRow reads one record into the table. It fails only for what condemns the
// whole file.
func (g *grid) addRow(t *table, l layout, recs *records, rec record) error {
	if rec.problem != "" {
		t.notTheTotal()
		t.rows++
		t.unsure = t.unsure || rec.unsure
		t.refuse(rec, rec.problem)
		return nil
	}
	cells, ok := rec.cells(l.delimiter)
	switch {
	case !ok:
		t.notTheTotal()
		t.rows++
		t.unsure = t.unsure || rec.lines > 1
		recs.retreat(rec)
		rec.lines = 1
		t.refuse(rec, "quotation marks are not as CSV has them")
		return nil
	case blank(cells):
		return nil
	}
	problem := ""
	if len(cells) != l.width {
		problem = fmt.Sprintf("holds %d cells under %d headings", len(cells), l.width)
		t.unsure = t.unsure || rec.lines > 1
	}
	return g.addCells(t, l, rec, cells, problem)
}

// addCells reads the cells of one row into the table, unless there is a problem
// with them already.
func (g *grid) addCells(t *table, l layout, rec record, cells []string, problem string) error {
	t.notTheTotal()
	if len(cells) >= l.width && l.isTotal(cells) {
		t.total = &rec
		return nil
	}
	t.rows++
	if problem != "" {
		t.refuse(rec, problem)
		return nil
	}
	t.holds.look(cells)
	problem, err := g.take(t, l, rec, cells)
	if err != nil {
		return fmt.Errorf("%s: %w", rec.where(), err)
	}
	if problem != "" {
		t.refuse(rec, problem)
	}
	return nil
}

// totals begins the row of totals that people put under their tables.
var totals = regexp.MustCompile(`(?i)^(grand |sub-?)?(totals?|sum|count)\b`)

// isTotal reports whether a row is one of totals: its first word says so, and it
// has no start or no number to text to.
func (l layout) isTotal(cells []string) bool {
	first := slices.IndexFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
	if first < 0 || !totals.MatchString(strings.TrimSpace(cells[first])) {
		return false
	}
	for _, f := range []field{fieldDate, fieldTime, fieldDateTime, fieldMobile} {
		if s, ok := l.cell(cells, f); ok && s == "" {
			return true
		}
	}
	return false
}

// notTheTotal takes back that the last row was one of totals: only the last row of
// a table is.
func (t *table) notTheTotal() {
	if t.total != nil {
		t.rows++
		t.refuse(*t.total, "looks like a row of totals, and others follow it")
		t.total = nil
	}
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
