package emisextract

import (
	"cmp"
	"context"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// columnsObservations are those of CareRecord_Observation that we need.
var columnsObservations = []string{
	"ObservationGuid", "PatientGuid", "OrganisationGuid", "CodeId", "EffectiveDate", "EnteredDate", "EnteredTime", "Deleted",
}

// Where those columns stand in columnsObservations.
const (
	observationGuid = iota
	observationPatient
	observationOrganisation
	observationCode
	observationEffective
	observationEntered
	observationTime
	observationDeleted
)

// observationRow keeps a coded entry about texts, and passes over all others
// without looking at more than their code.
func (t *intake) observationRow(ctx context.Context, r *extract.Rows, at []int) error {
	no, ours := t.facts.Codes[string(r.Bytes(at[observationCode]))]
	hasCode := r.Has(at[observationCode]) && (r.Problem() == "" || len(r.Bytes(at[observationCode])) > 0)
	deleted := truthOf(r.Bytes(at[observationDeleted])) == saidTrue
	bare := hasCode && len(r.Bytes(at[observationCode])) == 0
	if hasCode && !ours && !(deleted && bare) {
		return t.otherEntry(ctx, r, at)
	}
	id, ok := parseGUID(r.Bytes(at[observationGuid]))
	patient, okPatient := parseGUID(r.Bytes(at[observationPatient]))
	switch {
	case t.foreign(r.Bytes(at[observationOrganisation])):
		return nil
	case ok && deleted && r.Problem() == "":
		return t.change(ctx, keyConsent, id, func([]byte) ([]byte, error) { return nil, nil })
	case !ok || !okPatient:
		t.unsure(r, cmp.Or(r.Problem(), "ObservationGuid or PatientGuid is not a GUID"))
		return nil
	}
	row := consent{Patient: patient.String(), No: no, At: entered(r, at)}
	if r.Problem() != "" || truthOf(r.Bytes(at[observationDeleted])) == saidUnclear || row.At == "" {
		// What says no is believed as it stands; a yes that is in doubt is none.
		row.At, row.Unclear = cmp.Or(row.At, farthest), !no
	}
	if r.Problem() != "" {
		t.unread(r, r.Problem())
	}
	t.entries[id] = struct{}{}
	return t.change(ctx, keyConsent, id, edit(func(c *consent, _ bool) bool { *c = row; return true }))
}

// otherEntry is for an entry that is not about texts. One that was, and was given
// another code, says nothing of them any more.
func (t *intake) otherEntry(ctx context.Context, r *extract.Rows, at []int) error {
	if len(t.entries) == 0 || r.Problem() != "" || t.foreign(r.Bytes(at[observationOrganisation])) {
		return nil
	}
	id, ok := parseGUID(r.Bytes(at[observationGuid]))
	if _, known := t.entries[id]; !ok || !known {
		return nil
	}
	return t.change(ctx, keyConsent, id, func([]byte) ([]byte, error) { return nil, nil })
}

// entered gives when an entry became true, and then when it was made, so that the
// later of two can be told; nothing when neither can be read.
func entered(r *extract.Rows, at []int) string {
	effective, made := r.Bytes(at[observationEffective]), r.Bytes(at[observationEntered])
	if !isDay(effective) {
		effective = made
	}
	if !isDay(effective) {
		return ""
	}
	clock := r.Text(at[observationTime])
	if _, err := clockTime(clock); err != nil {
		clock = ""
	}
	return string(effective) + " " + string(made) + " " + clock
}

// declined says whether a patient wants no texts, from all coded entries: the
// latest counts, and of two of the same moment the one that says no.
func (a *Adapter) declined(entries []consent) gateway.Flag {
	if len(entries) == 0 {
		if a.config.NoCode == NoCodeHold {
			return gateway.FlagUnclear
		}
		return gateway.FlagNo
	}
	last := entries[0]
	for _, c := range entries[1:] {
		if c.At > last.At || c.At == last.At && severity(c) > severity(last) {
			last = c
		}
	}
	return [...]gateway.Flag{gateway.FlagNo, gateway.FlagUnclear, gateway.FlagYes}[severity(last)]
}

func severity(c consent) int {
	switch {
	case c.No:
		return 2
	case c.Unclear:
		return 1
	}
	return 0
}
