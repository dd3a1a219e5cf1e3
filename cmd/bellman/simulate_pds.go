package main

import (
	"fmt"

	"bellman/adapters/pds/pdssim"
)

// simulatePDS plays the Personal Demographics Service, with the people of the same
// invented surgery that the simulated clinical systems show.
func simulatePDS(st staged) (simulated, error) {
	sim := pdssim.New(st.diary, pdssim.Options{Clock: st.clock, APIKey: simClient, KeyID: simParty})
	return simulated{handler: sim, lines: []string{fmt.Sprintf(
		"checks: [{type: pds, base_url: %s, auth: {token_url: %s, api_key: %s, key_id: %s, private_key: %q}}]",
		st.base+pdssim.Base, st.base+pdssim.TokenPath, simClient, simParty, sim.PrivateKey(),
	), "what it says of a person: " + st.base + "/sim/people"}}, nil
}
