package main

import (
	"fmt"

	"bellman/adapters/cliniko/clinikosim"
)

// The key of the simulated Cliniko. It opens nothing.
const simClinikoKey = "simulated-key-uk1"

func simulateCliniko(st staged) (simulated, error) {
	sim := clinikosim.New(st.diary, clinikosim.Options{Clock: st.clock, Key: simClinikoKey, PerMinute: 200})
	return simulated{handler: sim, lines: []string{fmt.Sprintf(
		`source: {type: cliniko, base_url: %s/v1, api_key: %s, user_agent: "Riverside Clinic (it@riverside.example)"}`,
		st.base, simClinikoKey,
	)}}, nil
}
