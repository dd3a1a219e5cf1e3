package beside_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"sync"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/beside"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/gpconnect"
	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/pds"
	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// A source with PDS and GP Connect beside it is a source like any other.
func TestWhatEveryAdapterMustDo(t *testing.T) { adaptertest.Run(t, subject()) }

func subject() adaptertest.Subject {
	return adaptertest.Subject{
		Name: "fhir beside pds and gpconnect",
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, Language: true,
			Statuses: []gateway.Status{
				gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
			},
			KeepsIDOnMove: true, Instants: true,
		},
		New: wire,
	}
}

const (
	apiKey = "XQKEY-of-the-clinic"
	root   = "https://gp.example.org/A81001/STU3/1/gpconnect"
)

// testKey is made once: making one takes long.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
	t.Helper()
	sim := fhirsim.New(d, clock)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	env := gateway.Surroundings{Clock: clock, Trial: true, Practice: "A81001", Shelf: gatewaytest.NewShelf()}
	own, err := fhir.New(fhir.Config{BaseURL: server.URL + fhirsim.Base, Auth: fhir.Auth{Type: "none"}}, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.CloseIdle)
	checks, breakBoth := checkers(t, d, clock, env)
	source, err := beside.Join(own, checks, env)
	if err != nil {
		t.Fatal(err)
	}
	return adaptertest.Wire{
		Source: source, Secrets: []string{apiKey, "111222333444"},
		Break: func(f adaptertest.Fault) bool {
			faults, ok := faultsFor(f)
			sim.SetFaults(faults)
			breakBoth(f)
			return ok
		},
	}
}

// checkers gives PDS and GP Connect, and a way to break both.
func checkers(t *testing.T, d *surgery.Diary, clock gateway.Clock, env gateway.Surroundings) ([]gateway.Checker, func(adaptertest.Fault)) {
	t.Helper()
	register := pdssim.New(d, pdssim.Options{Clock: clock, APIKey: apiKey, KeyID: "1", Key: testKey()})
	registry := httptest.NewServer(register)
	t.Cleanup(registry.Close)
	first, err := pds.New(pds.Config{
		BaseURL: registry.URL + pdssim.Base, PerSecond: 500,
		Auth: pds.Auth{TokenURL: registry.URL + pdssim.TokenPath, APIKey: gateway.NewSecret(apiKey), KeyID: "1", PrivateKey: gateway.NewSecret(register.PrivateKey())},
	}, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.CloseIdle)
	practice := gpconnectsim.New(d, gpconnectsim.Options{Clock: clock, Root: root, From: "200000000359", To: "918999198993"})
	proxy := httptest.NewServer(practice)
	t.Cleanup(proxy.Close)
	second, err := gpconnect.New(gpconnect.Config{
		BaseURL: root, SSP: proxy.URL, From: "200000000359", To: "918999198993", Agreement: "invented",
		JWT: gpconnect.JWT{
			Issuer: "https://texts.example.org", Device: gpconnect.Device{System: "a", Value: "b", Model: "c", Version: "d"},
			Organisation: gpconnect.Organisation{ODS: "A81001", Name: "Riverside Surgery"},
			Practitioner: gpconnect.Practitioner{ID: "10019", Given: "Claire", Family: "Xqfarrow", SDSUser: "111222333444", LocalSystem: "a", LocalID: "b"},
		},
	}, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.CloseIdle)
	return []gateway.Checker{first, second}, func(f adaptertest.Fault) {
		register.SetFaults(pdssim.Faults{Page: f == adaptertest.NotTheFormat, Truncate: f == adaptertest.Truncated, Cached: f == adaptertest.Replayed})
		practice.SetFaults(gpconnectsim.Faults{Page: f == adaptertest.NotTheFormat, Truncate: f == adaptertest.Truncated, Cached: f == adaptertest.Replayed})
	}
}

// faultsFor gives the simulated diary's way to fail.
func faultsFor(f adaptertest.Fault) (fhirsim.Faults, bool) {
	switch f {
	case adaptertest.ServerError:
		return fhirsim.Faults{Status: 500}, true
	case adaptertest.Denied:
		return fhirsim.Faults{Status: 403}, true
	case adaptertest.Truncated:
		return fhirsim.Faults{Truncate: true}, true
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
	case adaptertest.HalfPaged:
	}
	return fhirsim.Faults{}, false
}
