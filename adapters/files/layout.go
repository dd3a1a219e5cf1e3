package files

import (
	"errors"
	"fmt"
	"strings"
)

// field is one of the things that a row may tell.
type field uint8

const (
	fieldID field = iota
	fieldPatientID
	fieldGivenName
	fieldNHSNumber
	fieldMobile
	fieldDate
	fieldTime
	fieldDateTime
	fieldStatus
	fieldSite
	fieldMode
	fieldPermission
	fieldDeceased
	fieldLeft
	fieldBorn
	fieldClinic
	fieldLanguage
	fieldFormat
	fieldUnsafe
	fieldCode
	fieldFullName
	fieldFamilyName
	fieldCount
)

// mapped is one field with its key in the configuration and its heading.
type mapped struct {
	field        field
	key, heading string
}

// mapping is under which heading each field stands.
type mapping []mapped

// mapped lists the fields that the configuration gives a heading.
func (c Columns) mapped() mapping {
	return given(mapping{
		{fieldID, "id", c.ID},
		{fieldPatientID, "patient_id", c.PatientID},
		{fieldGivenName, "given_name", c.GivenName},
		{fieldNHSNumber, "nhs_number", c.NHSNumber},
		{fieldMobile, "mobile", c.Mobile},
		{fieldDate, "date", c.Date},
		{fieldTime, "time", c.Time},
		{fieldDateTime, "datetime", c.DateTime},
		{fieldStatus, "status", c.Status},
		{fieldSite, "site", c.Site},
		{fieldMode, "mode", c.Mode},
		{fieldPermission, "permission", c.Permission},
		{fieldDeceased, "deceased", c.Deceased},
		{fieldLeft, "left", c.Left},
		{fieldBorn, "date_of_birth", c.DateOfBirth},
		{fieldClinic, "clinic", c.Clinic},
		{fieldLanguage, "language", c.Language},
		{fieldFormat, "format", c.Format},
		{fieldUnsafe, "unsafe", c.Unsafe},
	})
}

// given leaves out the fields without a heading.
func given(all mapping) mapping {
	var out mapping
	for _, m := range all {
		if m.heading != "" {
			out = append(out, m)
		}
	}
	return out
}

// layout is where each field stands in one file.
type layout struct {
	delimiter rune
	width     int             // number of headings
	headings  []string        // as they stand
	at        [fieldCount]int // column, counted from 1; 0: not mapped
}

// delimiters are those that Excel and its like write, by the country they think
// they are in.
var delimiters = []rune{',', ';', '\t'}

// find reads the headings with the delimiter under which all columns of the
// configuration are there. It never prints a heading of the file: a file without
// headings begins with a patient.
func (c mapping) find(first record) (layout, error) {
	var best error
	widest := -1
	for _, d := range delimiters {
		cells, ok := first.cells(d)
		if !ok {
			continue
		}
		l, wrong := c.place(cells)
		if wrong.none() {
			l.delimiter = d
			return l, nil
		}
		if len(cells) > widest {
			best, widest = wrong.err(fmt.Sprintf("among the %d headings on its first line", len(cells))), len(cells)
		}
	}
	if best == nil {
		return layout{}, errors.New("the first line of the file is not a line of headings")
	}
	return layout{}, best
}

// misplaced is what keeps a row from being the headings, in words of the
// configuration.
type misplaced struct {
	missing, twice []string
	fields         int // how many are missing or stand twice
}

func (m misplaced) none() bool { return m.fields == 0 }

func (m misplaced) err(where string) error {
	if len(m.missing) > 0 {
		return fmt.Errorf("the file has no heading %s %s", strings.Join(m.missing, ", "), where)
	}
	return fmt.Errorf("the file has more than one heading %s %s", strings.Join(m.twice, ", "), where)
}

// place finds the column of each field in a row of headings.
func (c mapping) place(headings []string) (layout, misplaced) {
	l := layout{width: len(headings), headings: headings}
	found := map[string][]int{}
	for i, h := range headings {
		found[heading(h)] = append(found[heading(h)], i+1)
	}
	var wrong misplaced
	for _, m := range c {
		name := fmt.Sprintf("%q (columns.%s)", m.heading, m.key)
		switch at := found[heading(m.heading)]; len(at) {
		case 0:
			wrong.missing = append(wrong.missing, name)
		case 1:
			l.at[m.field] = at[0]
		default:
			wrong.twice = append(wrong.twice, name)
		}
	}
	wrong.fields = len(wrong.missing) + len(wrong.twice)
	return l, wrong
}

// heading is the form in which headings are compared: without regard to case and
// to spaces around and between words.
func heading(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// cell gives what stands in a row for a field, without the spaces around it and
// without the apostrophe that keeps Excel from reckoning with it. It reports
// false when the file has no such column.
func (l layout) cell(cells []string, f field) (string, bool) {
	if l.at[f] == 0 {
		return "", false
	}
	s := strings.TrimSpace(cells[l.at[f]-1])
	return strings.TrimSpace(strings.TrimPrefix(s, "'")), true
}
