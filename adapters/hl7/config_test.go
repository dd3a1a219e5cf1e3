package hl7_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/hl7"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestEveryFaultOfASectionIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*hl7.Config)
		want   []string
	}{
		{func(*hl7.Config) {}, nil},
		{func(c *hl7.Config) { c.Listen = "2575" }, []string{"listen"}},
		{func(c *hl7.Config) { c.Listen = ":0" }, []string{"listen"}},
		{func(c *hl7.Config) { c.Allow = nil }, []string{"allow"}},
		{func(c *hl7.Config) { c.Allow = []string{"10.0.0.1", "trust.example", "10.0.0.0/33"} }, []string{"allow[1]", "allow[2]"}},
		{func(c *hl7.Config) { c.TLS.CertFile = "missing.pem" }, []string{"tls"}},
		{func(c *hl7.Config) { c.Facility = hl7.Facility{Field: "MSH-4"} }, []string{"facility"}},
		{func(c *hl7.Config) { c.Facility = hl7.Facility{Field: "MSH 4", Is: []string{"X"}} }, []string{"facility.field"}},
		{func(c *hl7.Config) { c.Silence = time.Second }, []string{"silence"}},
		{func(c *hl7.Config) { c.Acknowledge = "never" }, []string{"acknowledge"}},
		{func(c *hl7.Config) { c.Refuse = "maybe" }, []string{"refuse"}},
		{func(c *hl7.Config) { c.Limits = hl7.Limits{Message: 1, Time: 1, Connections: -1} }, []string{"limits.message", "limits.time", "limits.connections"}},
		{func(c *hl7.Config) {
			c.Profile = hl7.Profile{
				Like: "lorenzo", AppointmentID: "SCH", Start: []string{"SCH-11.4", "start"}, Zone: "UK",
				Statuses: map[string]string{"x": "here"}, Mode: hl7.Words{Field: "SCH-8", Words: map[string]string{"T": "phone"}}, Declined: hl7.Words{Words: map[string]string{"N": "yes"}},
			}
		}, []string{"profile.like", "profile.appointment_id", "profile.start[1]", "profile.statuses", "profile.mode.words", "profile.declined.field", "profile.zone"}},
	} {
		section := hl7.Config{Listen: ":2575", Allow: []string{"10.0.0.1"}}
		c.change(&section)
		var got []string
		for _, f := range section.Check(false) {
			got = append(got, f.Path)
			if f.Problem == "" {
				t.Errorf("%s: no word of what to do", f.Path)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("faults at %q, want %q", got, c.want)
		}
	}
}

func TestAProfileIsNamedByOneWord(t *testing.T) {
	t.Parallel()
	var p hl7.Profile
	for _, name := range []string{"standard", "openmaxims", "pkb"} {
		if err := p.FromWord(name); err != nil || p.Like != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.FromWord("XQCANARY"); err == nil || !strings.Contains(err.Error(), "pkb") {
		t.Errorf("a name that is not known: %v", err)
	} else {
		adaptertest.AssertQuiet(t, []string{"XQCANARY"}, err)
	}
}

func TestWithoutAShelfThereIsNoAdapter(t *testing.T) {
	t.Parallel()
	if _, err := hl7.New(simConfig(), gateway.Surroundings{Clock: gatewaytest.NewClock(ten), Trial: true}); err == nil {
		t.Error("messages would be acknowledged and kept nowhere")
	}
}

func TestAFieldOfTheVisitPicksAPracticesMessages(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Facility = hl7.Facility{Field: "PV1-3.4", Is: []string{"East", "MIDDLE"}}
	s := tellWith(t, c)
	for i, site := range []string{"EAST", "west", "middle", ""} {
		s.took("AA", s.say(i, "SIU^S12", sch(str(i+1), monday10), pid("1001", first), "PV1|1|O|X^^^"+site+"\r"))
	}
	var ids []string
	for _, a := range s.feed().Appointments {
		ids = append(ids, string(a.ID))
	}
	if want := []string{"RSIM1/1-RSIM1/1001", "RSIM1/3-RSIM1/1001"}; !slices.Equal(ids, want) {
		t.Errorf("taken are %q, want %q", ids, want)
	}
}
