package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Cell is one cell as it is kept.
type Cell struct {
	// Text is what stands there: words as they are; of a number its digits without
	// the sheet's way of showing them, so that 09:10 is 0.3819444.
	Text   string
	Number bool // the cell holds a number
	// Date and Time say as what the sheet shows the number.
	Date, Time bool
	Struck     bool // crossed out
	// Problem says why the cell cannot be used: an error of the spreadsheet's, or a
	// formula that was never reckoned out.
	Problem string
}

// Row is one row of a sheet.
type Row struct {
	Number int // as the sheet shows it
	Hidden bool
	Cells  []Cell // to the last that holds anything
}

// Blank reports whether nothing stands in the row.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c.Text) != "" || c.Problem != "" {
			return false
		}
	}
	return true
}

// Rows goes through one sheet. It is not safe for concurrent use.
type Rows struct {
	book   *Book
	values *excelize.Rows
	at     int // row on which values stands
	forms  *forms
	read   int
}

// Rows begins to read a sheet from the top.
func (b *Book) Rows(name string) (_ *Rows, err error) {
	defer func() {
		if recover() != nil {
			err = errBroken
		}
	}()
	values, err := b.file.Rows(name)
	if err != nil || b.parts[name] == "" {
		return nil, errBroken
	}
	return &Rows{book: b, values: values, forms: newForms(b.part(b.parts[name]))}, nil
}

// Next gives the next row that the sheet has; rows on which nothing ever stood may
// be left out. It gives io.EOF at the proper end of the sheet, and another error
// when that does not come.
func (r *Rows) Next() (row Row, err error) {
	defer func() {
		if recover() != nil {
			row, err = Row{}, errBroken
		}
	}()
	f, err := r.forms.next()
	if err != nil {
		return Row{}, err
	}
	if r.read++; r.read > mostRows {
		return Row{}, errors.New("it has more rows than any diary")
	}
	for r.at < f.number {
		if !r.values.Next() {
			return Row{}, errBroken
		}
		r.at++
		if r.at < f.number {
			continue
		}
		texts, err := r.values.Columns(excelize.Options{RawCellValue: true})
		if err != nil || len(texts) > mostColumns {
			return Row{}, errBroken
		}
		return r.joined(f, texts)
	}
	return Row{}, errBroken
}

// joined lays values and forms together.
func (r *Rows) joined(f formed, texts []string) (Row, error) {
	row := Row{Number: f.number, Hidden: f.hidden}
	for _, c := range f.cells {
		cell := Cell{}
		if c.column <= len(texts) {
			cell.Text = texts[c.column-1]
		}
		if err := r.book.understand(c, &cell); err != nil {
			return Row{}, err
		}
		for len(row.Cells) < c.column-1 {
			row.Cells = append(row.Cells, Cell{})
		}
		row.Cells = append(row.Cells, cell)
	}
	if len(texts) > len(row.Cells) {
		return Row{}, errBroken // a value without a cell
	}
	return row, nil
}

// understand says what kind of cell it is.
func (b *Book) understand(f form, c *Cell) error {
	s, err := b.style(f.style)
	if err != nil {
		return err
	}
	if !b.given(f, c.Text) {
		return errBroken
	}
	c.Struck = s.struck
	switch {
	case f.kind == "e":
		*c = Cell{Problem: "a cell holds an error of the spreadsheet's, such as #N/A"}
	case f.formula && f.empty:
		*c = Cell{Problem: "a cell holds a formula that was never reckoned out: open and save the sheet in Excel"}
	case f.kind == "d":
		*c = Cell{Problem: "a cell holds a date in a form that is not read: save the sheet in Excel"}
	case (f.kind == "" || f.kind == "n") && !f.empty && strings.TrimSpace(c.Text) != "":
		if _, err := strconv.ParseFloat(c.Text, 64); err != nil {
			return errBroken
		}
		c.Number, c.Date, c.Time = true, s.date, s.time
	}
	return nil
}

// given reports whether the library has given the value that the sheet keeps. A
// shared text whose number is not there would otherwise be an empty cell.
func (b *Book) given(f form, text string) bool {
	switch f.kind {
	case "s":
		n, err := strconv.Atoi(f.value)
		return f.empty || err == nil && n >= 0 && b.file.SharedStrings != nil && n < len(b.file.SharedStrings.SI)
	case "", "n", "str", "b", "e":
		return f.value == "" || text != ""
	}
	return true
}

// From1904 reports whether the workbook counts its days from 1904, as Excel on
// Apple's machines once did.
func (b *Book) From1904() bool { return b.from04 }

// Whole reports whether Next has come to io.EOF.
func Whole(err error) bool { return errors.Is(err, io.EOF) }
