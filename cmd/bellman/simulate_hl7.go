package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"bellman/adapters/hl7/hl7sim"
)

// simHears is where the simulated hospital sends to unless told otherwise.
const simHears = "127.0.0.1:2575"

// simulateHL7 runs a hospital that sends what changes in its diary. It begins with
// everything: until Bellman listens, the first message waits.
func simulateHL7(st staged) (simulated, error) {
	to := st.flags.to
	if to == "" {
		to = simHears
	}
	if _, _, err := net.SplitHostPort(to); err != nil {
		return simulated{}, errors.New("--to must be an address such as " + simHears)
	}
	sim := hl7sim.New(st.diary, hl7sim.Options{Clock: st.clock, To: func() string { return to }})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { sim.Run(ctx, time.Second) })
	return simulated{
		handler: sim.Control(),
		close:   func() { cancel(); running.Wait() },
		lines: []string{
			"it sends to " + to + " (--to); configure:",
			"source:",
			"  type: hl7",
			`  listen: "` + to + `"`,
			"  facility: {field: MSH-4, is: [RSIM1]}",
			"  profile:",
			"    patient_id: {types: [PI]}",
			"    mode: {field: SCH-8.1, words: {FTF: in_person, TEL: telephone, VID: video, HOME: home_visit}}",
			`    declined: {field: ZTX-1, words: {"N": "yes", "Y": "no"}}`,
		},
	}, nil
}
