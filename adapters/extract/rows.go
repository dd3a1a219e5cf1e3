package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The bounds of one row. A quotation mark that is opened and never closed would
// otherwise swallow the rest of the file.
const (
	longestRow = 1 << 20 // bytes
	mostCells  = 512
	firstBlock = 64 << 10 // bytes read at once; the buffer grows only for a longer row
)

// Rows reads CSV (RFC 4180: commas, quotation marks doubled within quotation
// marks, line ends within them) row by row from a stream, without holding more of
// it than one block, and without an allocation for a row. A row that is not CSV
// does not end the reading: see Problem. It is not safe for concurrent use.
type Rows struct {
	ctx      context.Context
	in       io.Reader
	encoding Encoding

	buf        []byte
	start, end int // what of buf is not used yet
	eof        bool
	err        error

	begun  bool
	width  int  // of the headings
	quoted bool // the headings stand in quotation marks

	row     int64 // line on which the present row begins, counted from 1
	line    int64 // line of start
	cells   []cell
	problem string
	broken  bool // the row before was broken: what does not begin like a row is its rest
	cut     bool
	scratch []byte
}

// cell is where one cell stands in buf. With doubled, quotation marks within it
// are doubled.
type cell struct {
	from, to int
	doubled  bool
}

// NewRows begins to read. The context ends the reading at the next block.
func NewRows(ctx context.Context, r io.Reader, e Encoding) *Rows {
	return &Rows{ctx: ctx, in: r, encoding: e, buf: make([]byte, firstBlock), line: 1}
}

// Header reads the line of headings and gives where each of the columns stands,
// in the order asked for; -1 for an optional one (its name ends with a question
// mark) that is not there. Other columns are of no concern, and the order in the
// file is not either. It is called once, first. Its errors name our columns and
// never what stood in the file, whose first line may be a patient.
func (r *Rows) Header(columns ...string) ([]int, error) {
	if !r.scan() {
		if r.err != nil {
			return nil, r.err
		}
		return nil, errors.New("it is empty")
	}
	if r.problem != "" {
		return nil, errors.New("its first line is not a line of headings")
	}
	r.width = len(r.cells)
	names := make([]string, r.width)
	for i := range names {
		names[i] = strings.TrimSpace(r.Text(i))
	}
	from := r.cells[0].from
	r.quoted = from > 0 && r.buf[from-1] == '"'
	return place(names, columns)
}

// place finds columns among headings.
func place(names, columns []string) ([]int, error) {
	at := make([]int, len(columns))
	var missing []string
	for i, want := range columns {
		name, optional := strings.CutSuffix(want, "?")
		at[i] = -1
		for k, have := range names {
			if !strings.EqualFold(have, name) {
				continue
			}
			if at[i] >= 0 {
				return nil, fmt.Errorf("it has the column %s twice", name)
			}
			at[i] = k
		}
		if at[i] < 0 && !optional {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("it has %d columns, and none of them is %s", len(names), strings.Join(missing, ", "))
	}
	return at, nil
}

// Next goes to the next row that is not blank, and reports false at the end of
// the file or after an error.
func (r *Rows) Next() bool {
	if r.err != nil || !r.scan() {
		return false
	}
	if r.problem == "" && len(r.cells) != r.width {
		r.problem = fmt.Sprintf("holds %d cells under %d headings", len(r.cells), r.width)
	}
	return true
}

// Err gives the error that ended the reading, nil at a plain end of file.
func (r *Rows) Err() error { return r.err }

// Problem says why the present row is not one of the table, or nothing. The cells
// before the break can still be asked for: see Has.
func (r *Rows) Problem() string { return r.problem }

// Line gives the line on which the present row begins, counted from 1.
func (r *Rows) Line() int64 { return r.row }

// Where says on which line the present row stands.
func (r *Rows) Where() string { return fmt.Sprintf("line %d", r.row) }

// Cut reports, after the end, whether the last line had no line end: the file may
// have been cut there.
func (r *Rows) Cut() bool { return r.cut }

// Has reports whether the present row reaches as far as a column.
func (r *Rows) Has(column int) bool { return column >= 0 && column < len(r.cells) }

// Bytes gives a cell as it stands in the file, without the spaces around it, valid
// until the next call of Next or, where it holds doubled quotation marks, of
// Bytes. It gives nothing for a column that is not there.
func (r *Rows) Bytes(column int) []byte {
	if !r.Has(column) {
		return nil
	}
	c := r.cells[column]
	b := r.buf[c.from:c.to]
	if c.doubled {
		r.scratch = r.scratch[:0]
		for len(b) > 0 {
			i := bytes.IndexByte(b, '"')
			if i < 0 {
				break
			}
			r.scratch = append(r.scratch, b[:i+1]...)
			b = b[i+2:]
		}
		r.scratch = append(r.scratch, b...)
		b = r.scratch
	}
	return bytes.TrimSpace(b)
}

// Text gives a cell as text, without the spaces around it.
func (r *Rows) Text(column int) string { return r.encoding.text(r.Bytes(column)) }

// Is reports whether a cell is a word, without regard to case. The word is ASCII.
func (r *Rows) Is(column int, word string) bool {
	b := r.Bytes(column)
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(word[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
