package scheduler

import (
	"slices"

	"bellman/gateway"
)

// task says what becomes of an appointment for people, where a text about it may
// have gone and is no longer true. Nobody is asked to ring about somebody who is
// recorded as dead, or whose record is sensitive.
//
// Some systems drop a patient from the list of the booked when they arrive. So
// what is merely gone within the last useful moment before its start is none.
func (d Drafting) task(a gateway.Appointment, standing gateway.Reason) gateway.TaskKind {
	if a.Patient.Deceased == gateway.FlagYes || a.Patient.Restricted == gateway.FlagYes {
		return gateway.NoTask
	}
	if standing == gateway.Gone {
		if a.Start.Sub(d.Now) <= d.Practice.Policy.Latest {
			return gateway.NoTask
		}
		return gateway.TaskCancelled
	}
	switch a.Status {
	case gateway.StatusCancelled, gateway.StatusNotBooked:
		return gateway.TaskCancelled
	case gateway.StatusBooked, gateway.StatusUnknown:
		return gateway.TaskMoved
	case gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed:
	}
	return gateway.NoTask
}

// ahead gives the tasks about visits to come of a read: that somebody has to be
// reminded in another way than by text, and, where the practice wants to be told,
// that the text goes in a language which the patient may not read. One for a visit,
// named by its last reminder.
func (d Drafting) ahead(entries []Drafted) []gateway.TaskID {
	var out []gateway.TaskID
	for _, e := range entries {
		if len(e.Owed) == 0 || !e.Facts.Appointment.Start.After(d.Now) {
			continue
		}
		kind := d.aheadOf(e)
		if kind == gateway.NoTask {
			continue
		}
		out = append(out, gateway.TaskID{Kind: kind, ReminderID: gateway.ReminderID{
			Practice: d.Practice.ODS, Ref: e.Ref, Rule: e.Owed[len(e.Owed)-1].Rule, Start: e.Facts.Appointment.Start,
		}})
	}
	return out
}

func (d Drafting) aheadOf(e Drafted) gateway.TaskKind {
	p := e.Facts.Appointment.Patient
	foreign := p.Language == gateway.LanguageOther || p.Needs&gateway.NeedsInterpreter != 0
	switch {
	case e.Facts.Standing == gateway.Gone:
	case slices.ContainsFunc(e.Decisions, func(x gateway.Decision) bool { return x.Reason == gateway.NeedsOtherWay }):
		return gateway.TaskOtherWay
	case foreign && d.Practice.Policy.Who.TellLanguage && slices.ContainsFunc(e.Plan, sends):
		return gateway.TaskLanguage
	}
	return gateway.NoTask
}
