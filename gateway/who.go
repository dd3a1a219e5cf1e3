package gateway

// Who is what a practice has decided about whom it texts, where the number, the
// clinic or the patient's age makes a text a risk (rules R34 to R36). The zero value
// is what a practice has that says nothing.
type Who struct {
	Clinics       Clinics // its own words for general and sensitive clinics
	TextSensitive bool    // text also about sensitive clinics; the wording never names one
	KnownOnly     bool    // hold what is not at a clinic that is named as general
	YoungShared   bool    // text who is 16 or 17 though another patient has the number
	HoldShared    bool    // hold whatever goes to a number that several patients have
	// TellLanguage makes a task of each visit of a patient who reads another language
	// than those of the texts, or needs an interpreter. The text goes all the same.
	TellLanguage bool
}

// Discreet gives an appointment as it may be kept: with the class of its clinic and
// the patient's age on that day in place of what they were worked out from. What the
// source did not tell this time stays as it was known.
func (p Policy) Discreet(a Appointment) Appointment {
	if !a.Clinic.IsZero() {
		a.Class = p.Who.Clinics.Class(a.Clinic)
	}
	if !a.Patient.Born.IsZero() {
		a.Age = a.Patient.Born.AgeOn(a.Start)
	}
	a.Clinic, a.Patient.Born = ClinicName{}, Birth{}
	return a
}

// Texts reports whether the practice texts about visits at such a clinic at all. It
// is false too for what only waits until somebody has classified the clinic.
func (w Who) Texts(a Appointment) bool { return !w.forbids(a) && !w.unclassified(a) }

// At gives the reason for which no text is sent about a visit at such a clinic,
// whoever the patient is; None where the clinic is no reason.
func (w Who) At(c ClinicClass) Reason {
	switch a := (Appointment{Class: c}); {
	case w.forbids(a):
		return Sensitive
	case w.unclassified(a):
		return ClinicUnclear
	}
	return None
}

// forbids reports whether a visit is at a sensitive clinic and not texted about. Who
// is 11 to 15 may come there without a parent's knowledge, and the number on the
// record is as a rule a parent's: no practice can switch that on. An age that is not
// understood may be one of these.
func (w Who) forbids(a Appointment) bool {
	if a.Class != ClinicSensitive {
		return false
	}
	switch a.Age {
	case AgeUnsaid, AgeUnder11, Age16To17, AgeAdult:
		return !w.TextSensitive
	case AgeUnclear, Age11To15:
	}
	return true
}

// doubtful gives the reason to wait until somebody has asked whose number it is, or
// has said what kind of clinic it is.
func (w Who) doubtful(a Appointment, m Moment) Reason {
	switch {
	case w.unclassified(a):
		return ClinicUnclear
	case a.Patient.Needs.Unclear():
		return NeedsUnclear
	case m.Shared && !w.YoungShared && a.perhapsYoung():
		return YoungShared
	case m.Shared && w.HoldShared:
		return SharedNumber
	}
	return None
}

// unclassified reports whether the clinic has to be classified first. A class of a
// later version is one that is not known.
func (w Who) unclassified(a Appointment) bool {
	return a.Class > ClinicSensitive || w.KnownOnly && a.Class <= ClinicUnknown
}

// perhapsYoung reports whether the patient is of the age at which a parent's number
// ought to have gone from the record, or of one that is not understood.
func (a Appointment) perhapsYoung() bool {
	switch a.Age {
	case AgeUnsaid, AgeUnder11, Age11To15, AgeAdult:
		return false
	case AgeUnclear, Age16To17:
	}
	return true
}

func (a Appointment) needsOtherWay() Flag {
	if a.Patient.Needs.ByOtherWay() {
		return FlagYes
	}
	return FlagNo
}
