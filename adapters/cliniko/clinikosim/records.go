package clinikosim

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// How the diary looks in Cliniko. Ids have 19 digits, more than a float can hold.

const (
	idsOfVisits    = 1390726237000000000
	idsOfGroups    = 1390726238000000000
	idsOfAttendees = 1390726239000000000
	idsOfPeople    = 1390710863000000000
	idsOfPlaces    = 1390053865000000000
	idsOfTypes     = 1390053864000000000
	idOfClinician  = 1390053863163176768

	typeStandard  = 1
	typeVideo     = 2
	typeClass     = 3
	typeInPerson  = 4
	typeTelephone = 5
	typeHomeVisit = 6
	typeNamed     = 1000 // those of clinics with names of their own begin here
)

// record is one record: what callers see, and what else they may filter by.
type record struct {
	fields map[string]any
	keys   map[string]int64
}

// view is the account at one moment.
type view struct {
	now   time.Time
	lists map[string][]record
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// orNull gives null for something that was not done.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func latest(ts ...time.Time) time.Time { return slices.MaxFunc(ts, time.Time.Compare) }

// look gives one list of the account as callers see it: as it is, or as it was when it
// froze.
func (s *Sim) look(list string) []record {
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen != nil {
		return frozen.lists[list]
	}
	return s.draw(list).lists[list]
}

// draw makes a picture of the lists named, or of all.
func (s *Sim) draw(only ...string) view {
	s.mu.Lock()
	st := s.staff.clone()
	s.mu.Unlock()
	d := drawing{staff: st, only: only, people: map[int]surgery.Person{}, lists: map[string][]record{}}
	for _, p := range s.diary.People() {
		d.people[p.ID] = p
		d.add("patients", func() record { return d.patient(p) })
	}
	d.visits(s.diary.Visits())
	return view{s.options.Clock.Now(), d.lists}
}

// drawing makes the lists of a view.
type drawing struct {
	staff  staff
	only   []string // the lists that are wanted; none: all
	people map[int]surgery.Person
	lists  map[string][]record
}

func (d *drawing) add(list string, make func() record) {
	if len(d.only) == 0 || slices.Contains(d.only, list) {
		d.lists[list] = append(d.lists[list], make())
	}
}

// visits draws the appointments, their places and types. A block of time, in which
// nobody is expected, is no appointment.
func (d *drawing) visits(all []surgery.Visit) {
	by, grouped := map[int]surgery.Visit{}, map[int]bool{}
	sites := map[int]bool{5: true}
	for _, v := range all {
		by[v.Slot], sites[v.Site] = v, true
	}
	for _, g := range d.staff.groups {
		for _, slot := range g.slots {
			grouped[slot] = true
		}
		d.group(g, by)
	}
	for _, v := range all {
		if d.staff.classesOnly && !grouped[v.Slot] {
			d.group(class{slots: []int{v.Slot}}, by)
		} else if !grouped[v.Slot] && v.Status != gateway.StatusNotBooked {
			d.add("individual_appointments", func() record { return d.individual(v) })
			d.add("attendees", func() record { return d.attendee(v, idsOfVisits+int64(v.Slot), "individual_appointments") })
		}
	}
	for _, site := range slices.Sorted(maps.Keys(sites)) {
		d.add("businesses", func() record { return d.place(site) })
	}
	for _, t := range slices.Sorted(maps.Keys(kinds)) {
		d.add("appointment_types", func() record { return d.kind(idsOfTypes+int64(t), kinds[t], t == typeVideo) })
	}
	named := map[int64]string{}
	for _, v := range all {
		if v.Clinic != "" {
			named[typeOf(v)] = v.Clinic
		}
	}
	for _, id := range slices.Sorted(maps.Keys(named)) {
		d.add("appointment_types", func() record { return d.kind(id, named[id], false) })
	}
}

func self(list string, id int64) map[string]any { return linked(fmt.Sprintf("%s/%d", list, id)) }

// linked names another record by its address; the answer puts in where the API is.
func linked(path string) map[string]any {
	return map[string]any{"links": map[string]any{"self": here + "/" + path}}
}

// kinds are the types of appointments of the clinic, by their names.
var kinds = map[int]string{
	typeStandard: "Physiotherapy", typeVideo: "Video consultation", typeClass: "Pilates",
	typeInPerson: "Physiotherapy, face to face", typeTelephone: "Telephone consultation", typeHomeVisit: "Home visit",
}

// typeOf gives the id of the type of a visit: one for each clinic that has a name, or
// else by how they meet.
func typeOf(v surgery.Visit) int64 {
	if v.Clinic != "" {
		h := fnv.New32a()
		_, _ = h.Write([]byte(v.Clinic)) // never fails
		return idsOfTypes + typeNamed + int64(h.Sum32()%1_000_000)
	}
	switch v.Mode {
	case gateway.ModeVideo:
		return idsOfTypes + typeVideo
	case gateway.ModeInPerson:
		return idsOfTypes + typeInPerson
	case gateway.ModeTelephone:
		return idsOfTypes + typeTelephone
	case gateway.ModeHomeVisit:
		return idsOfTypes + typeHomeVisit
	case gateway.ModeUnknown:
	}
	return idsOfTypes + typeStandard
}

// classOf is typeOf for a class.
func classOf(v surgery.Visit) int64 {
	if v.Clinic != "" {
		return typeOf(v)
	}
	return idsOfTypes + typeClass
}

// orBlank gives null for nothing.
func orBlank(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// createdAt makes the records of a list as old as their ids.
func createdAt(n int) string {
	return stamp(time.Date(2026, time.January, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(n%1_000_000) * time.Second))
}

func cancelledAt(v surgery.Visit) time.Time {
	if v.Status == gateway.StatusCancelled {
		return v.Changed
	}
	return time.Time{}
}

func arrived(v surgery.Visit) bool {
	return v.Status == gateway.StatusArrived || v.Status == gateway.StatusFinished
}

// cancelling fills in the fields that tell of a cancellation.
func cancelling(f map[string]any, at time.Time) {
	f["cancelled_at"], f["cancellation_note"], f["cancellation_reason"], f["cancellation_reason_description"] = orNull(at), nil, nil, ""
	if !at.IsZero() {
		f["cancellation_reason"], f["cancellation_reason_description"] = 50, "Other"
	}
}

func (d *drawing) individual(v surgery.Visit) record {
	id, p := idsOfVisits+int64(v.Slot), d.people[v.Person]
	changed := latest(v.Changed, d.staff.archived[v.Slot], d.staff.deleted[v.Slot], d.staff.reminded[v.Slot])
	f := map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(v.Slot), "updated_at": stamp(changed),
		"starts_at": stamp(v.Start), "ends_at": stamp(v.Start.Add(time.Duration(v.Minutes) * time.Minute)),
		"archived_at": orNull(d.staff.archived[v.Slot]), "deleted_at": orNull(d.staff.deleted[v.Slot]),
		"did_not_arrive": v.Status == gateway.StatusMissed, "patient_arrived": arrived(v),
		"email_reminder_sent": false, "sms_reminder_sent": !d.staff.reminded[v.Slot].IsZero(),
		"booking_ip_address": nil, "has_patient_appointment_notes": false, "invoice_status": nil, "notes": nil,
		"online_booking_policy_accepted": nil, "repeat_rule": map[string]any{}, "repeats": nil, "treatment_note_status": nil,
		"patient_name": p.Given + " " + p.Family,
		// Every appointment has one, meant or not.
		"telehealth_url":   fmt.Sprintf("https://clinic.uk1.cliniko.example/appointments/%d/connect", id),
		"appointment_type": self("appointment_types", typeOf(v)), "business": self("businesses", idsOfPlaces+int64(v.Site)),
		"patient": self("patients", idsOfPeople+int64(v.Person)), "practitioner": self("practitioners", idOfClinician),
		"attendees": linked(fmt.Sprintf("individual_appointments/%d/attendees", id)),
		"links":     self("individual_appointments", id)["links"],
	}
	cancelling(f, cancelledAt(v))
	return record{f, map[string]int64{
		"patient_id": idsOfPeople + int64(v.Person), "business_id": idsOfPlaces + int64(v.Site),
		"appointment_type_id": typeOf(v), "practitioner_id": idOfClinician, "repeated_from_id": 0,
	}}
}

func (d *drawing) group(c class, by map[int]surgery.Visit) {
	id := idsOfGroups + int64(c.slots[0])
	var patients []string
	var first surgery.Visit
	for _, slot := range c.slots {
		v, ok := by[slot]
		if !ok || v.Status == gateway.StatusNotBooked {
			continue
		}
		if first.Slot == 0 {
			first = v
		}
		patients = append(patients, strconv.FormatInt(idsOfPeople+int64(v.Person), 10))
		d.add("attendees", func() record { return d.attendee(v, id, "group_appointments") })
	}
	if first.Slot == 0 {
		return
	}
	made := record{map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(c.slots[0]), "updated_at": stamp(latest(c.changed, first.Changed)),
		"starts_at": stamp(first.Start), "ends_at": stamp(first.Start.Add(time.Duration(first.Minutes) * time.Minute)),
		"archived_at": orNull(c.archived), "deleted_at": orNull(c.deleted), "max_attendees": 12, "notes": nil,
		"patient_ids": patients, "repeat_rule": map[string]any{}, "repeats": nil,
		"telehealth_url":   fmt.Sprintf("https://clinic.uk1.cliniko.example/appointments/%d/connect", id),
		"appointment_type": self("appointment_types", classOf(first)), "business": self("businesses", idsOfPlaces+int64(first.Site)),
		"practitioner": self("practitioners", idOfClinician), "attendees": linked(fmt.Sprintf("group_appointments/%d/attendees", id)),
		"links": self("group_appointments", id)["links"],
	}, map[string]int64{
		"business_id": idsOfPlaces + int64(first.Site), "appointment_type_id": classOf(first),
		"practitioner_id": idOfClinician, "repeated_from_id": 0,
	}}
	d.add("group_appointments", func() record { return made })
}

func (d *drawing) attendee(v surgery.Visit, booking int64, list string) record {
	id := idsOfAttendees + int64(v.Slot)
	changed := latest(v.Changed, d.staff.archived[v.Slot], d.staff.deleted[v.Slot], d.staff.reminded[v.Slot])
	f := map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(v.Slot), "updated_at": stamp(changed),
		"archived_at": orNull(d.staff.archived[v.Slot]), "deleted_at": orNull(d.staff.deleted[v.Slot]),
		"arrived": nil, "booking_ip_address": nil, "email_reminder_sent": false,
		"sms_reminder_sent": !d.staff.reminded[v.Slot].IsZero(), "invoice_status": nil, "notes": nil,
		"online_booking_policy_accepted": nil, "treatment_note_status": nil,
		"cancellation_url": "https://clinic.uk1.cliniko.example/cancel/" + strconv.FormatInt(id, 36),
		"telehealth_url":   "https://clinic.uk1.cliniko.example/c/" + strconv.FormatInt(id, 36),
		"booking":          self("bookings", booking), "patient": self("patients", idsOfPeople+int64(v.Person)),
		"links": self("attendees", id)["links"],
	}
	if arrived(v) || v.Status == gateway.StatusMissed {
		f["arrived"] = arrived(v)
	}
	cancelling(f, cancelledAt(v))
	return record{f, map[string]int64{
		"booking_id": booking, "appointment_id": booking, "patient_id": idsOfPeople + int64(v.Person), "patient_case_id": 0,
		"in_group": map[bool]int64{true: 1}[list == "group_appointments"],
	}}
}

func (d *drawing) patient(p surgery.Person) record {
	id := idsOfPeople + int64(p.ID)
	choice := "SMS & Email"
	if p.Declined {
		choice = "None"
	}
	if c, ok := d.staff.reminders[p.ID]; ok && (c != "SMS & Email" || !p.Declined) {
		choice = c
	}
	changed := latest(p.Changed, d.staff.gone[p.ID], d.staff.merged[p.ID], d.staff.phoned[p.ID], d.staff.chosen[p.ID])
	f := map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(p.ID), "updated_at": stamp(changed),
		"title": p.Title, "first_name": p.Given, "last_name": p.Family, "preferred_first_name": nil,
		"date_of_birth": orBlank(p.BornAs(time.DateOnly)), "email": nil, "notes": nil, "appointment_notes": nil,
		"archived_at": orNull(p.Deducted), "deleted_at": orNull(d.staff.gone[p.ID]), "merged_at": orNull(d.staff.merged[p.ID]),
		"patient_phone_numbers": d.phones(p), "reminder_type": choice, "receives_confirmation_emails": true,
		"accepted_sms_marketing": true, "accepted_email_marketing": true, "accepted_privacy_policy": nil,
		"old_reference_id": nil, "time_zone": nil, "links": self("patients", id)["links"],
	}
	return record{f, nil}
}

func (d *drawing) phones(p surgery.Person) []any {
	phones, ok := d.staff.phones[p.ID]
	if !ok {
		for _, ph := range []Phone{{"Mobile", p.Mobile, ""}, {"Home", p.Home, ""}} {
			if ph.Number != "" {
				ph.Normalized = normalized(ph.Number)
				phones = append(phones, ph)
			}
		}
	}
	out := []any{}
	for _, ph := range phones {
		entry := map[string]any{"phone_type": ph.Type, "number": ph.Number, "normalized_number": nil}
		if ph.Normalized != "" {
			entry["normalized_number"] = ph.Normalized
		}
		out = append(out, entry)
	}
	return out
}

// normalized gives the digits with the country code of a plain British number, "" for
// anything else.
func normalized(raw string) string {
	digits := strings.NewReplacer(" ", "", "+44(0)", "0", "+44", "0").Replace(raw)
	if strings.HasPrefix(digits, "0044") {
		digits = "0" + digits[4:]
	}
	if len(digits) != 11 || digits[0] != '0' || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return "44" + digits[1:]
}

func (d *drawing) place(site int) record {
	p, id := d.staff.places[site], idsOfPlaces+int64(site)
	zone, label := "Europe/London", "London"
	if p.Zone != "" {
		zone = p.Zone
	}
	if p.Label != "" {
		label = p.Label
	}
	return record{map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(site), "updated_at": createdAt(site), "archived_at": nil, "deleted_at": nil,
		"business_name": "Riverside Clinic", "display_name": "Riverside", "contact_information": nil, "country_code": "GB",
		"time_zone": label, "time_zone_identifier": zone, "appointment_reminders_enabled": p.Reminders,
		"links": self("businesses", id)["links"],
	}, nil}
}

func (d *drawing) kind(id int64, name string, video bool) record {
	templates := []string{}
	if d.staff.templates {
		templates = append(templates, "1390053862000000001")
	}
	return record{map[string]any{
		"id": strconv.FormatInt(id, 10), "created_at": createdAt(int(id - idsOfTypes)), "updated_at": createdAt(int(id - idsOfTypes)), "archived_at": nil, "deleted_at": nil,
		"name": name, "duration_in_minutes": 30,
		"telehealth_enabled": video, "appointment_reminder_template_ids": templates,
		"max_attendees": map[bool]int{true: 12, false: 1}[id == idsOfTypes+typeClass], "links": self("appointment_types", id)["links"],
	}, nil}
}
