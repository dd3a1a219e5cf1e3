package fhir

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// person is a Patient resource, as far as a reminder needs it. Next of kin
// (`contact`) is left out on purpose: its numbers are never texted.
type person struct {
	hidden
	ResourceType     string                     `json:"resourceType"`
	ID               string                     `json:"id"`
	Meta             loose[meta]                `json:"meta"`
	Extension        json.RawMessage            `json:"extension"`
	Identifier       loose[[]loose[identifier]] `json:"identifier"`
	Active           json.RawMessage            `json:"active"`
	Name             loose[[]loose[name]]       `json:"name"`
	Telecom          loose[[]loose[telecom]]    `json:"telecom"`
	DeceasedBoolean  json.RawMessage            `json:"deceasedBoolean"`
	DeceasedDateTime json.RawMessage            `json:"deceasedDateTime"`
	Link             loose[[]struct {
		Type string `json:"type"`
	}] `json:"link"`
}

type name struct {
	Use    string         `json:"use"`
	Given  []string       `json:"given"`
	Period *loose[period] `json:"period"`
}

// patient turns a Patient resource into the gateway's words. id is the source's
// id for it, now decides which periods are current.
func (p *person) patient(id gateway.PatientID, now time.Time, trial bool) gateway.Patient {
	exts, whole := extensions(p.Extension)
	out := gateway.Patient{
		ID:         id,
		Name:       p.name(now),
		NHSNumber:  p.nhsNumber(now),
		Deceased:   worst(p.deceased(), deathNotice(exts)),
		Left:       p.left(),
		Declined:   contactPreference(exts),
		Restricted: p.restricted(),
	}
	dead, left := removal(exts, now)
	out.Deceased, out.Left = worst(out.Deceased, dead), worst(out.Left, left)
	if !whole {
		out.Deceased = worst(out.Deceased, gateway.FlagUnclear)
		out.Declined = worst(out.Declined, gateway.FlagUnclear)
	}
	out.Mobile, out.MobileKind = p.mobile(now, trial)
	return out
}

// worst gives the graver of flags: yes before unclear before no.
func worst(flags ...gateway.Flag) gateway.Flag {
	out := gateway.FlagNo
	for _, f := range flags {
		if f == gateway.FlagYes {
			return f
		}
		if f == gateway.FlagUnclear {
			out = f
		}
	}
	return out
}

// deceased reads deceased[x]. A date means dead, however coarse it is.
func (p *person) deceased() gateway.Flag {
	flag := gateway.FlagNo
	if said(p.DeceasedBoolean) {
		flag = gateway.FlagUnclear
		var dead bool
		if json.Unmarshal(p.DeceasedBoolean, &dead) == nil {
			flag = gateway.FlagNo
			if dead {
				flag = gateway.FlagYes
			}
		}
	}
	if !said(p.DeceasedDateTime) {
		return flag
	}
	var date string
	if json.Unmarshal(p.DeceasedDateTime, &date) == nil {
		if _, _, ok := stretch(date); ok {
			return gateway.FlagYes
		}
	}
	return worst(flag, gateway.FlagUnclear)
}

// deathNotice reads UK Core's DeathNotificationStatus: 1 informal, 2 formal, U
// removed because it was an error.
func deathNotice(exts []extension) gateway.Flag {
	flag := gateway.FlagNo
	for _, e := range named(exts, "Extension-UKCore-DeathNotificationStatus") {
		inner, _ := extensions(e.Extension)
		flag = worst(flag, eachCode(named(inner, "deathNotificationStatus"), map[string]gateway.Flag{
			"1": gateway.FlagYes, "2": gateway.FlagYes, "U": gateway.FlagNo,
		}))
	}
	return flag
}

// contactPreference reads UK Core's ContactPreference. Only 8, no telephone
// contact, is a no: the others tell what is liked best.
func contactPreference(exts []extension) gateway.Flag {
	flag := gateway.FlagNo
	for _, e := range named(exts, "Extension-UKCore-ContactPreference") {
		inner, whole := extensions(e.Extension)
		if !whole {
			flag = worst(flag, gateway.FlagUnclear)
		}
		methods := named(inner, "PreferredContactMethod")
		if len(methods) == 0 {
			continue // it speaks of times and print sizes only
		}
		flag = worst(flag, eachCode(methods, map[string]gateway.Flag{
			"1": gateway.FlagNo, "2": gateway.FlagNo, "3": gateway.FlagNo, "4": gateway.FlagNo, "5": gateway.FlagNo,
			"6": gateway.FlagNo, "7": gateway.FlagNo, "8": gateway.FlagYes, "9": gateway.FlagNo,
		}))
	}
	return flag
}

// eachCode looks up every code of the extensions; one that is not in the table,
// or no code at all, is unclear.
func eachCode(exts []extension, table map[string]gateway.Flag) gateway.Flag {
	var flags []gateway.Flag
	for _, e := range exts {
		for _, code := range e.codes() {
			flag, known := table[code]
			if !known {
				flag = gateway.FlagUnclear
			}
			flags = append(flags, flag)
		}
	}
	if len(flags) == 0 {
		return gateway.FlagUnclear
	}
	return worst(flags...)
}

// removal reads the removal from registration that PDS tells of: DEA is death,
// the others are ways of leaving. One whose time is over counts for nothing.
func removal(exts []extension, now time.Time) (dead, left gateway.Flag) {
	for _, e := range named(exts, "Extension-PDS-RemovalFromRegistration") {
		inner, whole := extensions(e.Extension)
		lies := current
		for _, t := range named(inner, "effectiveTime") {
			lies = periodAt(t.ValuePeriod, now)
		}
		codes := named(inner, "removalFromRegistrationCode")
		died := eachCode(codes, map[string]gateway.Flag{
			"DEA": gateway.FlagYes, "EMB": gateway.FlagNo, "SCT": gateway.FlagNo, "NIT": gateway.FlagNo, "TRA": gateway.FlagNo, "ORR": gateway.FlagNo,
		})
		switch {
		case died == gateway.FlagYes:
			dead = gateway.FlagYes // no period ends a death
		case !whole || died == gateway.FlagUnclear || lies == unclearWhen:
			left = worst(left, gateway.FlagUnclear)
		case lies == current:
			left = gateway.FlagYes
		}
	}
	return dead, left
}

// left reads what says that the record is no longer in use. An inactive record
// may belong to somebody who left, or be a duplicate of another: it does not say
// which, hence unclear. So is a record that another one replaces.
func (p *person) left() gateway.Flag {
	if said(p.Active) {
		var active bool
		if json.Unmarshal(p.Active, &active) != nil || !active {
			return gateway.FlagUnclear
		}
	}
	for _, l := range p.Link.Value {
		if l.Type == "replaced-by" {
			return gateway.FlagUnclear
		}
	}
	if p.Link.Bad {
		return gateway.FlagUnclear
	}
	return gateway.FlagNo
}

// restricted reads the security labels. An element that changes the meaning of
// the whole record and is not understood counts here too.
func (p *person) restricted() gateway.Flag {
	flag := p.Meta.Value.restricted()
	if p.Meta.Bad || p.present() {
		flag = worst(flag, gateway.FlagUnclear)
	}
	return flag
}

// restricted reads the confidentiality of a resource: R and V are sensitive. A
// label that is not understood is unclear, and so is a resource that the server
// has thinned out (SUBSETTED), for the very element that warns may be missing.
func (m meta) restricted() gateway.Flag {
	flag := gateway.FlagNo
	for _, label := range m.Security {
		switch label.Code {
		case "U", "L", "M", "N":
		case "R", "V", "REDACTED":
			return gateway.FlagYes
		default:
			flag = gateway.FlagUnclear
		}
	}
	for _, tag := range m.Tag {
		if tag.Code == "SUBSETTED" {
			flag = gateway.FlagUnclear
		}
	}
	return flag
}

// nhsNumber gives the current NHS number; none when there are two.
func (p *person) nhsNumber(now time.Time) gateway.NHSNumber {
	found := ""
	for _, i := range p.Identifier.Value {
		v := i.Value
		digits := strings.Join(strings.Fields(v.Value), "")
		if i.Bad || v.System != nhsNumber || v.Use == "old" || periodAt(v.Period, now) != current || len(digits) != 10 {
			continue
		}
		if found != "" && found != digits {
			return gateway.NHSNumber{}
		}
		found = digits
	}
	return gateway.NewNHSNumber(found)
}

// nameUses are the uses of a name by which a patient may be called, best first.
// Old, maiden, temporary and anonymous names are never used.
var nameUses = []string{"usual", "official", ""}

// name gives the given name by which the patient is called, if there is one.
func (p *person) name(now time.Time) gateway.Name {
	for _, use := range nameUses {
		for _, n := range p.Name.Value {
			if n.Bad || n.Value.Use != use || periodAt(n.Value.Period, now) != current {
				continue
			}
			if i := slices.IndexFunc(n.Value.Given, func(s string) bool { return strings.TrimSpace(s) != "" }); i >= 0 {
				return gateway.NewName(strings.TrimSpace(n.Value.Given[i]))
			}
		}
	}
	return gateway.Name{}
}
