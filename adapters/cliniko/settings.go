package cliniko

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"bellman/gateway"
	"bellman/gateway/meeting"
)

// settingsAge is how old what is known of places and types of appointments may get.
const settingsAge = time.Hour

// settings is what is known of the places and the types of appointments.
type settings struct {
	At         time.Time           `json:"at"` // when it was read, by our clock
	Businesses map[string]business `json:"businesses"`
	Types      map[string]kind     `json:"types"`
	// NoTypes: the key's user may not see the types.
	NoTypes bool `json:"no_types,omitzero"`
}

// settings reads the places and the types, the archived ones included: appointments
// outlive them.
func (t *talk) settings(ctx context.Context) (settings, error) {
	out := settings{At: t.a.clock.Now(), Businesses: map[string]business{}, Types: map[string]kind{}}
	places, err := t.list(ctx, listBusinesses, query("archived_at:*"))
	if err != nil {
		return settings{}, err
	}
	put(out.Businesses, places, func(string, business) bool { return true })
	types, err := t.list(ctx, listTypes, query("archived_at:*"))
	switch {
	case errors.Is(err, errNoRights) || errors.Is(err, errNotThere):
		out.NoTypes = true
	case err != nil:
		return settings{}, err
	}
	put(out.Types, types, func(string, kind) bool { return true })
	return out, nil
}

// mode tells how people meet, by the type of the appointment. Every appointment
// carries a video address, meant or not: only the type says whether it is. Of the other
// ways Cliniko has no word; the type's name may have one. A name that contradicts the
// type says nothing.
func (s settings) mode(l link) gateway.Mode {
	id, _ := l.id()
	k := s.Types[id]
	name, _ := k.Name.text()
	switch k.Telehealth.truth() {
	case gateway.FlagYes:
		return meeting.ModeOf(name, "video")
	case gateway.FlagNo:
		if mode := meeting.ModeOf(name); mode != gateway.ModeVideo {
			return mode
		}
	}
	return gateway.ModeUnknown
}

// clinic gives what the clinic itself calls the type of an appointment.
func (s settings) clinic(l link) gateway.ClinicName {
	id, _ := l.id()
	name, _ := s.Types[id].Name.text()
	return gateway.NewClinicName(name)
}

// reminds reports whether Cliniko itself may remind of an appointment of this type at
// this place.
func (s settings) reminds(place, kind link) gateway.Flag {
	return graver(s.placeReminds(place), s.typeReminds(kind))
}

func (s settings) placeReminds(l link) gateway.Flag {
	id, _ := l.id()
	b, ok := s.Businesses[id]
	if !ok {
		return gateway.FlagUnclear
	}
	return b.Reminders.truth()
}

// typeReminds reports whether a template for reminders hangs on the type.
func (s settings) typeReminds(l link) gateway.Flag {
	id, _ := l.id()
	k, ok := s.Types[id]
	if !ok || k.Templates.IsZero() {
		return gateway.FlagUnclear
	}
	if k.Templates.empty() {
		return gateway.FlagNo
	}
	var templates []scalar
	switch {
	case json.Unmarshal(k.Templates.raw, &templates) != nil:
		return gateway.FlagUnclear
	case len(templates) > 0:
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

// zonePattern is what the names of zones are made of. It keeps paths out.
var zonePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// doubt compares the clocks of a place with London's at a moment: texts print
// London's time. A place that names no zone keeps London's.
func (s settings) doubt(place link, at time.Time) gateway.Doubt {
	id, _ := place.id()
	zone, ok := s.Businesses[id].Zone.text()
	if ok && (zone == "" || zone == gateway.London().String()) {
		return gateway.NoDoubt
	}
	if !zonePattern.MatchString(zone) || zone == "Local" {
		return gateway.TimeElsewhere
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return gateway.TimeElsewhere
	}
	_, there := at.In(loc).Zone()
	if _, here := at.In(gateway.London()).Zone(); here != there {
		return gateway.TimeElsewhere
	}
	return gateway.NoDoubt
}

// reminding counts the places at which Cliniko's own reminders are switched on.
func (s settings) reminding() (on, of int) {
	for _, b := range s.Businesses {
		if b.Reminders.truth() != gateway.FlagNo {
			on++
		}
	}
	return on, len(s.Businesses)
}
