package calendar

import (
	"fmt"
	"time"

	"bellman/gateway"
)

// settle works out what one UID's components say together, and keeps the events
// that start within the span.
func (r *reader) settle(g *group) {
	master, changed, ok := r.newest(g)
	if !ok {
		return
	}
	if master != nil && master.start.zone == nil { // it only calls off
		r.out.Cancels = append(r.out.Cancels, Cancel{UID: g.uid})
		return
	}
	if master != nil && master.block.cancel {
		r.out.Cancels = append(r.out.Cancels, Cancel{UID: g.uid})
	}
	for key, c := range changed {
		if c.block.cancel {
			r.out.Cancels = append(r.out.Cancels, Cancel{UID: g.uid, Instance: key})
		}
	}
	var series []instance
	if master != nil && !master.allDay {
		var problem string
		if series, problem = r.instances(master); problem != "" {
			r.refuse(master.block, problem)
			return
		}
	}
	r.keep(g, master, series, changed)
}

// keep puts a UID's events into the calendar.
func (r *reader) keep(g *group, master *event, series []instance, changed map[string]*event) {
	byStart(series, changed)
	for _, i := range series {
		c := changed[i.key]
		if c == nil {
			r.add(g.uid, i.key, master, i.start, i.doubt, i.status)
			continue
		}
		if c.start.zone == nil { // it calls this one off, and says no more
			r.add(g.uid, i.key, master, i.start, i.doubt, gateway.StatusCancelled)
		}
		if i.status == gateway.StatusCancelled && c.status == gateway.StatusBooked {
			c.status = gateway.StatusUnknown // taken out of its series, and given another time
		}
	}
	for key, c := range changed {
		if c.allDay || c.start.zone == nil {
			continue
		}
		status := c.status
		if master != nil && master.status == gateway.StatusCancelled {
			status = gateway.StatusCancelled
		}
		start, doubt := c.start.placed()
		r.add(g.uid, key, c, start, doubt, status)
	}
}

// byStart lets what is said of a day of the series be said of whatever of it stands on
// that day: each visit is known by its start, however a program names it.
func byStart(series []instance, changed map[string]*event) {
	days := map[string]bool{}
	for _, i := range series {
		day := dayOf(i.key)
		if c := changed[day]; c != nil && changed[i.key] == nil {
			changed[i.key] = c
			days[day] = true
		}
	}
	for day := range days {
		delete(changed, day)
	}
}

func (r *reader) add(uid, key string, e *event, start time.Time, doubt gateway.Doubt, status gateway.Status) {
	if !r.span.Has(start) {
		return
	}
	version := fmt.Sprintf("%d", e.sequence)
	if e.stamp != "" {
		version += " " + e.stamp
	}
	r.out.Events = append(r.out.Events, Event{
		UID: uid, Instance: key, Start: start, Doubt: doubt, Status: status, Version: version,
		Title: e.texts[0], Description: e.texts[1], Location: e.texts[2], Categories: e.texts[3],
	})
}

// keyOf names the one of a series that stands at a time. Whole days are named by
// their date.
func keyOf(m moment) string {
	if m.day {
		return m.wall.Format(time.DateOnly)
	}
	t, _ := m.placed()
	return t.Format(keyForm)
}

const keyForm = "20060102T150405Z"

// dayOf gives the London day of a key, by which some programs name the one of a
// series; of what stands alone, or is a day already, the key itself.
func dayOf(key string) string {
	t, err := time.Parse(keyForm, key)
	if err != nil {
		return key
	}
	return t.In(gateway.London()).Format(time.DateOnly)
}

// newest finds the newest word on the series itself and on each of its visits that
// were changed. It reports false, and refuses the event, when two contradict each
// other and neither is the newer.
func (r *reader) newest(g *group) (*event, map[string]*event, bool) {
	best := map[string]*event{}
	for i := range g.parts {
		e := &g.parts[i]
		key := ""
		if e.recurrence != nil {
			key = keyOf(*e.recurrence)
		}
		old := best[key]
		if old == nil {
			best[key] = e
			continue
		}
		switch order := newer(e, old); {
		case order > 0:
			best[key] = e
		case order == 0 && e.status == gateway.StatusCancelled:
			best[key] = e
		case order == 0 && old.status != gateway.StatusCancelled && !same(e, old):
			r.refuse(e.block, "contradicts another event of the same UID")
			return nil, nil, false
		}
	}
	master := best[""]
	delete(best, "")
	return master, best, true
}

// newer compares two words on one event: above 0 when a is the newer.
func newer(a, b *event) int {
	switch {
	case a.sequence != b.sequence:
		return a.sequence - b.sequence
	case a.stamp > b.stamp:
		return 1
	case a.stamp < b.stamp:
		return -1
	}
	return 0
}

// same reports whether two words on one event say the same.
func same(a, b *event) bool {
	return a.start == b.start && a.rule == b.rule && a.status == b.status && a.texts == b.texts &&
		len(a.more) == len(b.more) && len(a.less) == len(b.less)
}
