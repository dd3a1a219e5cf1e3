package sheet

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// form is what a cell is besides its value.
type form struct {
	column  int    // counted from 1
	style   int    // index into the workbook's styles
	kind    string // the attribute t: s, str, inlineStr, n, b, e, d
	formula bool
	empty   bool   // it has a style and no value
	value   string // the beginning of what is kept in it; of a shared text its number
}

// formed is one row of a sheet's XML without its values.
type formed struct {
	number int
	hidden bool
	cells  []form
}

// forms goes through the rows of a sheet. Unlike the library's own reader it fails
// when the sheet does not come to its proper end.
type forms struct {
	in     *xml.Decoder
	last   int // number of the last row
	within bool
	done   bool
}

func newForms(r io.Reader) *forms { return &forms{in: xml.NewDecoder(r)} }

// next gives the next row that the XML has, or io.EOF at the sheet's proper end.
func (f *forms) next() (formed, error) {
	for !f.done {
		t, err := f.in.Token()
		if err != nil {
			return formed{}, errBroken
		}
		switch e := t.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "sheetData" && !f.within:
				f.within = true
			case e.Name.Local == "row" && f.within:
				return f.row(e)
			}
		case xml.EndElement:
			if e.Name.Local == "sheetData" {
				f.done = true
				return formed{}, f.rest()
			}
		}
	}
	return formed{}, io.EOF
}

// rest reads on to the end of the part, which must be well formed and hold no
// second table.
func (f *forms) rest() error {
	for {
		t, err := f.in.Token()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return errBroken
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "sheetData" {
			return errBroken
		}
	}
}

func (f *forms) row(e xml.StartElement) (formed, error) {
	r := formed{number: f.last + 1}
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "r":
			n, err := strconv.Atoi(a.Value)
			if err != nil || n <= f.last {
				return formed{}, errBroken // rows out of order: the library would give others
			}
			r.number = n
		case "hidden":
			r.hidden = a.Value == "1" || a.Value == "true"
		}
	}
	if r.number > 1<<20 {
		return formed{}, errBroken
	}
	f.last = r.number
	for {
		t, err := f.in.Token()
		if err != nil {
			return formed{}, errBroken
		}
		switch e := t.(type) {
		case xml.StartElement:
			c, err := f.cell(e, r)
			if err != nil {
				return formed{}, err
			}
			r.cells = append(r.cells, c)
		case xml.EndElement:
			return r, nil
		}
	}
}

func (f *forms) cell(e xml.StartElement, r formed) (form, error) {
	if e.Name.Local != "c" || len(r.cells) >= mostColumns {
		return form{}, errBroken
	}
	last := 0
	if n := len(r.cells); n > 0 {
		last = r.cells[n-1].column
	}
	c := form{column: last + 1, empty: true}
	for _, a := range e.Attr {
		var err error
		switch a.Name.Local {
		case "r":
			var row int
			c.column, row, err = place(a.Value)
			if row != r.number {
				return form{}, errBroken
			}
		case "s":
			c.style, err = strconv.Atoi(a.Value)
		case "t":
			c.kind = a.Value
		}
		if err != nil {
			return form{}, errBroken
		}
	}
	if c.column <= last || c.column > mostColumns {
		return form{}, errBroken
	}
	return c, f.inside(&c)
}

// inside looks at what a cell holds.
func (f *forms) inside(c *form) error {
	in := ""
	for depth := 1; depth > 0; {
		t, err := f.in.Token()
		if err != nil {
			return errBroken
		}
		switch e := t.(type) {
		case xml.StartElement:
			depth++
			in = e.Name.Local
			switch in {
			case "f":
				c.formula = true
			case "v", "is":
				c.empty = false
			case "c", "row", "sheetData":
				return errBroken
			}
		case xml.EndElement:
			depth, in = depth-1, ""
		case xml.CharData:
			if in == "v" && len(c.value) < longestKept {
				c.value += string(e[:min(len(e), longestKept)])
			}
		}
	}
	c.value = strings.TrimSpace(c.value)
	return nil
}

// longestKept is how much of a value is kept beside it, in bytes, to check that
// the library gives one.
const longestKept = 40

// place reads a cell's place such as AK74, as column and row counted from 1.
func place(s string) (column, row int, err error) {
	i := 0
	for ; i < len(s) && i < 3 && s[i] >= 'A' && s[i] <= 'Z'; i++ {
		column = column*26 + int(s[i]-'A') + 1
	}
	row, err = strconv.Atoi(s[i:])
	if err != nil || column == 0 {
		return 0, 0, errBroken
	}
	return column, row, nil
}
