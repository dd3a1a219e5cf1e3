package fhir_test

import (
	"net/http/httptest"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	adaptertest.Run(t, adaptertest.Subject{
		Name: "fhir",
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true,
			Statuses: []gateway.Status{
				gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
			},
			KeepsIDOnMove: true, Instants: true,
		},
		New: wire,
	})
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
	sim := fhirsim.New(d, clock)
	sim.RequireBearer(secretToken)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return adaptertest.Wire{
		Source: join(t, server.URL+fhirsim.Base, clock, func(c *fhir.Config) {
			smallPages(c)
			c.Auth = fhir.Auth{Type: "bearer", Credentials: fhir.Credentials{Token: gateway.NewSecret(secretToken)}}
		}),
		Break: func(f adaptertest.Fault) bool {
			if f == adaptertest.Denied {
				sim.RequireBearer("another")
				return true
			}
			faults, ok := faultsFor(f)
			sim.SetFaults(faults)
			return ok
		},
		Secrets: []string{secretToken},
	}
}

// faultsFor gives the simulator's way to fail.
func faultsFor(f adaptertest.Fault) (fhirsim.Faults, bool) {
	switch f {
	case adaptertest.ServerError:
		return fhirsim.Faults{Status: 500}, true
	case adaptertest.Truncated:
		return fhirsim.Faults{Truncate: true}, true
	case adaptertest.HalfPaged:
		return fhirsim.Faults{FailPage: 3}, true
	case adaptertest.NotTheFormat:
		return fhirsim.Faults{HTML: true}, true
	case adaptertest.Hangs:
		return fhirsim.Faults{SlowMillis: 60_000}, true
	case adaptertest.BadRecord:
		return fhirsim.Faults{BrokenStart: adaptertest.Canary}, true
	case adaptertest.SkippedHour:
		return fhirsim.Faults{BrokenStart: "2027-03-28T01:30:00"}, true
	case adaptertest.Replayed:
		return fhirsim.Faults{Cached: true}, true
	case adaptertest.Denied:
	}
	return fhirsim.Faults{}, false
}
