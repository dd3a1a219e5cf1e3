package hl7

import (
	"slices"
	"strings"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/ident"
)

// personNews is what a message says of a patient. Empty and nil things were not
// said; what deletes a value is said, and empty.
type personNews struct {
	id    string
	byNHS bool   // the message had no other id than the NHS number
	nhs   string // verified, ten digits
	given *string
	// phones are by field, "PID-13": each says all there is in it.
	phones     map[string][]phone
	life       vital
	removed    bool
	added      bool
	declined   gateway.Flag
	restricted gateway.Flag
	needs      gateway.Needs
	toldWishes bool    // declined, restricted and needs were looked for
	born       *string // as gateway/born keeps it
	language   *gateway.Language
}

// vital is what a message says of whether the patient lives.
type vital uint8

const (
	vitalNotSaid vital = iota
	vitalAlive
	vitalDead
	vitalUnclear
)

// Bounds of what is kept of one field.
const (
	maxPhones = 12
	maxPhone  = 80
	maxPrior  = 20
)

// readPeople understands PID and MRG. More than one patient in a message is
// garbage: nobody can say whose the rest is.
func (a *Adapter) readPeople(m *message.Message, k kind, prefix string, n *news) error {
	if a.rules.patient.Shared {
		prefix = ""
	}
	var pid message.Segment
	for s := range m.Segments("PID") {
		who, byNHS, nhs := a.patient(s, prefix)
		if n.who.id != "" && who != n.who.id {
			return garbage{"two patients in one message"}
		}
		pid, n.who.id, n.who.byNHS, n.who.nhs = s, who, byNHS, nhs
	}
	if pid.Name() == "" {
		return nil
	}
	if n.who.id == "" {
		return garbage{"no id of a patient is where the profile looks for it"}
	}
	switch k.event {
	case eventMerged:
		n.prior = a.prior(m, prefix, n.who.id)
		if len(n.prior) == 0 {
			return garbage{"a merge that does not say which id goes"}
		}
	case eventMixed:
		n.mixed = append(a.prior(m, prefix, n.who.id), n.who.id)
		n.who = personNews{}
		return nil
	case eventAdded:
		n.who.added = true
	case eventRemoved:
		n.who.removed = true
		return nil
	}
	a.demographics(m, pid, &n.who)
	n.who.born = bornIn(pid.Field(7), n.came)
	return nil
}

// demographics reads the fields of PID that a reminder needs, and no others.
func (a *Adapter) demographics(m *message.Message, pid message.Segment, p *personNews) {
	if given := pid.Field(5).Part().Part(2); !given.IsEmpty() {
		name := ""
		if !given.IsNull() {
			name = strings.TrimSpace(given.Text())
		}
		p.given = &name
	}
	p.phones = map[string][]phone{}
	for _, at := range a.rules.phones {
		segment := pid
		if at.Segment != "PID" {
			segment, _ = m.Segment(at.Segment)
		}
		if list, said := phonesIn(segment.Field(at.Field)); said {
			p.phones[pathKey(at)] = list
		}
	}
	p.life = life29and30(pid.Field(29).Part(), pid.Field(30).Part())
	p.declined = a.rules.declined.of(m, gateway.FlagUnclear)
	p.restricted = a.rules.restricted.of(m, gateway.FlagUnclear)
	p.needs = a.rules.needs.of(m, gateway.NeedsNotUnderstood)
	p.toldWishes = len(a.rules.declined.means) > 0 || len(a.rules.restricted.means) > 0 || len(a.rules.needs.means) > 0
	p.language = languageIn(pid.Field(15))
}

// life29and30 reads the time and the mark of a death. Any time is one, however it
// is written; a mark that is neither yes nor no is unclear.
func life29and30(when, mark message.Part) vital {
	if first := when.Part(1); !first.IsEmpty() && !first.IsNull() {
		return vitalDead
	}
	switch strings.ToUpper(strings.TrimSpace(mark.Part(1).Text())) {
	case "Y", "1", "D", "YES", "TRUE":
		return vitalDead
	case "N", "0", "NO", "FALSE", `""`:
		return vitalAlive
	case "":
		if strings.Trim(mark.Text()+when.Text(), `^" `) == "" {
			return vitalNotSaid
		}
	}
	return vitalUnclear
}

// patient gives the id of a patient: the sender's own, else one made of the NHS
// number. nhs is the NHS number if there is one whose check digit is right.
func (a *Adapter) patient(pid message.Segment, prefix string) (id string, byNHS bool, nhs string) {
	for _, f := range []int{3, 2} {
		own, number := a.identifiers(pid.Field(f))
		if nhs == "" {
			nhs = number
		}
		if id == "" && len(own) > 0 {
			id = shown(prefix, own[0])
		}
	}
	if id == "" && nhs != "" {
		return ident.Digest("nhs", nhs), true, nhs
	}
	return id, false, nhs
}

// prior gives the patients that MRG-1 names, but for one.
func (a *Adapter) prior(m *message.Message, prefix, but string) []string {
	var out []string
	for mrg := range m.Segments("MRG") {
		own, nhs := a.identifiers(mrg.Field(1))
		for i := range own {
			own[i] = shown(prefix, own[i])
		}
		if len(own) == 0 && nhs != "" {
			own = []string{ident.Digest("nhs", nhs)}
		}
		for _, id := range own {
			if id != but && !slices.Contains(out, id) && len(out) < maxPrior {
				out = append(out, id)
			}
		}
	}
	return out
}

// identifiers reads a list of ids (CX): the sender's own that the profile wants, in
// order, and the NHS number.
func (a *Adapter) identifiers(f message.Field) (own []string, nhs string) {
	for cx := range f.Repetitions() {
		id := strings.TrimSpace(cx.Part(1).Text())
		if id == "" || cx.Part(1).IsNull() {
			continue
		}
		assigner, kind := word(cx.Part(4).Part(1)), word(cx.Part(5))
		if isNHS(assigner, kind) {
			if number := strings.ReplaceAll(id, " ", ""); nhs == "" && checks(number) {
				nhs = number
			}
			continue
		}
		if a.rules.patient.wants(assigner, kind) {
			own = append(own, id)
		}
	}
	return own, nhs
}

// word gives a code in capitals, without what senders glue to it: "NH{status:01}".
func word(p message.Part) string {
	s, _, _ := strings.Cut(p.Text(), "{")
	return strings.ToUpper(strings.TrimSpace(s))
}

// isNHS reports whether an id is an NHS number by its type or who assigned it, in
// the forms in which British senders say so.
func isNHS(assigner, kind string) bool {
	switch kind {
	case "NH", "HN", "NI", "NHSNMBR", "NHS":
		return true
	}
	return assigner == "NHS" || assigner == "NHSNBR"
}

func (p PatientID) wants(assigner, kind string) bool {
	in := func(list []string, s string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, s) })
	}
	return in(p.Types, kind) && in(p.Assigners, assigner)
}

// checks reports whether ten digits are an NHS number by their check digit
// (modulus 11).
func checks(s string) bool {
	if len(s) != 10 {
		return false
	}
	sum := 0
	for i, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		sum += int(c-'0') * (10 - i)
	}
	return sum%11 == 0
}
