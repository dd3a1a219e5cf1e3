package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// scan finds the next row and its cells. It reports false at the end of the file
// and after an error.
func (r *Rows) scan() bool {
	for {
		if r.start == r.end && !r.fill() {
			return false
		}
		used, whole := r.split()
		if !whole && !r.eof && r.end-r.start < longestRow {
			if !r.fill() && r.err != nil {
				return false
			}
			continue
		}
		if !whole {
			r.problem = "is longer than any row, or its quotation marks do not close"
		}
		if r.problem != "" {
			used = r.firstLine()
		}
		blank, rest := r.unimportant(used)
		r.row = r.line
		r.line += int64(bytes.Count(r.buf[r.start:r.start+used], newline))
		r.start += used
		if r.err != nil {
			return false
		}
		if blank || rest {
			continue
		}
		r.broken = r.problem != ""
		return true
	}
}

var newline = []byte{'\n'}

// unimportant reports whether a line is blank, or the rest of a broken row. In an
// extract whose cells stand in quotation marks no row begins without one.
func (r *Rows) unimportant(used int) (blank, rest bool) {
	b := r.buf[r.start : r.start+used]
	blank = used <= 2 && len(bytes.Trim(b, "\r\n")) == 0
	return blank, r.broken && r.quoted && !blank && b[0] != '"'
}

// firstLine gives how much of the buffer the first line takes. After a broken row
// the reading goes on at the next line, since a quotation mark that is not closed
// may have swallowed it. Of a line that is longer than the buffer the rest is
// passed over.
func (r *Rows) firstLine() int {
	if i := bytes.IndexByte(r.buf[r.start:r.end], '\n'); i >= 0 {
		return i + 1
	}
	for !r.eof && r.err == nil {
		r.start, r.end = 0, 0
		r.cells = r.cells[:0] // what they pointed at is gone
		if !r.fill() {
			break
		}
		if i := bytes.IndexByte(r.buf[:r.end], '\n'); i >= 0 {
			return i + 1
		}
	}
	r.cut = r.cut || r.eof
	return r.end - r.start
}

// split finds the cells of the row at the start of the buffer, and gives how much
// of the buffer it takes. It reports false when the row goes on beyond the buffer.
// A row that is not CSV is whole, with its problem said and the cells before it.
func (r *Rows) split() (used int, whole bool) {
	r.cells, r.problem = r.cells[:0], ""
	b := r.buf[:r.end]
	for i := r.start; ; {
		if len(r.cells) == mostCells {
			r.problem = "has more cells than any row"
			return 0, true
		}
		var c cell
		next := 0
		if i < len(b) && b[i] == '"' {
			c, next = quotedCell(b, i+1)
		} else {
			c, next = plainCell(b, i)
		}
		switch {
		case next == misquoted:
			r.problem = "quotation marks are not as CSV has them"
			return 0, true
		case next == unfinished, next >= len(b) && !r.eof:
			return 0, false
		case next >= len(b): // the last line has no line end
			r.cells = append(r.cells, c)
			r.cut = true
			return len(b) - r.start, true
		}
		r.cells = append(r.cells, c)
		if b[next] == ',' {
			i = next + 1
			continue
		}
		if b[next] == '\r' {
			next++
		}
		return next + 1 - r.start, true
	}
}

// What quotedCell and plainCell give instead of the place behind a cell.
const (
	unfinished = -1 // it goes on beyond the buffer
	misquoted  = -2 // its quotation marks are not as CSV has them
)

// quotedCell finds the end of a cell whose opening quotation mark is before i, and
// gives the place of the comma or line end behind it.
func quotedCell(b []byte, i int) (cell, int) {
	c := cell{from: i}
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return c, unfinished
		}
		c.to, i = i+q, i+q+1
		switch {
		case i == len(b):
			return c, i // a second quotation mark may follow
		case b[i] == '"':
			c.doubled = true
			i++
		case b[i] == ',', b[i] == '\n':
			return c, i
		case b[i] == '\r' && i+1 == len(b):
			return c, i + 1 // the line end may follow
		case b[i] == '\r' && b[i+1] == '\n':
			return c, i
		default:
			return c, misquoted
		}
	}
}

// plainCell finds the end of a cell without quotation marks.
func plainCell(b []byte, i int) (cell, int) {
	from := i
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', '\n':
			c := cell{from: from, to: i}
			if b[i] == '\n' && i > from && b[i-1] == '\r' {
				c.to--
			}
			return c, i
		case '"':
			return cell{from: from, to: i}, misquoted
		}
	}
	return cell{from: from, to: i}, i
}

// fill reads another block behind what is not used yet. It reports false when
// nothing more came.
func (r *Rows) fill() bool {
	if r.eof || r.err != nil {
		return false
	}
	copy(r.buf, r.buf[r.start:r.end])
	r.start, r.end = 0, r.end-r.start
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	before := r.end
	if r.err = r.block(); r.err != nil {
		return false
	}
	if !r.begun {
		r.begun = true
		if kind := otherKind(r.buf[:r.end]); kind != "" {
			r.err = errors.New(kind)
			return false
		}
		if bytes.HasPrefix(r.buf[:r.end], markUTF8) {
			r.start = len(markUTF8)
		}
	}
	return r.end > before && r.end > r.start
}

// block reads until the buffer is full or the file ends.
func (r *Rows) block() error {
	if err := r.ctx.Err(); err != nil {
		return fmt.Errorf("reading it was ended: %w", err)
	}
	for idle := 0; r.end < len(r.buf) && idle < 100; idle++ {
		n, err := r.in.Read(r.buf[r.end:])
		r.end += n
		switch {
		case errors.Is(err, io.EOF):
			r.eof = true
			return nil
		case err != nil:
			return inOurWords(err)
		case n > 0:
			idle = -1
		}
	}
	if r.end < len(r.buf) {
		return errors.New("it gives nothing and does not end")
	}
	return nil
}
