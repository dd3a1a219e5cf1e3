package hl7

import (
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/born"
)

// How long what is kept is kept, by our clock. Patients come with every message of
// a hospital, those without any appointment here too.
const (
	keepVisits   = 7 * 24 * time.Hour   // after their start
	keepUnplaced = 400 * 24 * time.Hour // appointments without a known start, such as cancelled before they were told
	keepPatients = 7 * 24 * time.Hour   // of whom no appointment is kept
	keepGrave    = 400 * 24 * time.Hour // likewise, who died, were merged or taken out
)

// people finds patients, and the patients that have one NHS number.
type people interface {
	person(id string) (*person, bool)
	namesakes(nhs string) []string
}

// id gives an appointment's id: the sender's, and the patient's behind it, since a
// sender may give a number to another patient.
func (v *visit) id(key string) gateway.AppointmentID {
	return gateway.AppointmentID(key + "-" + v.Patient.Is)
}

// appointment puts together what is known of a visit and its patient. It gives what
// is missing instead, when something is that an appointment cannot be without.
func (a *Adapter) appointment(key string, v *visit, all people) (gateway.Appointment, string) {
	switch {
	case !v.Start.known() && v.Garbled.known():
		return gateway.Appointment{}, v.Garbled.Is
	case !v.Start.known():
		return gateway.Appointment{}, "no message has told when it is"
	case !v.Patient.known():
		return gateway.Appointment{}, "no message has told whose it is"
	}
	out := gateway.Appointment{
		ID: v.id(key), Start: time.Unix(v.Start.Is.At, 0).UTC(), StartDoubt: v.Start.Is.Doubt,
		Site: v.Site.Is, Mode: v.Mode.Is, Status: v.standing(), Clinic: gateway.NewClinicName(v.Clinic.Is...),
	}
	p, ok := a.patientOf(v, all)
	if !ok {
		return gateway.Appointment{}, "nothing is kept of its patient"
	}
	out.Patient = p.Patient
	if p.mixed > v.last() && out.Status == gateway.StatusBooked {
		out.Status = gateway.StatusUnknown
	}
	return out, ""
}

type patient struct {
	gateway.Patient
	mixed int64 // when it became unclear whose appointments are whose
}

// patientOf gives the patient of a visit as he or she now stands: under the id that
// others went up in, with the worst that was said under any of them or under any id
// with the same NHS number. What was not said under the newest id counts as it was
// said under the one before.
func (a *Adapter) patientOf(v *visit, all people) (patient, bool) {
	out := patient{Patient: gateway.Patient{ID: gateway.PatientID(v.Patient.Is)}}
	var nhs, given string
	var phones []phone
	found, left := false, gateway.FlagNo
	seen := map[string]bool{}
	for id := v.Patient.Is; id != "" && !seen[id] && len(seen) <= maxChain; {
		seen[id] = true
		p, ok := all.person(id)
		if !ok {
			break
		}
		found, left = true, p.left()
		out.add(p)
		if p.NHS.known() {
			nhs = p.NHS.Is
		}
		if p.Given.known() {
			given = p.Given.Is
		}
		if p.Born.known() {
			out.Born = born.Kept(p.Born.Is)
		}
		if p.Language.known() {
			out.Language = p.Language.Is
		}
		if len(p.Phones) > 0 {
			phones = a.rules.listed(p)
		}
		id = p.Into.Is
	}
	for _, id := range all.namesakes(nhs) {
		if p, ok := all.person(id); ok && !seen[id] {
			out.add(p)
		}
	}
	out.Left = left
	out.Name, out.NHSNumber = gateway.NewName(given), gateway.NewNHSNumber(nhs)
	out.Mobile, out.MobileKind = a.rules.mobile(phones, a.trial)
	return out, found
}

// add lays what must not be forgotten of one id over the others.
func (p *patient) add(other *person) {
	p.Deceased = worse(p.Deceased, other.deceased())
	p.Declined = worse(p.Declined, other.Declined.Is)
	p.Restricted = worse(p.Restricted, other.Restricted.Is)
	p.Needs |= other.Needs.Is
	p.mixed = max(p.mixed, other.Mixed)
}

// listed gives a patient's numbers in the order of the profile's fields.
func (r rules) listed(p *person) []phone {
	var out []phone
	for _, at := range r.phones {
		out = append(out, p.Phones[pathKey(at)].Is...)
	}
	return out
}

// keyOf takes an appointment's id apart again. It reports false for an id that is
// not made as ours are.
func keyOf(a gateway.Appointment) (key string, ok bool) {
	return strings.CutSuffix(string(a.ID), "-"+string(a.Patient.ID))
}
