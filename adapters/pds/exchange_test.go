package pds

import (
	"net/http/httptest"
	"testing"
	"time"

	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// exchange is an adapter joined to a simulator, seen from inside.
type exchange struct {
	*Adapter
	sim *pdssim.Sim
}

func newExchange(t *testing.T) exchange {
	t.Helper()
	clock := gatewaytest.NewClock(today)
	diary := surgery.New(clock)
	diary.Register(surgery.Person{Title: "Ms", Given: "Iona", Family: "Jessop", NHSNumber: askedFor, Born: time.Date(1950, 3, 4, 0, 0, 0, 0, time.UTC)})
	sim := pdssim.New(diary, pdssim.Options{Clock: clock, APIKey: "an-invented-key", KeyID: "1"})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	a, err := New(Config{
		BaseURL: server.URL + pdssim.Base, PerSecond: 500,
		Auth: Auth{TokenURL: server.URL + pdssim.TokenPath, APIKey: gateway.NewSecret("an-invented-key"), KeyID: "1", PrivateKey: gateway.NewSecret(sim.PrivateKey())},
	}, gateway.Surroundings{Clock: clock, Trial: true, Shelf: gatewaytest.NewShelf()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return exchange{a, sim}
}
