package fhirshape

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// Patient is a Patient resource, as far as a reminder needs it. Next of kin
// (`contact`) is left out on purpose: its numbers are never texted.
type Patient struct {
	Hidden
	ResourceType     Word             `json:"resourceType"`
	ID               Word             `json:"id"`
	Meta             One[Meta]        `json:"meta"`
	Extension        Many[Extension]  `json:"extension"`
	Identifier       Many[Identifier] `json:"identifier"`
	Active           json.RawMessage  `json:"active"`
	Name             Many[HumanName]  `json:"name"`
	Telecom          Many[Telecom]    `json:"telecom"`
	DeceasedBoolean  json.RawMessage  `json:"deceasedBoolean"`
	DeceasedDateTime json.RawMessage  `json:"deceasedDateTime"`
	Link             Many[Link]       `json:"link"`
	BirthDate        Loose[string]    `json:"birthDate"`
	// Communication tells the languages in which the patient can be spoken to.
	Communication Many[Communication] `json:"communication"`
	// Animal stands in STU3 only, where it changes what everything else means.
	Animal json.RawMessage `json:"animal"`
}

// HumanName is one name of a person. The family name is not read: no text holds it.
type HumanName struct {
	Use    string      `json:"use"`
	Given  []string    `json:"given"`
	Period One[Period] `json:"period"`
}

// Link says how a record lies to another one of the same person.
type Link struct {
	Type string `json:"type"`
}

// Extensions gives the patient's extensions.
func (p *Patient) Extensions() Extensions { return Extensions{p.Extension} }

// AsPatient turns the resource into the gateway's words. id is the source's id for
// it, now decides which periods are current, trial is as in number.Parse.
func (p *Patient) AsPatient(id gateway.PatientID, now time.Time, trial bool) gateway.Patient {
	out := gateway.Patient{
		ID:         id,
		Name:       p.GivenName(now),
		NHSNumber:  p.NHSNumber(now),
		Deceased:   p.Deceased(now),
		Left:       p.Left(now),
		Declined:   p.Declined(),
		Restricted: p.Restricted(),
		Born:       p.Born(),
		Needs:      p.Needs(),
		Language:   p.Language(),
	}
	out.Mobile, out.MobileKind = p.Mobile(now, trial)
	return out
}

// Deceased says whether the patient has died: by deceased[x], by the notice of
// death of UK Core and CareConnect, or by the removal of PDS. Extensions that
// cannot be read might say so, hence unclear.
func (p *Patient) Deceased(now time.Time) gateway.Flag {
	removed, _ := p.removal(now)
	flag := Worst(p.deceased(), p.deathNotice(), removed)
	if !p.Extensions().Whole() {
		flag = Worst(flag, gateway.FlagUnclear)
	}
	return flag
}

// deceased reads deceased[x]. A date means dead, however coarse it is.
func (p *Patient) deceased() gateway.Flag {
	flag := gateway.FlagNo
	if Said(p.DeceasedBoolean) {
		flag = gateway.FlagUnclear
		var dead bool
		if json.Unmarshal(p.DeceasedBoolean, &dead) == nil {
			flag = gateway.FlagNo
			if dead {
				flag = gateway.FlagYes
			}
		}
	}
	if !Said(p.DeceasedDateTime) {
		return flag
	}
	var date string
	if json.Unmarshal(p.DeceasedDateTime, &date) == nil {
		if _, _, ok := Stretch(date); ok {
			return gateway.FlagYes
		}
	}
	return Worst(flag, gateway.FlagUnclear)
}

// deathNotice reads DeathNotificationStatus: 1 informal, 2 formal, U removed
// because it was an error.
func (p *Patient) deathNotice() gateway.Flag {
	flag := gateway.FlagNo
	for _, e := range p.Extensions().Named("DeathNotificationStatus") {
		flag = Worst(flag, eachCode(e.Inner().Named("deathNotificationStatus"), map[string]gateway.Flag{
			"1": gateway.FlagYes, "2": gateway.FlagYes, "U": gateway.FlagNo,
		}))
	}
	return flag
}

// Declined reads UK Core's ContactPreference. Only 8, no telephone contact, is a
// no: the others tell what is liked best.
func (p *Patient) Declined() gateway.Flag {
	flag := gateway.FlagNo
	if !p.Extensions().Whole() {
		flag = gateway.FlagUnclear
	}
	for _, e := range p.Extensions().Named("ContactPreference") {
		if !e.Inner().Whole() {
			flag = Worst(flag, gateway.FlagUnclear)
		}
		methods := e.Inner().Named("PreferredContactMethod")
		if len(methods) == 0 {
			continue // it speaks of times and print sizes only
		}
		flag = Worst(flag, eachCode(methods, map[string]gateway.Flag{
			"1": gateway.FlagNo, "2": gateway.FlagNo, "3": gateway.FlagNo, "4": gateway.FlagNo, "5": gateway.FlagNo,
			"6": gateway.FlagNo, "7": gateway.FlagNo, "8": gateway.FlagYes, "9": gateway.FlagNo,
		}))
	}
	return flag
}

// removal reads the removal from registration that PDS tells of: DEA is death, the
// others are ways of leaving. One whose time is over counts for nothing.
func (p *Patient) removal(now time.Time) (dead, left gateway.Flag) {
	for _, e := range p.Extensions().Named("RemovalFromRegistration") {
		inner, lies := e.Inner(), Current
		for _, t := range inner.Named("effectiveTime") {
			lies = PeriodAt(t.ValuePeriod, now)
		}
		died := eachCode(inner.Named("removalFromRegistrationCode"), map[string]gateway.Flag{
			"DEA": gateway.FlagYes, "EMB": gateway.FlagNo, "SCT": gateway.FlagNo, "NIT": gateway.FlagNo, "TRA": gateway.FlagNo, "ORR": gateway.FlagNo,
		})
		switch {
		case died == gateway.FlagYes:
			dead = gateway.FlagYes // no period ends a death
		case !inner.Whole() || died == gateway.FlagUnclear || lies == UnclearWhen:
			left = Worst(left, gateway.FlagUnclear)
		case lies == Current:
			left = gateway.FlagYes
		}
	}
	return dead, left
}

// Left reads what says that the record is no longer in use. An inactive record may
// belong to somebody who left, or be a duplicate of another: it does not say which,
// hence unclear. So is a record that another one replaces.
func (p *Patient) Left(now time.Time) gateway.Flag {
	_, flag := p.removal(now)
	if Said(p.Active) {
		var active bool
		if json.Unmarshal(p.Active, &active) != nil || !active {
			flag = Worst(flag, gateway.FlagUnclear)
		}
	}
	for _, l := range p.Link.Items {
		if l.Value.Type == "replaced-by" {
			flag = Worst(flag, gateway.FlagUnclear)
		}
	}
	if !p.Link.Whole() {
		flag = Worst(flag, gateway.FlagUnclear)
	}
	return flag
}

// Restricted reads the security labels. An element that changes the meaning of the
// whole record and is not understood counts here too.
func (p *Patient) Restricted() gateway.Flag {
	flag := p.Meta.Value.Restricted()
	if p.Meta.Bad || p.Present() || Said(p.Animal) {
		flag = Worst(flag, gateway.FlagUnclear)
	}
	return flag
}

// NHSNumber gives the current NHS number; none when there are two, or when the
// record itself says that it is not verified.
func (p *Patient) NHSNumber(now time.Time) gateway.NHSNumber {
	found := ""
	for _, i := range p.Identifier.Items {
		v := i.Value
		digits := strings.Join(strings.Fields(v.Value.Value), "")
		if i.Bad || v.System.Value != NHSNumber || v.Use.Value == "old" || PeriodAt(v.Period, now) != Current || len(digits) != 10 {
			continue
		}
		if found != "" && found != digits || !v.verified() {
			return gateway.NHSNumber{}
		}
		found = digits
	}
	return gateway.NewNHSNumber(found)
}

// verified reads NHSNumberVerificationStatus, whose one good value is 01 in STU3
// and PDS, and a word in UK Core. A number without a status is taken as it stands.
func (i Identifier) verified() bool {
	exts := Extensions{i.Extension}
	if !exts.Whole() {
		return false
	}
	for _, e := range exts.Named("NHSNumberVerificationStatus") {
		codes := e.Codes()
		if len(codes) == 0 || slices.ContainsFunc(codes, func(c string) bool { return c != "01" && c != "number-present-and-verified" }) {
			return false
		}
	}
	return true
}

// Has reports whether the patient carries an identifier (as Identifier.Key writes
// it), so that a server which ignores a question does not answer with somebody
// else.
func (p *Patient) Has(key string) bool {
	for _, i := range p.Identifier.Items {
		if !i.Bad && i.Value.Use.Value != "old" && i.Value.Key() == key {
			return true
		}
	}
	return false
}

// nameUses are the uses of a name by which a patient may be called, best first.
// Old, maiden, temporary and anonymous names are never used.
var nameUses = []string{"usual", "official", ""}

// GivenName gives the given name by which the patient is called, if there is one.
func (p *Patient) GivenName(now time.Time) gateway.Name {
	for _, use := range nameUses {
		for _, n := range p.Name.Items {
			if n.Bad || n.Value.Use != use || PeriodAt(n.Value.Period, now) != Current {
				continue
			}
			if i := slices.IndexFunc(n.Value.Given, func(s string) bool { return strings.TrimSpace(s) != "" }); i >= 0 {
				return gateway.NewName(strings.TrimSpace(n.Value.Given[i]))
			}
		}
	}
	return gateway.Name{}
}
