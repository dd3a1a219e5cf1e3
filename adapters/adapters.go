// Package adapters names the outside systems that Bellman can speak to. Adding a
// clinical system is one folder, one line here, and one page in docs/adapters.
package adapters

import (
	"maps"
	"slices"

	"bellman/adapters/cliniko"
	"bellman/adapters/emis"
	"bellman/adapters/emisextract"
	"bellman/adapters/fhir"
	"bellman/adapters/files"
	"bellman/adapters/hl7"
	"bellman/adapters/tpp"
	"bellman/adapters/tppextract"
	"bellman/gateway"
)

// Section is an adapter's part of the configuration, not yet read.
type Section struct {
	Path   string // "practices[0].source"
	Decode func(into any) []gateway.Fault
}

// Source makes a clinical system's adapter from its section, or says everything
// that is wrong with it.
type Source func(s Section, env gateway.Surroundings) (gateway.Source, []gateway.Fault)

// Sources are the clinical systems by the type in their section.
var Sources = map[string]Source{
	"cliniko": source(cliniko.New),
	"emis":    source(emis.Open),
	"fhir":    source(fhir.New),
	"files":   source(files.New),
	"hl7":     source(hl7.New),
	"tpp":     source(tpp.New),

	"emis-extract": source(emisextract.New),
	"tpp-extract":  source(tppextract.New),
}

// SourceNames lists the clinical systems.
func SourceNames() []string { return slices.Sorted(maps.Keys(Sources)) }

// source fits an adapter's own constructor into the map.
func source[C interface {
	Check(trial bool) []gateway.Fault
}, S gateway.Source](make func(C, gateway.Surroundings) (S, error)) Source {
	return func(s Section, env gateway.Surroundings) (gateway.Source, []gateway.Fault) {
		made, faults := build(make, s, env)
		if len(faults) > 0 {
			return nil, faults
		}
		return made, nil
	}
}

// build reads a section and makes what it describes.
func build[C interface {
	Check(trial bool) []gateway.Fault
}, A any](make func(C, gateway.Surroundings) (A, error), s Section, env gateway.Surroundings) (made A, faults []gateway.Fault) {
	var c C
	if faults := s.Decode(&c); len(faults) > 0 {
		return made, faults
	}
	faults = c.Check(env.Trial)
	for i := range faults {
		faults[i].Path = s.Path + "." + faults[i].Path
	}
	if len(faults) > 0 {
		return made, faults
	}
	made, err := make(c, env)
	if err != nil {
		return made, []gateway.Fault{{Path: s.Path, Problem: err.Error()}}
	}
	return made, nil
}
