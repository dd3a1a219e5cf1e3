package main

import (
	"fmt"
	"time"

	"bellman/adapters/tpp/tppsim"
)

// simAPIKey is the key of the simulated SystmOne. It opens nothing.
const simAPIKey = "simulated-api-key"

func simulateTPP(st staged) (simulated, error) {
	sim := tppsim.New(st.diary, tppsim.Options{
		Clock: st.clock, APIKey: simAPIKey, Throttle: time.Second, RecordThrottle: 30 * time.Second,
	})
	socket, err := sim.Start()
	if err != nil {
		return simulated{}, err
	}
	return simulated{handler: sim, close: sim.Close, lines: []string{
		fmt.Sprintf("source: {type: tpp, address: %q, api_key: %s, organisation: A81001}", socket, simAPIKey),
		"it asks for a person's approval once: click with  curl -X POST " + st.base + "/sim/device/approve",
	}}, nil
}
