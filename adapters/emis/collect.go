package emis

import (
	"fmt"
	"slices"

	"bellman/gateway"
)

// collector makes a feed of rows.
type collector struct {
	reading reading
	feed    gateway.Feed
	changed map[gateway.PatientID]gateway.Patient
	seen    map[gateway.AppointmentID]int // where in feed.Appointments
}

// learn takes the registrations that changed lately. One that cannot be read is
// listed, and the booked list's word on that patient stands.
func (c *collector) learn(rows []row[registration]) {
	c.changed = make(map[gateway.PatientID]gateway.Patient, len(rows))
	for i, r := range rows {
		p, ok := c.reading.patient(r.value)
		if !r.ok || !ok {
			c.unreadable(changedLayout, i, errNoPatient)
			continue
		}
		if before, twice := c.changed[p.ID]; twice {
			p = sayMore(before, p)
		}
		c.changed[p.ID] = p
	}
}

// collect adds the rows of the booked list whose start lies in the span. A start
// in doubt may lie on either side of the span's edge, and is kept.
func (c *collector) collect(rows []row[bookedRow], span gateway.Span) {
	c.feed.Appointments = make([]gateway.Appointment, 0, len(rows))
	for i, b := range rows {
		a, err := c.reading.appointment(b)
		if err != nil {
			c.unreadable(bookedLayout, i, err)
			continue
		}
		if newer, ok := c.changed[a.Patient.ID]; ok {
			a.Patient = sayMore(a.Patient, newer)
		}
		c.add(a)
	}
	c.feed.Appointments = slices.DeleteFunc(c.feed.Appointments, func(a gateway.Appointment) bool {
		return a.StartDoubt == gateway.NoDoubt && !span.Has(a.Start)
	})
}

// add keeps an appointment once. The same one told twice in two ways is not
// understood, and is not sent on.
func (c *collector) add(a gateway.Appointment) {
	i, twice := c.seen[a.ID]
	if !twice {
		c.seen[a.ID] = len(c.feed.Appointments)
		c.feed.Appointments = append(c.feed.Appointments, a)
		return
	}
	if c.feed.Appointments[i] != a {
		c.feed.Appointments[i].Status = gateway.StatusUnknown
	}
}

func (c *collector) unreadable(l layout, i int, why error) {
	c.feed.Unreadable = append(c.feed.Unreadable, gateway.Unreadable{
		Where: fmt.Sprintf("%s, row %d", l.name, i+1), Why: why.Error(),
	})
}

// sayMore lays a newer registration over the booked list's. A death or a
// deduction in either counts; a number in the newer one replaces the older, but
// an empty field says nothing.
func sayMore(p, newer gateway.Patient) gateway.Patient {
	p.Deceased = graver(p.Deceased, newer.Deceased)
	p.Left = graver(p.Left, newer.Left)
	if newer.MobileKind != gateway.NumberMissing {
		p.Mobile, p.MobileKind = newer.Mobile, newer.MobileKind
	}
	return p
}

// graver gives the flag that keeps more texts back: yes, then unclear, then no.
func graver(a, b gateway.Flag) gateway.Flag {
	switch {
	case a == gateway.FlagYes || b == gateway.FlagYes:
		return gateway.FlagYes
	case a == gateway.FlagUnclear || b == gateway.FlagUnclear:
		return gateway.FlagUnclear
	}
	return gateway.FlagNo
}
