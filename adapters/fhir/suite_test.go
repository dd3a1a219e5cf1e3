package fhir_test

import (
	"net/http/httptest"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) { adaptertest.Run(t, s) })
	}
}

// subjects are the kinds of server that the adapter is joined to.
func subjects() []adaptertest.Subject {
	all := adaptertest.Abilities{
		Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, Language: true,
		Statuses: []gateway.Status{
			gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
		},
		KeepsIDOnMove: true, Instants: true,
	}
	stu3, millennium := all, all
	stu3.Left, stu3.Declined = false, false
	millennium.Left, millennium.Declined, millennium.Mode = false, false, false
	return []adaptertest.Subject{
		{Name: "fhir", Can: all, New: scene{enter: byToken}.wire},
		{Name: "fhir of STU3", Can: stu3, New: scene{dialect: fhirsim.STU3, enter: byToken}.wire},
		{Name: "fhir of Millennium by location", Can: millennium, New: scene{dialect: fhirsim.Millennium, enter: byToken, edit: byLocation}.wire},
		{Name: "fhir with SMART ES384", Can: all, New: scene{enter: byKey("ES384")}.wire},
		{Name: "fhir that tells which patients changed", Can: all, New: scene{
			enter: byToken, edit: func(c *fhir.Config) { c.Patients = "changed" }, faults: fhirsim.Faults{NoInclude: true},
		}.wire},
		{Name: "fhir of drifting records", Can: all, New: scene{enter: byToken, faults: fhirsim.Faults{Drift: true}}.wire},
	}
}

// scene is one kind of server, and how the adapter is joined to it.
type scene struct {
	dialect fhirsim.Dialect
	enter   entrance
	edit    func(*fhir.Config)
	faults  fhirsim.Faults // what is always so
}

func byLocation(c *fhir.Config) { c.Server, c.Locations = "millennium", []string{"5", "6"} }

// entrance makes simulator and adapter agree on how the adapter shows who it is,
// and gives the secret that it then holds.
type entrance func(t *testing.T, sim *fhirsim.Sim, c *fhir.Config) string

func byToken(_ *testing.T, sim *fhirsim.Sim, c *fhir.Config) string {
	sim.RequireBearer(secretToken)
	c.Auth = fhir.Auth{Type: "bearer", Credentials: fhir.Credentials{Token: gateway.NewSecret(secretToken)}}
	return secretToken
}

func byKey(algorithm string) entrance {
	return func(t *testing.T, sim *fhirsim.Sim, c *fhir.Config) string {
		private, public := webKeys(t, algorithm, "2026-11")
		sim.RequireSMART(fhirsim.Client{ID: "bellman", Algorithm: algorithm, JWKS: keySet(t, public)})
		c.Auth = fhir.Auth{Type: "smart-backend", Credentials: fhir.Credentials{ClientID: "bellman", PrivateKey: private.secret(t)}}
		return private["d"]
	}
}

// wire joins an adapter to a simulator.
func (k scene) wire(t *testing.T, diary *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
	sim := fhirsim.New(diary, clock)
	sim.Speak(k.dialect)
	sim.SetFaults(k.faults)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	var secret string
	env := gateway.Surroundings{Clock: clock, Trial: true, Shelf: gatewaytest.NewShelf()}
	source := joinWith(t, server.URL+fhirsim.Base, env, func(c *fhir.Config) {
		smallPages(c)
		if k.edit != nil {
			k.edit(c)
		}
		secret = k.enter(t, sim, c)
	})
	return adaptertest.Wire{
		Source: source,
		Break: func(f adaptertest.Fault) bool {
			if f == adaptertest.Denied {
				sim.RequireBearer("another")
				return true
			}
			faults, ok := faultsFor(f)
			faults.Drift, faults.NoInclude = k.faults.Drift, k.faults.NoInclude
			sim.SetFaults(faults)
			return ok
		},
		Secrets: []string{secret},
		Cancels: cancels(sim),
	}
}

// cancels are the further forms in which servers show that a visit was called off.
func cancels(sim *fhirsim.Sim) []adaptertest.Cancel {
	var out []adaptertest.Cancel
	for _, f := range fhirsim.Forms {
		out = append(out, adaptertest.Cancel{Form: "shown as " + string(f), Do: func(slot int) { sim.CallOff(slot, f) }})
	}
	return out
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
