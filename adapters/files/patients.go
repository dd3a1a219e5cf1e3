package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"bellman/gateway"
	"bellman/gateway/ident"
	"bellman/gateway/number"
)

// patientList is a list of patients and the words by which a calendar may name them.
type patientList struct {
	people []gateway.Patient
	at     map[gateway.PatientID]int // place in people
	by     map[string][]int          // code or name -> places in people
	notes  []string
}

// readPatients reads the list. It fails when the list is not whole: among what is
// missing may be a second patient of the same name.
func (a *Adapter) readPatients(ctx context.Context) (*patientList, error) {
	path := a.config.Patients.File
	f, err := os.Open(path)
	if err != nil {
		return nil, broken("open the patient list", err)
	}
	defer func() { _ = f.Close() }()
	before, err := f.Stat()
	if err != nil || !before.Mode().IsRegular() {
		return nil, errors.New("the patient list is not a plain file")
	}
	changed, now := before.ModTime(), a.env.Clock.Now()
	switch age := now.Sub(changed); {
	case age < -clockSlack:
		return nil, errFuture
	case age < tooNew:
		return nil, errors.New("the patient list is still being written")
	case age > time.Duration(a.listAge())*24*time.Hour:
		return nil, fmt.Errorf("the patient list is more than %d days old: numbers and refusals in it may have changed, export it again", a.listAge())
	}
	list := &patientList{at: map[gateway.PatientID]int{}, by: map[string][]int{}}
	g := grid{columns: a.config.Patients.Columns.mapped(), config: a.config, dates: a.dates, take: func(_ *table, l layout, rec record, cells []string) (string, error) {
		return a.takePatient(list, l, rec, cells)
	}}
	g.config.Sheet = ""
	t, err := g.read(ctx, f, before.Size())
	if err != nil {
		return nil, fmt.Errorf("patient list: %w", err)
	}
	if err := unchanged(f, before, path); err != nil {
		return nil, errors.New("the patient list was changed while it was read")
	}
	return list, list.finish(&g, t)
}

func (a *Adapter) listAge() int {
	if a.config.Patients.MaxAge == 0 {
		return usualListAge
	}
	return a.config.Patients.MaxAge
}

// finish proves that nobody may be missing from the list.
func (list *patientList) finish(g *grid, t *table) error {
	t.notTheTotal()
	switch {
	case t.unsure:
		return errors.New("patient list: rows could not be told apart, so that a second patient of one name may be hidden")
	case !t.ended:
		return errors.New("patient list: its last line has no line end: it may be cut, see open_end")
	case len(t.unreadable) > 0:
		u := t.unreadable[0]
		return fmt.Errorf("patient list: %d rows cannot be read, the first in %s: %s", len(t.unreadable), u.Where, u.Why)
	}
	for _, n := range append(g.preview(t), t.notes...) {
		list.notes = append(list.notes, "patient list: "+n)
	}
	return nil
}

// takePatient reads the patient of one row. A row that names somebody is kept even
// when its number cannot be used, so that the name is known to stand twice.
func (a *Adapter) takePatient(list *patientList, l layout, rec record, cells []string) (string, error) {
	id, _ := l.cell(cells, fieldPatientID)
	if id == "" {
		return "the patient's id is empty", nil
	}
	p := gateway.Patient{ID: gateway.PatientID(ident.Shown(id))}
	raw, _ := l.cell(cells, fieldMobile)
	p.Mobile, p.MobileKind = number.Parse(raw, a.env.Trial)
	if scientific.MatchString(raw) || shortened.MatchString(onlyDigits(raw)) {
		p.Mobile, p.MobileKind = gateway.Phone{}, gateway.NumberUnclear
	}
	name, _ := l.cell(cells, fieldGivenName)
	p.Name = gateway.NewName(name)
	nhs, _ := l.cell(cells, fieldNHSNumber)
	p.NHSNumber = gateway.NewNHSNumber(plainNHS(nhs))
	a.flags(l, cells, &p)
	if rec.doubtful {
		unclear(&p)
	}
	list.add(p, a.named(l, cells))
	return "", nil
}

// add puts one patient into the list. Two rows of one id that say different things
// leave the patient unclear.
func (list *patientList) add(p gateway.Patient, keys []string) {
	i, known := list.at[p.ID]
	if !known {
		i = len(list.people)
		list.at[p.ID] = i
		list.people = append(list.people, p)
	} else if list.people[i] != p {
		unclear(&list.people[i])
	}
	for _, k := range keys {
		if here := list.by[k]; k != "" && (len(here) == 0 || here[len(here)-1] != i) {
			list.by[k] = append(here, i)
		}
	}
}

// unclear leaves open whether a patient may be texted at all: another number, such as
// that of a register beside the list, is no answer to that.
func unclear(p *gateway.Patient) {
	p.Mobile, p.MobileKind, p.Restricted = gateway.Phone{}, gateway.NumberUnclear, gateway.FlagUnclear
}

// named gives the words by which the calendar may name the patient of a row.
func (a *Adapter) named(l layout, cells []string) []string {
	if a.config.Calendar.By == byCode {
		code, _ := l.cell(cells, fieldCode)
		return []string{strings.ToLower(code)}
	}
	full, _ := l.cell(cells, fieldFullName)
	given, _ := l.cell(cells, fieldGivenName)
	family, _ := l.cell(cells, fieldFamilyName)
	keys := []string{asName(full)}
	if given != "" && family != "" {
		keys = append(keys, asName(given+" "+family))
	}
	return keys
}

// asName is the form in which names are compared: small letters, one space between
// words, no title before them, and "Kerr, Efua" turned round.
func asName(s string) string {
	if family, given, ok := strings.Cut(s, ","); ok && strings.TrimSpace(given) != "" {
		s = given + " " + family
	}
	words := strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
	if len(words) > 2 && titles[words[0]] {
		words = words[1:]
	}
	if len(words) < 2 {
		return "" // one word alone names nobody
	}
	return strings.Join(words, " ")
}

var titles = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "miss": true, "mx": true, "dr": true, "master": true, "prof": true,
	"professor": true, "rev": true, "sir": true, "lady": true, "lord": true, "dame": true,
}
