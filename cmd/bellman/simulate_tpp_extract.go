package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bellman/adapters/tppextract/tppextractsim"
)

// simOrganisation is the code in the rows of simulated extracts.
const simOrganisation = "A81001"

// simulateTPPExtract drops a full extract into the folder at once, and more when
// somebody asks for them at /sim/export.
func simulateTPPExtract(st staged) (simulated, error) {
	dir, err := st.folder()
	if err != nil {
		return simulated{}, err
	}
	sim := tppextractsim.New(st.diary, tppextractsim.Options{Clock: st.clock, Dir: dir, Organisation: simOrganisation})
	if _, err := sim.Export(); err != nil {
		return simulated{}, errors.New("--dir: nothing can be written into the folder")
	}
	var rotas []string
	for _, word := range slices.Sorted(maps.Keys(tppextractsim.RotaTypes())) {
		rotas = append(rotas, fmt.Sprintf("%s: %s", word, tppextractsim.RotaTypes()[word]))
	}
	return simulated{handler: sim, lines: []string{
		fmt.Sprintf("source: {type: tpp-extract, dir: %s, organisation: %s, rota_types: {%s}}", dir, simOrganisation, strings.Join(rotas, ", ")),
		"after a change, POST " + st.base + "/sim/export delivers the next extract",
	}}, nil
}
