package main

import "bellman/adapters/fhir/fhirsim"

// simulateFHIR plays a FHIR server of one dialect; how says how the adapter is to
// speak to it.
func simulateFHIR(d fhirsim.Dialect, how string) func(staged) (simulated, error) {
	return func(st staged) (simulated, error) {
		sim := fhirsim.New(st.diary, st.clock)
		sim.Speak(d)
		return simulated{handler: sim, lines: []string{
			"source: {type: fhir, base_url: " + st.base + fhirsim.Base + ", " + how + "}",
		}}, nil
	}
}
