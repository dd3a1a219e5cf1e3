package emisextract

import (
	"cmp"
	"context"
	"strings"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/born"
	"bellman/gateway/number"
)

// columnsPatients are those of Admin_Patient that we need.
var columnsPatients = []string{
	"PatientGuid", "OrganisationGuid", "GivenName", "NhsNumber", "MobilePhone", "DateOfDeath", "DateOfDeactivation",
	"PatientTypeDescription", "DummyType", "SpineSensitive", "IsConfidential", "Deleted", "DateOfBirth?",
}

// Where those columns stand in columnsPatients.
const (
	patientGuid = iota
	patientOrganisation
	patientName
	patientNHS
	patientMobile
	patientDied
	patientLeft
	patientType
	patientDummy
	patientSensitive
	patientConfidential
	patientDeleted
	patientBorn
)

// patientRow keeps what a reminder needs to know of a patient. Every patient of the
// practice is kept: who books later is not sent again.
func (t *intake) patientRow(ctx context.Context, r *extract.Rows, at []int) error {
	id, ok := parseGUID(r.Bytes(at[patientGuid]))
	switch {
	case !ok && r.Has(at[patientOrganisation]) && t.foreign(r.Bytes(at[patientOrganisation])):
		return nil
	case !ok:
		t.unsure(r, cmp.Or(r.Problem(), "PatientGuid is not a GUID"))
		return nil
	case t.foreign(r.Bytes(at[patientOrganisation])):
		return nil
	case r.Problem() != "":
		t.unread(r, r.Problem())
		return t.change(ctx, keyPatient, id, edit(func(p *person, _ bool) bool { p.Unclear = true; return true }))
	}
	row := t.personOf(r, at)
	unplaced := len(r.Bytes(at[patientOrganisation])) == 0
	return t.change(ctx, keyPatient, id, edit(func(p *person, was bool) bool {
		*p = row
		return was || !unplaced // without a practice it concerns only who is known
	}))
}

// personOf reads one patient, as of the batch. Of a deleted one nothing is kept but that.
func (t *intake) personOf(r *extract.Rows, at []int) person {
	switch truthOf(r.Bytes(at[patientDeleted])) {
	case saidTrue:
		return person{Gone: true}
	case saidUnclear:
		return person{Unclear: true}
	case saidFalse, saidNothing:
	}
	p := person{
		Name: short(r.Text(at[patientName]), 100), NHS: strings.ReplaceAll(r.Text(at[patientNHS]), " ", ""), Mobile: short(r.Text(at[patientMobile]), 200),
		Died: short(r.Text(at[patientDied]), 20), Deactivated: short(r.Text(at[patientLeft]), 20),
		Born: born.Keep(r.Text(at[patientBorn]), t.b.at(), time.DateOnly),
	}
	if len(p.NHS) != 10 {
		p.NHS = ""
	}
	for _, cell := range []int{patientSensitive, patientConfidential, patientDummy} {
		switch truthOf(r.Bytes(at[cell])) {
		case saidTrue:
			if cell == patientDummy {
				p.Dummy = true
			} else {
				p.Restricted = gateway.FlagYes
			}
		case saidUnclear:
			p.Unclear = true
		case saidFalse, saidNothing:
		}
	}
	p.Dummy = p.Dummy || r.Is(at[patientType], "Dummy")
	return p
}

// short bounds a text. One that is longer than any such thing is kept as what is
// longer than any such thing, so that it is not understood.
func short(s string, most int) string {
	if len(s) > most {
		return strings.Repeat("?", most)
	}
	return s
}

// patient gives a kept person as what a reminder needs to know.
func (a *Adapter) patient(id string, p person, declined gateway.Flag) gateway.Patient {
	out := gateway.Patient{ID: gateway.PatientID(id), Declined: declined, Restricted: p.Restricted}
	if p.Unclear && out.Restricted == gateway.FlagNo {
		out.Restricted = gateway.FlagUnclear
	}
	now := today(a.env.Clock.Now())
	out.Deceased, out.Left = since(p.Died, now), since(p.Deactivated, now)
	if p.Gone {
		out.Left = gateway.FlagYes
	}
	out.Born = born.Kept(p.Born)
	out.Name, out.NHSNumber = gateway.NewName(p.Name), gateway.NewNHSNumber(p.NHS)
	out.Mobile, out.MobileKind = number.Parse(p.Mobile, a.env.Trial)
	return out
}

// since reads the day on which something became true: nothing means no; a day to
// come, and what is no day, is unclear.
func since(day, now string) gateway.Flag {
	if day == "" {
		return gateway.FlagNo
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil || day > now {
		return gateway.FlagUnclear
	}
	return gateway.FlagYes
}
