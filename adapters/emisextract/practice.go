package emisextract

import (
	"context"
	"errors"

	"bellman/adapters/extract"
)

// columnsOrganisations are those of Admin_Organisation.
var columnsOrganisations = []string{"OrganisationGuid", "ODSCode"}

// organisationRow looks for the practice among the organisations, unless the
// configuration says which it is.
func (t *intake) organisationRow(_ context.Context, r *extract.Rows, at []int) error {
	if t.a.config.Organisation != "" || !r.Has(at[1]) || !r.Is(at[1], string(t.a.env.Practice)) {
		return nil
	}
	g, ok := parseGUID(r.Bytes(at[0]))
	switch {
	case !ok:
		return errors.New("the practice's OrganisationGuid is not a GUID: set organisation")
	case t.facts.Organisation != "" && t.facts.Organisation != g.String():
		return errors.New("the practice's ODS code belongs to more than one organisation: set organisation")
	}
	t.facts.Organisation = g.String()
	return nil
}

// organisationKnown fails when nothing says which organisation is the practice.
func (t *intake) organisationKnown() error {
	if set := t.a.config.Organisation; set != "" {
		g, _ := parseGUID([]byte(set))
		t.facts.Organisation = g.String()
	}
	org, ok := parseGUID([]byte(t.facts.Organisation))
	if !ok {
		return errors.New("no organisation has the practice's ODS code: is the practice in this sharing agreement? If it is, set organisation")
	}
	t.org = org
	return nil
}

// columnsAgreements are those of Agreements_SharingOrganisation.
var columnsAgreements = []string{"OrganisationGuid", "IsActivated", "Disabled", "Deleted"}

// agreementRow looks whether EMIS still shares the practice's data. While it does
// not, EMIS sends deletions that nobody has made, so that only a new full delivery
// is believed after it.
func (t *intake) agreementRow(_ context.Context, r *extract.Rows, at []int) error {
	if r.Problem() != "" {
		t.unread(r, r.Problem())
		return nil
	}
	if g, ok := parseGUID(r.Bytes(at[0])); !ok || g != t.org {
		return nil
	}
	active, disabled, deleted := truthOf(r.Bytes(at[1])), truthOf(r.Bytes(at[2])), truthOf(r.Bytes(at[3]))
	stopped := active == saidFalse || active == saidUnclear || disabled >= saidTrue || deleted >= saidTrue
	if stopped && t.facts.Stopped == "" {
		t.facts.Stopped = t.b.batchID.String()
	}
	return nil
}
