package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"bellman/adapters/files/sheet"
)

// headingRows is how many rows at the top of a sheet may be titles before the
// headings come.
const headingRows = 20

// readSheet reads a whole spreadsheet in Excel's own format.
func (g *grid) readSheet(ctx context.Context, r io.Reader) (*table, error) {
	b, err := io.ReadAll(io.LimitReader(r, sheet.MostBytes+1))
	if err != nil {
		return nil, broken("read the file", err)
	}
	if len(b) > sheet.MostBytes {
		return nil, fmt.Errorf("the file is larger than %d MiB", sheet.MostBytes>>20)
	}
	book, err := sheet.Open(b)
	if err != nil {
		return nil, fmt.Errorf("the file is a spreadsheet in Excel's own format that cannot be read: %w", err)
	}
	defer book.Close()
	s, err := g.chooseSheet(book)
	if err != nil {
		return nil, err
	}
	return g.readRows(ctx, book, s)
}

// chosen is the sheet with the headings, and where they stand.
type chosen struct {
	name  string
	place int // counted from 1, hidden sheets left out
	row   int // the last row of the headings
	layout
}

// chooseSheet finds the only sheet that has all headings. Two would be two
// diaries, and nobody has said which.
func (g *grid) chooseSheet(book *sheet.Book) (chosen, error) {
	var found []chosen
	var best error
	for i, name := range book.Sheets() {
		if g.config.Sheet != "" && !strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(g.config.Sheet)) {
			continue
		}
		l, row, err := g.findHeadings(book, name)
		if err == nil {
			found = append(found, chosen{name: name, place: i + 1, row: row, layout: l})
		} else if best == nil {
			best = err
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return chosen{}, fmt.Errorf("%d sheets of the file have all the headings: say in sheet which of them is the diary", len(found))
	case best == nil:
		return chosen{}, errors.New("the file has no sheet with the name that sheet gives, or it is hidden")
	}
	return chosen{}, best
}

// findHeadings looks for the headings in the first rows of a sheet. They stand in
// one row, or in two where some were merged downwards; above them may be titles.
func (g *grid) findHeadings(book *sheet.Book, name string) (layout, int, error) {
	rows, err := book.Rows(name)
	if err != nil {
		return layout{}, 0, inSheet(err)
	}
	var above []string
	best := misplaced{fields: int(fieldCount) + 1}
	for {
		row, err := rows.Next()
		if sheet.Whole(err) || err == nil && row.Number > headingRows {
			return layout{}, 0, best.err(fmt.Sprintf("within its first %d rows", headingRows))
		}
		if err != nil {
			return layout{}, 0, inSheet(err)
		}
		here := make([]string, len(row.Cells))
		for i, c := range row.Cells {
			here[i] = c.Text
		}
		for _, headings := range [][]string{here, below(above, here)} {
			l, wrong := g.columns.place(headings)
			if wrong.none() {
				return l, row.Number, nil
			}
			if wrong.fields < best.fields {
				best = wrong
			}
		}
		above = here
	}
}

// below lays a row under the one above it, as headings that were merged downwards
// are kept: in the upper row only.
func below(above, here []string) []string {
	out := make([]string, max(len(above), len(here)))
	copy(out, above)
	for i, s := range here {
		if strings.TrimSpace(s) != "" {
			out[i] = s
		}
	}
	return out
}

func inSheet(err error) error {
	return fmt.Errorf("the file is a spreadsheet in Excel's own format that cannot be read: %w", err)
}

// readRows reads what stands below the headings.
func (g *grid) readRows(ctx context.Context, book *sheet.Book, s chosen) (*table, error) {
	rows, err := book.Rows(s.name)
	if err != nil {
		return nil, inSheet(err)
	}
	t := &table{ended: true, layout: s.layout, source: fmt.Sprintf("%d columns in the sheet at place %d, headings in row %d", s.width, s.place, s.row)}
	var hidden, struck int
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		row, err := rows.Next()
		if sheet.Whole(err) {
			t.noteOddRows(hidden, struck)
			return t, nil
		}
		if err != nil {
			return nil, inSheet(err)
		}
		if row.Number <= s.row || row.Blank() {
			continue
		}
		doubtful := g.doubtful(row, s.layout, &hidden, &struck)
		rec := record{line: row.Number, lines: 1, inSheet: true, doubtful: doubtful}
		cells, problem := g.written(book, s.layout, row)
		if err := g.addCells(t, s.layout, rec, cells, problem); err != nil {
			return nil, err
		}
	}
}

// doubtful reports rows that say more than their words: hidden ones, which may be
// done with or only filtered away, and those that somebody has crossed out.
func (g *grid) doubtful(row sheet.Row, l layout, hidden, struck *int) bool {
	out := false
	if row.Hidden && g.config.HiddenRows != hiddenRead {
		*hidden++
		out = true
	}
	for _, at := range l.at {
		if at > 0 && at <= len(row.Cells) && row.Cells[at-1].Struck && strings.TrimSpace(row.Cells[at-1].Text) != "" {
			*struck++
			return true
		}
	}
	return out
}

func (t *table) noteOddRows(hidden, struck int) {
	if hidden > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d rows are hidden: their visits are unclear and nobody is texted for them, see hidden_rows", hidden))
	}
	if struck > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d rows are crossed out: their visits are unclear and nobody is texted for them", struck))
	}
}

// written gives the cells of a row as a text file would hold them in the
// configured forms, and why the row cannot be used when one of them cannot.
func (g *grid) written(book *sheet.Book, l layout, row sheet.Row) ([]string, string) {
	out := make([]string, max(l.width, len(row.Cells)))
	for i, c := range row.Cells {
		out[i], _ = g.plainly(c, book.From1904())
	}
	out = out[:l.width]
	for f, at := range l.at {
		if at == 0 || at > len(row.Cells) {
			continue
		}
		text, problem := g.forField(field(f), row.Cells[at-1], book.From1904())
		if problem != "" {
			return out, problem
		}
		out[at-1] = text
	}
	return out, g.sameDay(l, row, book.From1904())
}

// forField writes one cell as its field wants it.
func (g *grid) forField(f field, c sheet.Cell, from1904 bool) (string, string) {
	if c.Problem != "" {
		return "", c.Problem
	}
	if !c.Number {
		return c.Text, ""
	}
	switch f {
	case fieldDate:
		if !c.Date {
			return "", "the date is a number that the sheet does not show as a date"
		}
	case fieldTime:
		if !c.Time {
			return "", "the time is a number that the sheet does not show as a time"
		}
	case fieldDateTime:
		if !c.Date {
			return "", "date and time are a number that the sheet does not show as a date"
		}
	case fieldMobile, fieldID, fieldPatientID, fieldNHSNumber:
		if c.Date || c.Time {
			return "", "a number or id is shown as a date: the spreadsheet has changed it"
		}
		digits, ok := sheet.Digits(c.Text)
		if !ok {
			return "", "a number or id is not a whole number: the spreadsheet has changed it"
		}
		return digits, ""
	}
	return g.asKind(f, c, from1904)
}

// asKind writes a number that is shown as a date or time in the configured form.
func (g *grid) asKind(f field, c sheet.Cell, from1904 bool) (string, string) {
	if !c.Date && !c.Time {
		text, _ := g.plainly(c, from1904)
		return text, ""
	}
	day, clock, days, ok := sheet.Moment(c.Text, from1904)
	if !ok {
		return "", "a date or time is not one that a spreadsheet can hold"
	}
	hour := time.Time{}.Add(clock).Format(time.TimeOnly)
	switch {
	case f == fieldTime:
		return hour, ""
	case days == 0:
		return "", "a date is a time of day only"
	case f == fieldDateTime && !c.Time && clock == 0:
		return "", "the time is missing: the cell holds a date only"
	case f == fieldDateTime:
		return g.dates.write(day) + " " + hour, ""
	}
	return g.dates.write(day), ""
}

// plainly writes a cell that is not asked for, for the table of columns.
func (g *grid) plainly(c sheet.Cell, from1904 bool) (string, bool) {
	switch {
	case !c.Number:
		return c.Text, true
	case c.Date || c.Time:
		day, clock, days, ok := sheet.Moment(c.Text, from1904)
		if !ok {
			return c.Text, false
		}
		var parts []string
		if days > 0 {
			parts = append(parts, g.dates.write(day))
		}
		if c.Time {
			parts = append(parts, time.Time{}.Add(clock).Format(time.TimeOnly))
		}
		return strings.Join(parts, " "), true
	}
	if digits, ok := sheet.Digits(c.Text); ok {
		return digits, true
	}
	return c.Text, true
}

// sameDay refuses a row whose cell for the time holds a day as well, hidden by the
// way it is shown, that is not the row's day.
func (g *grid) sameDay(l layout, row sheet.Row, from1904 bool) string {
	d, t := l.at[fieldDate], l.at[fieldTime]
	if d == 0 || t == 0 || d > len(row.Cells) || t > len(row.Cells) {
		return ""
	}
	date, clock := row.Cells[d-1], row.Cells[t-1]
	if !clock.Number {
		return ""
	}
	hidden, _, days, _ := sheet.Moment(clock.Text, from1904)
	if days == 0 {
		return ""
	}
	stands := strings.TrimSpace(date.Text)
	if date.Number {
		day, _, _, _ := sheet.Moment(date.Text, from1904)
		stands = g.dates.write(day)
	}
	if d, problem, err := g.dates.date(stands); err != nil || problem != "" || !d.same(hidden) {
		return "the cell of the time holds another day than the one of the date"
	}
	return ""
}
