package cliniko_test

import (
	"net/http/httptest"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for name, s := range map[string]adaptertest.Subject{"individual appointments": subject(), "group appointments": classes()} {
		t.Run(name, func(t *testing.T) { adaptertest.Run(t, s) })
	}
}

// subject is Cliniko with a diary of individual appointments.
func subject() adaptertest.Subject {
	return adaptertest.Subject{
		Name: "cliniko",
		Can: adaptertest.Abilities{
			Name: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, KeepsIDOnMove: true, Instants: true,
			Statuses: []gateway.Status{gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusMissed},
		},
		New: wire,
	}
}

// classes is Cliniko with a diary in which every visit is a group appointment of one.
func classes() adaptertest.Subject {
	s := subject()
	// Nobody says of an attendee that it did not come.
	s.Can.Mode = false // the type of a class says nothing of it
	s.Can.Statuses = []gateway.Status{gateway.StatusCancelled, gateway.StatusArrived}
	s.New = func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
		w, sim := join(t, d, clock)
		sim.ClassesOnly()
		w.Cancels = append(w.Cancels,
			adaptertest.Cancel{Form: "whose group was archived", Do: sim.ArchiveGroup},
			adaptertest.Cancel{Form: "whose group was deleted", Do: sim.DeleteGroup},
		)
		return w
	}
	return s
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
	w, _ := join(t, d, clock)
	return w
}

func join(t *testing.T, d *surgery.Diary, clock gateway.Clock) (adaptertest.Wire, *clinikosim.Sim) {
	t.Helper()
	sim := clinikosim.New(d, clinikosim.Options{Clock: clock, Key: apiKey})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	source := adapterFor(t, configFor(server.URL), gateway.Surroundings{Clock: clock, Trial: true, Shelf: gatewaytest.NewShelf()})
	return adaptertest.Wire{
		Source: source,
		Break: func(f adaptertest.Fault) bool {
			faults, ok := faultsFor(f)
			if ok {
				sim.SetFaults(faults)
			}
			return ok
		},
		Secrets: []string{apiKey, "XQCLINIKOKEY9J3"},
		Cancels: []adaptertest.Cancel{
			{Form: "archived", Do: sim.Archive},
			{Form: "deleted, with its record kept", Do: sim.Delete},
			{Form: "turned into a block of time", Do: func(slot int) {
				d.Change(slot, func(v *surgery.Visit) { v.Status = gateway.StatusNotBooked })
			}},
		},
	}, sim
}

// faultsFor gives the simulator's way to fail. Times are instants on this wire, so
// that none can be within a skipped hour.
func faultsFor(f adaptertest.Fault) (clinikosim.Faults, bool) {
	switch f {
	case adaptertest.ServerError:
		return clinikosim.Faults{Status: 500}, true
	case adaptertest.Denied:
		return clinikosim.Faults{Deny: true}, true
	case adaptertest.Truncated:
		return clinikosim.Faults{Truncate: true}, true
	case adaptertest.HalfPaged:
		return clinikosim.Faults{PageSize: 20, FailAfter: 1}, true
	case adaptertest.NotTheFormat:
		return clinikosim.Faults{Page: true}, true
	case adaptertest.Hangs:
		return clinikosim.Faults{SlowMS: 60_000}, true
	case adaptertest.BadRecord:
		return clinikosim.Faults{FirstStart: adaptertest.Canary}, true
	case adaptertest.Replayed:
		return clinikosim.Faults{Cached: true}, true
	case adaptertest.SkippedHour:
	}
	return clinikosim.Faults{}, false
}
