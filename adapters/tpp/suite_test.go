package tpp_test

import (
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/adapters/tpp"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) { adaptertest.Run(t, s) })
	}
}

// subjects are a SystmOne that gives ids and statuses, as live consumers saw it, and
// one that gives neither, as in TPP's own example.
func subjects() []adaptertest.Subject {
	all := adaptertest.Abilities{
		Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, Language: true, KeepsIDOnMove: true,
		Statuses: []gateway.Status{gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed},
	}
	bare := all
	bare.KeepsIDOnMove, bare.Statuses = false, nil
	return []adaptertest.Subject{
		{Name: "tpp", Can: all, New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			return wire(t, d, clock, tppsim.Faults{ShowsGone: true, Zone: true})
		}},
		{Name: "tpp without ids and statuses", Can: bare, New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			return wire(t, d, clock, tppsim.Faults{NoUID: true, NoStatus: true, Multiline: true})
		}},
	}
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock, usual tppsim.Faults) adaptertest.Wire {
	sim := newSim(t, d, clock)
	sim.SetFaults(usual)
	w := adaptertest.Wire{
		Source: join(t, sim, clock, func(c *tpp.Config, _ *gateway.Surroundings) { c.Window = 9 }),
		Break: func(f adaptertest.Fault) bool {
			faults, ok := faultsFor(f, usual)
			if ok {
				sim.SetFaults(faults)
			}
			return ok
		},
		Secrets: []string{apiKey, device},
	}
	for _, words := range []string{
		"Cancelled by Patient", "Cancelled by Unit", "Cancelled by Other Service", "Cancelled by Organisation",
		"CANCELLED BY PATIENT", "Did Not Attend", "Patient Walked Out", "Rescheduled", "",
	} {
		w.Cancels = append(w.Cancels, adaptertest.Cancel{
			Form: "with the status " + words, Do: func(slot int) { sim.SetStatus(slot, words) },
		})
	}
	return w
}

// faultsFor gives the simulator's way to fail, beside what is usual with it. There
// is no cache on a socket.
func faultsFor(f adaptertest.Fault, usual tppsim.Faults) (tppsim.Faults, bool) {
	switch f {
	case adaptertest.ServerError:
		usual.Error = true
	case adaptertest.Denied:
		usual.Deny = true
	case adaptertest.Truncated:
		usual.Truncate = true
	case adaptertest.HalfPaged:
		usual.ErrorAfter = 3
	case adaptertest.NotTheFormat:
		usual.Page = true
	case adaptertest.Hangs:
		usual.Silent = true
	case adaptertest.BadRecord:
		usual.FirstStart = adaptertest.Canary
	case adaptertest.SkippedHour:
		usual.FirstStart = "2027-03-28T01:30:00"
	case adaptertest.Replayed:
		return tppsim.Faults{}, false
	}
	return usual, true
}
