package filesim

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"bellman/adapters/files"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// SheetName is the name of the spreadsheet that WriteSheet makes.
const SheetName = "appointments.xlsx"

// Paper is how an export is made, faults included.
type Paper struct {
	Words    map[int]string // slots whose status is this word
	From1904 bool           // days are counted from 1904
	Hidden   map[int]bool   // slots whose rows are hidden
	Struck   map[int]bool   // slots whose rows somebody crossed out
	// First spoils the row of the earliest visit when it is not empty: the text that
	// stands in place of its date.
	First string
	// FirstStart is written for the earliest visit instead of its start, as a wall
	// time, when it is not zero.
	FirstStart time.Time
}

// SheetConfig is the section of the configuration that reads what WriteSheet drops
// into a folder.
func SheetConfig(dir string) files.Config {
	c := Config(dir)
	c.Pattern = "*.xlsx"
	c.Complete, c.Window = true, days
	return c
}

// WriteSheet puts every visit of a diary into the folder, as a spreadsheet in
// Excel's own format that appears whole: with a title above the headings, dates and
// times as Excel keeps them, numbers whose leading zero it ate, and a row of totals.
func WriteSheet(dir string, d *surgery.Diary, now time.Time, p Paper) error {
	b, err := Sheet(d, p)
	if err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	return drop(dir, SheetName, b, now)
}

// Sheet gives the spreadsheet's bytes.
func Sheet(d *surgery.Diary, p Paper) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	w := sheetWriter{file: f, paper: p}
	w.begin()
	visits := d.Visits()
	for i, v := range visits {
		person, _ := d.Person(v.Person)
		w.visit(person, v, i == 0)
	}
	w.put(1, w.row, "Total")
	w.put(9, w.row, len(visits))
	if w.err != nil {
		return nil, w.err
	}
	var out bytes.Buffer
	err := f.Write(&out)
	return out.Bytes(), err
}

// sheetName is what Excel calls the first sheet of a new workbook.
const sheetName = "Sheet1"

// firstRow is the row below the headings.
const firstRow = 5

type sheetWriter struct {
	file                *excelize.File
	paper               Paper
	row                 int
	err                 error
	date, clock, struck int // styles
}

// begin writes the title and the headings, one of which is merged with the cell
// above it.
func (w *sheetWriter) begin() {
	if w.paper.From1904 {
		yes := true
		w.try(w.file.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}))
	}
	w.date = w.style(&excelize.Style{CustomNumFmt: new("dd/mm/yyyy")})
	w.clock = w.style(&excelize.Style{CustomNumFmt: new("hh:mm")})
	w.struck = w.style(&excelize.Style{Font: &excelize.Font{Strike: true}})
	w.put(1, 1, "Appointments of the invented practice")
	for i, h := range headings {
		w.put(i+1, firstRow-1, h)
	}
	w.put(1, firstRow-2, headings[0])
	w.put(1, firstRow-1, "")
	w.try(w.file.MergeCell(sheetName, at(1, firstRow-2), at(1, firstRow-1)))
	w.try(w.file.MergeCell(sheetName, at(1, 1), at(6, 1)))
	w.row = firstRow
}

func (w *sheetWriter) visit(p surgery.Person, v surgery.Visit, first bool) {
	start := v.Start.In(gateway.London())
	if first && !w.paper.FirstStart.IsZero() {
		start = w.paper.FirstStart
	}
	for i, text := range w.paper.row(p, v) {
		w.put(i+1, w.row, text)
	}
	w.put(1, w.row, v.Slot)
	w.put(2, w.row, p.ID)
	w.put(7, w.row, asTyped(p.Mobile, v.Slot))
	w.moment(9, w.serial(start.Year(), start.Month(), start.Day()), w.date)
	w.moment(10, float64(start.Hour()*3600+start.Minute()*60+start.Second())/86400, w.clock)
	for i, day := range []time.Time{p.Died, p.Deducted} {
		if !day.IsZero() {
			l := day.In(gateway.London())
			w.moment(15+i, w.serial(l.Year(), l.Month(), l.Day()), w.date)
		}
	}
	if first && w.paper.First != "" {
		w.put(9, w.row, w.paper.First)
	}
	if w.paper.Hidden[v.Slot] {
		w.try(w.file.SetRowVisible(sheetName, w.row, false))
	}
	if w.paper.Struck[v.Slot] {
		w.try(w.file.SetCellStyle(sheetName, at(1, w.row), at(8, w.row), w.struck))
	}
	w.row++
}

// asTyped gives a number as it ends up in a sheet: every other mobile was typed
// without spaces into a cell for numbers, which eats the leading zero.
func asTyped(mobile string, slot int) any {
	digits := strings.ReplaceAll(mobile, " ", "")
	n, err := strconv.Atoi(digits)
	if err == nil && slot%2 == 0 && len(digits) == 11 && strings.HasPrefix(digits, "07") {
		return n
	}
	return mobile
}

// serial counts the days to a date as the workbook does.
func (w *sheetWriter) serial(y int, m time.Month, d int) float64 {
	from := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if w.paper.From1904 {
		from = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(from).Hours() / 24
}

func (w *sheetWriter) moment(column int, serial float64, style int) {
	w.put(column, w.row, serial)
	w.try(w.file.SetCellStyle(sheetName, at(column, w.row), at(column, w.row), style))
}

func (w *sheetWriter) put(column, row int, value any) {
	if value == "" {
		value = nil
	}
	w.try(w.file.SetCellValue(sheetName, at(column, row), value))
}

func (w *sheetWriter) style(s *excelize.Style) int {
	id, err := w.file.NewStyle(s)
	w.try(err)
	return id
}

func (w *sheetWriter) try(err error) {
	if w.err == nil {
		w.err = err
	}
}

func at(column, row int) string {
	name, _ := excelize.CoordinatesToCellName(column, row)
	return name
}
