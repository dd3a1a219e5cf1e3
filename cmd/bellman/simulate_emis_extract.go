package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bellman/adapters/emisextract/emisextractsim"
)

// simulateEMISExtract drops a full delivery into the folder at once, and a batch of
// what has changed whenever somebody makes it night at /sim/export.
func simulateEMISExtract(st staged) (simulated, error) {
	if st.flags.dir == "" {
		return simulated{}, errors.New("--dir: name the folder into which extracts are to be dropped")
	}
	dir, err := filepath.Abs(st.flags.dir)
	if err != nil {
		return simulated{}, errors.New("--dir: is not a path")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return simulated{}, errors.New("--dir: the folder cannot be made")
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
