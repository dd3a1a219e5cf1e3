package files

import (
	"regexp"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
)

// visit is one row, understood, and what its id is made of.
type visit struct {
	gateway.Appointment
	record  record
	id      string // of the id column, fit to print; empty: there is none
	patient string // tells patients apart; empty: nothing does
	day     string // London day of the start
}

// takeVisit puts the visit of one row into the table.
func (a *Adapter) takeVisit(t *table, l layout, rec record, cells []string) (string, error) {
	v, problem, err := a.readRow(l, cells)
	if err != nil || problem != "" {
		return problem, err
	}
	v.record = rec
	if rec.doubtful {
		v.Status = gateway.StatusUnknown
	}
	t.visits = append(t.visits, v)
	return "", nil
}

// readRow reads one row. It gives the problem of a row that cannot be used, and
// an error for what condemns the whole file.
func (a *Adapter) readRow(l layout, cells []string) (visit, string, error) {
	v := visit{}
	start, doubt, problem, err := a.start(l, cells)
	if err != nil || problem != "" {
		return v, problem, err
	}
	v.Start, v.StartDoubt, v.day = start, doubt, start.In(gateway.London()).Format(time.DateOnly)
	raw, _ := l.cell(cells, fieldMobile)
	if scientific.MatchString(raw) {
		return v, "the mobile number was shortened by a spreadsheet: its last digits are lost", nil
	}
	if shortened.MatchString(onlyDigits(raw)) {
		return v, "the mobile number ends in six zeros, as one does that a spreadsheet has shortened", nil
	}
	v.Patient.Mobile, v.Patient.MobileKind = number.Parse(raw, a.env.Trial)
	if name, ok := l.cell(cells, fieldGivenName); ok {
		v.Patient.Name = gateway.NewName(name)
	}
	nhs, _ := l.cell(cells, fieldNHSNumber)
	nhs = plainNHS(nhs)
	v.Patient.NHSNumber = gateway.NewNHSNumber(nhs)
	a.understand(l, cells, &v)
	return v, v.identify(l, cells, nhs, raw), nil
}

// start reads date and time, which stand in one column or in two.
func (a *Adapter) start(l layout, cells []string) (time.Time, gateway.Doubt, string, error) {
	if both, ok := l.cell(cells, fieldDateTime); ok {
		return a.dates.dateTime(both)
	}
	date, _ := l.cell(cells, fieldDate)
	clock, _ := l.cell(cells, fieldTime)
	return a.dates.start(date, clock)
}

// understand reads the columns that hold words.
func (a *Adapter) understand(l layout, cells []string, v *visit) {
	v.Status = gateway.StatusBooked
	if word, ok := l.cell(cells, fieldStatus); ok {
		v.Status = a.words.status(word)
	}
	a.flags(l, cells, &v.Patient)
	if word, ok := l.cell(cells, fieldMode); ok {
		v.Mode = modeWords[plainWord(word)]
	}
	v.Site, _ = l.cell(cells, fieldSite)
	clinic, _ := l.cell(cells, fieldClinic)
	v.Clinic = gateway.NewClinicName(clinic)
}

// flags reads the columns that say whether a patient may be texted at all.
func (a *Adapter) flags(l layout, cells []string, p *gateway.Patient) {
	if word, ok := l.cell(cells, fieldPermission); ok {
		p.Declined = a.words.declined(word)
	}
	if word, ok := l.cell(cells, fieldDeceased); ok {
		p.Deceased = a.words.flag(word, a.dates, a.env.Clock.Now())
	}
	if word, ok := l.cell(cells, fieldLeft); ok {
		p.Left = a.words.flag(word, a.dates, a.env.Clock.Now())
	}
	if word, ok := l.cell(cells, fieldUnsafe); ok {
		p.Restricted = a.words.flag(word, a.dates, a.env.Clock.Now())
	}
	if date, _ := l.cell(cells, fieldBorn); date != "" {
		p.Born = a.dates.born(date)
	}
	language, _ := l.cell(cells, fieldLanguage)
	p.Language = gateway.LanguageOf(language)
	format, _ := l.cell(cells, fieldFormat)
	p.Needs = a.words.needs(format)
}

// scientific is how spreadsheets show a number that is wider than its cell:
// 4.47701E+11.
var scientific = regexp.MustCompile(`^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$`)

// shortened is what becomes of 4.47701E+11 when the sheet that shows it is saved as
// text and opened again: a number whose last digits are lost, and which belongs to
// somebody else.
var shortened = regexp.MustCompile(`^[0-9]{4,}000000$`)

// plainNHS gives an NHS number without its spaces and dashes. Words without a digit
// (none, n/a) say that there is none. Digits that are no NHS number give one that
// nobody has, so that whoever asks by it sees a mistake in the record and not a
// patient without a number.
func plainNHS(s string) string {
	s = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(s)
	switch {
	case validNHS(s):
		return s
	case strings.ContainsAny(s, "0123456789"):
		return "0"
	}
	return ""
}

// validNHS reports whether a plain number can be an NHS number.
func validNHS(s string) bool { return gateway.NewNHSNumber(s).Valid() }
