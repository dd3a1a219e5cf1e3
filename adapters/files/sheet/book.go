// Package sheet reads spreadsheets in Excel's own format (.xlsx) row by row: what
// stands in each cell as it is kept, and as what the sheet shows it (a date, a
// time, struck out). It decides nothing about appointments.
//
// excelize opens the workbook and gives the values. It is kept on a short lead,
// since it is lenient where a diary must not be: it takes the end of broken XML
// for the end of the sheet, does not look at the checksums of the archive,
// believes the sizes that the archive declares, and unpacks large sheets into
// files in clear. Here the archive is unpacked once beforehand, within bounds and
// with its checksums, nothing is ever written to a disk, and a second, plain pass
// over the sheet goes along with the first and must come to its proper end.
//
// Errors never repeat what stands in a workbook.
package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The bounds of a workbook. A year of a large practice is a tenth of each.
const (
	// MostBytes bounds a workbook as it is kept.
	MostBytes   = 32 << 20
	mostOpen    = 96 << 20 // bytes, unpacked
	mostParts   = 1000
	mostSheets  = 50
	mostColumns = 300
	mostRows    = 300_000
)

// What may be wrong with a workbook as a whole.
var (
	errCut    = errors.New("it cannot be unpacked: it may be cut or damaged")
	errBomb   = fmt.Errorf("it unpacks to more than %d MiB: no diary is that large", mostOpen>>20)
	errBroken = errors.New("its inside is not as Excel writes it")
	errLocked = errors.New("it is locked with a password, or in the format before 2007: save it as .xlsx without a password")
)

// Book is an open workbook. It is not safe for concurrent use.
type Book struct {
	file   *excelize.File
	parts  map[string]string // sheet's name -> its part of the archive
	names  []string
	from04 bool
	styles map[int]shown
}

// Named reports whether the first bytes of a file are those of a workbook, or of
// what office programs keep in its place: an archive, or the old format.
func Named(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, oldFormat)
}

// oldFormat begins files of the format before 2007, and those with a password.
var oldFormat = []byte{0xD0, 0xCF, 0x11, 0xE0}

// Open opens a whole workbook.
func Open(b []byte) (_ *Book, err error) {
	// The library is written for workbooks that are as they should be.
	defer func() {
		if recover() != nil {
			err = errBroken
		}
	}()
	if bytes.HasPrefix(b, oldFormat) {
		return nil, errLocked
	}
	names, err := unpacks(b)
	if err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: mostOpen, UnzipXMLSizeLimit: mostOpen})
	if err != nil {
		return nil, errBroken
	}
	book := &Book{file: f, styles: map[int]shown{}}
	if err := book.look(names); err != nil {
		_ = f.Close()
		return nil, err
	}
	return book, nil
}

// Close lets go of the workbook.
func (b *Book) Close() { _ = b.file.Close() }

// unpacks proves that the archive unpacks whole and within bounds, whatever it
// declares, and gives the names of its parts.
func unpacks(b []byte) ([]string, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, errCut
	}
	if len(z.File) > mostParts {
		return nil, errBomb
	}
	var names []string
	left := int64(mostOpen)
	for _, part := range z.File {
		if slices.Contains(names, part.Name) {
			return nil, errBroken // which of two would be read?
		}
		names = append(names, part.Name)
		r, err := part.Open()
		if err != nil {
			return nil, errCut
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
		_ = r.Close()
		if left -= n; left < 0 {
			return nil, errBomb
		}
		if err != nil {
			return nil, errCut
		}
	}
	return names, nil
}

// look finds the sheets that people see, and from which year days are counted.
func (b *Book) look(parts []string) error {
	props, err := b.file.GetWorkbookProps()
	if err != nil {
		return errBroken
	}
	b.from04 = props.Date1904 != nil && *props.Date1904
	if b.parts, err = b.placed(parts); err != nil {
		return err
	}
	for _, name := range b.file.GetSheetList() {
		if visible, err := b.file.GetSheetVisible(name); err != nil || !visible || b.parts[name] == "" {
			continue
		}
		b.names = append(b.names, name)
	}
	if len(b.names) == 0 || len(b.names) > mostSheets {
		return fmt.Errorf("it has %d sheets that are not hidden", len(b.names))
	}
	return nil
}

// Sheets lists the sheets that are not hidden, in their order.
func (b *Book) Sheets() []string { return b.names }

// placed finds the part of the archive in which each sheet lies.
func (b *Book) placed(parts []string) (map[string]string, error) {
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	for part, into := range map[string]any{"xl/workbook.xml": &book, "xl/_rels/workbook.xml.rels": &rels} {
		if err := b.decode(part, into); err != nil {
			return nil, errBroken
		}
	}
	out := map[string]string{}
	for _, s := range book.Sheets {
		for _, r := range rels.Relations {
			if r.ID != s.ID {
				continue
			}
			target := strings.TrimPrefix(r.Target, "/")
			if !strings.HasPrefix(r.Target, "/") {
				target = path.Join("xl", target)
			}
			if slices.Contains(parts, target) && strings.HasPrefix(target, "xl/worksheets/") {
				out[s.Name] = target
			}
		}
	}
	return out, nil
}
