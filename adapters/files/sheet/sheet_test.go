package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// workbook packs the parts of a workbook: the given sheet's rows, with three styles
// (dd/mm/yyyy, hh:mm, crossed out) and one shared text.
func workbook(rows string) []byte { return packed(sheetXML(rows), "") }

func sheetXML(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`
}

const space = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`

func packed(sheet, properties string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + space + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` + properties + `<sheets><sheet name="Diary" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/styles.xml", `<styleSheet ` + space + `><numFmts count="2"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="hh:mm"/></numFmts><fonts count="2"><font/><font><strike/></font></fonts><cellXfs count="4"><xf numFmtId="0" fontId="0"/><xf numFmtId="164" fontId="0"/><xf numFmtId="165" fontId="0"/><xf numFmtId="0" fontId="1"/></cellXfs></styleSheet>`},
		{"xl/sharedStrings.xml", `<sst ` + space + `><si><t>shared</t></si></sst>`},
		{"xl/worksheets/sheet1.xml", sheet},
	} {
		w, _ := z.Create(part[0])
		_, _ = w.Write([]byte(part[1]))
	}
	_ = z.Close()
	return b.Bytes()
}

// all reads every row of a workbook's first sheet.
func all(b []byte) ([]Row, error) {
	book, err := Open(b)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	rows, err := book.Rows(book.Sheets()[0])
	if err != nil {
		return nil, err
	}
	var out []Row
	for {
		row, err := rows.Next()
		if Whole(err) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
}

func TestEveryKindOfCellIsGivenAsItIsKept(t *testing.T) {
	rows, err := all(workbook(`<row r="2" hidden="1"><c r="A2" t="s"><v>0</v></c><c r="C2" s="1"><v>46349</v></c><c r="D2" s="2"><v>0.381944444444444</v></c></row>` +
		`<row r="5"><c t="inlineStr"><is><t>inline</t></is></c><c t="str"><f>A1</f><v>made</v></c><c><v>7700900001</v></c><c s="3" t="s"><v>0</v></c><c t="b"><v>1</v></c><c s="1"/></row>` +
		`<row><c t="e"><v>#N/A</v></c><c><f>SUM(A1)</f></c><c t="d"><v>2026-11-23</v></c></row>`))
	if err != nil {
		t.Fatal(err)
	}
	problem := func(c Cell) string { return c.Problem }
	want := []Row{
		{Number: 2, Hidden: true, Cells: []Cell{{Text: "shared"}, {}, {Text: "46349", Number: true, Date: true}, {Text: "0.381944444444444", Number: true, Time: true}}},
		{Number: 5, Cells: []Cell{{Text: "inline"}, {Text: "made"}, {Text: "7700900001", Number: true}, {Text: "shared", Struck: true}, {Text: "1"}, {}}},
		{Number: 6, Cells: []Cell{{Problem: problem(rows[2].Cells[0])}, {Problem: problem(rows[2].Cells[1])}, {Problem: problem(rows[2].Cells[2])}}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for i, c := range rows[2].Cells {
		if c.Problem == "" {
			t.Errorf("cell %d of what cannot be used has no problem", i)
		}
	}
}

func TestASheetThatIsNotAsExcelWritesItIsRefusedAndNotReadShort(t *testing.T) {
	const good = `<row r="1"><c r="A1"><v>1</v></c></row>`
	for name, sheet := range map[string]string{
		"breaks off":                  `<worksheet ` + space + `><sheetData>` + good + `<row r="2"><c r="A2"><v>2`,
		"a bad sign in the middle":    sheetXML(good + "<row r=\"2\"><c r=\"A2\"><v>\x01</v></c></row>" + `<row r="3"/>`),
		"rows out of order":           sheetXML(`<row r="5"/>` + good),
		"a row twice":                 sheetXML(good + good),
		"a cell of another row":       sheetXML(`<row r="1"><c r="A2"><v>1</v></c></row>`),
		"cells out of order":          sheetXML(`<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>`),
		"a shared text too far":       sheetXML(`<row r="1"><c r="A1" t="s"><v>7</v></c></row>`),
		"a shared text without place": sheetXML(`<row r="1"><c r="A1" t="s"><v>x</v></c></row>`),
		"a style that is not there":   sheetXML(`<row r="1"><c r="A1" s="99"><v>1</v></c></row>`),
		"a number that is none":       sheetXML(`<row r="1"><c r="A1"><v>one</v></c></row>`),
		"too far to the right":        sheetXML(`<row r="1"><c r="XFD1"><v>1</v></c></row>`),
		"two tables":                  strings.Replace(sheetXML(good), "</worksheet>", "<sheetData>"+good+"</sheetData></worksheet>", 1),
		"no table":                    `<worksheet ` + space + `></worksheet`,
	} {
		if rows, err := all(packed(sheet, "")); err == nil {
			t.Errorf("%s: read as %d rows", name, len(rows))
		}
	}
}

func TestAWorkbookCutAnywhereIsRefused(t *testing.T) {
	whole := workbook(`<row r="1"><c r="A1"><v>1</v></c></row>`)
	if _, err := all(whole); err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(whole); cut += 7 {
		if _, err := all(whole[:cut]); err == nil {
			t.Errorf("cut at byte %d of %d and read", cut, len(whole))
		}
	}
}

func TestADamagedPartIsRefused(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	content := []byte("damaged")
	w, _ := z.CreateRaw(&zip.FileHeader{Name: "xl/workbook.xml", Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte("another")), CompressedSize64: 7, UncompressedSize64: 7})
	_, _ = w.Write(content)
	_ = z.Close()
	if _, err := Open(b.Bytes()); err == nil {
		t.Error("a part with another checksum is read")
	}
}

// A few kilobytes may unpack to as many gigabytes, whatever the archive declares.
func TestAnArchiveThatUnpacksWithoutEndIsRefused(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("xl/worksheets/sheet1.xml")
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range mostOpen>>20 + 1 {
		_, _ = w.Write(block)
	}
	_ = z.Close()
	if _, err := Open(b.Bytes()); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("%d KiB that unpack to %d MiB give %v", b.Len()>>10, mostOpen>>20+1, err)
	}
}

func TestLockedAndOldWorkbooksAreNamed(t *testing.T) {
	f := excelize.NewFile()
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	if !Named(b.Bytes()) {
		t.Error("a locked workbook is not known as one")
	}
	if _, err := Open(b.Bytes()); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("gives %v", err)
	}
}

func TestMomentsAreThoseThatExcelShows(t *testing.T) {
	for _, c := range []struct {
		number   string
		from1904 bool
		want     string
	}{
		{"46349", false, "2026-11-23 00:00:00"}, {"46349.3819444444", false, "2026-11-23 09:10:00"}, {"44887.3819444444", true, "2026-11-23 09:10:00"},
		{"46349.999999999", false, "2026-11-24 00:00:00"}, {"61", false, "1900-03-01 00:00:00"}, {"2958465", false, "9999-12-31 00:00:00"},
		{"0.5", false, "clock 12:00:00"}, {"0", true, "clock 00:00:00"}, {"4.6349E4", false, "2026-11-23 00:00:00"},
		{"60", false, ""}, {"1", false, ""}, {"-1", false, ""}, {"2958466", false, ""}, {"NaN", false, ""}, {"Inf", false, ""}, {"1e300", false, ""}, {"soon", false, ""},
	} {
		day, clock, days, ok := Moment(c.number, c.from1904)
		got := ""
		switch {
		case ok && days == 0:
			got = "clock " + time.Time{}.Add(clock).Format(time.TimeOnly)
		case ok:
			got = day.Add(clock).Format(time.DateTime)
		}
		if got != c.want {
			t.Errorf("%s (from 1904: %t) is %q, want %q", c.number, c.from1904, got, c.want)
		}
	}
}

func TestAFormatSaysWhetherItShowsDateOrTime(t *testing.T) {
	for code, want := range map[string]shown{
		"dd/mm/yyyy": {date: true}, "hh:mm": {time: true}, "d mmm yy h:mm AM/PM": {date: true, time: true}, "[$-809]dd mmmm yyyy;@": {date: true},
		"[h]:mm": {time: true}, "mmm": {date: true}, "General": {}, "0.00": {}, `0 "days"`: {}, `#,##0\d`: {}, "[Red]0": {}, "@": {}, `"Ref "0`: {}, "_-£* #,##0.00_-": {}, "mm:ss.0": {time: true},
	} {
		if got := ofFormat(code); got != want {
			t.Errorf("%s shows %+v, want %+v", code, got, want)
		}
	}
}

func TestWholeNumbersAreWrittenInFull(t *testing.T) {
	for number, want := range map[string]string{
		"7700900001": "7700900001", "7.700900001E9": "7700900001", "88001.0": "88001", "-3": "-3", "0": "0",
		"7700.900001": "", "1e15": "", "x": "", "NaN": "",
	} {
		if got, ok := Digits(number); got != want || ok != (want != "") {
			t.Errorf("%s is %q, want %q", number, got, want)
		}
	}
}

func TestDaysMayBeCountedFrom1904(t *testing.T) {
	for properties, want := range map[string]bool{"": false, `<workbookPr date1904="1"/>`: true, `<workbookPr date1904="0"/>`: false} {
		book, err := Open(packed(sheetXML(""), properties))
		if err != nil {
			t.Fatal(err)
		}
		if book.From1904() != want {
			t.Errorf("%s: from 1904 is %t", properties, book.From1904())
		}
		book.Close()
	}
}

// FuzzSheet reads anything as the rows of a sheet. What is read must be all that
// stands there, by a slower reading: the library's own, cell by cell.
func FuzzSheet(f *testing.F) {
	for _, rows := range []string{
		`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, `<row><c><v>1</v></c><c s="1"><v>2</v></c></row>`, `<row r="7" hidden="true"><c r="C7" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c></row>`,
		`<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row><row r="3"><c r="A3" t="e"><v>#REF!</v></c></row>`, `<row/><row/><c r="A1"/>`, `<row r="1"><c r="A1" s="-1"><v>1</v></c></row>`,
		`<row r="1048576"><c r="A1048576"><v>XQCANARY</v></c></row>`, `<row r="2"><c r="A2" t="s"><v>-1</v></c></row></sheetData><sheetData>`,
	} {
		f.Add(rows)
	}
	f.Fuzz(func(t *testing.T, xml string) {
		b := workbook(xml)
		rows, err := all(b)
		if err != nil {
			if strings.Contains(err.Error(), "XQCANARY") {
				t.Error("an error repeats what stands in the sheet")
			}
			return
		}
		last := 0
		for _, r := range rows {
			if r.Number <= last {
				t.Error("rows out of order")
			}
			last = r.Number
			if r.Number < 100 { // the library makes every row above the one it is asked for
				compareRow(t, b, r)
			}
		}
	})
}

// compareRow compares a row's texts with those that the library gives for each cell.
func compareRow(t *testing.T, b []byte, r Row) {
	t.Helper()
	file, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for i, c := range r.Cells {
		name, _ := excelize.CoordinatesToCellName(i+1, r.Number)
		want, err := file.GetCellValue("Diary", name, excelize.Options{RawCellValue: true})
		if err == nil && c.Problem == "" && c.Text != want {
			t.Errorf("a cell holds another text than the library finds there")
		}
	}
}

// FuzzForms goes through anything as the XML of a sheet, without the library: what
// it gives must be in order and within bounds.
func FuzzForms(f *testing.F) {
	for _, rows := range []string{
		`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, `<row><c/><c s="1"><v>2</v></c></row><row r="9" hidden="1"/>`, `<row r="1"><c r="XFD1"/></row>`,
		`<row><c><f>1</f></c></row></sheetData></worksheet>`, `<row r="-1"/>`, `<row><c r="A1"><c r="B1"/></c></row>`,
	} {
		f.Add(sheetXML(rows))
	}
	f.Fuzz(func(t *testing.T, xml string) {
		rows := newForms(strings.NewReader(xml))
		for last := 0; ; {
			r, err := rows.next()
			if err != nil {
				return
			}
			if r.number <= last || r.number > 1<<20 {
				t.Fatal("rows out of order or of bounds")
			}
			last = r.number
			for i, c := range r.cells {
				if c.column < 1 || c.column > mostColumns || i > 0 && c.column <= r.cells[i-1].column {
					t.Fatal("cells out of order or of bounds")
				}
			}
		}
	})
}

// FuzzWorkbook reads anything at all as a workbook.
func FuzzWorkbook(f *testing.F) {
	f.Add(workbook(`<row r="1"><c r="A1"><v>1</v></c></row>`))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		_, _ = all(b)
	})
}

// FuzzMoment writes what is understood back as a number.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"46349.3819444444", "0.5", "2958465", "61", "1e5", "0x1p3"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, number string, from1904 bool) {
		day, clock, days, ok := Moment(number, from1904)
		if !ok {
			return
		}
		if clock < 0 || clock >= 24*time.Hour {
			t.Fatal("a time of day that no day has")
		}
		again, clockAgain, daysAgain, ok := Moment(fmt.Sprintf("%.10f", float64(days)+clock.Hours()/24), from1904)
		if !ok || !again.Equal(day) || clockAgain != clock || daysAgain != days {
			t.Errorf("%s is understood, and written again is not the same", number)
		}
	})
}
