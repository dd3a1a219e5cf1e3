package cliniko

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"bellman/gateway"
)

// mirror is what is known of a practice's diary: every record in a window of time,
// as it last came, the called-off ones included.
type mirror struct {
	state       state
	settings    settings
	individuals map[string]individual
	groups      map[string]group
	attendees   map[string]attendee
	people      map[string]person
}

// state says what a mirror speaks for.
type state struct {
	Version int       `json:"version"`
	From    time.Time `json:"from"` // the window: starts from here
	To      time.Time `json:"to"`   // to here, exclusive
	// High is the time at Cliniko's up to which all changes are in the mirror.
	High   time.Time `json:"high"`
	FullAt time.Time `json:"full_at"` // when everything was last read, by our clock
}

// stateVersion is that of what is kept on the shelf. What an older or newer program
// kept is not used: everything is read anew.
const stateVersion = 2

func newMirror(from, to time.Time) *mirror {
	return &mirror{
		state:       state{Version: stateVersion, From: from, To: to},
		individuals: map[string]individual{}, groups: map[string]group{},
		attendees: map[string]attendee{}, people: map[string]person{},
	}
}

// holds reports whether a record with this start belongs into the window. One whose
// start cannot be read does: it came in answer to a question about the window.
func (m *mirror) holds(starts scalar) bool {
	at, ok := starts.when()
	return !ok || !at.Before(m.state.From) && at.Before(m.state.To)
}

// off reports whether any of the marks says that a record is out of use. A mark
// that is not understood counts as well: Cliniko leaves the record out of its count
// or not, and a wrong guess only costs a read of everything.
func off(marks ...scalar) bool {
	return slices.ContainsFunc(marks, func(s scalar) bool { return s.happened() != gateway.FlagNo })
}

// liveIndividuals counts the individual appointments in use that start from a moment to the end
// of the window, as Cliniko's own list without further filters would.
func (m *mirror) liveIndividuals(from time.Time) int {
	n := 0
	for _, i := range m.individuals {
		if !off(i.CancelledAt, i.ArchivedAt, i.DeletedAt) && from.Before(endOf(i.StartsAt, from)) {
			n++
		}
	}
	return n
}

// endOf gives a moment after the start, so that one that starts at from counts; for
// a start that cannot be read one that does.
func endOf(starts scalar, from time.Time) time.Time {
	if at, ok := starts.when(); ok {
		return at.Add(time.Nanosecond)
	}
	return from.Add(time.Nanosecond)
}

// liveGroups gives the ids of the group appointments in use that start from a moment,
// in order.
func (m *mirror) liveGroups(from time.Time) []string {
	var ids []string
	for id, g := range m.groups {
		if !off(g.ArchivedAt, g.DeletedAt) && from.Before(endOf(g.StartsAt, from)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// liveAttendees counts those in use of the groups named.
func (m *mirror) liveAttendees(groups []string) int {
	n := 0
	for _, a := range m.attendees {
		if booking, ok := a.Booking.id(); ok && slices.Contains(groups, booking) && !off(a.CancelledAt, a.ArchivedAt, a.DeletedAt) {
			n++
		}
	}
	return n
}

// strangers lists the patients whom an appointment names and who are not in the
// mirror.
func (m *mirror) strangers() []string {
	found := map[string]bool{}
	note := func(l link) {
		if id, ok := l.id(); ok {
			if _, known := m.people[id]; !known {
				found[id] = true
			}
		}
	}
	for _, i := range m.individuals {
		note(i.Patient)
	}
	for _, a := range m.attendees {
		note(a.Patient)
	}
	return slices.Sorted(maps.Keys(found))
}

// record is one of the API's, with an id and the time of its last change.
type record interface {
	id() scalar
	updated() scalar
}

// put lays rows of a list over a map of records. A row that is older than what is
// there, out of a cache, changes nothing. Rows without an id of their own cannot be
// laid over anything: they are given back.
func put[T record](into map[string]T, l listing, keep func(id string, r T) bool) (lost []entry) {
	for _, e := range l.entries {
		var r T
		if json.Unmarshal(e.raw, &r) != nil {
			lost = append(lost, e)
			continue
		}
		id, ok := r.id().id()
		if !ok {
			lost = append(lost, e)
			continue
		}
		known, there := into[id]
		switch {
		case there && older(r, known):
		case keep(id, r):
			into[id] = r
		default:
			delete(into, id)
		}
	}
	return lost
}

// older reports whether a certainly is an older state of a record than b.
func older(a, b record) bool {
	was, ok := a.updated().when()
	is, okIs := b.updated().when()
	return ok && okIs && was.Before(is)
}

// distinct counts the records of a list, each once.
func distinct[T record](l listing) int {
	seen := map[string]bool{}
	for _, e := range l.entries {
		var r T
		if json.Unmarshal(e.raw, &r) != nil {
			continue
		}
		if id, ok := r.id().id(); ok {
			seen[id] = true
		}
	}
	return len(seen)
}

func (m *mirror) putIndividuals(l listing) []entry {
	return put(m.individuals, l, func(_ string, i individual) bool { return m.holds(i.StartsAt) })
}

func (m *mirror) putGroups(l listing) []entry {
	return put(m.groups, l, func(_ string, g group) bool { return m.holds(g.StartsAt) })
}

// putAttendees keeps the attendees of the groups in the window; those of individual
// appointments are in the same list.
func (m *mirror) putAttendees(l listing) []entry {
	return put(m.attendees, l, func(_ string, a attendee) bool {
		booking, ok := a.Booking.id()
		_, known := m.groups[booking]
		return known || !ok
	})
}

// putPeople keeps the patients for whom wanted says so.
func (m *mirror) putPeople(l listing, wanted func(id string) bool) []entry {
	return put(m.people, l, func(id string, _ person) bool { return wanted(id) })
}

func (i individual) id() scalar      { return i.ID }
func (i individual) updated() scalar { return i.UpdatedAt }
func (g group) id() scalar           { return g.ID }
func (g group) updated() scalar      { return g.UpdatedAt }
func (a attendee) id() scalar        { return a.ID }
func (a attendee) updated() scalar   { return a.UpdatedAt }
func (p person) id() scalar          { return p.ID }
func (p person) updated() scalar     { return p.UpdatedAt }
func (b business) id() scalar        { return b.ID }
func (b business) updated() scalar   { return scalar{} }
func (k kind) id() scalar            { return k.ID }
func (k kind) updated() scalar       { return scalar{} }
