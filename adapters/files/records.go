package files

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The limits of one row. A quotation mark that is opened and never closed would
// otherwise swallow the rest of the file, and with it everybody else's visits.
const (
	longestLine = 64 << 10 // bytes
	mostLines   = 50       // lines of one row, by line breaks within cells
)

// record is one row of a file, or the place where one could not be told.
type record struct {
	line, lines int // first line, counted from 1, and how many
	text        string
	problem     string // why it is not a row
	unsure      bool   // rows after it may have been part of it, or it of them
	inSheet     bool   // the row of a spreadsheet and not the line of a text
	doubtful    bool   // the row is hidden or crossed out
}

// where says on which lines or in which row of the file a record stands.
func (r record) where() string {
	if r.inSheet {
		return fmt.Sprintf("row %d", r.line)
	}
	if r.lines > 1 {
		return fmt.Sprintf("lines %d to %d", r.line, r.line+r.lines-1)
	}
	return fmt.Sprintf("line %d", r.line)
}

// records cuts a text into rows. The standard library's reader does that too, but
// cannot go back to the line after a broken one.
type records struct {
	in      *bufio.Reader
	pending []line // read ahead and not used
	read    int    // lines read
}

type line struct {
	number int
	text   string
	long   bool
}

func newRecords(r io.Reader) *records { return &records{in: bufio.NewReaderSize(r, longestLine)} }

// next gives the next record that is not blank, or io.EOF. Whether its cells can
// be told apart depends on the delimiter: see cells. When they cannot, the caller
// calls retreat and goes on at the next line.
func (r *records) next() (record, error) {
	for {
		first, err := r.line()
		if err != nil {
			return record{}, err
		}
		if strings.TrimSpace(first.text) == "" && !first.long {
			continue
		}
		rec := record{line: first.number, lines: 1, text: first.text}
		if first.long {
			rec.problem, rec.unsure = "the line is longer than any row", true
			return rec, nil
		}
		return r.close(rec)
	}
}

// close adds lines to a record until its quotation marks come in pairs.
func (r *records) close(rec record) (record, error) {
	odd := strings.Count(rec.text, `"`)%2 == 1
	var added []line
	for odd {
		l, err := r.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return record{}, err
		}
		if err == nil {
			added = append(added, l)
		}
		if err != nil || l.long || len(added) == mostLines || len(rec.text)+len(l.text) > longestLine {
			r.pending = append(added, r.pending...)
			return record{
				line: rec.line, lines: 1, unsure: true,
				problem: "a quotation mark is opened and not closed",
			}, nil
		}
		rec.text += "\n" + l.text
		rec.lines++
		odd = odd != (strings.Count(l.text, `"`)%2 == 1)
	}
	return rec, nil
}

// retreat gives back all lines of a record but the first.
func (r *records) retreat(rec record) {
	if rec.lines < 2 {
		return
	}
	var back []line
	for i, text := range strings.Split(rec.text, "\n")[1:] {
		back = append(back, line{number: rec.line + 1 + i, text: text})
	}
	r.pending = append(back, r.pending...)
}

// line gives the next line without its end. One that is too long is given
// without its text.
func (r *records) line() (line, error) {
	if len(r.pending) > 0 {
		l := r.pending[0]
		r.pending = r.pending[1:]
		return l, nil
	}
	b, err := r.in.ReadSlice('\n')
	if len(b) == 0 && err != nil {
		return line{}, readError(err)
	}
	r.read++
	l := line{number: r.read, text: strings.TrimRight(string(b), "\r\n")}
	for errors.Is(err, bufio.ErrBufferFull) {
		l.text, l.long = "", true
		_, err = r.in.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return line{}, readError(err)
	}
	return l, nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return broken("read the file", err)
}

// cells splits a record. It reports false when its quotation marks are not as
// CSV has them.
func (r record) cells(delimiter rune) ([]string, bool) {
	c := csv.NewReader(strings.NewReader(r.text))
	c.Comma, c.FieldsPerRecord = delimiter, -1
	cells, err := c.Read()
	if err != nil {
		return nil, false
	}
	if _, err := c.Read(); !errors.Is(err, io.EOF) {
		return nil, false // the quotation marks pair up across two rows
	}
	return cells, true
}
