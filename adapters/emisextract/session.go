package emisextract

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/meeting"
)

// columnsSessions are those of Appointment_Session that we need.
var columnsSessions = []string{
	"AppointmentSessionGuid", "OrganisationGuid", "LocationGuid", "SessionTypeDescription", "SessionCategoryDisplayName", "Description",
	"StartDate", "EndDate", "Deleted",
}

// Where those columns stand in columnsSessions.
const (
	sessionGuid = iota
	sessionOrganisation
	sessionLocation
	sessionType
	sessionCategory
	sessionDescription
	sessionStart
	sessionEnd
	sessionDeleted
)

// farthest is the last day for what bears none.
const farthest = "9999-12-31"

// sessionRow keeps a session that is not over.
func (t *intake) sessionRow(ctx context.Context, r *extract.Rows, at []int) error {
	id, ok := parseGUID(r.Bytes(at[sessionGuid]))
	_, known := t.sessions[id]
	switch {
	case !ok:
		t.unread(r, cmp.Or(r.Problem(), "AppointmentSessionGuid is not a GUID"))
		return nil
	case t.foreign(r.Bytes(at[sessionOrganisation])):
		return nil
	case r.Problem() != "":
		t.unread(r, r.Problem())
		t.sessions[id] = struct{}{}
		return t.change(ctx, keySession, id, edit(func(s *session, _ bool) bool {
			s.Unclear, s.Until = true, cmp.Or(s.Until, t.later())
			return true
		}))
	case !known && over(r.Bytes(at[sessionEnd]), r.Bytes(at[sessionStart]), t.since):
		return nil
	}
	row := sessionOf(r, at)
	if !known && row.Gone {
		return nil
	}
	t.sessions[id] = struct{}{}
	return t.change(ctx, keySession, id, edit(func(s *session, _ bool) bool {
		users := s.Users
		*s = row
		s.Users = users // they are not sent again when only the session changes
		return true
	}))
}

func sessionOf(r *extract.Rows, at []int) session {
	s := session{Site: short(strings.ToLower(r.Text(at[sessionLocation])), 64), Until: lastDay(r.Bytes(at[sessionEnd]), r.Bytes(at[sessionStart]))}
	switch truthOf(r.Bytes(at[sessionDeleted])) {
	case saidTrue:
		s.Gone = true
	case saidUnclear:
		s.Unclear = true
	case saidFalse, saidNothing:
	}
	for _, cell := range []int{sessionType, sessionCategory, sessionDescription} {
		s.Words = append(s.Words, short(r.Text(at[cell]), 100))
	}
	return s
}

// over reports whether a session ended before a day. One without any day that can
// be read is not over.
func over(end, start []byte, since string) bool {
	for _, b := range [][]byte{end, start} {
		if isDay(b) {
			return string(b) < since
		}
	}
	return false
}

func lastDay(end, start []byte) string {
	for _, b := range [][]byte{end, start} {
		if isDay(b) {
			return string(b)
		}
	}
	return farthest
}

// isDay reports whether a cell has the shape of yyyy-MM-dd.
func isDay(b []byte) bool {
	if len(b) != len(time.DateOnly) || b[4] != '-' || b[7] != '-' {
		return false
	}
	for i, c := range b {
		if i != 4 && i != 7 && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// later is how long something is remembered of which the last day cannot be read:
// a month from the batch.
func (t *intake) later() string { return today(t.b.at().AddDate(0, 1, 0)) }

// columnsUsers are those of Appointment_SessionUser that we need.
var columnsUsers = []string{"SessionGuid", "UserInRoleGuid", "Deleted"}

// mostUsers bounds how many clinicians of a session are remembered.
const mostUsers = 64

// userRow keeps who holds a session. The rows name no practice.
func (t *intake) userRow(ctx context.Context, r *extract.Rows, at []int) error {
	id, ok := parseGUID(r.Bytes(at[0]))
	if _, known := t.sessions[id]; ok && !known {
		return nil
	}
	user, okUser := parseGUID(r.Bytes(at[1]))
	if !ok || !okUser || r.Problem() != "" {
		t.unread(r, cmp.Or(r.Problem(), "SessionGuid or UserInRoleGuid is not a GUID"))
		return nil
	}
	gone := truthOf(r.Bytes(at[2])) >= saidTrue
	return t.change(ctx, keySession, id, edit(func(s *session, was bool) bool {
		i, found := slices.BinarySearch(s.Users, user.String())
		switch {
		case gone && found:
			s.Users = slices.Delete(s.Users, i, i+1)
		case !gone && !found && len(s.Users) < mostUsers:
			s.Users = slices.Insert(s.Users, i, user.String())
		}
		return was
	}))
}

// mode says how patient and clinician meet, by the configuration or else by plain
// words. Where what it goes by contradicts itself, it is not known.
func (a *Adapter) mode(s session) gateway.Mode {
	out, set := gateway.ModeUnknown, false
	for _, w := range s.Words {
		m, ok := a.modes[plainWord(w)]
		switch {
		case !ok:
		case set && out != m:
			return gateway.ModeUnknown
		default:
			out, set = m, true
		}
	}
	if set || len(s.Words) < 2 {
		return out
	}
	return meeting.ModeOf(s.Words[:2]...) // not the description, which is a free text
}

// plainWord is the form in which words are compared.
func plainWord(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
