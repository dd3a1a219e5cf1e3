package main

import (
	"fmt"

	"bellman/adapters/gpconnect/gpconnectsim"
)

// The ASIDs of the simulated proxy. They open nothing.
const (
	simASID    = "200000000359"
	simGPASID  = "918999198993"
	simGPCRoot = "/A81001/STU3/1/gpconnect"
)

// simulateGPConnect plays a GP practice's system behind GP Connect, with the Spine
// Secure Proxy before it.
func simulateGPConnect(st staged) (simulated, error) {
	root := st.base + simGPCRoot
	sim := gpconnectsim.New(st.diary, gpconnectsim.Options{Clock: st.clock, Root: root, From: simASID, To: simGPASID})
	return simulated{handler: sim, lines: []string{
		"checks (after pds): {type: gpconnect, base_url: " + root + ", ssp: " + st.base + ", from_asid: \"" + simASID + "\", to_asid: \"" + simGPASID + "\",",
		"  agreement: simulated, jwt: {issuer: https://texts.example.org, device: {system: https://texts.example.org/Id/device, value: \"1\", model: Bellman, version: \"1\"},",
		"  organisation: {ods: A81001, name: Riverside Surgery}, practitioner: {id: \"10019\", given: Claire, family: Farrow, sds_user_id: \"111222333444\",",
		"  local_system: https://texts.example.org/Id/user, local_id: cfarrow}}}",
		fmt.Sprintf("its diary: %s/sim/visits", st.base),
	}}, nil
}
