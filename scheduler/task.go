package scheduler

import "bellman/gateway"

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
