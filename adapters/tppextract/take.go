package tppextract

import (
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/born"
)

// takeVisit takes a row of SRAppointment.
func takeVisit(i *intake, id string) error {
	organisation, patient := i.text(colVisitOrganisation), i.text(colVisitPatient)
	if organisation != "" && !strings.EqualFold(organisation, i.adapter.organisation) {
		i.ours--
		return i.passOver(id) // shared with this practice, and at another
	}
	start, doubt, ok := wallTime(i.text(colStart))
	ok = ok && sensible(start)
	if ok && start.Before(time.Unix(i.head.Horizon, 0)) {
		return i.passOver(id)
	}
	if nobody(patient) {
		return i.gone(id)
	}
	status := i.text(colStatus)
	if !ok || midnight(start) {
		if s := i.adapter.words.statusOf(i.terms[status]); s != gateway.StatusUnknown && s != gateway.StatusBooked {
			return i.gone(id) // whenever it was: nobody is expected any more
		}
	}
	switch {
	case organisation == "":
		return i.unreadable(id, "does not say at which organisation it is")
	case !rowNumber.MatchString(patient):
		return i.unreadable(id, "its patient is not a number")
	case !ok:
		return i.unreadable(id, "its start is not a date and time")
	case midnight(start):
		return i.unreadable(id, "its start has no time of day")
	}
	return i.put(id, visit{
		Serial: i.head.Serial, Patient: patient, Start: start.Unix(), Doubt: doubt, Status: short(status), Called: i.calledOff(),
		Telephone: short(i.text(colTelephone)), RotaType: short(i.text(colRotaType)), Location: short(i.text(colLocation)),
		RotaName: short(i.text(colRotaName)),
	}.over)
}

func (i *intake) calledOff() called {
	s := i.text(colCancelled)
	if s == "" {
		return notCalledOff
	}
	if t, _, ok := wallTime(s); ok && sensible(t) {
		return calledOff
	}
	return calledUnclear
}

// takePatient takes a row of SRPatient.
func takePatient(i *intake, id string) error {
	p := patient{Serial: i.head.Serial, Name: short(i.text(colFirstName)), NHS: nhsNumber(i.text(colNHS)), Died: i.died()}
	p.Born = born.Keep(i.text(colBirth), i.until, wallLayouts...)
	p.NoEnglish = yesOrNo(i.text(colEnglish)) == answerNo
	switch test := i.text(colTest); {
	case test == "", yesOrNo(test) == answerNo:
	case yesOrNo(test) == answerYes:
		p.Test = gateway.FlagYes
	default:
		p.Test = gateway.FlagUnclear
	}
	return i.put(id, p.over)
}

// died reads DateDeath. A day to come is not understood.
func (i *intake) died() gateway.Flag {
	s := i.text(colDeath)
	if s == "" {
		return gateway.FlagNo
	}
	if t, _, ok := wallTime(s); ok && sensible(t) && t.Before(i.until.Add(keptBefore)) {
		return gateway.FlagYes
	}
	return gateway.FlagUnclear
}

// nhsNumber gives the ten digits of an NHS number, or nothing.
func nhsNumber(s string) string {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) != 10 || !rowNumber.MatchString(s) {
		return ""
	}
	return s
}

// told begins what is kept of a row that says one thing about a patient. It
// reports false when it says it of nobody.
func (i *intake) told(id string) (event, bool, error) {
	patient := i.text(colPatient)
	switch {
	case nobody(patient):
		return event{}, false, i.gone(id)
	case !rowNumber.MatchString(patient):
		return event{}, false, i.unreadable(id, "its patient is not a number")
	}
	return event{
		Serial: i.head.Serial, Patient: patient, Value: short(i.text(colValue)), At: i.dated(colDate), Recorded: i.dated(colRecorded),
		Organisation: short(folded(i.text(colOrganisation))),
	}, true, nil
}

// dated gives the moment in a column, 0 when there is none to be believed: one to
// come would make its row the latest for years.
func (i *intake) dated(column int) int64 {
	t, _, ok := wallTime(i.text(column))
	if !ok || !sensible(t) || t.After(i.until.Add(keptBefore)) {
		return 0
	}
	return t.Unix()
}

// takeSaid takes a row whose value is read when the feed is made.
func takeSaid(i *intake, id string) error {
	e, ok, err := i.told(id)
	if !ok {
		return err
	}
	return i.put(id, e.over)
}

// takeContact takes a row of SRPatientContactDetails. Only mobile numbers are kept,
// and those of which it is not known what they are.
func takeContact(i *intake, id string) error {
	e, ok, err := i.told(id)
	if !ok {
		return err
	}
	e.Type = short(i.text(colMore))
	if kindOf(i.terms[e.Type]) == kindOther {
		return i.passOver(id)
	}
	return i.put(id, e.over)
}

// takeRegistration takes a row of SRPatientRegistration, if it is one with this
// practice.
func takeRegistration(i *intake, id string) error {
	e, ok, err := i.told(id)
	if !ok {
		return err
	}
	if e.Organisation != "" && e.Organisation != folded(i.adapter.organisation) {
		return i.gone(id)
	}
	e.Value = ""
	ended := i.text(colMore)
	if t, _, ok := wallTime(ended); ok && sensible(t) {
		e.Ended = t.Unix()
	} else if ended != "" {
		return i.unreadable(id, "its end is not a date")
	}
	return i.put(id, e.over)
}
