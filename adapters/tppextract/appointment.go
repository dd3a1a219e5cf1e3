package tppextract

import (
	"slices"
	"time"

	"bellman/gateway"
	"bellman/gateway/born"
	"bellman/gateway/meeting"
	"bellman/gateway/number"
)

// appointment makes an appointment of a visit and what is known of its patient.
func (k *known) appointment(id string, v visit, p *person) gateway.Appointment {
	a := gateway.Appointment{
		ID: gateway.AppointmentID(id + "-" + v.Patient), Patient: k.patient(gateway.PatientID(v.Patient), p),
		Start: time.Unix(v.Start, 0).UTC(), StartDoubt: v.Doubt, Site: v.Location,
		Clinic: gateway.NewClinicName(v.RotaType, v.RotaName),
	}
	var expected bool
	a.Mode, expected = k.mode(v)
	a.Status = k.status(v)
	if a.Status == gateway.StatusBooked && !expected {
		a.Status = gateway.StatusNotBooked
	}
	return a
}

// status reads the status of a visit. What is not understood is never booked.
func (k *known) status(v visit) gateway.Status {
	s := k.adapter.words.statusOf(k.terms[v.Status])
	switch {
	case v.Twice:
		return gateway.StatusUnknown
	case v.Called == calledOff:
		return gateway.StatusCancelled
	case v.Called == calledUnclear && s == gateway.StatusBooked:
		return gateway.StatusUnknown
	}
	return s
}

// mode says how patient and clinician meet, and whether a patient is expected at
// all, by what the section says of the type of rota, else by the plain words in it,
// and by the mark for telephone. That the mark is not set says nothing.
func (k *known) mode(v visit) (gateway.Mode, bool) {
	word, said := k.adapter.words.rotas[folded(v.RotaType)]
	mode := modeWords[word]
	if !said {
		mode = meeting.ModeOf(v.RotaType)
	}
	if yesOrNo(v.Telephone) == answerYes {
		switch mode {
		case gateway.ModeUnknown, gateway.ModeTelephone:
			mode = gateway.ModeTelephone
		case gateway.ModeInPerson, gateway.ModeVideo, gateway.ModeHomeVisit:
			mode = gateway.ModeUnknown // the two contradict each other
		}
	}
	return mode, word != notAVisit
}

// patient makes a patient of what is kept. Of one whose row is not there, or cannot
// be read, nothing is known for certain.
func (k *known) patient(id gateway.PatientID, p *person) gateway.Patient {
	out := gateway.Patient{
		ID: id, Name: gateway.NewName(p.row.Name), NHSNumber: gateway.NewNHSNumber(p.row.NHS), Born: born.Kept(p.row.Born),
	}
	if p.row.NoEnglish {
		out.Language = gateway.LanguageOther
	}
	if p.row.Serial == 0 || p.row.is() || p.blind {
		out.MobileKind = gateway.NumberUnclear
		out.Deceased, out.Left, out.Declined, out.Restricted = gateway.FlagUnclear, gateway.FlagUnclear, gateway.FlagUnclear, gateway.FlagUnclear
		return out
	}
	out.Mobile, out.MobileKind = k.mobile(p.contacts)
	out.Deceased, out.Left, out.Declined = p.row.Died, k.left(p.stays), k.declined(p.consents)
	out.Restricted = worse(p.row.Test, k.restricted(p.marks))
	return out
}

// worse gives the flag that sends less: yes before unclear before no.
func worse(a, b gateway.Flag) gateway.Flag {
	switch {
	case a == gateway.FlagYes || b == gateway.FlagYes:
		return gateway.FlagYes
	case a == gateway.FlagUnclear || b == gateway.FlagUnclear:
		return gateway.FlagUnclear
	}
	return gateway.FlagNo
}

// latest gives the rows that may be the last word: those with the latest date, of
// these the ones recorded last, and all without a date, which may be later still.
func latest(all []event) []event {
	var best, undated []event
	for _, e := range all {
		switch {
		case e.At == 0 || e.is():
			undated = append(undated, e)
		case len(best) == 0 || after(e, best[0]):
			best = append(best[:0:0], e)
		case !after(best[0], e):
			best = append(best, e)
		}
	}
	return append(best, undated...)
}

func after(x, y event) bool {
	if x.At != y.At {
		return x.At > y.At
	}
	return x.Recorded > y.Recorded
}

// mobile gives the latest mobile number. Where the latest row was removed, what is
// left is older, and only believed when it is the same number.
func (k *known) mobile(contacts []event) (gateway.Phone, gateway.NumberKind) {
	var live, all []event
	for _, e := range contacts {
		if !e.is() && kindOf(k.terms[e.Type]) == kindOther {
			continue
		}
		all = append(all, e)
		if !e.Removed {
			live = append(live, e)
		}
	}
	phone, kind := k.number(latest(live))
	last := latest(all)
	if len(live) == 0 || slices.ContainsFunc(last, func(e event) bool { return !e.Removed }) {
		return phone, kind
	}
	if gone, was := k.number(last); gone != phone || was != kind {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	return phone, kind
}

// number reads the number that rows agree on.
func (k *known) number(rows []event) (gateway.Phone, gateway.NumberKind) {
	var phone gateway.Phone
	found := gateway.NumberMissing
	for i, e := range rows {
		if e.is() || kindOf(k.terms[e.Type]) == kindUnknown {
			return gateway.Phone{}, gateway.NumberUnclear
		}
		p, kind := number.Parse(e.Value, k.adapter.env.Trial)
		if i > 0 && (p != phone || kind != found) {
			return gateway.Phone{}, gateway.NumberUnclear
		}
		phone, found = p, kind
	}
	return phone, found
}

// declined reads the consents to texts. The latest of every organisation counts,
// since nobody has published whether one speaks for another: a refusal anywhere is
// a refusal.
func (k *known) declined(consents []event) gateway.Flag {
	by := map[string][]event{}
	for _, e := range consents {
		by[e.Organisation] = append(by[e.Organisation], e)
	}
	out := gateway.FlagNo
	for _, some := range by {
		for _, e := range latest(some) {
			switch a := k.adapter.words.consent(e.Value, k.terms); {
			case e.is():
				out = worse(out, gateway.FlagUnclear)
			case a == answerNo:
				out = gateway.FlagYes
			case a == answerUnclear:
				out = worse(out, gateway.FlagUnclear)
			}
		}
	}
	return out
}

// left says whether the patient's registration with the practice is over. Who never
// had one, and is seen here all the same, has not left.
func (k *known) left(stays []event) gateway.Flag {
	now := k.adapter.env.Clock.Now().Unix()
	over, open := false, false
	for _, e := range latest(stays) {
		switch {
		case e.is():
			return gateway.FlagUnclear
		case e.Ended != 0 && e.Ended <= now:
			over = true
		default:
			open = true
		}
	}
	switch {
	case over && open:
		return gateway.FlagUnclear
	case over:
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

// restricted reads the statuses of the record, by the section's own words only:
// what stands there has not been published.
func (k *known) restricted(marks []event) gateway.Flag {
	out := gateway.FlagNo
	for _, e := range latest(marks) {
		f, ok := k.adapter.words.records[folded(k.terms[e.Value])]
		if !ok {
			f, ok = k.adapter.words.records[folded(e.Value)]
		}
		if e.is() || !ok {
			f = gateway.FlagUnclear
		}
		out = worse(out, f)
	}
	return out
}
