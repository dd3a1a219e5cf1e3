package emisextract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// shown is what is kept of the days asked for, and some more.
type shown struct {
	slots    map[string]slot
	sessions map[string]session
	consents map[string]map[string]consent // by patient, then by entry
	people   map[string]person
	last     string // the last day on which a visit is booked
}

// mostUnreadable bounds how many unreadable records are listed one by one.
const mostUnreadable = 1000

// feed gives what is kept as a feed.
func (a *Adapter) feed(ctx context.Context, k *extract.Keeper, p *progress, span gateway.Span, stop error) (gateway.Feed, error) {
	s, err := a.last.Whole(ctx, k, span, func(wide gateway.Span) (shown, error) { return a.look(ctx, p.Bulk.prefix(), wide) })
	if err != nil {
		return gateway.Feed{}, err
	}
	feed := gateway.Feed{AsOf: a.asOf(p.Done), Covers: span}
	for _, place := range p.Facts.Places {
		feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: place.Where, Why: place.Why})
	}
	for _, id := range slices.Sorted(maps.Keys(s.slots)) {
		a.show(&feed, s, id, span)
	}
	if over := len(feed.Unreadable) - mostUnreadable; over > 0 {
		feed.Unreadable = feed.Unreadable[:mostUnreadable]
		feed.Notes = append(feed.Notes, fmt.Sprintf("%d more records could not be read", over))
	}
	empty := s.last < today(a.env.Clock.Now())
	feed.Complete = p.Facts.Unsure == 0 && !empty
	a.notes(&feed, p, empty, stop)
	return feed, nil
}

// notes says what an operator should know.
func (a *Adapter) notes(feed *gateway.Feed, p *progress, empty bool, stop error) {
	say := func(format string, args ...any) { feed.Notes = append(feed.Notes, fmt.Sprintf(format, args...)) }
	say("as of %s; begun with the full delivery %s", p.Done, p.Bulk.IDs)
	if p.Facts.Unsure > 0 {
		say("not complete: of %d rows not even the key could be read, and each may cancel any visit; a full delivery would help", p.Facts.Unsure)
	}
	if empty {
		say("no visit is booked on any day to come: not taken for an empty diary")
	}
	if p.Facts.Lists != a.config.listsDigest() {
		say("declined or consented was changed since the full delivery: entries of other codes are known only after a new one")
	}
	if stop == nil {
		return
	}
	say("nothing newer is read: %v", stop)
	if late, ok := errors.AsType[*stopped](stop); ok && late.wait {
		return
	}
	feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: "the next batch", Why: stop.Error()})
}

// look collects what is kept of the days asked for, in one pass, and then their
// patients.
func (a *Adapter) look(ctx context.Context, prefix string, span gateway.Span) (shown, error) {
	s := shown{slots: map[string]slot{}, sessions: map[string]session{}, consents: map[string]map[string]consent{}, people: map[string]person{}}
	err := a.env.Shelf.Each(ctx, prefix, func(kept gateway.Kept) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		kind, id := kept.Key[len(prefix):][:2], kept.Key[len(prefix)+2:]
		switch kind {
		case keySlot:
			var v slot
			if json.Unmarshal(kept.Value, &v) != nil {
				return errDamaged
			}
			if v.Patient != "" {
				s.last = max(s.last, v.Day)
			}
			if v.Bad != nil || touches(v, span) {
				s.slots[id] = v
			}
		case keySession:
			var v session
			if json.Unmarshal(kept.Value, &v) != nil {
				return errDamaged
			}
			s.sessions[id] = v
		case keyConsent:
			var v consent
			if json.Unmarshal(kept.Value, &v) != nil {
				return errDamaged
			}
			if s.consents[v.Patient] == nil {
				s.consents[v.Patient] = map[string]consent{}
			}
			s.consents[v.Patient][id] = v
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("look up what the extract has said: %w", err)
	}
	s.drop()
	return s, a.lookUpPeople(ctx, prefix, s)
}

// drop drops the sessions and entries that no slot needs.
func (s shown) drop() {
	clinics, patients := map[string]bool{}, map[string]bool{}
	for _, v := range s.slots {
		clinics[v.Session], patients[v.Patient] = true, true
	}
	maps.DeleteFunc(s.sessions, func(id string, _ session) bool { return !clinics[id] })
	maps.DeleteFunc(s.consents, func(id string, _ map[string]consent) bool { return !patients[id] })
}

// touches reports whether any visit of a slot starts within the span.
func touches(v slot, span gateway.Span) bool {
	if start, _, ok := v.start(); ok && v.Patient != "" && span.Has(start) {
		return true
	}
	return slices.ContainsFunc(v.Off, func(v visit) bool {
		start, _, ok := v.start()
		return ok && span.Has(start)
	})
}

// start places a visit on the time line.
func (v visit) start() (time.Time, gateway.Doubt, bool) {
	day, err := time.Parse(time.DateOnly, v.Day)
	if err != nil {
		return time.Time{}, 0, false
	}
	clock, err := clockTime(v.Time)
	if err != nil {
		return time.Time{}, 0, false
	}
	at, doubt := gateway.FromWall(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second())
	return at, doubt, true
}

// lookUpPeople gets the patients of the slots.
func (a *Adapter) lookUpPeople(ctx context.Context, prefix string, s shown) error {
	wanted := map[string]bool{}
	for _, v := range s.slots {
		if v.Patient != "" {
			wanted[prefix+keyPatient+v.Patient] = true
		}
	}
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), gateway.ShelfBatch) {
		got, err := a.env.Shelf.Get(ctx, keys...)
		if err != nil {
			return fmt.Errorf("look up patients of the extract: %w", err)
		}
		for _, kept := range got {
			var p person
			if kept.Value == nil {
				continue
			}
			if json.Unmarshal(kept.Value, &p) != nil {
				return errDamaged
			}
			s.people[kept.Key[len(prefix)+2:]] = p
		}
	}
	return nil
}

// show adds the visits of one slot to the feed: who is booked, and who was called off.
func (a *Adapter) show(feed *gateway.Feed, s shown, id string, span gateway.Span) {
	v := s.slots[id]
	for _, off := range v.Off {
		rebooked := v.Patient != "" && off.Day == v.Day && off.Time == v.Time // the new visit says enough
		if start, doubt, ok := off.start(); ok && span.Has(start) && !rebooked {
			feed.Appointments = append(feed.Appointments, gateway.Appointment{
				ID: appointmentID(id, off.Patient), Patient: gateway.Patient{ID: gateway.PatientID(off.Patient)},
				Start: start, StartDoubt: doubt, Status: gateway.StatusCancelled,
			})
		}
	}
	if v.Bad != nil {
		feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: v.Bad.Where, Why: v.Bad.Why})
		return
	}
	start, doubt, ok := v.start()
	if !ok || v.Patient == "" || !span.Has(start) {
		return
	}
	who, known := s.people[v.Patient]
	if !known {
		feed.Unreadable = append(feed.Unreadable, gateway.Unreadable{Where: "slot " + id, Why: "it is booked by a patient whom the extract has never named"})
		return
	}
	clinic, found := s.sessions[v.Session]
	feed.Appointments = append(feed.Appointments, gateway.Appointment{
		ID:      appointmentID(id, v.Patient),
		Patient: a.patient(v.Patient, who, a.declined(slices.Collect(maps.Values(s.consents[v.Patient])))),
		Start:   start, StartDoubt: doubt, Site: clinic.Site, Mode: a.mode(clinic), Status: a.status(v, who, clinic, found),
		Clinic: gateway.NewClinicName(clinic.Words...),
	})
}

// appointmentID is made of slot and patient, since slots are booked again by others.
func appointmentID(slot, patient string) gateway.AppointmentID {
	return gateway.AppointmentID(slot + "-" + patient)
}

// status says where a booked visit stands, with what is known of its session.
func (a *Adapter) status(v slot, who person, clinic session, found bool) gateway.Status {
	switch {
	case v.Status != gateway.StatusBooked:
		return v.Status
	case who.Dummy:
		return gateway.StatusNotBooked
	case !found, clinic.Gone, clinic.Unclear:
		return gateway.StatusUnknown
	case len(clinic.Users) == 0 && a.config.NoClinician != NoClinicianRemind:
		return gateway.StatusNotBooked
	}
	return v.Status
}
