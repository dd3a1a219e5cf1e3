package emissim

import (
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// How the diary looks in EMIS.

const (
	dateFormat = "02/01/2006"
	timeFormat = "15:04"
	// exactFormat is for a visit that starts off the minute, which no surgery
	// has: demonstrations use it to see a reminder fall due in seconds.
	exactFormat = "15:04:05"
	sessionID   = 7001
)

func some(s string) *string { return &s }

// clockOf writes the wall time of a visit.
func clockOf(local time.Time) string {
	if local.Second() != 0 {
		return local.Format(exactFormat)
	}
	return local.Format(timeFormat)
}

// orNull gives null for an empty field, as EMIS does.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func identOf(id int) ident {
	n := strconv.Itoa(id)
	return ident{DBID: &n, RefID: &n}
}

func registrationOf(p surgery.Person, f Faults) registration {
	r := registration{
		ident: identOf(p.ID), DateOfBirth: p.BornAs(dateFormat), Sex: some("U"),
		FamilyName: p.Family, CallingName: p.Given, FirstNames: p.Given, Title: p.Title,
		NHSNumber: p.NHSNumber, HomeTelephone: orNull(p.Home), Mobile: orNull(p.Mobile),
	}
	if !p.Deducted.IsZero() {
		r.DeductedDate = some(p.Deducted.In(gateway.London()).Format(dateFormat))
	}
	if p.Died.IsZero() {
		return r
	}
	// Of the values "1" and "0", in that order, the first: the dead one's ordinal
	// is 0.
	r.DeadOrdinal, r.DeadSpecified, r.DeadMark = 0, true, some("1")
	if !f.DeadMarkOnly {
		r.DateOfDeath = some(p.Died.In(gateway.London()).Format(dateFormat))
	}
	return r
}

// slotTypeOf names a slot type as practices do: by the clinic, or else by how they meet.
func slotTypeOf(v surgery.Visit) slotType {
	t := slotType{ID: "1", Display: "Routine 10 min", Description: "Routine appointment", Bookable: true, EmisAccess: "N"}
	switch v.Mode {
	case gateway.ModeInPerson:
		t.ID, t.Display, t.Description = "2", "Face to Face", "Face to face consultation"
	case gateway.ModeTelephone:
		t.ID, t.Display, t.Description = "3", "Telephone", "Telephone consultation"
	case gateway.ModeVideo:
		t.ID, t.Display, t.Description = "4", "Video Consultation", "Video consultation"
	case gateway.ModeHomeVisit:
		t.ID, t.Display, t.Description = "5", "Home Visit", "Home visit"
	case gateway.ModeUnknown:
	}
	if v.Clinic != "" {
		t.ID, t.Display, t.Description = "6", v.Clinic, v.Clinic
	}
	return t
}

func bookedOf(v surgery.Visit, p surgery.Person, f Faults) booked {
	l := v.Start.In(gateway.London())
	holder := identOf(42)
	return booked{
		Patient: registrationOf(p, f),
		Appointment: bookedAppointment{
			ID: identOf(v.Slot), Site: strconv.Itoa(v.Site), Name: "Dr Bell",
			Date: l.Format(dateFormat), Time: clockOf(l),
			SessionHolder: &holder, SessionUsers: []ident{holder}, SessionLocations: []ident{identOf(v.Site)},
			SessionID: sessionID, SlotType: slotTypeOf(v),
		},
		AlertSpecified: true,
	}
}

// statusText is the word in a patient's own list of appointments, where one that
// is booked is called an available slot. There is no word for cancelled: such
// visits are not in the list.
func statusText(s gateway.Status) string {
	switch s {
	case gateway.StatusBooked:
		return "Slot Available"
	case gateway.StatusArrived:
		return "Arrived"
	case gateway.StatusFinished:
		return "Left"
	case gateway.StatusMissed:
		return "DNA"
	case gateway.StatusNotBooked:
		return "Blocked"
	case gateway.StatusUnknown, gateway.StatusCancelled:
	}
	return "Unknown"
}

func patientAppointmentOf(v surgery.Visit, f Faults) patientAppointment {
	l := v.Start.In(gateway.London())
	a := patientAppointment{
		SlotID: v.Slot, SiteID: v.Site, Date: l.Format(dateFormat), StartTime: clockOf(l),
		Duration: strconv.Itoa(v.Minutes), SessionName: "Dr Bell", SessionDBID: sessionID,
		Status: statusText(v.Status), SlotType: slotTypeOf(v),
	}
	if f.StatusText != "" {
		a.Status = f.StatusText
	}
	return a
}
