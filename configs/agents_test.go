package configs_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheAgentsDoorIsClosedUnlessItHasAnAddress(t *testing.T) {
	c := parse(t, small)
	if c.Listen.Agents != "" || filepath.Base(c.Agents.CAFile) != "agents-ca.pem" || !filepath.IsAbs(c.Agents.CAFile) {
		t.Errorf("by default %q and %q", c.Listen.Agents, c.Agents.CAFile)
	}
	c = parse(t, small+"listen: {agents: ':8445'}\nagents: {ca_file: /etc/bellman/ca.pem, refuse: [1f3a90]}\n")
	if c.Listen.Agents != ":8445" || c.Agents.CAFile != "/etc/bellman/ca.pem" || len(c.Agents.Refuse) != 1 {
		t.Errorf("%+v %+v", c.Listen, c.Agents)
	}
	if c := parse(t, live+"listen: {agents: ':8445'}\n"); len(c.Warnings) != 0 {
		t.Errorf("warned of a door that is meant to be reached: %v", c.Warnings)
	}
}

func TestMistakesOfTheAgentsDoorAreToldAtOnce(t *testing.T) {
	got := paths(faultsOf(t, small+"listen: {agents: ':8444', ops: 'nonsense'}\nagents: {ca_file: '', refuse: [xyz, 1f]}\n"))
	if diff := cmp.Diff([]string{"listen.ops", "listen.agents", "agents.ca_file", "agents.refuse[0]"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"listen.agents"}, paths(faultsOf(t, small+"listen: {agents: here}\n"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
