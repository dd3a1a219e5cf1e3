package hl7_test

import (
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for name, s := range subjects(0) {
		t.Run(name, func(t *testing.T) { adaptertest.Run(t, s) })
	}
}

// subjects are the adapter behind hospitals of several habits.
func subjects(silence time.Duration) map[string]adaptertest.Subject {
	return map[string]adaptertest.Subject{
		"a sender by the book":         subject(hl7sim.Faults{}, silence),
		"a sender without SCH-25":      subject(hl7sim.Faults{NoStatus: true, PatientFirst: true, Twice: true, LineEnd: "\n", Charset: hl7sim.Unannounced}, silence),
		"a sender that writes offsets": subject(hl7sim.Faults{Offsets: true, Delimiters: "#*%!@", LineEnd: "\r\n", Halves: true, Restarts: true, Junk: true, OnlyID: true}, silence),
	}
}

// subject is the adapter with a hospital that has its faults from the beginning, and
// that is believed for so long after its last message; 0: as the adapter does.
func subject(habits hl7sim.Faults, silence time.Duration) adaptertest.Subject {
	can := adaptertest.Abilities{
		Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, Language: true,
		KeepsIDOnMove: true, Instants: habits.Offsets, SilentWhenEmpty: true,
		Statuses: []gateway.Status{
			gateway.StatusCancelled, gateway.StatusMissed, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusNotBooked,
		},
	}
	return adaptertest.Subject{
		Name: "hl7", Can: can,
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			return wire(t, d, clock, habits, silence)
		},
	}
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock, habits hl7sim.Faults, silence time.Duration) adaptertest.Wire {
	c := simConfig()
	c.Silence = silence
	if habits.NoStatus {
		c.Profile.Status = "SCH-6"
	}
	j := join(t, d, clock, c)
	j.sim.SetFaults(habits)
	return adaptertest.Wire{
		Source: j,
		Break: func(f adaptertest.Fault) bool {
			broken := habits
			switch f {
			case adaptertest.ServerError:
				j.shelf.tear(tornFails)
			case adaptertest.Truncated:
				j.shelf.tear(tornCuts)
			case adaptertest.NotTheFormat:
				j.shelf.tear(tornPage)
			case adaptertest.HalfPaged:
				j.shelf.tear(tornEach)
			case adaptertest.BadRecord:
				broken.FirstStart = adaptertest.Canary
			case adaptertest.SkippedHour:
				broken.FirstStart = "20270328013000"
			case adaptertest.Replayed:
				broken.Silent = true
			case adaptertest.Denied, adaptertest.Hangs:
				return false // nothing is asked of the hospital
			}
			j.sim.SetFaults(broken)
			return true
		},
		Cancels: []adaptertest.Cancel{
			{Form: "by S15 with nothing but its id", Do: func(slot int) { sayOnly(j, slot, "S15") }},
			{Form: "by S16", Do: func(slot int) { sayOnly(j, slot, "S16") }},
			{Form: "by S17", Do: func(slot int) { d.Remove(slot) }},
			{Form: "by S26", Do: func(slot int) {
				d.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusMissed })
			}},
			{Form: "by S14 with the status Cancelled", Do: func(slot int) { sayStatus(j, slot, "S14", "Cancelled") }},
			{Form: "by S13 with the status Deleted", Do: func(slot int) { sayStatus(j, slot, "S13", "Deleted") }},
			{Form: "by S14 with a word that nobody explained", Do: func(slot int) { sayStatus(j, slot, "S14", "Withdrawn") }},
			{Form: "because it is not clear any more whose it is (A43)", Do: func(slot int) {
				v, _ := d.Visit(slot)
				j.sim.Send(hand(j, "ADT^A43", "PID|1||"+str(v.Person)+"^^^RSIM1^PI\rMRG|"+str(v.Person)+"^^^RSIM1^PI\r"))
			}},
		},
	}
}
