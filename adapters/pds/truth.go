package pds

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/born"
	"bellman/gateway/number"
	"bellman/gateway/outbound"
)

// truth is what PDS said of one NHS number, as it is remembered. It holds numbers in
// clear, and goes nowhere but onto the shelf, which seals it.
type truth struct {
	// Unusable: there is no record, it was withdrawn, or it belongs to another NHS
	// number now. Nothing else is set then.
	Unusable   bool         `json:"unusable,omitempty"`
	Deceased   gateway.Flag `json:"deceased,omitempty"`
	Left       gateway.Flag `json:"left,omitempty"`
	Declined   gateway.Flag `json:"declined,omitempty"`
	Restricted gateway.Flag `json:"restricted,omitempty"`
	// Needs and Language are how the patient can be reached.
	Needs    gateway.Needs    `json:"needs,omitempty"`
	Language gateway.Language `json:"language,omitempty"`
	// Born is the date of birth, to be compared with the practice's at every read. It is
	// no day at all where PDS has none that is exact to the day.
	Born    string   `json:"born,omitempty"`
	Mobiles []string `json:"mobiles,omitempty"` // in use on that day, as they were typed
	Murky   bool     `json:"murky,omitempty"`   // there may be another one that cannot be read
}

var (
	errNotPatient = errors.New("the answer is not a patient's record, or it breaks off")
	errNoID       = errors.New("the answer does not say whose record it is")
)

// key is under what an answer is remembered: the NHS number. One that cannot be an
// NHS number is asked of nobody.
func key(a gateway.Appointment) string {
	if !a.Patient.NHSNumber.Valid() {
		return ""
	}
	return a.Patient.NHSNumber.Reveal()
}

// without says what becomes of a patient about whom PDS cannot be asked. No number
// at all is usual in some systems, and what they say stands, unless the practice
// wants everybody looked up. One that cannot be an NHS number is a mistake in the
// record, and may hide that its patient must not be texted.
func (a *Adapter) without(ap gateway.Appointment) gateway.Appointment {
	if a.config.Required || !ap.Patient.NHSNumber.IsZero() {
		ap.Patient.Restricted = fhirshape.Worst(ap.Patient.Restricted, gateway.FlagUnclear)
	}
	return ap
}

// ask asks PDS about the patient now.
func (a *Adapter) ask(ctx context.Context, ap gateway.Appointment) (truth, error) {
	nhs := key(ap)
	res, err := a.look(ctx, nhs)
	if err != nil {
		return truth{}, err
	}
	now := a.env.Clock.Now()
	var age outbound.Age
	age.Heard(res, now)
	if err := age.Recent(now); err != nil {
		return truth{}, err
	}
	switch {
	case res.Status == http.StatusOK:
		return a.read(res.Body, nhs, now)
	case knowsNobody(res):
		return truth{Unusable: true}, nil
	}
	return truth{}, a.refusal(res)
}

// record is a Patient of PDS, with what no other system's has.
type record struct {
	fhirshape.Patient
	GeneralPractitioner fhirshape.Many[struct {
		Identifier fhirshape.One[fhirshape.Identifier] `json:"identifier"`
	}] `json:"generalPractitioner"`
}

// read understands PDS' answer to a question about an NHS number.
func (a *Adapter) read(body []byte, nhs string, now time.Time) (truth, error) {
	var r record
	if json.Unmarshal(body, &r) != nil || r.ResourceType.Value != "Patient" {
		return truth{}, errNotPatient
	}
	switch id := r.ID.Value; {
	case !gateway.NewNHSNumber(id).Valid():
		return truth{}, errNoID
	case id != nhs:
		// The number that the practice has was merged into another. Whether the two
		// are one person is for people to see, and for the practice to correct.
		return truth{Unusable: true}, nil
	}
	t := truth{Deceased: r.Deceased(now), Left: r.Left(now), Declined: r.Declined(), Restricted: r.Restricted(), Needs: r.Needs(), Language: r.Language()}
	if len(r.Meta.Value.Security.Items) == 0 {
		// Every record of PDS says whether it is restricted.
		t.Restricted = fhirshape.Worst(t.Restricted, gateway.FlagUnclear)
	}
	if len(a.config.RegisteredWith) > 0 && !r.registeredWith(a.config.RegisteredWith, now) {
		t.Left = fhirshape.Worst(t.Left, gateway.FlagUnclear)
	}
	t.Mobiles, t.Murky = r.mobiles(now)
	t.Born = r.bornOn()
	return t, nil
}

// unclearBirth is remembered where PDS has a date of birth that is no day.
const unclearBirth = "?"

// bornOn gives the date of birth as it is remembered.
func (r *record) bornOn() string {
	switch b := r.Patient.Born(); {
	case b.IsZero():
		return ""
	case b == gateway.UnclearBirth():
		return unclearBirth
	}
	return r.BirthDate.Value
}

// registeredWith reports whether the patient's practice of today is one of these.
func (r *record) registeredWith(codes []string, now time.Time) bool {
	for _, gp := range r.GeneralPractitioner.Items {
		id := gp.Value.Identifier
		if !gp.Bad && !id.Bad && fhirshape.PeriodAt(id.Value.Period, now) == fhirshape.Current &&
			slices.ContainsFunc(codes, func(code string) bool { return strings.EqualFold(code, id.Value.Value.Value) }) {
			return true
		}
	}
	return false
}

// mobiles gives what stands as a mobile number in use now, and whether something
// stands there that cannot be read.
func (r *record) mobiles(now time.Time) (in []string, murky bool) {
	murky = r.Telecom.Bad
	for _, t := range r.Telecom.Items {
		alone := fhirshape.Patient{Telecom: fhirshape.Many[fhirshape.Telecom]{Items: []fhirshape.Loose[fhirshape.Telecom]{t}}}
		switch _, kind := alone.Mobile(now, true); kind {
		case gateway.NumberMissing, gateway.NumberLandline:
		case gateway.NumberUnclear:
			murky = true
		case gateway.NumberMobile, gateway.NumberOther:
			in = append(in, t.Value.Value.Value)
		}
	}
	return in, murky
}

// lay lays what PDS said over an appointment.
func (a *Adapter) lay(ap gateway.Appointment, t truth) gateway.Appointment {
	p := &ap.Patient
	if t.Unusable || t.isAnother(ap) {
		p.Restricted = fhirshape.Worst(p.Restricted, gateway.FlagUnclear)
		if t.Restricted == gateway.FlagYes {
			p.Restricted, p.Mobile, p.MobileKind = gateway.FlagYes, gateway.Phone{}, gateway.NumberUnclear
		}
		return ap
	}
	if p.Born.IsZero() && ap.Age == gateway.AgeUnsaid {
		p.Born = t.young(ap.Start)
	}
	p.Deceased = fhirshape.Worst(p.Deceased, t.Deceased)
	p.Left = fhirshape.Worst(p.Left, t.Left)
	p.Declined = fhirshape.Worst(p.Declined, t.Declined)
	p.Restricted = fhirshape.Worst(p.Restricted, t.Restricted)
	p.Needs |= t.Needs
	if t.Language != gateway.LanguageUnsaid {
		p.Language = t.Language
	}
	if t.Restricted == gateway.FlagYes {
		// PDS withholds the number of whoever must not be found. The one that the
		// practice's system has is taken away, so that nothing can ever use it.
		p.Mobile, p.MobileKind = gateway.Phone{}, gateway.NumberUnclear
		return ap
	}
	p.Mobile, p.MobileKind = a.number(*p, t)
	return ap
}

// birth gives the date of birth that PDS has.
func (t truth) birth() gateway.Birth { return born.Read(t.Born, time.DateOnly) }

// isAnother reports whether the record is another person's than the practice's: the two
// dates of birth cannot be one's. Nothing that PDS says of such a record may speak for
// the patient. Where the practice's own is not at hand, what followed from it is.
func (t truth) isAnother(ap gateway.Appointment) bool {
	if ap.Patient.Born.IsZero() {
		return ap.Age.Contradicts(t.birth(), ap.Start)
	}
	return ap.Patient.Born.Contradicts(t.birth(), ap.Start)
}

// young gives the date of birth where it changes whether a text is sent: not that of an
// adult, about whom there would be something to ask anew with every read.
func (t truth) young(at time.Time) gateway.Birth {
	if b := t.birth(); b.AgeOn(at) != gateway.AgeAdult {
		return b
	}
	return gateway.Birth{}
}

// number says which number is texted.
func (a *Adapter) number(p gateway.Patient, t truth) (gateway.Phone, gateway.NumberKind) {
	if a.config.Number == numberFeed {
		return p.Mobile, p.MobileKind
	}
	known := map[gateway.Phone]gateway.NumberKind{}
	for _, raw := range t.Mobiles {
		phone, kind := number.Parse(raw, a.env.Trial)
		known[phone] = kind
	}
	if a.config.Number == numberPDS {
		return only(known, t.Murky)
	}
	_, agrees := known[p.Mobile]
	if p.MobileKind != gateway.NumberMobile || agrees || len(known) == 0 && !t.Murky {
		return p.Mobile, p.MobileKind
	}
	return gateway.Phone{}, gateway.NumberUnclear
}

// only gives the one number that there is.
func only(known map[gateway.Phone]gateway.NumberKind, murky bool) (gateway.Phone, gateway.NumberKind) {
	switch {
	case murky || len(known) > 1:
		return gateway.Phone{}, gateway.NumberUnclear
	case len(known) == 0:
		return gateway.Phone{}, gateway.NumberMissing
	}
	for phone, kind := range known {
		return phone, kind
	}
	return gateway.Phone{}, gateway.NumberMissing
}
