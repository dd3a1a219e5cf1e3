package configs

import (
	"fmt"
	"regexp"
	"strings"
)

// Agents says which relays on practices' PCs (`bellman agent`) may come to the door
// of listen.agents.
type Agents struct {
	// CAFile holds the authority that signs the agents' certificates, with its key.
	// `bellman agent new` makes it.
	CAFile string `yaml:"ca_file"`
	// Refuse lists certificates that are not taken any more, by serial number.
	Refuse []string `yaml:"refuse"`
}

var serialForm = regexp.MustCompile(`^[0-9a-fA-F]{1,40}$`)

func (a Agents) check(out *report) {
	if a.CAFile == "" {
		out.fault("agents.ca_file", "is empty: give a path, or remove the key to have the usual one")
	}
	for i, serial := range a.Refuse {
		if !serialForm.MatchString(strings.TrimSpace(serial)) {
			out.fault(fmt.Sprintf("agents.refuse[%d]", i), "must be the serial number that bellman agent new printed, such as 1f3a90")
		}
	}
}
