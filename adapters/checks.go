package adapters

import (
	"fmt"
	"maps"
	"slices"

	"bellman/adapters/beside"
	"bellman/adapters/gpconnect"
	"bellman/adapters/pds"
	"bellman/gateway"
)

// Checker makes what is asked beside a clinical system from its section, or says
// everything that is wrong with it.
type Checker func(s Section, env gateway.Surroundings) (gateway.Checker, []gateway.Fault)

// Checkers are those by the type in their section.
var Checkers = map[string]Checker{
	"gpconnect": checker(gpconnect.New),
	"pds":       checker(pds.New),
}

// CheckerNames lists what can be asked beside a clinical system.
func CheckerNames() []string { return slices.Sorted(maps.Keys(Checkers)) }

// Check is one entry of a practice's checks.
type Check struct {
	Section
	Type string
}

// Beside makes the checkers of a practice, in their order, or says everything that
// is wrong with their sections.
func Beside(checks []Check, env gateway.Surroundings) ([]gateway.Checker, []gateway.Fault) {
	var made []gateway.Checker
	var faults []gateway.Fault
	seen := map[string]bool{}
	for _, c := range checks {
		open, known := Checkers[c.Type]
		if problem := misplaced(c.Type, known, seen); problem != "" {
			faults = append(faults, gateway.Fault{Path: c.Path + ".type", Problem: problem})
			continue
		}
		seen[c.Type] = true
		one, wrong := open(c.Section, env)
		made, faults = append(made, one), append(faults, wrong...)
	}
	return made, faults
}

// misplaced says what is wrong with an entry where it stands.
func misplaced(kind string, known bool, before map[string]bool) string {
	switch {
	case !known:
		return fmt.Sprintf("is nothing that Bellman can ask beside a clinical system: choose one of %v", CheckerNames())
	case before[kind]:
		return "is asked already: remove one of the two"
	case kind == "gpconnect" && !before["pds"]:
		// Its rules: consumers shall not ask about patients with a sensitive record.
		return "must stand after pds, which says whose record is sensitive: GP Connect may not be asked about them"
	}
	return ""
}

// Join makes one source of a practice's own and what is asked beside it.
func Join(own gateway.Source, checks []gateway.Checker, env gateway.Surroundings) (gateway.Source, error) {
	return beside.Join(own, checks, env)
}

// checker fits a checker's own constructor into the map.
func checker[C interface {
	Check(trial bool) []gateway.Fault
}, A gateway.Checker](make func(C, gateway.Surroundings) (A, error)) Checker {
	return func(s Section, env gateway.Surroundings) (gateway.Checker, []gateway.Fault) {
		made, faults := build(make, s, env)
		if len(faults) > 0 {
			return nil, faults
		}
		return made, nil
	}
}
