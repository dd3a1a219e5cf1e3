package cliniko

import (
	"encoding/json"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/born"
	"bellman/gateway/number"
)

// maxPhones bounds the numbers of one patient that are looked at.
const maxPhones = 50

// patient reads a patient's record. Cliniko has no field for a death, none for a
// sensitive record and no NHS number, so these are never set.
func (p person) patient(id string, trial bool) gateway.Patient {
	out := gateway.Patient{
		ID:       gateway.PatientID(id),
		Name:     gateway.NewName(p.name()),
		Left:     p.left(),
		Declined: p.declined(),
		Born:     p.born(),
	}
	out.Mobile, out.MobileKind = p.mobile(trial)
	return out
}

// unknownPatient is whose record is neither among the patients nor among the
// archived ones: deleted, or out of the key's sight. Nothing is sent on that.
func unknownPatient(id string) gateway.Patient {
	return gateway.Patient{
		ID: gateway.PatientID(id), MobileKind: gateway.NumberUnclear, Left: gateway.FlagUnclear, Declined: gateway.FlagUnclear,
	}
}

func (p person) name() string {
	if text, ok := p.PreferredName.text(); ok && text != "" {
		return text
	}
	text, _ := p.FirstName.text()
	return text
}

// born reads the date of birth, as it came or as it was kept.
func (p person) born() gateway.Birth {
	text, ok := p.DateOfBirth.text()
	if !ok {
		return gateway.UnclearBirth()
	}
	return born.Kept(text)
}

// kept gives the record as it is kept: with no more of the date of birth than deciding
// needs.
func (p person) kept(now time.Time) person {
	if p.DateOfBirth.IsZero() {
		return p
	}
	text, ok := p.DateOfBirth.text()
	if !ok {
		text = "not a text"
	}
	p.DateOfBirth = scalar{marshal(born.Keep(text, now, time.DateOnly))}
	return p
}

// left reads that a patient was archived or deleted. One that was merged into
// another record is left unclear: which record's number is right, a person knows.
func (p person) left() gateway.Flag {
	left := graver(p.ArchivedAt.happened(), p.DeletedAt.happened())
	if left == gateway.FlagNo && p.MergedAt.happened() != gateway.FlagNo {
		return gateway.FlagUnclear
	}
	return left
}

// channelSMS is the number of SMS among the channels of reminders.
const channelSMS = "1"

// declined reads by which ways a patient is reminded. Without texts among them it
// is declined; where the two fields that tell it differ, no is heard.
func (p person) declined() gateway.Flag {
	byType, typed := p.byType()
	byChannel, channelled := p.byChannel()
	switch {
	case typed && channelled:
		return graver(byType, byChannel)
	case channelled:
		return byChannel
	case typed:
		return byType
	}
	return gateway.FlagUnclear
}

// byType reads reminder_type. It reports false when the field says nothing.
func (p person) byType() (gateway.Flag, bool) {
	text, ok := p.ReminderType.text()
	if ok && text == "" {
		return gateway.FlagUnclear, false
	}
	switch text {
	case "SMS", "SMS & Email":
		return gateway.FlagNo, true
	case "None", "Email":
		return gateway.FlagYes, true
	}
	return gateway.FlagUnclear, true
}

// byChannel reads reminders_communication_channels. It reports false when the field
// is missing or null.
func (p person) byChannel() (gateway.Flag, bool) {
	if p.Channels.IsZero() || string(p.Channels.raw) == "null" {
		return gateway.FlagUnclear, false
	}
	var channels []scalar
	if json.Unmarshal(p.Channels.raw, &channels) != nil {
		return gateway.FlagUnclear, true
	}
	texts := gateway.FlagYes // declined
	for _, c := range channels {
		switch word, _ := c.text(); word {
		case channelSMS:
			texts = gateway.FlagNo
		case "2":
		default:
			return gateway.FlagUnclear, true
		}
	}
	return texts, true
}

// mobile reads the number to text: the one number of the type Mobile. Two that
// differ are not chosen between. A mobile under another type, such as Home, may be
// somebody else's, and is not used.
func (p person) mobile(trial bool) (gateway.Phone, gateway.NumberKind) {
	switch {
	case p.Phones.IsZero():
		return gateway.Phone{}, gateway.NumberUnclear
	case p.Phones.empty():
		return gateway.Phone{}, gateway.NumberMissing
	}
	var phones []phone
	if json.Unmarshal(p.Phones.raw, &phones) != nil || len(phones) > maxPhones {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	found, kind := gateway.Phone{}, gateway.NumberMissing
	for _, ph := range phones {
		is, ok := ph.Type.text()
		raw, typed := ph.Number.text()
		switch {
		case !ok || !typed || ph.Number.digits():
			return gateway.Phone{}, gateway.NumberUnclear
		case !strings.EqualFold(is, "Mobile") || raw == "":
			continue
		}
		n, k := ph.read(raw, trial)
		if kind != gateway.NumberMissing && (k != kind || n != found || k != gateway.NumberMobile) {
			return gateway.Phone{}, gateway.NumberUnclear
		}
		found, kind = n, k
	}
	return found, kind
}

// read reads the number as it was typed. What Cliniko itself made of it may only
// contradict: then neither is trusted.
func (ph phone) read(raw string, trial bool) (gateway.Phone, gateway.NumberKind) {
	n, k := number.Parse(raw, trial)
	digits, _ := ph.Normalized.text()
	if k != gateway.NumberMobile || digits == "" {
		return n, k
	}
	if theirs, _ := number.Parse("+"+strings.TrimPrefix(digits, "+"), trial); theirs != n {
		return gateway.Phone{}, gateway.NumberUnclear
	}
	return n, k
}

// graver gives the flag that keeps more texts back: yes, then unclear, then no.
func graver(a, b gateway.Flag) gateway.Flag {
	switch {
	case a == gateway.FlagYes || b == gateway.FlagYes:
		return gateway.FlagYes
	case a == gateway.FlagNo && b == gateway.FlagNo:
		return gateway.FlagNo
	}
	return gateway.FlagUnclear
}
