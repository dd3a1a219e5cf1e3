package main

import (
	"errors"
	"fmt"

	"bellman/adapters/emisextract/emisextractsim"
)

// simulateEMISExtract drops a full delivery into the folder at once, and a batch of
// what has changed whenever somebody makes it night at /sim/export.
func simulateEMISExtract(st staged) (simulated, error) {
	dir, err := st.folder()
	if err != nil {
		return simulated{}, err
	}
	sim, err := emisextractsim.New(st.diary, emisextractsim.Options{Clock: st.clock, Dir: dir, ODS: simOrganisation})
	if err != nil {
		return simulated{}, err
	}
	if err := sim.Export(); err != nil {
		return simulated{}, errors.New("--dir: nothing can be written into the folder")
	}
	return simulated{handler: sim.Handler(), lines: []string{
		fmt.Sprintf("source: {type: emis-extract, dir: %s, bulk: \"%s\", organisation: %s, cut_off: stamp}", dir, emisextractsim.Bulk, emisextractsim.Organisation),
		"after a change, POST " + st.base + "/sim/export delivers the next batch",
	}}, nil
}
